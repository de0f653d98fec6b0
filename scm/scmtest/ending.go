package scmtest

import (
	"errors"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

var ending = []promise{
	{"a closed pull request says who closed it and why, and its branch stays", closed},
	{"after a close the same proposal opens a new one", closedThenNew},
	{"a closed pull request can be opened again", reopened},
	{"one opened again never makes two for a branch", reopenedTooLate},
	{"a pull request merged by hand counts as merged", mergedByHand},
	{"one whose commits were pushed to the base counts as merged", fastForwarded},
	{"after a merge the same branch opens a new one", mergedThenNew},
	{"a pull request whose branch was deleted by hand is closed", branchDeleted},
	{"one merged by hand and then deleted is merged", mergedThenDeleted},
}

func closed(t *testing.T, s *stage) {
	pr := s.opened(t, "ferry/dev/web")
	if err := s.Person.ClosePullRequest(s.ctx, pr.Number, "superseded by\n2.0"); err != nil {
		t.Fatal(err)
	}
	got := s.pull(t, pr.Number, isClosed)
	if got.ClosedBy != s.self(t, s.Person) || got.Closed.Before(got.Created) || got.MergeCommit != "" || got.HeadSHA != pr.HeadSHA {
		t.Errorf("closed: %+v", got)
	}
	if got.CloseReason != "superseded by\n2.0" {
		t.Errorf("reason %q", got.CloseReason)
	}
	s.unwritten(t, func() {
		if err := s.Bot.ClosePullRequest(s.ctx, pr.Number, "again"); err != nil {
			t.Errorf("close again: %v", err)
		}
	})
	if tip := s.git.tip(t, "ferry/dev/web"); tip != pr.HeadSHA {
		t.Errorf("the head branch is at %q", tip)
	}
	if _, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA}); !errors.Is(err, scm.ErrConflict) {
		t.Errorf("merge of a closed one: %v, want ErrConflict", err)
	}
}

func closedThenNew(t *testing.T, s *stage) {
	first := s.opened(t, "ferry/dev/web")
	if err := s.Bot.ClosePullRequest(s.ctx, first.Number, "no"); err != nil {
		t.Fatal(err)
	}
	second := s.propose(t, "ferry/dev/web")
	if second.Number == first.Number {
		t.Errorf("number %d again", second.Number)
	}
	s.pull(t, first.Number, isClosed)
	if got := s.list(t, scm.Filter{Head: "ferry/dev/web"}); len(got) != 2 || got[0].Number != second.Number {
		t.Errorf("history: %+v", got)
	}
}

func (s *stage) reopener(t *testing.T) scm.Reopener {
	t.Helper()
	r, ok := s.Person.(scm.Reopener)
	if !ok {
		t.Skipf("%T opens nothing again", s.Person)
	}
	return r
}

func reopened(t *testing.T, s *stage) {
	again := s.reopener(t)
	pr := s.opened(t, "ferry/dev/web")
	if err := s.Bot.ClosePullRequest(s.ctx, pr.Number, "no"); err != nil {
		t.Fatal(err)
	}
	if err := again.ReopenPullRequest(s.ctx, pr.Number); err != nil {
		t.Fatal(err)
	}
	got := s.pull(t, pr.Number, isOpen)
	if !got.Closed.IsZero() || got.ClosedBy != "" || got.CloseReason != "" {
		t.Errorf("opened again: %+v", got)
	}
	s.unwritten(t, func() {
		if err := again.ReopenPullRequest(s.ctx, pr.Number); err != nil {
			t.Errorf("reopen an open one: %v", err)
		}
	})
	if _, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA}); err != nil {
		t.Fatal(err)
	}
	if err := again.ReopenPullRequest(s.ctx, pr.Number); !errors.Is(err, scm.ErrConflict) {
		t.Errorf("reopen a merged one: %v, want ErrConflict", err)
	}
}

