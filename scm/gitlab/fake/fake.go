// Package fake is a GitLab for tests: one project with its merge requests, notes, approvals, statuses and deployments, kept
// in memory over a real repository. It answers in GitLab's words and refuses what GitLab refuses; which version and license
// it plays is set by its fields. Where a page of GitLab has at most 100 entries, its pages have 10, so that tests see many.
//
// fake.go is the door, project.go what does not change, merges.go and mergeability.go are merge requests, talk.go notes and
// approvals, quick.go what GitLab does with texts, statuses.go commits' statuses and deployments, git.go what pushes do.
package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// Names of the accounts that every fake has.
const (
	Bot    = "project_1_bot_0123456789abcdef" // as GitLab calls the user of a project token
	Person = "ada"
	Reader = "eve"
)

// Path of the project; Group is one above it with Person alone in it beside the project's own groups.
const (
	Path  = "acme/platform/gitops"
	Group = "acme/platform/release"
)

// Fake is one GitLab with one project. Change its settings before it is used, or under Set.
type Fake struct {
	Host *hosttest.Host
	Repo *hosttest.Repo
	Settings

	mu       sync.Mutex
	writes   int
	ids      map[string]int // of users, by name
	mrs      []*mergeRequest
	statuses []*status
	deploys  []*deployment
	rules    []approvalRule
	known    map[string]string // branch -> commit, as the merge requests have it
	jobs     map[string]string // job token -> user
	pairs    map[string]relation

	// A push holds the repository and then this; a call holds mu, then the repository or this.
	pushing  sync.Mutex
	pushes   []push
	protects map[string]bool
}

// Settings are the version, license and options of the server and the project.
type Settings struct {
	Premium      bool   // approval rules, reset on push, push rules, merge trains
	MergeMethod  string // merge, rebase_merge, ff
	SquashOption string // never, always, default_on, default_off
	PipelineMust bool   // only_allow_merge_if_pipeline_succeeds
	ResetOnPush  bool   // reset_approvals_on_push
	RejectUnsig  bool   // reject_unsigned_commits of the push rules
	Trains       bool   // merge_trains_enabled
	OneReviewer  bool   // a free license has one reviewer and one assignee
	NoApprovedAt bool   // a server before 17 does not say when an approval was given
	TakesSame    bool   // a server of today takes a status in the state that it is in, and keeps its words
	FirstBranch  bool   // an older server puts every status on the first branch that has the commit, unless told otherwise
	Busy         int    // how many posts of a status find the lock taken

	NoAutoMerge   bool // the project does not let GitLab merge by itself
	KnowsNoObject bool // a server before 16.9 has no /request_changes
}

type approvalRule struct {
	branch string // "" = every one
	count  int
}

// New starts a GitLab that ends with the test: a project without a commit, on a Premium license, merging by merge commits.
func New(t testing.TB) *Fake {
	t.Helper()
	h := hosttest.New(t)
	f := &Fake{Host: h, Repo: h.Repo(Path), ids: map[string]int{}, protects: map[string]bool{}, known: map[string]string{}, jobs: map[string]string{}, pairs: map[string]relation{},
		Settings: Settings{Premium: true, MergeMethod: "merge", SquashOption: "default_off"}}
	h.Person(Bot, hosttest.Write)
	h.Person(Person, hosttest.Write)
	h.Person(Reader, hosttest.Read)
	f.Repo.OnPush(f.noticePush)
	f.Repo.RefusePush(f.refusePush)
	h.Handle(f.routes())
	return f
}

// Token of an account.
func (f *Fake) Token(name string) string { return f.Host.Person(name, f.Host.Role(name)) }

// JobToken gives the CI_JOB_TOKEN of a job that an account started.
func (f *Fake) JobToken(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	token := "job-token-of-" + name + "-0123456789"
	f.jobs[token] = name
	return token
}

// Remote is the address for git with the token of an account in it.
func (f *Fake) Remote(name string) string {
	u, _ := url.Parse(f.Repo.Remote())
	u.User = url.UserPassword("oauth2", f.Token(name))
	return u.String()
}

// Set changes settings while the server runs.
func (f *Fake) Set(change func(*Settings)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.Settings)
}

// Protect protects a branch and makes an approval rule for it; 0 approvals make none.
func (f *Fake) Protect(branch string, approvals int) {
	f.pushing.Lock()
	f.protects[branch] = true
	f.pushing.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if approvals > 0 {
		f.rules = append(f.rules, approvalRule{branch, approvals})
	}
}

// Writes counts what changed on the server.
func (f *Fake) Writes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settle()
	return f.writes
}

// call is one request of one account.
type call struct {
	*http.Request
	f     *Fake
	w     http.ResponseWriter
	user  string
	role  hosttest.Role
	body  map[string]any
	wrote bool
}

// refusal ends a call.
type refusal struct {
	code int
	body any
}

func refuse(code int, format string, args ...any) {
	panic(refusal{code, map[string]any{"message": fmt.Sprintf(format, args...)}})
}

