// Package fake is a Gitea for tests: stateful, over real repositories, and as unwilling as the real one. What it answers
// was compared with Gitea 1.26 by running the same suite on both.
//
// The map: fake.go is the server and what tests may do behind its back, api.go its routes, pages and refusals, pulls.go,
// merges.go, reviews.go, issues.go (labels, comments, timeline) and repository.go the answers.
package fake

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// Names of what there is from the beginning. Both people may write.
const (
	Owner      = "acme"
	Repository = Owner + "/gitops"
	Bot        = "ferry-bot"
	Person     = "ada"
	Reader     = "rita" // may only read
	Team       = "reviewers"
)

// Fake is one server with one repository.
type Fake struct {
	*hosttest.Host
	repo   *hosttest.Repo
	tokens map[string]string

	// Page is the longest page (MAX_RESPONSE_ITEMS), 50 as the server comes.
	Page int
	// Personal says that a person owns the repository, so that there are no teams.
	Personal bool
	// Before is called before a request is answered, without any lock.
	Before func(r *http.Request)

	pushers sync.Map // who moved a branch last

	mu       sync.Mutex
	writes   int
	pulls    []*pull
	statuses map[string][]*sdk.Status
	labels   []*sdk.Label
	rules    map[string]*sdk.BranchProtection
	methods  []sdk.MergeStyle
}

// New starts a server that ends with the test.
func New(t testing.TB) *Fake {
	t.Helper()
	f := &Fake{Host: hosttest.New(t), Page: 50, tokens: map[string]string{}, statuses: map[string][]*sdk.Status{},
		rules:   map[string]*sdk.BranchProtection{},
		methods: []sdk.MergeStyle{sdk.MergeStyleMerge, sdk.MergeStyleSquash, sdk.MergeStyleRebase}}
	f.tokens[Bot] = f.Host.Person(Bot, hosttest.Admin)
	f.tokens[Person] = f.Host.Person(Person, hosttest.Write)
	f.tokens[Reader] = f.Host.Person(Reader, hosttest.Read)
	f.repo = f.Host.Repo(Repository)
	f.repo.OnPush(f.pushed)
	f.Handle(f.routes())
	return f
}

// Token of an account.
func (f *Fake) Token(name string) string { return f.tokens[name] }

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

// Allow sets the methods of merging.
func (f *Fake) Allow(methods ...sdk.MergeStyle) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.methods = methods
}

// Protect makes rules for a branch.
func (f *Fake) Protect(branch string, statuses []string, approvals int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules[branch] = &sdk.BranchProtection{RuleName: branch, BranchName: branch, EnableStatusCheck: len(statuses) > 0, StatusCheckContexts: statuses,
		RequiredApprovals: int64(approvals), DismissStaleApprovals: true, BlockOnRejectedReviews: true}
}

// Comments gives the conversation of a pull request.
func (f *Fake) Comments(number int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	if p := f.find(int64(number)); p != nil {
		for _, e := range p.events {
			if e.Type == "comment" {
				out = append(out, e.Body)
			}
		}
	}
	return out
}

// Fork opens a pull request from a branch of another repository, which has the commits of a branch of this one.
func (f *Fake) Fork(branch string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	head, _ := f.repo.Head("main")
	content := "a: 1\n"
	sha := f.repo.Commit(head, map[string]*string{"theirs.yaml": &content}, "Theirs", Person)
	p := f.add(Person, branch, "main", "Theirs", "")
	p.fork, p.head = true, sha
	return int(p.number)
}
