package scmtest

import (
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

// knowing are promises to callers who know something already, or want little.
var knowing = []promise{
	{"the newest of a list are given alone", newest},
	{"what is new need not be looked for, and is still there once", isNew},
	{"the first status of a commit need not be looked for", firstStatus},
}

func newest(t *testing.T, s *stage) {
	first := s.opened(t, "ferry/dev/web")
	if err := s.Bot.ClosePullRequest(s.ctx, first.Number, "no"); err != nil {
		t.Fatal(err)
	}
	second := s.propose(t, "ferry/dev/web")
	other := s.opened(t, "ferry/qa/web")
	for want, f := range map[int]scm.Filter{
		second.Number: {Head: "ferry/dev/web", Base: "main", Newest: 1, Brief: true},
		other.Number:  {Newest: 1},
		first.Number:  {Head: "ferry/dev/web", Base: "main", State: scm.Closed, Newest: 1},
	} {
		if got := s.list(t, f); len(got) != 1 || got[0].Number != want {
			t.Errorf("%+v: %v, want %d", f, numbers(got), want)
		}
	}
	if got := s.list(t, scm.Filter{Head: "ferry/none/web", Base: "main", Newest: 1}); len(got) != 0 {
		t.Errorf("%v", numbers(got))
	}
}

// isNew asks twice for what is said to be new: the second caller was wrong, and gets the first one's.
func isNew(t *testing.T, s *stage) {
	s.branch(t, "ferry/dev/web")
	want := scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "Promote", Body: "one", New: true}
	pr, outcome, err := s.Bot.EnsurePullRequest(s.ctx, want)
	if err != nil || outcome != scm.Created {
		t.Fatal(outcome, err)
	}
	want.Title = "Promote again"
	again, outcome, err := s.Twin(t).EnsurePullRequest(s.ctx, want)
	if err != nil || outcome != scm.Updated || again.Number != pr.Number || again.Title != want.Title {
		t.Errorf("%s %v: %+v", outcome, err, again)
	}
	if open := s.list(t, scm.Filter{State: scm.Open}); len(open) != 1 {
		t.Errorf("open: %v", numbers(open))
	}
}

func firstStatus(t *testing.T, s *stage) {
	status := scm.Status{Context: "ferry/gates", State: scm.Pending, Text: "waits", First: true}
	if wrote, err := s.Bot.SetStatus(s.ctx, s.main, status); err != nil || !wrote {
		t.Fatal(wrote, err)
	}
	status.First = false
	s.unwritten(t, func() {
		if wrote, err := s.Bot.SetStatus(s.ctx, s.main, status); err != nil || wrote {
			t.Errorf("said again: %v, %v", wrote, err)
		}
	})
}
