// Package hosttest is what every fake forge stands on: a server on loopback with bare repositories over smart HTTP,
// accounts with tokens and roles, a clock that only rises, and the few things that a forge does in a repository by
// itself. The fakes put their API on top. Nothing but tests imports it.
//
// host.go is the server and who may use it, repo.go what it does in a repository, with the git command.
package hosttest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git/gittest"
)

// Role of an account in all repositories of a host.
type Role int

// The roles, each with what the one before may do.
const (
	None Role = iota
	Read
	Write
	Admin
)

// Host is a server of repositories.
type Host struct {
	t      testing.TB
	root   string
	server *httptest.Server
	git    http.Handler

	mu     sync.Mutex
	now    time.Time
	people map[string]person // by token
	repos  map[string]*Repo  // by path
	api    http.Handler
	wraps  []func(http.Handler) http.Handler
	serial int
}

type person struct {
	name string
	role Role
}

// New starts a host that ends with the test.
func New(t testing.TB) *Host {
	t.Helper()
	h := &Host{t: t, root: t.TempDir(), now: time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC), people: map[string]person{}, repos: map[string]*Repo{},
		api: http.NotFoundHandler()}
	h.git = gittest.Handler(t, h.root)
	h.server = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.server.Close)
	return h
}

// URL is the address of the host, without a slash at the end.
func (h *Host) URL() string { return h.server.URL }

// Handle sets who answers what is not Git.
func (h *Host) Handle(api http.Handler) { h.api = api }

// Wrap puts a handler before everything, Git too; the newest is the outermost.
func (h *Host) Wrap(wrap func(http.Handler) http.Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wraps = append(h.wraps, wrap)
}

// Person makes an account, or changes its role, and gives a token of it.
func (h *Host) Person(name string, role Role) (token string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for token, p := range h.people {
		if p.name == name {
			h.people[token] = person{name, role}
			return token
		}
	}
	token = "token-of-" + name + "-0123456789"
	h.people[token] = person{name, role}
	return token
}

// Who tells whose a token is.
func (h *Host) Who(token string) (name string, role Role, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, ok := h.people[token]
	return p.name, p.role, ok
}

// Role of an account by name; None where there is no such account.
func (h *Host) Role(name string) Role {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.people {
		if p.name == name {
			return p.role
		}
	}
	return None
}

// Revoke makes a token worthless.
func (h *Host) Revoke(token string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.people, token)
}

// Now is the clock of the host: each look is a second later than the one before.
func (h *Host) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(time.Second)
	return h.now
}

// Repo makes a bare repository without a commit at a path such as acme/gitops, or gives the one that is there.
func (h *Host) Repo(path string) *Repo {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if r, ok := h.repos[path]; ok {
		return r
	}
	dir := filepath.Join(h.root, filepath.FromSlash(path)+".git")
	gittest.Run(h.t, h.root, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", dir)
	h.allow(filepath.Join(dir, "config"))
	r := &Repo{host: h, path: path, dir: dir}
	h.repos[path] = r
	return r
}

// allow lets a repository be pushed to and read in parts. It does not wait for the disk: it ends with the test.
func (h *Host) allow(config string) {
	text, err := os.ReadFile(config)
	if err == nil {
		err = os.WriteFile(config, append(text, "[core]\n\tfsync = none\n[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n[http]\n\treceivepack = true\n[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n"...), 0o600)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *Host) serve(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	var next http.Handler = http.HandlerFunc(h.route)
	for _, wrap := range h.wraps {
		next = wrap(next)
	}
	h.mu.Unlock()
	next.ServeHTTP(w, r)
}

// route tells Git from the API.
func (h *Host) route(w http.ResponseWriter, r *http.Request) {
	for _, end := range []string{"/info/refs", "/git-upload-pack", "/git-receive-pack"} {
		if path, ok := strings.CutSuffix(r.URL.Path, end); ok {
			h.serveGit(w, r, strings.TrimSuffix(strings.TrimPrefix(path, "/"), ".git"))
			return
		}
	}
	h.api.ServeHTTP(w, r)
}

// serveGit checks who asks, and tells the repository what was pushed.
func (h *Host) serveGit(w http.ResponseWriter, r *http.Request, path string) {
	h.mu.Lock()
	repo := h.repos[path]
	h.mu.Unlock()
	name, role, ok := h.Who(TokenOf(r))
	switch {
	case !ok:
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	case repo == nil || role < Read:
		http.NotFound(w, r)
		return
	}
	pushes := strings.HasSuffix(r.URL.Path, "/git-receive-pack") || r.URL.Query().Get("service") == "git-receive-pack"
	if pushes && role < Write {
		http.Error(w, "you may not push here", http.StatusForbidden)
		return
	}
	r.URL.Path = "/" + path + ".git" + r.URL.Path[strings.LastIndex(r.URL.Path, path)+len(path):]
	r.URL.Path = strings.Replace(r.URL.Path, ".git.git", ".git", 1)
	repo.serve(h.git, w, r, name, pushes && r.Method == http.MethodPost)
}

// TokenOf finds the token of a request: as a password, or as a bearer token.
func TokenOf(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return token
}

// Serial gives 1, 2, 3 ... for whatever wants numbers.
func (h *Host) Serial() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.serial++
	return h.serial
}

// fail ends the test from any goroutine.
func (h *Host) fail(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
