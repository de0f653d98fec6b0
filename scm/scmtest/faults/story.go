package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/scmtest"
)

// stories are what ferry does on a forge.
var stories = []func(*testing.T, *world){promoted, rejected, reported}

// world is a forge behind the proxy, and ferry before it.
type world struct {
	scmtest.Fixture
	proxy  *proxy
	dir    string     // a person's work tree
	client scm.Client // of the current run
}

func newWorld(t *testing.T, p *proxy, f scmtest.Fixture) *world {
	t.Helper()
	for _, set := range f.Env {
		name, value, _ := strings.Cut(set, "=")
		t.Setenv(name, value)
	}
	w := &world{Fixture: f, proxy: p, dir: t.TempDir(), client: f.Bot}
	gittest.Run(t, w.dir, "init", "-q", "-b", "main")
	gittest.Run(t, w.dir, "remote", "add", "origin", f.Remote)
	w.commit(t, "main", "readme.md")
	return w
}

// commit pushes a branch off main with one file of its own and gives its commit.
func (w *world) commit(t *testing.T, branch, path string) string {
	t.Helper()
	if branch != "main" {
		gittest.Run(t, w.dir, "fetch", "-q", "origin", "main")
		gittest.Run(t, w.dir, "checkout", "-q", "--detach", "FETCH_HEAD")
	}
	full := filepath.Join(w.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(path+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, w.dir, "add", "-A")
	gittest.Run(t, w.dir, "commit", "-q", "-m", "Change "+branch)
	gittest.Run(t, w.dir, "push", "-q", "--force", "origin", "HEAD:refs/heads/"+branch)
	return gittest.Run(t, w.dir, "rev-parse", "HEAD")
}

// reruns is how often something is tried while things go wrong, before they go right again.
const reruns = 25

// until does something again and again, each time as a new run of ferry, until it is done. What fails must fail with an
// error; when nothing goes wrong any more, it must not fail.
func (w *world) until(t *testing.T, what string, act func(scm.Client) error) {
	t.Helper()
	w.proxy.rough(true)
	defer w.proxy.rough(false)
	for range reruns {
		err := act(w.client)
		if err == nil {
			w.proxy.note("--- %s: done", what)
			return
		}
		w.proxy.note("--- %s: %v", what, err)
		w.client = w.Twin(t)
	}
	w.proxy.rough(false)
	if err := act(w.client); err != nil {
		t.Fatalf("%s, when all is well again: %v", what, err)
	}
}

func (w *world) ensure(t *testing.T, want scm.Proposal) scm.PullRequest {
	t.Helper()
	var pr scm.PullRequest
	w.until(t, "propose "+want.Title, func(c scm.Client) (err error) {
		pr, _, err = c.EnsurePullRequest(t.Context(), want)
		return err
	})
	if pr.Head != want.Head || pr.Title != want.Title {
		t.Errorf("asked for %q, got %+v", want.Title, pr)
	}
	return pr
}

// one expects a single pull request from a branch, in a state.
func (w *world) one(t *testing.T, head string, state scm.State) {
	t.Helper()
	all, err := w.Twin(t).PullRequests(t.Context(), scm.Filter{Head: head})
	if err != nil || len(all) != 1 || all[0].State != state {
		t.Errorf("from %s: %+v, %v; want one, %s", head, all, err, state)
	}
}

const marker = "<!-- ferry:faults -->"

// comment makes sure of a comment, twice with different texts, on forges that have any.
func (w *world) comment(t *testing.T, number int) {
	t.Helper()
	if _, ok := w.client.(scm.Commenter); !ok {
		return
	}
	for _, text := range []string{"first", "second"} {
		w.until(t, "comment "+text, func(c scm.Client) error {
			_, err := c.(scm.Commenter).EnsureComment(t.Context(), number, marker, marker+"\n"+text)
			return err
		})
	}
	w.said(t, number, marker, 1)
	w.said(t, number, "second", 1)
}

// said expects that a text stands in so many comments.
func (w *world) said(t *testing.T, number int, text string, most int) {
	t.Helper()
	if w.Comments == nil {
		return
	}
	n := 0
	for _, c := range w.Comments(t, number) {
		n += strings.Count(c, text)
	}
	if n > most {
		t.Errorf("%q is said %d times in %q", text, n, w.Comments(t, number))
	}
}

// promoted: a pull request is opened, talked about, edited and merged.
func promoted(t *testing.T, w *world) {
	for i := range 2 {
		head := fmt.Sprintf("ferry/dev/app-%d", i)
		sha := w.commit(t, head, head+"/web.yaml")
		want := scm.Proposal{Head: head, Base: "main", Title: "Promote " + head, Body: "one", Labels: []string{"ferry"}}
		pr := w.ensure(t, want)
		w.comment(t, pr.Number)
		want.Title, want.Body = "Promote "+head+" again", "two"
		if again := w.ensure(t, want); again.Number != pr.Number {
			t.Errorf("number %d, then %d", pr.Number, again.Number)
		}
		w.one(t, head, scm.Open)
		w.merged(t, pr.Number, sha)
		w.one(t, head, scm.Merged)
	}
}

// merged merges, once.
func (w *world) merged(t *testing.T, number int, sha string) {
	t.Helper()
	before := w.commits(t)
	var commit string
	w.until(t, fmt.Sprintf("merge %d", number), func(c scm.Client) (err error) {
		commit, err = c.MergePullRequest(t.Context(), number, scm.Merge{Head: sha})
		return err
	})
	after := w.commits(t)
	if len(after) != len(before)+1 || after[0] != commit {
		t.Errorf("main went from %d to %d commits; it is at %s, the merge said %s", len(before), len(after), after[0], commit)
	}
}

// commits of main along the first parents, newest first.
func (w *world) commits(t *testing.T) []string {
	t.Helper()
	gittest.Run(t, w.dir, "fetch", "-q", "origin", "main")
	return strings.Fields(gittest.Run(t, w.dir, "rev-list", "--first-parent", "FETCH_HEAD"))
}

// rejected: a pull request is opened and closed with a reason.
func rejected(t *testing.T, w *world) {
	const head, reason = "ferry/prod/app", "superseded by 2.0.0"
	w.commit(t, head, head+"/web.yaml")
	pr := w.ensure(t, scm.Proposal{Head: head, Base: "main", Title: "Promote", Body: "b"})
	w.until(t, "close", func(c scm.Client) error { return c.ClosePullRequest(t.Context(), pr.Number, reason) })
	w.one(t, head, scm.Closed)
	w.said(t, pr.Number, reason, 1)
	again := w.ensure(t, scm.Proposal{Head: head, Base: "main", Title: "Promote once more", Body: "b"})
	if again.Number == pr.Number {
		t.Errorf("number %d again", pr.Number)
	}
	open, err := w.Twin(t).PullRequests(t.Context(), scm.Filter{Head: head, State: scm.Open})
	if err != nil || len(open) != 1 {
		t.Errorf("open: %+v, %v", open, err)
	}
}

// reported: statuses are posted, each once.
func reported(t *testing.T, w *world) {
	sha := w.commits(t)[0]
	said := []scm.StatusState{scm.Pending, scm.Failure, scm.Success}
	for _, state := range said {
		w.until(t, "status "+string(state), func(c scm.Client) error {
			_, err := c.SetStatus(t.Context(), sha, scm.Status{Context: "ferry/dev/app", State: state, Text: string(state)})
			return err
		})
	}
	all, err := w.Twin(t).Statuses(t.Context(), sha)
	if err != nil || len(all) == 0 || all[0].State != scm.Success {
		t.Fatalf("statuses: %+v, %v", all, err)
	}
	if len(all) > len(said) { // fewer where a forge keeps only some
		t.Errorf("%d statuses were posted, want %d: %+v", len(all), len(said), all)
	}
}
