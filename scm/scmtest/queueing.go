package scmtest

import (
	"errors"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

var queueing = []promise{
	{"what is queued merges by itself when the rules allow", queuedMerges},
	{"what was taken out of the queue waits", dequeued},
	{"a head that moved is not queued", queueStale},
	{"what ended is neither queued nor taken out", queueEnded},
}

func (s *stage) queuer(t *testing.T) scm.Queuer {
	t.Helper()
	q, ok := s.Bot.(scm.Queuer)
	if !ok {
		t.Skipf("%T merges nothing by itself", s.Bot)
	}
	return q
}

// queued is a pull request in the queue, waiting for the status ci.
func (s *stage) queued(t *testing.T) (scm.Queuer, scm.PullRequest) {
	t.Helper()
	q := s.queuer(t)
	s.protect(t, Rules{Branch: "main", Statuses: []string{"ci"}})
	pr := s.opened(t, "ferry/dev/web")
	if err := q.EnqueuePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA}); err != nil {
		t.Fatal(err)
	}
	return q, s.pull(t, pr.Number, func(pr scm.PullRequest) bool { return pr.Queued && isOpen(pr) })
}

func queuedMerges(t *testing.T, s *stage) {
	q, pr := s.queued(t)
	s.unwritten(t, func() {
		if err := q.EnqueuePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA}); err != nil {
			t.Errorf("again: %v", err)
		}
	})
	s.status(t, pr.HeadSHA, "ci", scm.Success)
	got := s.pull(t, pr.Number, isMerged)
	if got.Queued || !s.git.contains(t, "main", got.MergeCommit) {
		t.Errorf("merged: %+v", got)
	}
}

func dequeued(t *testing.T, s *stage) {
	q, pr := s.queued(t)
	if err := q.DequeuePullRequest(s.ctx, pr.Number); err != nil {
		t.Fatal(err)
	}
	s.unwritten(t, func() {
		if err := q.DequeuePullRequest(s.ctx, pr.Number); err != nil {
			t.Errorf("again: %v", err)
		}
	})
	s.status(t, pr.HeadSHA, "ci", scm.Success)
	if got := s.pull(t, pr.Number, isOpen); got.Queued {
		t.Errorf("%+v", got)
	}
}

func queueStale(t *testing.T, s *stage) {
	q := s.queuer(t)
	s.protect(t, Rules{Branch: "main", Statuses: []string{"ci"}})
	pr := s.opened(t, "ferry/dev/web")
	next := s.git.commit(t, pr.Head, pr.Head, files{"unreviewed.yaml": "a: 1\n"})
	s.pull(t, pr.Number, func(pr scm.PullRequest) bool { return pr.HeadSHA == next })
	if err := q.EnqueuePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA}); !errors.Is(err, scm.ErrConflict) {
		t.Errorf("the old head: %v, want ErrConflict", err)
	}
	if err := q.EnqueuePullRequest(s.ctx, pr.Number, scm.Merge{}); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("whatever is there: %v, want ErrInvalid", err)
	}
	if got := s.pull(t, pr.Number, isOpen); got.Queued {
		t.Errorf("%+v", got)
	}
}

func queueEnded(t *testing.T, s *stage) {
	q := s.queuer(t)
	pr := s.opened(t, "ferry/dev/web")
	if err := s.Bot.ClosePullRequest(s.ctx, pr.Number, "no"); err != nil {
		t.Fatal(err)
	}
	if err := q.EnqueuePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA}); !errors.Is(err, scm.ErrConflict) {
		t.Errorf("a closed one: %v, want ErrConflict", err)
	}
	merged := s.opened(t, "ferry/dev/api")
	if _, err := s.Bot.MergePullRequest(s.ctx, merged.Number, scm.Merge{Head: merged.HeadSHA}); err != nil {
		t.Fatal(err)
	}
	if err := q.DequeuePullRequest(s.ctx, merged.Number); !errors.Is(err, scm.ErrConflict) {
		t.Errorf("a merged one: %v, want ErrConflict", err)
	}
	if err := q.EnqueuePullRequest(s.ctx, merged.Number+100, scm.Merge{Head: pr.HeadSHA}); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("nothing: %v, want ErrNotFound", err)
	}
}
