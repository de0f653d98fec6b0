package scmtest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

var merging = []promise{
	{"a merge brings the head into the base and says where", merged},
	{"merging again gives the same commit", mergedAgain},
	{"a head that moved is not merged", staleHead},
	{"a merge without a head to guard is refused", unguarded},
	{"both sides' changes to different files are kept", diverged},
	{"changes of both sides to one file are a conflict", conflicting},
	{"a conflict that was resolved merges", conflictResolved},
	{"a draft is not merged", draft},
	{"several merged into one base at once are all in it", mergeManyAtOnce},
	{"one merged by many at once is merged once", mergeOneAtOnce},
	{"a base that people push to meanwhile loses nothing", mergeWhilePushed},
}

func merged(t *testing.T, s *stage) {
	pr := s.opened(t, "ferry/dev/web")
	commit, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA, Message: "Promote web\n\nFerry-App: web"})
	if err != nil {
		t.Fatal(err)
	}
	got := s.pull(t, pr.Number, isMerged)
	if got.MergeCommit != commit || got.HeadSHA != pr.HeadSHA || got.ClosedBy != s.self(t, s.Bot) || got.Closed.Before(got.Created) || got.Conflict {
		t.Errorf("merged as %s: %+v", commit, got)
	}
	if tip := s.git.tip(t, "main"); tip != commit {
		t.Errorf("main is at %s, merged as %s", tip, commit)
	}
	if got := s.git.read(t, "main", "ferry/dev/web/web.yaml"); got != "image: web:2\n" {
		t.Errorf("on main: %q", got)
	}
	if got := s.list(t, scm.Filter{State: scm.Merged}); len(got) != 1 || got[0].Number != pr.Number {
		t.Errorf("merged: %+v", got)
	}
}

func mergedAgain(t *testing.T, s *stage) {
	pr := s.opened(t, "ferry/dev/web")
	first, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA})
	if err != nil {
		t.Fatal(err)
	}
	s.unwritten(t, func() {
		if again, err := s.Twin(t).MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA}); err != nil || again != first {
			t.Errorf("again: %q, %v; want %s", again, err, first)
		}
		if _, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: s.main}); !errors.Is(err, scm.ErrConflict) {
			t.Errorf("again with another head: %v, want ErrConflict", err)
		}
		if err := s.Bot.ClosePullRequest(s.ctx, pr.Number, "late"); !errors.Is(err, scm.ErrConflict) {
			t.Errorf("close: %v, want ErrConflict", err)
		}
	})
}

func staleHead(t *testing.T, s *stage) {
	pr := s.opened(t, "ferry/dev/web")
	next := s.git.commit(t, "ferry/dev/web", "ferry/dev/web", files{"unreviewed.yaml": "a: 1\n"})
	s.pull(t, pr.Number, func(pr scm.PullRequest) bool { return pr.HeadSHA == next })
	s.unwritten(t, func() {
		if _, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA}); !errors.Is(err, scm.ErrConflict) {
			t.Errorf("merge of the old head: %v, want ErrConflict", err)
		}
	})
	if tip := s.git.tip(t, "main"); tip != s.main {
		t.Errorf("main moved to %s", tip)
	}
	s.pull(t, pr.Number, isOpen)
	if _, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: next}); err != nil {
		t.Errorf("merge of the new head: %v", err)
	}
}

func unguarded(t *testing.T, s *stage) {
	pr := s.opened(t, "ferry/dev/web")
	if _, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{}); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("merge of whatever is there: %v, want ErrInvalid", err)
	}
	s.pull(t, pr.Number, isOpen)
}

func diverged(t *testing.T, s *stage) {
	pr := s.opened(t, "ferry/dev/web")
	theirs := s.git.commit(t, "main", "main", files{"readme.md": "# changed\n", "prod/web/new.yaml": "a: 1\n", "dev/web/web.yaml": ""})
	if _, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA}); err != nil {
		t.Fatal(err)
	}
	if !s.git.contains(t, "main", theirs) {
		t.Errorf("%s is no longer on main", theirs)
	}
	for path, want := range map[string]string{"ferry/dev/web/web.yaml": "image: web:2\n", "readme.md": "# changed\n", "prod/web/new.yaml": "a: 1\n"} {
		if got := s.git.read(t, "main", path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if out, err := s.git.try("cat-file", "-e", "HEAD:dev/web/web.yaml"); err == nil {
		t.Errorf("a file that main deleted came back %s", out)
	}
}

// clash opens a pull request that changes a file which main then changes in another way.
func (s *stage) clash(t *testing.T, head string) scm.PullRequest {
	t.Helper()
	s.git.commit(t, head, "main", files{"prod/web/web.yaml": "image: web:2\n"})
	pr := s.propose(t, head)
	s.git.commit(t, "main", "main", files{"prod/web/web.yaml": "image: web:hotfix\n"})
	return pr
}

func conflicting(t *testing.T, s *stage) {
	pr := s.clash(t, "ferry/prod/web")
	before := s.git.tip(t, "main")
	s.pull(t, pr.Number, func(pr scm.PullRequest) bool { return pr.Conflict && isOpen(pr) })
	s.unwritten(t, func() {
		_, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA})
		s.foretold(t, pr, err)
		var conflict *scm.MergeConflictError
		if !errors.Is(err, scm.ErrConflict) || !errors.As(err, &conflict) {
			t.Errorf("merge: %v, want a MergeConflictError", err)
		}
	})
	if tip := s.git.tip(t, "main"); tip != before {
		t.Errorf("main moved to %s", tip)
	}
	s.pull(t, pr.Number, isOpen)
}

