package azure_test

import (
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/azure"
)

// calls counts what an act costs.
func calls(t *testing.T, c *azure.Client, act func()) door.Calls {
	t.Helper()
	before := c.Calls()
	act()
	after := c.Calls()
	return door.Calls{Reads: after.Reads - before.Reads, Writes: after.Writes - before.Writes}
}

// One promotion asks for a pull request and says what it waits for: at most six calls, also when it is there already.
func TestCallsOfAPromotion(t *testing.T) {
	f := forge(t)
	want := promotion
	want.Body = strings.Repeat("many words ", 300)
	promote := func(c *azure.Client, outcome scm.Outcome, sha string) {
		t.Helper()
		_, got, err := c.EnsurePullRequest(t.Context(), want)
		if err != nil || got != outcome {
			t.Fatalf("outcome %q, %v; want %s", got, err, outcome)
		}
		if _, err := c.SetStatus(t.Context(), sha, scm.Status{Context: "ferry/gates", State: scm.Pending, Text: "soak"}); err != nil {
			t.Fatal(err)
		}
	}
	sha := push(t, f, want.Head, "web.yaml", "1")
	for _, step := range []struct {
		name   string
		change func()
		want   scm.Outcome
		most   door.Calls
	}{
		{"new", func() {}, scm.Created, door.Calls{Reads: 3, Writes: 3}},
		{"the same again", func() {}, scm.Unchanged, door.Calls{Reads: 4}}, // one asks who this is, once in a run: only our own status is not said again
		{"another release", func() {
			sha = push(t, f, want.Head, "web.yaml", "2")
			want.Title, want.Body = "Promote web 3", "other "+want.Body
		}, scm.Updated, door.Calls{Reads: 3, Writes: 3}},
	} {
		step.change()
		c := open(t, f, f.Bot)
		got := calls(t, c, func() { promote(c, step.want, sha) })
		if got.Reads > step.most.Reads || got.Writes > step.most.Writes || got.Reads+got.Writes > 6 {
			t.Errorf("%s: %d reads and %d writes, want at most %d and %d", step.name, got.Reads, got.Writes, step.most.Reads, step.most.Writes)
		}
	}
}

// Lists show the beginning of a description only.
func TestLongDescriptions(t *testing.T) {
	f := forge(t)
	c := open(t, f, f.Bot)
	push(t, f, promotion.Head, "web.yaml", "1")
	for _, n := range []int{399, 400, 401, 3799, 3800} {
		want := promotion
		want.Body = strings.Repeat("x", n-1) + "z"
		if _, _, err := c.EnsurePullRequest(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		got, err := c.PullRequests(t.Context(), scm.Filter{})
		if err != nil || len(got) != 1 || got[0].Body != want.Body {
			t.Errorf("%d: %v, %v", n, len(got), err)
		}
		// A difference behind what a list shows is seen.
		want.Body = want.Body[:n-1] + "y"
		if _, outcome, err := c.EnsurePullRequest(t.Context(), want); err != nil || outcome != scm.Updated {
			t.Errorf("%d: outcome %q, %v", n, outcome, err)
		}
	}
}

func TestLabels(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		f := forge(t)
		f.NoLabels = hidden
		c := open(t, f, f.Bot)
		pr := opened(t, f, c)
		for _, step := range []struct {
			want, got string
			outcome   scm.Outcome
		}{
			{"ferry", "ferry", scm.Unchanged},
			{"Ferry", "ferry", scm.Unchanged}, // the first spelling stays
			{"ferry|a, b; c", "a b c|ferry", scm.Updated},
			{"ferry|a, b; c", "a b c|ferry", scm.Unchanged},
			{"prod", "prod", scm.Updated},
			{"", "", scm.Updated},
			{"", "", scm.Unchanged},
		} {
			want := promotion
			want.Labels = strings.Split(step.want, "|")
			_, outcome, err := open(t, f, f.Bot).EnsurePullRequest(t.Context(), want)
			if err != nil || outcome != step.outcome {
				t.Errorf("hidden %v, %q: outcome %q, %v; want %s", hidden, step.want, outcome, err, step.outcome)
			}
			got, err := open(t, f, f.Bot).PullRequest(t.Context(), pr.Number)
			if err != nil || strings.Join(got.Labels, "|") != step.got {
				t.Errorf("hidden %v, %q: labels %q, %v", hidden, step.want, got.Labels, err)
			}
		}
	}
}

