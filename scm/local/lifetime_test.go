package local_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/local"
)

func TestHeadsOutliveTheirBranches(t *testing.T) {
	dir, p := forge(t)
	c := open(t, dir, "ferry")
	p.commit(t, "main", "closed", map[string]string{"a": "1\n"})
	p.commit(t, "main", "merged", map[string]string{"b": "1\n"})
	shut, done := propose(t, c, "closed"), propose(t, c, "merged")
	if err := c.ClosePullRequest(t.Context(), shut.Number, "no"); err != nil {
		t.Fatal(err)
	}
	commit, err := c.MergePullRequest(t.Context(), done.Number, scm.Merge{Head: done.HeadSHA})
	if err != nil {
		t.Fatal(err)
	}
	// A person takes the merge back and deletes what is left; then everything that nobody names is pruned.
	run(t, p.dir, "push", "-q", "-f", "origin", "origin/main:refs/heads/main", ":refs/heads/closed")
	run(t, dir, "reflog", "expire", "--expire=now", "--all")
	run(t, dir, "gc", "-q", "--prune=now")
	for _, id := range []string{shut.HeadSHA, done.HeadSHA, commit} {
		run(t, dir, "cat-file", "-e", id+"^{tree}")
	}
	again := open(t, dir, "ferry")
	for _, want := range []scm.State{scm.Closed, scm.Merged} {
		if prs, err := again.PullRequests(t.Context(), scm.Filter{State: want}); err != nil || len(prs) != 1 {
			t.Errorf("%s: %+v, %v", want, prs, err)
		}
	}
}

// Asking again for a pull request whose head moved changes nothing that anybody sees, and keeps the new head.
func TestAMovedHeadIsKept(t *testing.T) {
	dir, p := forge(t)
	c := open(t, dir, "ferry")
	p.commit(t, "main", "web", map[string]string{"a": "1\n"})
	pr := propose(t, c, "web")
	next := p.commit(t, "main", "web", map[string]string{"a": "2\n"})
	if _, outcome, err := c.EnsurePullRequest(t.Context(), scm.Proposal{Head: "web", Base: "main", Title: pr.Title}); err != nil || outcome != scm.Unchanged {
		t.Fatalf("outcome %q, %v", outcome, err)
	}
	run(t, p.dir, "push", "-q", "origin", ":web")
	run(t, dir, "gc", "-q", "--prune=now")
	if got, err := open(t, dir, "ada").PullRequest(t.Context(), pr.Number); err != nil || got.HeadSHA != next || got.State != scm.Closed {
		t.Errorf("%+v, %v; want closed at %s", got, err, next)
	}
	run(t, dir, "cat-file", "-e", next+"^{tree}")
}

func TestTwoRefsWhateverHappens(t *testing.T) {
	dir, p := forge(t)
	c := open(t, dir, "ferry")
	for _, head := range []string{"a", "b", "c"} {
		sha := p.commit(t, "main", "ferry/dev/"+head, map[string]string{head: "1\n"})
		propose(t, c, "ferry/dev/"+head)
		if _, err := c.SetStatus(t.Context(), sha, scm.Status{Context: "x", State: scm.Success}); err != nil {
			t.Fatal(err)
		}
	}
	if got := run(t, dir, "for-each-ref", "--format=%(refname)", "refs/ferry"); got != "refs/ferry/pulls\nrefs/ferry/statuses" {
		t.Errorf("refs: %s", got)
	}
	// Who does not want even those two lines hides them from everybody who comes through Git: nobody can push them then.
	run(t, dir, "config", "transfer.hideRefs", "refs/ferry")
	if got := run(t, p.dir, "ls-remote", "origin"); strings.Contains(got, "refs/ferry") {
		t.Errorf("hidden refs are shown: %s", got)
	}
	if out, err := tryGit(p.dir, "push", "origin", "HEAD:refs/ferry/pulls", "-f"); err == nil {
		t.Errorf("hidden refs can be pushed: %s", out)
	}
	if prs, err := open(t, dir, "ferry").PullRequests(t.Context(), scm.Filter{}); err != nil || len(prs) != 3 {
		t.Errorf("hidden from ourselves: %+v, %v", prs, err)
	}
	run(t, dir, "config", "--unset", "transfer.hideRefs")
	other := t.TempDir()
	run(t, other, "clone", "-q", dir, "plain")
	if got := run(t, filepath.Join(other, "plain"), "for-each-ref"); strings.Contains(got, "refs/ferry/") {
		t.Errorf("an ordinary clone has them: %s", got)
	}
	run(t, other, "clone", "-q", "--mirror", dir, "copy.git")
	prs, err := open(t, filepath.Join(other, "copy.git"), "ferry").PullRequests(t.Context(), scm.Filter{})
	if err != nil || len(prs) != 3 || !strings.HasPrefix(prs[0].URL, "local:"+other) {
		t.Errorf("a mirror is no copy of the forge: %+v, %v", prs, err)
	}
}

