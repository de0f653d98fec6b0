package registrytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// porter lets only those in who have the pass for just what they want.
type porter struct {
	user, password string
	basic          bool
	identity       string // what may be changed for a token; "" = none
	realm          string // "" = the registry's own
	public         bool   // everybody gets a token

	mu     sync.Mutex
	issued map[string]grant
}

type grant struct {
	repository string
	until      time.Time
}

// Porter says what a registry wants to know.
type Porter struct {
	User, Password string
	Basic          bool   // the password with each request; else a token from a realm
	Identity       string // an identity token that is taken in place of user and password
	Realm          string // where tokens come from; "" = /token of the registry
	Public         bool   // tokens are given to everybody
}

// Guard puts a porter before the registry. Tokens are good for one repository.
func (s *Server) Guard(p Porter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.porter = &porter{user: p.User, password: p.Password, basic: p.Basic, identity: p.Identity, realm: p.Realm, public: p.Public, issued: map[string]grant{}}
}

// Revoke makes every token that was given worthless.
func (s *Server) Revoke() {
	s.porter.mu.Lock()
	defer s.porter.mu.Unlock()
	s.porter.issued = map[string]grant{}
}

// Realm starts a server that gives tokens for this registry. Close it.
func (s *Server) Realm() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		p := s.porter
		s.mu.Unlock()
		p.token(w, r)
	}))
}

// stops answers in place of the registry where somebody may not pass.
func (p *porter) stops(w http.ResponseWriter, r *http.Request, self string) bool {
	if r.URL.Path == "/token" {
		p.token(w, r)
		return true
	}
	if p.basic {
		user, password, _ := r.BasicAuth()
		if user == p.user && password == p.password {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		refuse(w)
		return true
	}
	repository := repositoryOf(r.URL.Path)
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && p.holds(token, repository) {
		return false
	}
	realm := p.realm
	if realm == "" {
		realm = self + "/token"
	}
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm=%q,service="registry.test",scope="repository:%s:pull,push"`, realm, repository))
	refuse(w)
	return true
}

func repositoryOf(path string) string {
	path = strings.TrimPrefix(path, "/v2/")
	for _, part := range []string{"/manifests/", "/blobs/", "/tags/", "/referrers/"} {
		if i := strings.LastIndex(path, part); i >= 0 {
			return path[:i]
		}
	}
	return ""
}

func (p *porter) holds(token, repository string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.issued[token]
	return ok && g.repository == repository && time.Now().Before(g.until)
}

// token gives a token as the token specification says: GET with a password, or POST with an identity token. A scope that
// can do more than pull is not given: nobody here should ask for one.
func (p *porter) token(w http.ResponseWriter, r *http.Request) {
	form := r.URL.Query()
	known := p.public
	if user, password, ok := r.BasicAuth(); ok {
		known = user == p.user && password == p.password
	}
	if r.Method == http.MethodPost {
		if r.ParseForm() != nil || p.identity == "" {
			http.NotFound(w, r)
			return
		}
		form = r.PostForm
		known = form.Get("grant_type") == "refresh_token" && form.Get("refresh_token") == p.identity && form.Get("client_id") != ""
	}
	repository, pull := strings.CutSuffix(strings.TrimPrefix(form.Get("scope"), "repository:"), ":pull")
	if !known || !pull || form.Get("service") != "registry.test" {
		refuse(w)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	token := fmt.Sprintf("canary-token-%d", len(p.issued)+1)
	p.issued[token] = grant{repository, time.Now().Add(time.Hour)}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "expires_in": 3600})
}

func refuse(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	fmt.Fprint(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
}