func conflictResolved(t *testing.T, s *stage) {
	pr := s.clash(t, "ferry/prod/web")
	next := s.git.commit(t, "ferry/prod/web", "main", files{"prod/web/web.yaml": "image: web:2\n"})
	s.pull(t, pr.Number, func(pr scm.PullRequest) bool { return pr.HeadSHA == next && !pr.Conflict })
	if _, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: next}); err != nil {
		t.Fatal(err)
	}
	if got := s.git.read(t, "main", "prod/web/web.yaml"); got != "image: web:2\n" {
		t.Errorf("on main: %q", got)
	}
}

func draft(t *testing.T, s *stage) {
	s.able(t, Drafts)
	s.branch(t, "ferry/dev/web")
	want := scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "t", Draft: true}
	pr, _, err := s.Bot.EnsurePullRequest(s.ctx, want)
	if err != nil || !pr.Draft {
		t.Fatalf("draft %v, %v", pr.Draft, err)
	}
	_, err = s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA})
	if !errors.Is(err, scm.ErrForbidden) {
		t.Errorf("merge: %v, want ErrForbidden", err)
	}
	s.foretold(t, pr, err)
	want.Draft = false
	if _, outcome, err := s.Bot.EnsurePullRequest(s.ctx, want); err != nil || outcome != scm.Updated {
		t.Fatalf("outcome %q, %v", outcome, err)
	}
	if _, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA}); err != nil {
		t.Errorf("merge when ready: %v", err)
	}
}

func mergeManyAtOnce(t *testing.T, s *stage) {
	const many = 5
	var prs []scm.PullRequest
	for i := range many {
		prs = append(prs, s.opened(t, fmt.Sprintf("ferry/dev/app-%d", i)))
	}
	twins := s.twins(t, many)
	atOnce(many, func(i int) {
		if _, err := twins[i].MergePullRequest(s.ctx, prs[i].Number, scm.Merge{Head: prs[i].HeadSHA}); err != nil {
			t.Error(err)
		}
	})
	for _, pr := range prs {
		got := s.pull(t, pr.Number, isMerged)
		if !s.git.contains(t, "main", got.MergeCommit) {
			t.Errorf("%d: merged as %s, which is not on main", pr.Number, got.MergeCommit)
		}
		if got := s.git.read(t, "main", pr.Head+"/web.yaml"); got != "image: web:2\n" {
			t.Errorf("%s on main: %q", pr.Head, got)
		}
	}
}

func mergeOneAtOnce(t *testing.T, s *stage) {
	pr := s.opened(t, "ferry/dev/web")
	before := s.commits(t, "main")
	var commits tally
	twins := s.twins(t, 6)
	atOnce(len(twins), func(i int) {
		commit, err := twins[i].MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA})
		if err != nil {
			t.Error(err)
		}
		commits.add(commit, i)
	})
	if len(commits.of) != 1 {
		t.Errorf("merged as %v", commits.of)
	}
	if after := s.commits(t, "main"); after > before+1 {
		t.Errorf("%d commits on main, before %d", after, before)
	}
}

// commits counts the history of a branch along its first parents.
func (s *stage) commits(t *testing.T, branch string) int {
	t.Helper()
	s.git.at(t, branch)
	var n int
	if _, err := fmt.Sscan(s.git.git(t, "rev-list", "--first-parent", "--count", "HEAD"), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func mergeWhilePushed(t *testing.T, s *stage) {
	var prs []scm.PullRequest
	for i := range 3 {
		prs = append(prs, s.opened(t, fmt.Sprintf("ferry/dev/app-%d", i)))
	}
	pushed := make(chan []string)
	go func() { pushed <- s.git.pushUntil(5, "main") }()
	for _, pr := range prs {
		if _, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA}); err != nil {
			t.Error(err)
		}
	}
	commits := <-pushed
	if len(commits) == 0 {
		t.Error("nothing was pushed meanwhile")
	}
	for _, pr := range prs {
		commits = append(commits, s.pull(t, pr.Number, isMerged).MergeCommit)
	}
	for _, commit := range commits {
		if !s.git.contains(t, "main", commit) {
			t.Errorf("%s is no longer on main", commit)
		}
	}
}
