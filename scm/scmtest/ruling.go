package scmtest

import (
	"errors"
	"slices"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

var ruling = []promise{
	{"a branch without rules has none", noRules},
	{"the rules of a branch can be read", rules},
	{"who may write misses nothing", permitted},
	{"who may only read is told what is missing", unpermitted},
	{"the people of a team are known", teams},
	{"who may write is told, and nobody else is known", people},
}

func (s *stage) ruler(t *testing.T) scm.Ruler {
	t.Helper()
	r, ok := s.Bot.(scm.Ruler)
	if !ok {
		t.Skipf("%T tells no rules", s.Bot)
	}
	return r
}

func noRules(t *testing.T, s *stage) {
	ruler := s.ruler(t)
	got, err := ruler.Rules(s.ctx, "main")
	if err != nil || got.Protected || len(got.Statuses) != 0 || got.Approvals != 0 || got.Queue {
		t.Errorf("%+v, %v", got, err)
	}
}

func rules(t *testing.T, s *stage) {
	ruler := s.ruler(t)
	s.protect(t, Rules{Branch: "main", Statuses: []string{"ferry/gates", "ci"}, Approvals: 2})
	names := []string{"ci", "ferry/gates"}
	if s.cannot(NamedStatuses) {
		names = nil
	}
	got, err := ruler.Rules(s.ctx, "main")
	if err != nil || !got.Protected || !slices.Equal(got.Statuses, names) || got.Pipeline != s.cannot(NamedStatuses) || got.Approvals != 2 {
		t.Errorf("main: %+v, %v", got, err)
	}
	s.branch(t, "env/prod")
	if other, err := ruler.Rules(s.ctx, "env/prod"); err != nil || len(other.Statuses) != 0 || other.Approvals != 0 {
		t.Errorf("env/prod: %+v, %v", other, err)
	}
}

func (s *stage) permissions(t *testing.T, c scm.Client) scm.Permissions {
	t.Helper()
	p, ok := c.(scm.Permitted)
	if !ok {
		t.Skipf("%T tells no permissions", c)
	}
	got, err := p.Permissions(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func permitted(t *testing.T, s *stage) {
	if got := s.permissions(t, s.Bot); len(got.Missing) != 0 {
		t.Errorf("%+v", got)
	}
}

func unpermitted(t *testing.T, s *stage) {
	if s.Reader == nil {
		t.Skip("there is nobody who may only read")
	}
	if got := s.permissions(t, s.Reader); len(got.Missing) == 0 || got.Admin {
		t.Errorf("%+v", got)
	}
	if wrote, err := s.Reader.SetStatus(s.ctx, s.main, scm.Status{Context: "a", State: scm.Success}); err == nil || wrote {
		t.Errorf("a status by a reader: wrote %v, %v", wrote, err)
	}
	pr := s.opened(t, "ferry/dev/web")
	if _, err := s.Reader.MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA}); !errors.Is(err, scm.ErrForbidden) && !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("a merge by a reader: %v", err)
	}
	if reviewer, ok := s.Reader.(scm.Reviewer); ok {
		if _, err := reviewer.Review(s.ctx, pr.Number, scm.Review{Verdict: scm.Approved, SHA: pr.HeadSHA}); err != nil {
			return // some forges refuse it
		}
		if got := scm.Approvers(pr, s.reviews(t, pr.Number)); len(got) != 0 {
			t.Errorf("approvals of %v count", got)
		}
	}
}

func people(t *testing.T, s *stage) {
	known, ok := s.Bot.(scm.People)
	if !ok {
		t.Skipf("%T does not tell who may write", s.Bot)
	}
	person, reader := s.self(t, s.Person), s.self(t, s.Reader)
	got, err := known.MayWrite(s.ctx, []string{person, reader, "nobody-has-this-name"})
	if err != nil || !got[person] || got[reader] || got["nobody-has-this-name"] {
		t.Errorf("%v, %v; want only %s", got, err, person)
	}
}

func teams(t *testing.T, s *stage) {
	if s.Team == "" {
		t.Skip("there are no teams here")
	}
	known, ok := s.Bot.(scm.Teams)
	if !ok {
		t.Skipf("%T knows no teams", s.Bot)
	}
	if got, err := known.Members(s.ctx, s.Team); err != nil || !slices.Equal(got, []string{s.self(t, s.Person)}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, name := range []string{"nobody-has-this-team", "", "../" + s.Team} {
		if got, err := known.Members(s.ctx, name); !errors.Is(err, scm.ErrNotFound) {
			t.Errorf("%q: %v, %v; want ErrNotFound", name, got, err)
		}
	}
}
