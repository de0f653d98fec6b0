// Package fake is a GitHub that keeps state: pull requests, reviews, statuses, comments, deployments, rules and an App,
// over REST and GraphQL, on real repositories. It refuses what GitHub refuses, in GitHub's words. Nothing but tests
// imports it.
//
// fake.go is the server: accounts, routes, pages, refusals. objects.go says things as REST does, graphql.go answers
// queries and query.go runs them. pulls.go, merge.go, talk.go (comments, labels, people), statuses.go, gitdata.go, rules.go
// and app.go are what it can.
package fake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// The repository and the people of a fresh fake.
const (
	Path   = "acme/gitops"
	Bot    = "ferry-ci"
	Person = "ada"
	Reader = "rita"
	Team   = "release"
)

// Fake is one GitHub with one repository.
type Fake struct {
	Host *hosttest.Host
	Repo *hosttest.Repo
	mux  *http.ServeMux

	mu          sync.Mutex
	serial      int64
	writes      int
	pulls       []*pull
	statuses    map[string][]*status // by commit, oldest first
	deployments []*deployment
	protected   map[string]*Protection
	rulesets    []*Ruleset
	teams       map[string][]string
	signed      map[string]bool // commits that GitHub signed
	app         *app
	clashes     map[string]bool // base and head that cannot be merged
	unknown     int             // how many looks at mergeability are too early still
	// PageCap is the longest page of a list: 100, as on GitHub. A smaller one makes several pages of few things.
	PageCap int
	Methods map[string]bool
	// NoTeams says that tokens lack the scope read:org: a query that so much as names a field of a team is refused whole.
	NoTeams bool
	Old     bool // a GitHub Enterprise Server without merge queues and rulesets
}

// New starts a GitHub with the repository Path, empty, and its people: Bot and Person may write, Reader may read, Team is
// Person alone. It ends with the test.
func New(t testing.TB) *Fake {
	t.Helper()
	h := hosttest.New(t)
	f := &Fake{PageCap: 100, Host: h, Repo: h.Repo(Path), mux: http.NewServeMux(), statuses: map[string][]*status{}, protected: map[string]*Protection{},
		teams: map[string][]string{Team: {Person}}, signed: map[string]bool{}, clashes: map[string]bool{}, Methods: map[string]bool{"merge": true, "squash": true, "rebase": true}}
	h.Person(Bot, hosttest.Write)
	h.Person(Person, hosttest.Write)
	h.Person(Reader, hosttest.Read)
	f.Repo.OnPush(f.pushed)
	f.Repo.RefusePush(f.declines)
	f.routes()
	h.Handle(http.HandlerFunc(f.serve))
	h.Wrap(f.gitByInstallation)
	return f
}

// URL is the address of the API, as that of github.com.
func (f *Fake) URL() string { return f.Host.URL() }

// EnterpriseURL is the address of the API, as that of a GitHub Enterprise Server.
func (f *Fake) EnterpriseURL() string { return f.Host.URL() + "/api/v3" }

// Token gives somebody's personal access token.
func (f *Fake) Token(name string) string { return f.Host.Person(name, f.Host.Role(name)) }

// Fingerprint changes with every write.
func (f *Fake) Fingerprint() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strconv.Itoa(f.writes)
}

// Unknown makes the next looks at whether something can be merged come too early.
func (f *Fake) Unknown(looks int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unknown = looks
}

// call is one request of somebody.
type call struct {
	*http.Request
	who  string
	role hosttest.Role
	jwt  bool // it is the App itself
	body map[string]any
}

// refused is GitHub's no.
type refused struct {
	code    int
	message string
	errors  []any
}

func (e *refused) Error() string { return e.message }

func notFound() error { return &refused{code: 404, message: "Not Found"} }

func invalid(resource, field, code string) error {
	return &refused{422, "Validation Failed", []any{map[string]any{"resource": resource, "field": field, "code": code}}}
}

func custom(resource, message string) error {
	return &refused{422, "Validation Failed", []any{map[string]any{"resource": resource, "code": "custom", "message": message}}}
}

// reply is an answer: a status code and what is said.
type reply struct {
	code int
	body any
}