func TestTheJournalCanBeRead(t *testing.T) {
	dir, p := forge(t)
	c := open(t, dir, "ferry")
	p.commit(t, "main", "web", map[string]string{"a": "1\n"})
	pr := propose(t, c, "web")
	if _, err := open(t, dir, "ada").Review(t.Context(), pr.Number, scm.Review{Verdict: scm.Approved}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: pr.HeadSHA}); err != nil {
		t.Fatal(err)
	}
	want := "ferry: #1 merged: Promote web\nada: #1 approved: Promote web\nferry: #1 opened: Promote web"
	if got := run(t, dir, "log", "--first-parent", "--format=%an: %s", "-3", "refs/ferry/pulls"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestMergeCommit(t *testing.T) {
	dir, p := forge(t)
	c := open(t, dir, "ferry")
	before := run(t, dir, "rev-parse", "main")
	p.commit(t, "main", "web", map[string]string{"a": "1\n"})
	pr := propose(t, c, "web")
	commit, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: pr.HeadSHA})
	if err != nil {
		t.Fatal(err)
	}
	want := commit + " " + before + " " + pr.HeadSHA + "\nMerge pull request #1 from web\n\nPromote web"
	if got := run(t, dir, "log", "-1", "--format=%H %P%n%B", "main"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestMergedBranchesAreDeleted(t *testing.T) {
	for _, row := range []struct {
		name string
		kept bool
		do   func(t *testing.T, dir string, c *local.Client, p person)
	}{
		{"as a rule", false, func(*testing.T, string, *local.Client, person) {}},
		{"not where settings keep them", true, func(t *testing.T, dir string, _ *local.Client, _ person) {
			settings(t, dir, map[string]any{"keepBranches": true})
		}},
		{"not while another pull request comes from it", true, func(t *testing.T, dir string, c *local.Client, _ person) {
			run(t, dir, "branch", "env/prod", "main")
			if _, _, err := c.EnsurePullRequest(t.Context(), scm.Proposal{Head: "web", Base: "env/prod", Title: "t"}); err != nil {
				t.Fatal(err)
			}
		}},
		{"not while another pull request goes into it", true, func(t *testing.T, dir string, c *local.Client, p person) {
			p.commit(t, "web", "web-more", map[string]string{"c": "1\n"})
			if _, _, err := c.EnsurePullRequest(t.Context(), scm.Proposal{Head: "web-more", Base: "web", Title: "t"}); err != nil {
				t.Fatal(err)
			}
		}},
		{"not the default branch", true, func(t *testing.T, dir string, _ *local.Client, _ person) {
			run(t, dir, "symbolic-ref", "HEAD", "refs/heads/web")
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir, p := forge(t)
			c := open(t, dir, "ferry")
			p.commit(t, "main", "web", map[string]string{"a": "1\n"})
			pr := propose(t, c, "web")
			row.do(t, dir, c, p)
			if _, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: pr.HeadSHA}); err != nil {
				t.Fatal(err)
			}
			if _, err := tryGit(dir, "rev-parse", "-q", "--verify", "refs/heads/web"); (err == nil) != row.kept {
				t.Errorf("kept: %v, want %v", err == nil, row.kept)
			}
		})
	}
}

