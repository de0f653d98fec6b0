package scmtest

import (
	"errors"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

var forks = []promise{
	{"a pull request from another repository is never ours, whatever its branch is called", forkNotOurs},
	{"beside one from another repository ours is opened", forkBeside},
}

func (s *stage) fork(t *testing.T, branch string) int {
	t.Helper()
	if s.Fork == nil {
		t.Skip("there are no other repositories here")
	}
	return s.Fork(t, branch)
}

func forkNotOurs(t *testing.T, s *stage) {
	theirs := s.fork(t, "ferry/dev/web")
	for _, f := range []scm.Filter{{}, {Head: "ferry/dev/web"}, {Base: "main", State: scm.Open}} {
		if got := s.list(t, f); len(got) != 0 {
			t.Errorf("%+v: %+v", f, got)
		}
	}
	// By its number it may be looked at, but not be taken for one of ours.
	pr, err := s.Bot.PullRequest(s.ctx, theirs)
	if err == nil && pr.Head == "ferry/dev/web" || err != nil && !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("by number: %+v, %v", pr, err)
	}
}

func forkBeside(t *testing.T, s *stage) {
	theirs := s.fork(t, "ferry/dev/web")
	ours := s.opened(t, "ferry/dev/web")
	if ours.Number == theirs {
		t.Errorf("%d is taken for ours", theirs)
	}
	if got := s.list(t, scm.Filter{Head: "ferry/dev/web"}); len(got) != 1 || got[0].Number != ours.Number {
		t.Errorf("ours: %+v", got)
	}
	if err := s.Bot.ClosePullRequest(s.ctx, ours.Number, "done"); err != nil {
		t.Fatal(err)
	}
	if got := s.list(t, scm.Filter{Head: "ferry/dev/web", State: scm.Open}); len(got) != 0 {
		t.Errorf("open: %+v", got)
	}
}
