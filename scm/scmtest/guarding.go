package scmtest

import (
	"errors"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

var guarding = []promise{
	{"a required status must be success on the head", requiredStatus},
	{"where a pipeline must succeed, all statuses of the head together do", requiredPipeline},
	{"required approvals must be of the head, and not the author's", requiredApproval},
	{"who asked for changes is heard", requestedChanges},
	{"rules hold for their own branch only", otherBranch},
}

func (s *stage) protect(t *testing.T, r Rules) {
	t.Helper()
	if s.Protect == nil {
		t.Skip("branches of this repository cannot be protected")
	}
	s.Protect(t, r)
}

// forbidden expects a refusal that names the rule.
func (s *stage) forbidden(t *testing.T, pr scm.PullRequest, named string) {
	t.Helper()
	s.unwritten(t, func() {
		_, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA})
		s.foretold(t, pr, err)
		var rule *scm.RuleError
		if !errors.Is(err, scm.ErrForbidden) || !errors.As(err, &rule) || !strings.Contains(err.Error(), named) {
			t.Errorf("merge: %v, want a RuleError that names %q", err, named)
		}
	})
	s.pull(t, pr.Number, isOpen)
}

func (s *stage) status(t *testing.T, sha, name string, state scm.StatusState) {
	t.Helper()
	if _, err := s.Bot.SetStatus(s.ctx, sha, scm.Status{Context: name, State: state}); err != nil {
		t.Fatal(err)
	}
}

// foretold expects that the forge, where it foretells, says beforehand what it said of a merge.
func (s *stage) foretold(t *testing.T, pr scm.PullRequest, said error) {
	t.Helper()
	f, ok := s.Bot.(scm.Foreteller)
	if !ok {
		return
	}
	s.unwritten(t, func() {
		err := f.ForetellMerge(s.ctx, pr.Number)
		for _, kind := range []error{scm.ErrNotFound, scm.ErrConflict, scm.ErrForbidden} {
			if (err == nil) != (said == nil) || errors.Is(err, kind) != errors.Is(said, kind) {
				t.Errorf("foretold %v, said %v", err, said)
			}
		}
	})
}

func (s *stage) mergeable(t *testing.T, pr scm.PullRequest) {
	t.Helper()
	s.foretold(t, pr, nil)
	if _, err := s.Bot.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA}); err != nil {
		t.Errorf("merge: %v", err)
	}
}

func requiredStatus(t *testing.T, s *stage) {
	s.able(t, NamedStatuses)
	s.protect(t, Rules{Branch: "main", Statuses: []string{"ferry/gates", "ci"}})
	pr := s.opened(t, "ferry/dev/web")
	s.forbidden(t, pr, "ferry/gates")
	s.status(t, pr.HeadSHA, "ferry/gates", scm.Success)
	s.forbidden(t, pr, "ci")
	s.status(t, s.main, "ci", scm.Success)
	s.status(t, pr.HeadSHA, "ci/other", scm.Success)
	s.status(t, pr.HeadSHA, "ci", scm.Pending)
	s.forbidden(t, pr, "ci")
	s.status(t, pr.HeadSHA, "ci", scm.Success)
	s.status(t, pr.HeadSHA, "ferry/gates", scm.Failure)
	s.forbidden(t, pr, "ferry/gates")
	s.status(t, pr.HeadSHA, "ferry/gates", scm.Success)
	s.mergeable(t, pr)
}

func requiredPipeline(t *testing.T, s *stage) {
	if !s.cannot(NamedStatuses) {
		t.Skip("this forge requires statuses by their names")
	}
	s.protect(t, Rules{Branch: "main", Statuses: []string{"ferry/gates", "ci"}})
	pr := s.opened(t, "ferry/dev/web")
	s.forbidden(t, pr, "pipeline")
	s.status(t, s.main, "ci", scm.Success)
	s.forbidden(t, pr, "pipeline")
	s.status(t, pr.HeadSHA, "ci", scm.Pending)
	s.forbidden(t, pr, "pipeline")
	s.status(t, pr.HeadSHA, "ci", scm.Success)
	s.status(t, pr.HeadSHA, "ferry/gates", scm.Failure)
	s.forbidden(t, pr, "pipeline")
	s.status(t, pr.HeadSHA, "ferry/gates", scm.Success)
	s.mergeable(t, pr)
}

func requiredApproval(t *testing.T, s *stage) {
	person := s.reviewer(t, s.Person)
	s.protect(t, Rules{Branch: "main", Approvals: 1})
	pr := s.opened(t, "ferry/dev/web")
	s.forbidden(t, pr, "approval")
	if _, err := s.reviewer(t, s.Bot).Review(s.ctx, pr.Number, scm.Review{Verdict: scm.Approved}); !errors.Is(err, scm.ErrForbidden) {
		t.Errorf("approve one's own: %v, want ErrForbidden", err)
	}
	s.forbidden(t, pr, "approval")
	s.review(t, person, pr, scm.Commented)
	s.forbidden(t, pr, "approval")
	s.review(t, person, pr, scm.Approved)
	next := s.git.commit(t, pr.Head, pr.Head, files{"unreviewed.yaml": "a: 1\n"})
	pr = s.pull(t, pr.Number, func(pr scm.PullRequest) bool { return pr.HeadSHA == next })
	s.forbidden(t, pr, "approval")
	s.review(t, person, pr, scm.Approved)
	s.mergeable(t, pr)
}

func requestedChanges(t *testing.T, s *stage) {
	person := s.reviewer(t, s.Person)
	s.protect(t, Rules{Branch: "main", Approvals: 1})
	pr := s.opened(t, "ferry/dev/web")
	s.review(t, person, pr, scm.Approved)
	s.review(t, person, pr, scm.ChangesRequested)
	s.forbidden(t, pr, s.self(t, s.Person))
	s.review(t, person, pr, scm.Approved)
	s.mergeable(t, pr)
}

func otherBranch(t *testing.T, s *stage) {
	rules := Rules{Branch: "env/prod", Statuses: []string{"ci"}, Approvals: 1}
	if s.cannot(NamedStatuses) {
		rules.Statuses = nil // a pipeline is asked for in the whole repository, or nowhere
	}
	s.protect(t, rules)
	s.mergeable(t, s.opened(t, "ferry/dev/web"))
}