func reopenedTooLate(t *testing.T, s *stage) {
	again := s.reopener(t)
	first := s.opened(t, "ferry/dev/web")
	if err := s.Bot.ClosePullRequest(s.ctx, first.Number, "no"); err != nil {
		t.Fatal(err)
	}
	second := s.propose(t, "ferry/dev/web")
	if err := again.ReopenPullRequest(s.ctx, first.Number); !errors.Is(err, scm.ErrConflict) {
		t.Errorf("reopen beside %d: %v, want ErrConflict", second.Number, err)
	}
	if got := numbers(s.list(t, scm.Filter{State: scm.Open})); len(got) != 1 || got[0] != second.Number {
		t.Errorf("open: %v, want %d", got, second.Number)
	}
}

func mergedByHand(t *testing.T, s *stage) {
	s.able(t, EndByPush)
	pr := s.opened(t, "ferry/dev/web")
	merge := s.git.mergeByHand(t, "main", "ferry/dev/web")
	later := s.git.commit(t, "main", "main", files{"later.md": "later\n"})
	got := s.pull(t, pr.Number, isMerged)
	if got.MergeCommit != merge || got.HeadSHA != pr.HeadSHA || got.Closed.IsZero() {
		t.Errorf("merged as %s in %s, then %s: %+v", pr.HeadSHA, merge, later, got)
	}
	if err := s.Bot.ClosePullRequest(s.ctx, pr.Number, "late"); !errors.Is(err, scm.ErrConflict) {
		t.Errorf("close a merged one: %v, want ErrConflict", err)
	}
	if commit, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA}); err != nil || commit != merge {
		t.Errorf("merge a merged one: %q, %v; want %s", commit, err, merge)
	}
}

func fastForwarded(t *testing.T, s *stage) {
	s.able(t, EndByPush)
	pr := s.opened(t, "ferry/dev/web")
	s.git.at(t, "ferry/dev/web")
	s.git.push(t, "main")
	if got := s.pull(t, pr.Number, isMerged); got.MergeCommit != pr.HeadSHA {
		t.Errorf("merged: %+v", got)
	}
}

func mergedThenNew(t *testing.T, s *stage) {
	s.able(t, EndByPush)
	first := s.opened(t, "ferry/dev/web")
	merge := s.git.mergeByHand(t, "main", "ferry/dev/web")
	s.pull(t, first.Number, isMerged)
	next := s.git.commit(t, "ferry/dev/web", "main", files{"dev/web/web.yaml": "image: web:3\n"})
	second := s.propose(t, "ferry/dev/web")
	if second.Number == first.Number || second.HeadSHA != next {
		t.Errorf("second: %+v", second)
	}
	if got := s.pull(t, first.Number, isMerged); got.MergeCommit != merge || got.HeadSHA != first.HeadSHA {
		t.Errorf("first: %+v", got)
	}
}

func branchDeleted(t *testing.T, s *stage) {
	s.able(t, EndByPush)
	pr := s.opened(t, "ferry/dev/web")
	s.git.delete(t, "ferry/dev/web")
	if got := s.pull(t, pr.Number, isClosed); got.HeadSHA != pr.HeadSHA || got.Closed.IsZero() {
		t.Errorf("closed: %+v", got)
	}
	if got := s.list(t, scm.Filter{State: scm.Closed}); len(got) != 1 {
		t.Errorf("closed: %+v", got)
	}
	s.branch(t, "ferry/dev/web")
	if next := s.propose(t, "ferry/dev/web"); next.Number == pr.Number {
		t.Errorf("number %d again", pr.Number)
	}
}

func mergedThenDeleted(t *testing.T, s *stage) {
	s.able(t, EndByPush)
	pr := s.opened(t, "ferry/dev/web")
	merge := s.git.mergeByHand(t, "main", "ferry/dev/web")
	s.git.delete(t, "ferry/dev/web")
	if got := s.pull(t, pr.Number, isMerged); got.MergeCommit != merge {
		t.Errorf("merged in %s: %+v", merge, got)
	}
}
