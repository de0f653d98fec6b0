package scmtest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/scm"
)

var reviewing = []promise{
	{"a pull request starts without reviews", unreviewed},
	{"reviews are listed oldest first, each with its author and head", reviews},
	{"where only the newest verdict is kept, it is each person's", reviewsNow},
	{"an approval counts for the head that it was given on", approvalOfHead},
	{"the same verdict on the same head is given once", reviewOnce},
	{"a verdict on a head that moved is refused", reviewStale},
	{"nobody approves or refuses their own", reviewOwn},
	{"a verdict on what is closed is refused", reviewClosed},
	{"reviews given at once are all kept", reviewAtOnce},
}

// review gives a verdict on the head as the caller saw it.
func (s *stage) review(t *testing.T, r scm.Reviewer, pr scm.PullRequest, v scm.Verdict) {
	t.Helper()
	if _, err := r.Review(s.ctx, pr.Number, scm.Review{Verdict: v, SHA: pr.HeadSHA, Body: "because"}); err != nil {
		t.Fatalf("%s: %v", v, err)
	}
}

func (s *stage) reviews(t *testing.T, number int) []scm.Review {
	t.Helper()
	rs, err := s.Bot.Reviews(s.ctx, number)
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

func unreviewed(t *testing.T, s *stage) {
	if rs := s.reviews(t, s.opened(t, "ferry/dev/web").Number); len(rs) != 0 {
		t.Errorf("%+v", rs)
	}
}

func reviews(t *testing.T, s *stage) {
	s.able(t, ReviewHistory)
	person := s.reviewer(t, s.Person)
	pr := s.opened(t, "ferry/dev/web")
	s.review(t, person, pr, scm.ChangesRequested)
	next := s.git.commit(t, pr.Head, pr.Head, files{"more.yaml": "a: 1\n"})
	s.pull(t, pr.Number, func(pr scm.PullRequest) bool { return pr.HeadSHA == next })
	if _, err := s.reviewer(t, s.Bot).Review(s.ctx, pr.Number, scm.Review{Verdict: scm.Commented, Body: "fixed\x1b[2J\r\nnow"}); err != nil {
		t.Fatal(err)
	}
	if _, err := person.Review(s.ctx, pr.Number, scm.Review{Verdict: scm.Approved}); err != nil {
		t.Fatal(err)
	}
	got := s.reviews(t, pr.Number)
	var times []time.Time
	for i := range got {
		times = append(times, got[i].Time)
		got[i].Time = time.Time{}
	}
	want := []scm.Review{
		{Author: s.self(t, s.Person), Verdict: scm.ChangesRequested, SHA: pr.HeadSHA, Writer: true, Body: "because"},
		{Author: s.self(t, s.Bot), Verdict: scm.Commented, SHA: next, Writer: true, Body: "fixed[2J\nnow"},
		{Author: s.self(t, s.Person), Verdict: scm.Approved, SHA: next, Writer: true},
	}
	if _, cannot := s.Cannot[ReviewCommits]; cannot {
		for i := range want {
			want[i].SHA = ""
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if times[0].IsZero() || !slices.IsSortedFunc(times, time.Time.Compare) {
		t.Errorf("times %v", times)
	}
}

func reviewsNow(t *testing.T, s *stage) {
	if !s.cannot(ReviewHistory) {
		t.Skip("this forge keeps every verdict")
	}
	person := s.reviewer(t, s.Person)
	pr := s.opened(t, "ferry/dev/web")
	for _, v := range []scm.Verdict{scm.ChangesRequested, scm.Approved, scm.ChangesRequested} {
		s.review(t, person, pr, v)
		var got []scm.Review
		for _, r := range s.reviews(t, pr.Number) {
			if r.Verdict != scm.Commented {
				got = append(got, r)
			}
		}
		if len(got) != 1 || got[0].Author != s.self(t, s.Person) || got[0].Verdict != v || got[0].Body != "because" || !got[0].Writer || got[0].Time.IsZero() {
			t.Errorf("%s: %+v", v, got)
		}
	}
}

func approvalOfHead(t *testing.T, s *stage) {
	person := s.reviewer(t, s.Person)
	pr := s.opened(t, "ferry/dev/web")
	approved := []string{s.self(t, s.Person)}
	s.review(t, person, pr, scm.Approved)
	if got := s.approvers(t, pr.Number); !slices.Equal(got, approved) {
		t.Errorf("approvers %v, want %v", got, approved)
	}
	next := s.git.commit(t, pr.Head, pr.Head, files{"unreviewed.yaml": "a: 1\n"})
	pr = s.pull(t, pr.Number, func(pr scm.PullRequest) bool { return pr.HeadSHA == next })
	if got := s.approvers(t, pr.Number); len(got) != 0 {
		t.Errorf("approvers %v of a head that nobody saw", got)
	}
	s.review(t, person, pr, scm.Approved)
	if got := s.approvers(t, pr.Number); !slices.Equal(got, approved) {
		t.Errorf("approvers %v of the new head, want %v", got, approved)
	}
}

func reviewOnce(t *testing.T, s *stage) {
	person := s.reviewer(t, s.Person)
	pr := s.opened(t, "ferry/dev/web")
	s.review(t, person, pr, scm.Approved)
	s.unwritten(t, func() { s.review(t, person, pr, scm.Approved) })
	if rs := s.reviews(t, pr.Number); len(rs) != 1 {
		t.Errorf("%+v", rs)
	}
	s.review(t, person, pr, scm.Commented)
	s.review(t, person, pr, scm.Commented)
	if rs := s.reviews(t, pr.Number); len(rs) != 3 {
		t.Errorf("comments are not verdicts: %+v", rs)
	}
}

func reviewStale(t *testing.T, s *stage) {
	person := s.reviewer(t, s.Person)
	pr := s.opened(t, "ferry/dev/web")
	s.git.commit(t, pr.Head, pr.Head, files{"unseen.yaml": "a: 1\n"})
	_, err := person.Review(s.ctx, pr.Number, scm.Review{Verdict: scm.Approved, SHA: pr.HeadSHA})
	if !errors.Is(err, scm.ErrConflict) {
		t.Errorf("approve what moved: %v, want ErrConflict", err)
	}
	if rs := s.reviews(t, pr.Number); len(rs) != 0 {
		t.Errorf("%+v", rs)
	}
}

func reviewOwn(t *testing.T, s *stage) {
	bot := s.reviewer(t, s.Bot)
	pr := s.opened(t, "ferry/dev/web")
	for _, v := range []scm.Verdict{scm.Approved, scm.ChangesRequested} {
		if _, err := bot.Review(s.ctx, pr.Number, scm.Review{Verdict: v, Body: "mine"}); !errors.Is(err, scm.ErrForbidden) {
			t.Errorf("%s: %v, want ErrForbidden", v, err)
		}
	}
	if _, err := bot.Review(s.ctx, pr.Number, scm.Review{Verdict: "wonderful"}); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("an unknown verdict: %v, want ErrInvalid", err)
	}
	s.review(t, bot, pr, scm.Commented)
	if rs := s.reviews(t, pr.Number); len(rs) != 1 {
		t.Errorf("%+v", rs)
	}
}

func reviewClosed(t *testing.T, s *stage) {
	person := s.reviewer(t, s.Person)
	pr := s.opened(t, "ferry/dev/web")
	if err := s.Bot.ClosePullRequest(s.ctx, pr.Number, "no"); err != nil {
		t.Fatal(err)
	}
	if _, err := person.Review(s.ctx, pr.Number, scm.Review{Verdict: scm.Approved, SHA: pr.HeadSHA}); !errors.Is(err, scm.ErrConflict) {
		t.Errorf("approve a closed one: %v, want ErrConflict", err)
	}
	s.review(t, person, pr, scm.Commented)
	if _, err := person.Review(s.ctx, pr.Number+1, scm.Review{Verdict: scm.Commented}); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("comment on what is not there: %v, want ErrNotFound", err)
	}
}

func reviewAtOnce(t *testing.T, s *stage) {
	pr := s.opened(t, "ferry/dev/web")
	twins := s.twins(t, 6)
	s.reviewer(t, twins[0])
	atOnce(len(twins), func(i int) {
		if _, err := twins[i].(scm.Reviewer).Review(s.ctx, pr.Number, scm.Review{Verdict: scm.Commented, Body: "hello"}); err != nil {
			t.Error(err)
		}
	})
	if rs := s.reviews(t, pr.Number); len(rs) != len(twins) {
		t.Errorf("%d of %d comments", len(rs), len(twins))
	}
}