// route gives a path its handler; what changes something needs the right to write.
func (f *Fake) route(pattern string, need hosttest.Role, handle func(c *call) (reply, error)) {
	f.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		c, err := f.identify(r, need)
		var out reply
		if err == nil {
			f.mu.Lock()
			defer f.mu.Unlock()
			out, err = handle(c)
		}
		f.answer(w, r, out, err)
	})
}

// identify tells who asks, and reads what they send.
func (f *Fake) identify(r *http.Request, need hosttest.Role) (*call, error) {
	c := &call{Request: r}
	token := hosttest.TokenOf(r)
	var ok bool
	if c.who, c.role, ok = f.installation(token); !ok {
		c.who, c.role, ok = f.Host.Who(token)
	}
	if !ok {
		if c.jwt = f.isApp(token); !c.jwt {
			return nil, &refused{code: 401, message: "Bad credentials"}
		}
	}
	if owner := r.PathValue("owner"); owner != "" && owner+"/"+r.PathValue("repo") != Path || !c.jwt && c.role < hosttest.Read {
		return nil, notFound()
	}
	if !c.jwt && c.role < need {
		return nil, &refused{code: 403, message: "Resource not accessible by personal access token"}
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, 64<<20))
	if err != nil {
		return nil, &refused{code: 400, message: "Problems parsing JSON"}
	}
	if len(data) > 0 && json.Unmarshal(data, &c.body) != nil {
		return nil, &refused{code: 400, message: "Problems parsing JSON"}
	}
	return c, nil
}

// text gives a field that was sent.
func (c *call) text(name string) string {
	s, _ := c.body[name].(string)
	return s
}

// list gives a field that is a list of strings.
func (c *call) list(name string) []string {
	var out []string
	all, _ := c.body[name].([]any)
	for _, one := range all {
		if s, ok := one.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (c *call) number() int {
	n, _ := strconv.Atoi(c.PathValue("n"))
	return n
}

// serve answers as github.com at the root and as GitHub Enterprise below /api.
func (f *Fake) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-GitHub-Request-Id", fmt.Sprintf("F00D:%X", f.Host.Serial()))
	w.Header().Set("X-RateLimit-Limit", "5000")
	w.Header().Set("X-RateLimit-Remaining", "4999")
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/v3/"):
		http.StripPrefix("/api/v3", f.mux).ServeHTTP(w, r)
	case r.URL.Path == "/api/graphql":
		http.StripPrefix("/api", f.mux).ServeHTTP(w, r)
	default:
		f.mux.ServeHTTP(w, r)
	}
}

func (f *Fake) answer(w http.ResponseWriter, r *http.Request, out reply, err error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err != nil {
		no, ok := err.(*refused)
		if !ok {
			no = &refused{code: 500, message: err.Error()}
		}
		out = reply{no.code, map[string]any{"message": no.message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(no.code)}}
		if no.errors != nil {
			out.body.(map[string]any)["errors"] = no.errors
		}
	}
	if all, ok := out.body.([]any); ok && r.Method == http.MethodGet && err == nil {
		out.body = f.page(w, r, all)
	}
	if out.code == 204 {
		w.WriteHeader(204)
		return
	}
	w.WriteHeader(out.code)
	_ = json.NewEncoder(w).Encode(out.body)
}

// page cuts a list and links to the others: 30 unless asked, 100 at most.
func (f *Fake) page(w http.ResponseWriter, r *http.Request, all []any) []any {
	q := r.URL.Query()
	size, at := min(30, f.PageCap), 1
	if n, err := strconv.Atoi(q.Get("per_page")); err == nil && n > 0 {
		size = min(n, f.PageCap)
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 0 {
		at = n
	}
	begin, end := min((at-1)*size, len(all)), min(at*size, len(all))
	if end < len(all) {
		q.Set("page", strconv.Itoa(at+1))
		next := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawQuery: q.Encode()}
		w.Header().Set("Link", "<"+next.String()+`>; rel="next"`)
	}
	return append([]any{}, all[begin:end]...)
}

