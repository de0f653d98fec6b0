package scmtest

import (
	"errors"
	"slices"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

var asking = []promise{
	{"a reviewer and an assignee are asked, and asked once", askOnce},
	{"who was asked by somebody else stays asked", askedStay},
	{"who answered is not asked again", answered},
	{"who cannot be asked is named, and the pull request is made all the same", askStranger},
	{"nobody asks the author for a review", askAuthor},
	{"a team is asked", askTeam},
}

// ask ensures a pull request that asks people.
func (s *stage) ask(t *testing.T, want scm.Proposal, expected scm.Outcome) scm.PullRequest {
	t.Helper()
	want.Head, want.Base, want.Title = "ferry/dev/web", "main", "t"
	pr, outcome, err := s.Bot.EnsurePullRequest(s.ctx, want)
	if err != nil || outcome != expected {
		t.Fatalf("outcome %q, %v; want %s", outcome, err, expected)
	}
	return pr
}

// askedBoth expects that the same people are asked to review and to take over, or to review where there is only that.
func (s *stage) askedBoth(t *testing.T, pr scm.PullRequest, people []string) {
	t.Helper()
	assignees := people
	if _, cannot := s.Cannot[Assignees]; cannot {
		assignees = nil
	}
	if !slices.Equal(pr.Reviewers, people) || !slices.Equal(pr.Assignees, assignees) {
		t.Errorf("reviewers %v, assignees %v; want %v and %v", pr.Reviewers, pr.Assignees, people, assignees)
	}
}

func askOnce(t *testing.T, s *stage) {
	s.branch(t, "ferry/dev/web")
	person := []string{s.self(t, s.Person)}
	made := s.ask(t, scm.Proposal{Reviewers: person, Assignees: person}, scm.Created)
	for _, pr := range []scm.PullRequest{made, s.pull(t, made.Number, isOpen), s.list(t, scm.Filter{})[0]} {
		s.askedBoth(t, pr, person)
	}
	s.unwritten(t, func() { s.ask(t, scm.Proposal{Reviewers: person, Assignees: person}, scm.Unchanged) })
}

func askedStay(t *testing.T, s *stage) {
	s.branch(t, "ferry/dev/web")
	person := []string{s.self(t, s.Person)}
	s.ask(t, scm.Proposal{}, scm.Created)
	s.ask(t, scm.Proposal{Reviewers: person}, scm.Updated)
	if _, cannot := s.Cannot[Assignees]; cannot {
		s.ask(t, scm.Proposal{Assignees: person}, scm.Unchanged)
	} else {
		s.ask(t, scm.Proposal{Assignees: person}, scm.Updated)
	}
	s.unwritten(t, func() {
		pr := s.ask(t, scm.Proposal{}, scm.Unchanged)
		s.askedBoth(t, pr, person)
	})
}

func answered(t *testing.T, s *stage) {
	reviewer := s.reviewer(t, s.Person)
	s.branch(t, "ferry/dev/web")
	want := scm.Proposal{Reviewers: []string{s.self(t, s.Person)}}
	pr := s.ask(t, want, scm.Created)
	s.review(t, reviewer, pr, scm.Approved)
	s.unwritten(t, func() {
		if pr := s.ask(t, want, scm.Unchanged); !slices.Equal(pr.Reviewers, want.Reviewers) {
			t.Errorf("reviewers %v", pr.Reviewers)
		}
	})
}

// refusedPersons expects that the pull request is as asked but for these people.
func (s *stage) refusedPersons(t *testing.T, want scm.Proposal, names ...string) scm.PullRequest {
	t.Helper()
	want.Head, want.Base, want.Title = "ferry/dev/web", "main", "t"
	pr, _, err := s.Bot.EnsurePullRequest(s.ctx, want)
	var persons *scm.PersonsError
	if !errors.As(err, &persons) || !slices.Equal(persons.Names, names) || !errors.Is(err, scm.ErrInvalid) {
		t.Fatalf("%v, want a PersonsError that names %v", err, names)
	}
	if pr.Number == 0 {
		t.Errorf("no pull request beside %v", err)
	}
	return pr
}

func askStranger(t *testing.T, s *stage) {
	if s.Stranger == "" {
		t.Skip("every name may be somebody's here")
	}
	s.branch(t, "ferry/dev/web")
	person := s.self(t, s.Person)
	both := []string{person, s.Stranger}
	made := s.refusedPersons(t, scm.Proposal{Reviewers: both, Assignees: both}, s.Stranger)
	got := s.pull(t, made.Number, isOpen)
	s.askedBoth(t, got, []string{person})
	s.unwritten(t, func() {
		if again := s.refusedPersons(t, scm.Proposal{Reviewers: both}, s.Stranger); again.Number != made.Number {
			t.Errorf("number %d, then %d", made.Number, again.Number)
		}
	})
}

func askAuthor(t *testing.T, s *stage) {
	if s.Stranger == "" {
		t.Skip("everybody can be asked here")
	}
	s.branch(t, "ferry/dev/web")
	bot := s.self(t, s.Bot)
	pr := s.refusedPersons(t, scm.Proposal{Reviewers: []string{bot}}, bot)
	if got := s.pull(t, pr.Number, isOpen).Reviewers; len(got) != 0 {
		t.Errorf("reviewers %v", got)
	}
}

func askTeam(t *testing.T, s *stage) {
	if s.Team == "" {
		t.Skip("there are no teams here")
	}
	s.able(t, TeamReviewers)
	s.branch(t, "ferry/dev/web")
	want := scm.Proposal{Reviewers: []string{"team/" + s.Team}}
	pr := s.ask(t, want, scm.Created)
	if got := s.pull(t, pr.Number, isOpen).Reviewers; !slices.Equal(got, want.Reviewers) {
		t.Errorf("reviewers %v, want %v", got, want.Reviewers)
	}
	s.unwritten(t, func() { s.ask(t, want, scm.Unchanged) })
}