func notFound(what string) { refuse(404, "404 %s Not Found", what) }

// handle is a route: it checks who asks, answers and counts.
func (f *Fake) handle(need hosttest.Role, answer func(*call) (int, any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		w.Header().Set("X-Request-Id", fmt.Sprintf("01FAKE%06d", f.Host.Serial()))
		w.Header().Set("Content-Type", "application/json")
		c := &call{Request: r, f: f, w: w}
		defer func() {
			if bad := recover(); bad != nil {
				ref, ok := bad.(refusal)
				if !ok {
					panic(bad)
				}
				w.WriteHeader(ref.code)
				_ = json.NewEncoder(w).Encode(ref.body)
			}
		}()
		f.enter(c, need)
		code, body := answer(c)
		if c.wrote {
			f.writes++
		}
		w.WriteHeader(code)
		if body != nil {
			_ = json.NewEncoder(w).Encode(body)
		}
	}
}

func (f *Fake) enter(c *call, need hosttest.Role) {
	f.settle()
	job, isJob := f.jobs[c.Header.Get("JOB-TOKEN")]
	token := c.Header.Get("PRIVATE-TOKEN")
	if token == "" {
		token = hosttest.TokenOf(c.Request)
	}
	var known bool
	if c.user, c.role, known = f.Host.Who(token); isJob && c.URL.Path == "/api/v4/job" {
		c.user, c.role, known = job, f.Host.Role(job), true
	}
	if !known {
		refuse(401, "401 Unauthorized")
	}
	if id := c.PathValue("project"); id != "" && (id != Path && id != "1" || c.role < hosttest.Read) {
		notFound("Project")
	}
	if c.role < need {
		refuse(403, "403 Forbidden")
	}
	if c.Method == http.MethodPost || c.Method == http.MethodPut {
		if err := json.NewDecoder(c.Body).Decode(&c.body); err != nil && c.ContentLength > 0 {
			panic(refusal{400, map[string]any{"error": "The provided content-type 'application/json' is not valid JSON"}})
		}
	}
}

// str reads a parameter; has tells whether it was given.
func (c *call) str(name string) string {
	if c.body != nil || c.Method != http.MethodGet {
		s, _ := c.body[name].(string)
		return s
	}
	return c.URL.Query().Get(name)
}

func (c *call) has(name string) bool { v, ok := c.body[name]; return ok && v != nil }

func (c *call) flag(name string) bool { v, _ := c.body[name].(bool); return v }

func (c *call) ints(name string) []int {
	var out []int
	list, _ := c.body[name].([]any)
	for _, v := range list {
		if n, ok := v.(float64); ok {
			out = append(out, int(n))
		}
	}
	return out
}

// required refuses a call without a parameter, as Grape says it.
func (c *call) required(names ...string) {
	for _, n := range names {
		if !c.has(n) {
			panic(refusal{400, map[string]any{"error": n + " is missing"}})
		}
	}
}

// page is the largest page of a list here.
const page = 10

// paged gives one page of a list, with GitLab's headers.
func paged[T any](c *call, all []T, shape func(T) any) (int, any) {
	number := func(name string, or int) int {
		if n, err := strconv.Atoi(c.URL.Query().Get(name)); err == nil && n > 0 {
			return n
		}
		return or
	}
	size, at := min(number("per_page", 20), page), number("page", 1)
	pages := max((len(all)+size-1)/size, 1)
	h := c.w.Header()
	h.Set("X-Page", strconv.Itoa(at))
	h.Set("X-Per-Page", strconv.Itoa(size))
	h.Set("X-Total-Pages", strconv.Itoa(pages))
	h.Set("X-Total", strconv.Itoa(len(all)))
	h.Set("X-Next-Page", "")
	if at < pages {
		h.Set("X-Next-Page", strconv.Itoa(at+1))
		q := c.URL.Query()
		q.Set("page", strconv.Itoa(at+1))
		h.Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next"`, c.f.Host.URL(), c.URL.EscapedPath(), q.Encode()))
	}
	out := []any{}
	for i := (at - 1) * size; i >= 0 && i < min(at*size, len(all)); i++ {
		out = append(out, shape(all[i]))
	}
	return 200, out
}

// stamp is a time as GitLab writes it.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func (f *Fake) id(name string) int {
	if f.ids[name] == 0 {
		f.ids[name] = len(f.ids) + 101
	}
	return f.ids[name]
}

func (f *Fake) nameOf(id int) (string, bool) {
	for _, n := range []string{Bot, Person, Reader} {
		f.id(n)
	}
	for n, i := range f.ids {
		if i == id {
			return n, true
		}
	}
	return "", false
}

func (f *Fake) person(name string) any {
	if name == "" {
		return nil
	}
	return map[string]any{"id": f.id(name), "username": name, "name": strings.ToUpper(name[:1]) + name[1:], "state": "active", "locked": false,
		"avatar_url": nil, "web_url": f.Host.URL() + "/" + name}
}
