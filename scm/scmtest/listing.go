package scmtest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

var listing = []promise{
	{"an empty forge lists nothing", listEmpty},
	{"branches with a common prefix are told apart", prefixes},
	{"every page of every state is listed, newest first", allPages},
	{"a number that nobody has is not found", unknownNumbers},
	{"each identity knows itself", selves},
}

func listEmpty(t *testing.T, s *stage) {
	for _, f := range []scm.Filter{{}, {State: scm.Open}, {Head: "ferry/dev/web"}, {Base: "main", State: scm.Merged}} {
		if prs := s.list(t, f); len(prs) != 0 {
			t.Errorf("%+v: %+v", f, prs)
		}
	}
}

func prefixes(t *testing.T, s *stage) {
	s.able(t, TwoBases)
	s.git.at(t, "main")
	s.git.push(t, "mainline")
	a := s.opened(t, "ferry/prod/a")
	ab := s.opened(t, "ferry/prod/ab")
	other, _, err := s.Bot.EnsurePullRequest(s.ctx, scm.Proposal{Head: "ferry/prod/ab", Base: "mainline", Title: "t"})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		filter scm.Filter
		want   []int
	}{
		{scm.Filter{Head: "ferry/prod/a"}, []int{a.Number}},
		{scm.Filter{Head: "ferry/prod/ab"}, []int{other.Number, ab.Number}},
		{scm.Filter{Head: "ferry/prod"}, nil},
		{scm.Filter{Head: "ferry/prod/"}, nil},
		{scm.Filter{Head: "prod/a"}, nil},
		{scm.Filter{Head: "ferry/prod/A"}, nil},
		{scm.Filter{Head: "refs/heads/ferry/prod/a"}, nil},
		{scm.Filter{Base: "main"}, []int{ab.Number, a.Number}},
		{scm.Filter{Base: "mainline"}, []int{other.Number}},
		{scm.Filter{Head: "ferry/prod/ab", Base: "main", State: scm.Open}, []int{ab.Number}},
	} {
		if got := numbers(s.list(t, row.filter)); !slices.Equal(got, row.want) {
			t.Errorf("%+v: %v, want %v", row.filter, got, row.want)
		}
	}
	if err := s.Bot.ClosePullRequest(s.ctx, a.Number, "done"); err != nil {
		t.Fatal(err)
	}
	s.pull(t, ab.Number, isOpen)
}

func allPages(t *testing.T, s *stage) {
	var want []int
	for i := range s.Page + 1 {
		want = append(want, s.opened(t, fmt.Sprintf("ferry/dev/app-%d", i)).Number)
	}
	slices.Reverse(want)
	if got := numbers(s.list(t, scm.Filter{State: scm.Open})); !reflect.DeepEqual(got, want) {
		t.Errorf("open: %v, want %v", got, want)
	}
	for _, n := range want {
		if err := s.Bot.ClosePullRequest(s.ctx, n, "enough"); err != nil {
			t.Fatal(err)
		}
	}
	last := s.opened(t, "ferry/dev/last").Number
	for _, row := range []struct {
		filter scm.Filter
		want   []int
	}{
		{scm.Filter{State: scm.Closed}, want},
		{scm.Filter{}, append([]int{last}, want...)},
		{scm.Filter{State: scm.Open}, []int{last}},
		{scm.Filter{State: scm.Merged}, nil},
		{scm.Filter{Head: "ferry/dev/app-0"}, want[len(want)-1:]},
	} {
		if got := numbers(s.list(t, row.filter)); !slices.Equal(got, row.want) {
			t.Errorf("%+v: %v, want %v", row.filter, got, row.want)
		}
	}
}

func unknownNumbers(t *testing.T, s *stage) {
	n := s.opened(t, "ferry/dev/web").Number
	for _, n := range []int{n + 1, n + 1000, 0, -1} {
		_, read := s.Bot.PullRequest(s.ctx, n)
		_, merge := s.Bot.MergePullRequest(s.ctx, n, scm.Merge{Head: s.main})
		_, reviews := s.Bot.Reviews(s.ctx, n)
		for act, err := range map[string]error{"read": read, "merge": merge, "reviews": reviews, "close": s.Bot.ClosePullRequest(s.ctx, n, "r")} {
			if !errors.Is(err, scm.ErrNotFound) {
				t.Errorf("%s %d: %v, want ErrNotFound", act, n, err)
			}
		}
	}
}

func selves(t *testing.T, s *stage) {
	bot, person, twin := s.self(t, s.Bot), s.self(t, s.Person), s.self(t, s.Twin(t))
	if bot == person || bot != twin {
		t.Errorf("bot %q, its twin %q, person %q", bot, twin, person)
	}
}
