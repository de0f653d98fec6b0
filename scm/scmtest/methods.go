package scmtest

import (
	"errors"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

var methods = []promise{
	{"a squash is one commit on the base, or refused as a rule", func(t *testing.T, s *stage) { byMethod(t, s, scm.Squash, 1) }},
	{"a rebase keeps the commits apart, or is refused as a rule", func(t *testing.T, s *stage) { byMethod(t, s, scm.Rebase, 2) }},
	{"a merge by no method that there is, is refused", unknownMethod},
}

func byMethod(t *testing.T, s *stage, m scm.Method, commits int) {
	s.branch(t, "ferry/dev/web")
	s.git.commit(t, "ferry/dev/web", "ferry/dev/web", files{"second.yaml": "a: 1\n"})
	pr := s.propose(t, "ferry/dev/web")
	theirs := s.git.commit(t, "main", "main", files{"readme.md": "# changed\n"})
	commit, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA, Method: m, Message: "Promote web"})
	var rule *scm.RuleError
	if errors.As(err, &rule) {
		s.pull(t, pr.Number, isOpen)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := s.pull(t, pr.Number, isMerged); got.MergeCommit != commit || s.git.tip(t, "main") != commit {
		t.Errorf("merged as %s, main is at %s: %+v", commit, s.git.tip(t, "main"), got)
	}
	s.git.at(t, "main")
	if m == scm.Squash && s.cannot(PlainSquash) {
		return
	}
	if got := strings.Fields(s.git.git(t, "rev-list", theirs+"..HEAD")); len(got) != commits {
		t.Errorf("%d commits, want %d", len(got), commits)
	}
	if got := s.git.git(t, "rev-list", "--merges", theirs+"..HEAD"); got != "" {
		t.Errorf("a merge commit %s", got)
	}
	if again, err := s.Twin(t).MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA, Method: m}); err != nil || again != commit {
		t.Errorf("again: %q, %v; want %s", again, err, commit)
	}
}

func unknownMethod(t *testing.T, s *stage) {
	pr := s.opened(t, "ferry/dev/web")
	if _, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA, Method: "octopus"}); !errors.Is(err, scm.ErrInvalid) && !errors.Is(err, scm.ErrForbidden) {
		t.Errorf("%v, want ErrInvalid or a rule", err)
	}
	s.pull(t, pr.Number, isOpen)
}