// The server finds branches without regard to case; they are different ones all the same.
func TestBranchesDifferByCase(t *testing.T) {
	f := forge(t)
	c := open(t, f, f.Bot)
	pr := opened(t, f, c)
	push(t, f, "ferry/dev/WEB", "other.yaml", "1")
	want := promotion
	want.Head = "ferry/dev/WEB"
	other, outcome, err := c.EnsurePullRequest(t.Context(), want)
	if err != nil || outcome != scm.Created || other.Number == pr.Number {
		t.Errorf("number %d, outcome %q, %v", other.Number, outcome, err)
	}
}

// A new head counts as soon as the server has worked it out, and not before: a look waits for that.
func TestServersTakeTheirTime(t *testing.T) {
	f := forge(t)
	f.Lag = 6
	c := open(t, f, f.Bot)
	pr := opened(t, f, c)
	sha := push(t, f, pr.Head, "web.yaml", "3")
	// The server notices a push only with the next call.
	if _, err := c.Self(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := c.PullRequest(t.Context(), pr.Number); err != nil || got.HeadSHA != sha {
		t.Errorf("head %s, %v; want %s", got.HeadSHA, err, sha)
	}
	commit, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: sha})
	if at, _ := f.Repo.Head("main"); err != nil || at != commit {
		t.Errorf("merged as %s, %v; main is at %s", commit, err, at)
	}
}

func TestClosing(t *testing.T) {
	f := forge(t)
	c := open(t, f, f.Bot)
	pr := opened(t, f, c)
	for _, reason := range []string{"first", "second", "second"} {
		if err := c.ClosePullRequest(t.Context(), pr.Number, reason); err != nil {
			t.Fatal(err)
		}
		if got, err := c.PullRequest(t.Context(), pr.Number); err != nil || got.CloseReason != reason || got.ClosedBy == "" {
			t.Errorf("%+v, %v; want %q", got, err, reason)
		}
		if err := c.ReopenPullRequest(t.Context(), pr.Number); err != nil {
			t.Fatal(err)
		}
		if got, err := c.PullRequest(t.Context(), pr.Number); err != nil || got.CloseReason != "" || got.State != scm.Open {
			t.Errorf("opened again: %+v, %v", got, err)
		}
	}
	if got := f.Comments(pr.Number); len(got) != 3 {
		t.Errorf("said %q", got)
	}
	f.Repo.DeleteBranch(pr.Head)
	if err := c.ClosePullRequest(t.Context(), pr.Number, ""); err != nil {
		t.Fatal(err)
	}
	fails(t, "its branch is gone", c.ReopenPullRequest(t.Context(), pr.Number), scm.ErrConflict, "TF401398")
}

func TestWorkItems(t *testing.T) {
	f := forge(t)
	f.WorkItem(7)
	f.WorkItem(8)
	c := open(t, f, f.Bot)
	pr := opened(t, f, c)
	for range 2 {
		if err := c.LinkWorkItems(t.Context(), pr.Number, []int{8, 7, 7}); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []int{7, 8} {
		if got := f.WorkItem(id); len(got) != 1 || !strings.HasPrefix(got[0], "vstfs:///Git/PullRequestId/") || !strings.HasSuffix(got[0], "%2F1") {
			t.Errorf("%d is linked to %q", id, got)
		}
	}
	f.WorkItem(9)
	fails(t, "one of them is not there", c.LinkWorkItems(t.Context(), pr.Number, []int{5, 9}), scm.ErrNotFound, "work item 5", "TF401232")
	if got := f.WorkItem(9); len(got) != 1 {
		t.Errorf("the other is linked to %q", got)
	}
	fails(t, "no pull request", c.LinkWorkItems(t.Context(), 99, []int{7}), scm.ErrNotFound)
}
