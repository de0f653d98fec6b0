// Package fake is a Bitbucket Cloud for tests: stateful, over a real repository, with short hashes, addresses of next
// pages, keys of 40 characters and one status per key, and refusals in the server's form. Where Bitbucket's behaviour is
// not documented it follows what its users report.
//
// The map: fake.go is the server and what tests may do behind its back, api.go its routes, pages and refusals, pulls.go
// and statuses.go the answers.
package fake

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// Names of what there is from the beginning. Both people may write.
const (
	Repository = "acme/gitops"
	Bot        = "bot"
	Person     = "ada"
	Reader     = "rita" // may only read
)

// Fake is one server with one repository.
type Fake struct {
	*hosttest.Host
	repo   *hosttest.Repo
	tokens map[string]string

	// Page is the longest page.
	Page int
	// Before is called before a request is answered, without any lock.
	Before func(r *http.Request)

	pushers sync.Map // who moved a branch last

	mu           sync.Mutex
	writes       int
	pulls        []*pull
	statuses     map[string]map[string]*status
	restrictions []map[string]any
	approvals    map[string]int
}

// New starts a server that ends with the test.
func New(t testing.TB) *Fake {
	t.Helper()
	f := &Fake{Host: hosttest.New(t), Page: 50, tokens: map[string]string{}, statuses: map[string]map[string]*status{}, approvals: map[string]int{}}
	f.tokens[Bot] = f.Host.Person(Bot, hosttest.Admin)
	f.tokens[Person] = f.Host.Person(Person, hosttest.Write)
	f.tokens[Reader] = f.Host.Person(Reader, hosttest.Read)
	f.repo = f.Host.Repo(Repository)
	f.repo.OnPush(func(branch, _, _, user string) { f.pushers.Store(branch, user) })
	f.Handle(f.routes())
	return f
}

// Token of an account.
func (f *Fake) Token(name string) string { return f.tokens[name] }

// UUID of an account, as it is named.
func UUID(name string) string {
	var n uint64 = 14695981039346656037
	for _, b := range []byte(name) {
		n = (n ^ uint64(b)) * 1099511628211
	}
	return fmt.Sprintf("{%08x-0000-4000-8000-%012x}", n>>32, n&0xffffffffffff)
}

// Remote is what Git pushes to, with the token of an account.
func (f *Fake) Remote() string { return f.repo.Remote() }

// Repo is the repository on disk.
func (f *Fake) Repo() *hosttest.Repo { return f.repo }

// Fingerprint changes with every write.
func (f *Fake) Fingerprint() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fmt.Sprint(f.writes)
}

// RequireApprovals makes the server refuse merges into a branch without so many approvals.
func (f *Fake) RequireApprovals(branch string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.approvals[branch] = n
	f.restrictions = append(f.restrictions,
		map[string]any{"kind": "require_approvals_to_merge", "branch_match_kind": "glob", "pattern": branch, "value": n},
		map[string]any{"kind": "push", "branch_match_kind": "glob", "pattern": branch, "value": nil})
}

// Say gives an account's verdict on a pull request: approved or changes_requested.
func (f *Fake) Say(number int, name, verdict string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settle()
	p := f.find(number)
	p.said[name] = said{verdict, f.Now()}
}

// Comments gives the conversation of a pull request.
func (f *Fake) Comments(number int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	if p := f.find(number); p != nil {
		for _, c := range p.comments {
			out = append(out, c.raw)
		}
	}
	return out
}

// Fork opens a pull request from a branch of another repository.
func (f *Fake) Fork(branch string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	head, _ := f.repo.Head("main")
	content := "a: 1\n"
	p := f.add(Person, branch, "main")
	p.fork, p.title = true, "Theirs"
	p.move(f.repo.Commit(head, map[string]*string{"theirs.yaml": &content}, "Theirs", Person), f.Now())
	return p.id
}

type said struct {
	verdict string
	at      time.Time
}