// id gives 1, 2, 3 ...
func (f *Fake) id() int64 {
	f.serial++
	return f.serial
}

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func (f *Fake) routes() {
	const repo = "/repos/{owner}/{repo}"
	f.route("POST /graphql", hosttest.Read, f.graphql)
	f.route("GET /meta", hosttest.Read, f.meta)
	f.route("GET "+repo, hosttest.Read, func(c *call) (reply, error) { return reply{200, f.fullRepository(c)}, nil })
	f.route("POST "+repo+"/pulls", hosttest.Read, f.createPull)
	f.route("GET "+repo+"/pulls/{n}", hosttest.Read, f.readPull)
	f.route("PATCH "+repo+"/pulls/{n}", hosttest.Write, f.editPull)
	f.route("PUT "+repo+"/pulls/{n}/merge", hosttest.Write, f.mergePull)
	f.route("GET "+repo+"/pulls/{n}/reviews", hosttest.Read, f.listReviews)
	f.route("POST "+repo+"/pulls/{n}/reviews", hosttest.Read, f.createReview)
	f.route("PUT "+repo+"/pulls/{n}/reviews/{id}/dismissals", hosttest.Write, f.dismissReview)
	f.route("POST "+repo+"/pulls/{n}/requested_reviewers", hosttest.Write, f.requestReviewers)
	f.route("PUT "+repo+"/issues/{n}/labels", hosttest.Write, f.replaceLabels)
	f.route("POST "+repo+"/issues/{n}/assignees", hosttest.Write, f.addAssignees)
	f.route("GET "+repo+"/issues/{n}/comments", hosttest.Read, f.listComments)
	f.route("POST "+repo+"/issues/{n}/comments", hosttest.Read, f.createComment)
	f.route("PATCH "+repo+"/issues/comments/{id}", hosttest.Read, f.editComment)
	f.route("DELETE "+repo+"/issues/{n}/{id}", hosttest.Read, func(c *call) (reply, error) {
		switch { // the patterns of the two would overlap
		case c.PathValue("n") == "comments":
			return f.deleteComment(c)
		case c.PathValue("id") == "labels" && c.role >= hosttest.Write:
			return f.removeLabels(c)
		}
		return reply{}, notFound()
	})
	f.route("GET "+repo+"/commits/{sha}/statuses", hosttest.Read, f.listStatuses)
	f.route("POST "+repo+"/statuses/{sha}", hosttest.Write, f.createStatus)
	f.route("GET "+repo+"/deployments", hosttest.Read, f.listDeployments)
	f.route("POST "+repo+"/deployments", hosttest.Write, f.createDeployment)
	f.route("GET "+repo+"/deployments/{id}/statuses", hosttest.Read, f.listDeploymentStatuses)
	f.route("POST "+repo+"/deployments/{id}/statuses", hosttest.Write, f.createDeploymentStatus)
	f.route("GET "+repo+"/git/commits/{sha}", hosttest.Read, f.getCommit)
	f.route("POST "+repo+"/git/commits", hosttest.Write, f.createCommit)
	f.route("POST "+repo+"/git/trees", hosttest.Write, f.createTree)
	f.route("POST "+repo+"/git/blobs", hosttest.Write, f.createBlob)
	f.route("GET "+repo+"/collaborators/{user}/permission", hosttest.Read, f.permission)
	f.route("GET "+repo+"/rules/branches/{branch}", hosttest.Read, f.branchRules)
	f.route("GET "+repo+"/rulesets/{id}", hosttest.Read, f.getRuleset)
	f.route("GET "+repo+"/branches/{branch}", hosttest.Read, f.getBranch)
	f.route("GET "+repo+"/branches/{branch}/protection", hosttest.Read, f.getProtection)
	f.route("GET "+repo+"/installation", hosttest.None, f.getInstallation)
	f.route("POST /app/installations/{id}/access_tokens", hosttest.None, f.createToken)
	f.route("GET /orgs/{org}/teams/{team}/members", hosttest.Read, f.members)
	f.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { f.answer(w, r, reply{}, notFound()) })
}

// meta is what only a GitHub Enterprise Server says of itself.
func (f *Fake) meta(*call) (reply, error) {
	version := "3.19.0"
	if f.Old {
		version = "3.10.2"
	}
	return reply{200, map[string]any{"verifiable_password_authentication": false, "installed_version": version}}, nil
}
