package scmtest

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ferry-cd/ferry/scm"
)

var limiting = []promise{
	{"texts up to the limits are kept, longer ones are cut", limits},
	{"a status text up to the limit is kept, a longer one is cut", statusLimits},
}

// tried is the longest text that is tried; a limit beyond it is none that anyone reaches.
const tried = 70_000

// sized makes a text of n characters of several scripts, with characters of several code points.
func sized(n int) string {
	unit := "aé漢字🚀 עברית e\u0301 👩‍🚀-"
	rs := []rune(strings.Repeat(unit, n/utf8.RuneCountInString(unit)+1))[:n]
	rs[n-1] = 'z' // white space at the end is no text
	return string(rs)
}

// around gives the lengths at which limits break.
func around(limit int) []int {
	if limit <= 0 || limit > tried {
		return nil
	}
	return []int{limit - 1, limit, limit + 1, 10 * limit}
}

func limits(t *testing.T, s *stage) {
	l := s.Bot.Limits()
	s.branch(t, "ferry/dev/web")
	want := scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "t", Body: "b"}
	for _, field := range []struct {
		name  string
		limit int
		set   func(string)
	}{
		{"title", l.Title, func(text string) { want.Title = text }},
		{"body", l.Body, func(text string) { want.Body = text }},
		{"label", l.Label, func(text string) { want.Labels = []string{strings.ReplaceAll(text, ",", "")} }},
	} {
		for _, n := range around(field.limit) {
			field.set(sized(n))
			pr, _, err := s.Bot.EnsurePullRequest(s.ctx, want)
			if err != nil {
				t.Errorf("%s of %d: %v", field.name, n, err)
				continue
			}
			if got, cut := asProposed(s.pull(t, pr.Number, isOpen)), want.Cut(l); got.Title != cut.Title || got.Body != cut.Body {
				t.Errorf("%s of %d: %d and %d characters came back", field.name, n, utf8.RuneCountInString(got.Title), utf8.RuneCountInString(got.Body))
			}
			if _, outcome, err := s.Bot.EnsurePullRequest(s.ctx, want); err != nil || outcome != scm.Unchanged {
				t.Errorf("%s of %d again: outcome %q, %v", field.name, n, outcome, err)
			}
		}
	}
}

func statusLimits(t *testing.T, s *stage) {
	limit := s.Bot.Limits().StatusText
	for _, n := range around(limit) {
		st := scm.Status{Context: "ferry/dev/web", State: scm.Success, Text: sized(n)}
		for _, wrote := range []bool{n <= limit+1, false} {
			if got, err := s.Bot.SetStatus(s.ctx, s.main, st); err != nil || got != wrote {
				t.Fatalf("%d characters: wrote %v, %v; want %v", n, got, err, wrote)
			}
		}
		got := s.statuses(t, s.main)[0].Text
		if utf8.RuneCountInString(got) > limit || n > limit && !strings.HasSuffix(got, "…") || n <= limit && got != scm.Line(st.Text) {
			t.Errorf("%d characters: %d came back", n, utf8.RuneCountInString(got))
		}
		if !utf8.ValidString(got) {
			t.Errorf("%d characters are cut within one", n)
		}
	}
}