// What people did to the branches decides what became of a pull request, whenever somebody looks.
func TestWhatPeopleDid(t *testing.T) {
	for _, row := range []struct {
		name   string
		do     func(t *testing.T, dir string, p person) (head string)
		state  scm.State
		reason string
	}{
		{"set the branch back to where it came from", func(t *testing.T, dir string, p person) string {
			head := run(t, dir, "rev-parse", "web")
			run(t, dir, "update-ref", "refs/heads/web", "main")
			return head
		}, scm.Closed, "the branch web was set back to a commit of main"},
		{"deleted the base", func(t *testing.T, dir string, p person) string {
			run(t, dir, "update-ref", "-d", "refs/heads/main")
			return run(t, dir, "rev-parse", "web")
		}, scm.Closed, "the branch main was deleted"},
		{"deleted the head", func(t *testing.T, dir string, p person) string {
			head := run(t, dir, "rev-parse", "web")
			run(t, dir, "update-ref", "-d", "refs/heads/web")
			return head
		}, scm.Closed, "the branch web was deleted"},
		{"merged by hand and pushed the next release to the branch", func(t *testing.T, dir string, p person) string {
			head := run(t, dir, "rev-parse", "web")
			run(t, dir, "update-ref", "refs/heads/main", "web")
			p.commit(t, "main", "web", map[string]string{"next": "1\n"})
			return head
		}, scm.Merged, ""},
		{"added a commit and pushed both to the base", func(t *testing.T, dir string, p person) string {
			head := p.commit(t, "web", "web", map[string]string{"more": "1\n"})
			run(t, dir, "update-ref", "refs/heads/main", "web")
			return head
		}, scm.Merged, ""},
		{"rewrote the branch and merged that", func(t *testing.T, dir string, p person) string {
			head := p.commit(t, "main", "web", map[string]string{"rewritten": "1\n"})
			run(t, dir, "update-ref", "refs/heads/main", "web")
			return head
		}, scm.Merged, ""},
		{"rewrote the base", func(t *testing.T, dir string, p person) string {
			head := run(t, dir, "rev-parse", "web")
			p.commit(t, "", "main", map[string]string{"other": "1\n"})
			return head
		}, scm.Open, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir, p := forge(t)
			p.commit(t, "main", "web", map[string]string{"a": "1\n"})
			number := propose(t, open(t, dir, "ferry"), "web").Number
			head := row.do(t, dir, p)
			for look := range 3 {
				pr, err := open(t, dir, "ada").PullRequest(t.Context(), number)
				if err != nil || pr.State != row.state || pr.HeadSHA != head || pr.CloseReason != row.reason {
					t.Errorf("look %d: %+v, %v; want %s at %s", look, pr, err, row.state, head)
				}
				if pr.State == scm.Merged && pr.ClosedBy != "Ada" {
					t.Errorf("merged by %q", pr.ClosedBy)
				}
			}
		})
	}
}

// Histories with nothing in common are not merged, by whatever way they met.
func TestStrangersAreNotMerged(t *testing.T) {
	dir, p := forge(t)
	c := open(t, dir, "ferry")
	head := p.commit(t, "main", "web", map[string]string{"a": "1\n"})
	pr := propose(t, c, "web")
	p.commit(t, "", "main", map[string]string{"other": "1\n"})
	if got, err := c.PullRequest(t.Context(), pr.Number); err != nil || !got.Conflict {
		t.Errorf("%+v, %v; want a conflict", got, err)
	}
	var conflict *scm.MergeConflictError
	if _, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: head}); !errors.As(err, &conflict) {
		t.Errorf("merge: %v, want a conflict", err)
	}
	p.commit(t, "", "strange", map[string]string{"b": "1\n"})
	if _, _, err := c.EnsurePullRequest(t.Context(), scm.Proposal{Head: "strange", Base: "web", Title: "t"}); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("proposal: %v, want ErrInvalid", err)
	}
}

// An end that was seen stays, although the branch comes back with something new.
func TestAnEndThatWasSeenStays(t *testing.T) {
	dir, p := forge(t)
	c := open(t, dir, "ferry")
	p.commit(t, "main", "web", map[string]string{"a": "1\n"})
	first := propose(t, c, "web")
	run(t, dir, "update-ref", "-d", "refs/heads/web")
	if prs, err := c.PullRequests(t.Context(), scm.Filter{State: scm.Open}); err != nil || len(prs) > 0 {
		t.Fatalf("%+v, %v", prs, err)
	}
	p.commit(t, "main", "web", map[string]string{"a": "2\n"})
	if second := propose(t, c, "web"); second.Number == first.Number {
		t.Errorf("number %d came back to life", first.Number)
	}
}

// Who may not write reads the same.
func TestReadingWithoutWriting(t *testing.T) {
	dir, p := forge(t)
	c := open(t, dir, "ferry")
	p.commit(t, "main", "web", map[string]string{"a": "1\n"})
	pr := propose(t, c, "web")
	run(t, dir, "update-ref", "-d", "refs/heads/web")
	lock := filepath.Join(dir, "refs/ferry/pulls.lock")
	if err := os.WriteFile(lock, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	before := run(t, dir, "for-each-ref")
	got, err := c.PullRequest(t.Context(), pr.Number)
	if err != nil || got.State != scm.Closed {
		t.Errorf("%+v, %v", got, err)
	}
	if after := run(t, dir, "for-each-ref"); after != before {
		t.Errorf("written all the same: %s", after)
	}
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir, p := forge(t)
	for name, user := range map[string]string{"no user": "", "two lines": "a\nb", "an endless name": strings.Repeat("x", 300)} {
		if _, err := local.Open(t.Context(), repository(t, dir, "x"), local.Options{User: user}); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	remote, err := git.Open(t.Context(), "https://example.com/gitops.git", git.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, repo := range map[string]*git.Repository{"a server": remote, "a work tree": repository(t, p.dir, "x")} {
		_, err := local.Open(t.Context(), repo, local.Options{User: "ada"})
		var hint interface{ Hint() string }
		if !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "bare") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLimits(t *testing.T) {
	dir, p := forge(t)
	c := open(t, dir, "ferry")
	sha := p.commit(t, "main", "web", map[string]string{"a": "1\n"})
	long := scm.Proposal{Head: "web", Base: "main", Title: strings.Repeat("é", 256), Body: strings.Repeat("x", 1<<20+1), Labels: []string{strings.Repeat("l", 201)}}
	pr, _, err := c.EnsurePullRequest(t.Context(), long)
	if err != nil {
		t.Fatal(err)
	}
	if cut := long.Cut(c.Limits()); pr.Title != cut.Title || pr.Body != cut.Body || !slices.Equal(pr.Labels, cut.Labels) {
		t.Errorf("title of %d, body of %d bytes, labels %q", len(pr.Title), len(pr.Body), pr.Labels)
	}
	if err := c.ClosePullRequest(t.Context(), pr.Number, strings.Repeat("x", 1<<17)); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("reason: %v, want ErrInvalid", err)
	}
	if _, err := c.SetStatus(t.Context(), sha, scm.Status{Context: strings.Repeat("c", 201), State: scm.Success}); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("context: %v, want ErrInvalid", err)
	}
	if wrote, err := c.SetStatus(t.Context(), sha, scm.Status{Context: "c", State: scm.Success, Text: strings.Repeat("x", 1<<17)}); err != nil || !wrote {
		t.Errorf("a long text: wrote %v, %v", wrote, err)
	}
}

// A clock that runs backwards does not turn a history round.
func TestStatusTimes(t *testing.T) {
	dir, _ := forge(t)
	main := run(t, dir, "rev-parse", "main")
	at := time.Date(2026, 5, 1, 12, 0, 0, 123, time.FixedZone("", 7200))
	c, err := local.Open(t.Context(), repository(t, dir, "x"), local.Options{User: "connector", Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []time.Duration{0, -time.Hour, 2 * time.Hour} {
		at = at.Add(step)
		if _, err := c.SetStatus(t.Context(), main, scm.Status{Context: "a", State: scm.Success, Text: step.String()}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := c.Statuses(t.Context(), main)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range all {
		got = append(got, s.Time.Format(time.RFC3339Nano))
	}
	if want := []string{"2026-05-01T11:00:00Z", "2026-05-01T10:00:00Z", "2026-05-01T10:00:00Z"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestURL(t *testing.T) {
	for url, want := range map[string]int{
		"local:/srv/a#b.git#12": 12, "local:/srv/a.git#0": 0, "local:#1": 0, "local:/a": 0, "local:/a#-1": 0,
		"https://x/y#1": 0, "local:/a#99999999999999999999": 0, "": 0,
	} {
		_, n, ok := local.ParseURL(url)
		if ok != (want > 0) || ok && n != want {
			t.Errorf("%q: %d, %v; want %d", url, n, ok, want)
		}
	}
	dir, p := forge(t)
	p.commit(t, "main", "web", map[string]string{"a": "1\n"})
	pr := propose(t, open(t, dir, "ferry"), "web")
	if at, n, ok := local.ParseURL(pr.URL); !ok || n != pr.Number || filepath.Base(at) != "gitops.git" {
		t.Errorf("%s: %s, %d, %v", pr.URL, at, n, ok)
	}
}
