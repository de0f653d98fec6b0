package scm

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestNormal(t *testing.T) {
	got := Proposal{
		Title:  " a\x1b[31m\ttitle\r\nof  two\u2028lines \xff ",
		Body:   "one\r\ntwo\rthree\t\x00\x1b]0;x\a\u0085é漢字👩‍🚀 \n\n",
		Labels: []string{"b", " a ", "b", "", "c\nd"},
	}.Normal()
	want := Proposal{
		Title:  "a [31m title of two lines \uFFFD",
		Body:   "one\ntwo\nthree\t]0;xé漢字👩‍🚀",
		Labels: []string{"a", "b", "c d"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, want.Normal()); d != "" {
		t.Errorf("the normal form is not its own normal form:\n%s", d)
	}
}

func TestCheck(t *testing.T) {
	for name, p := range map[string]Proposal{
		"no head":  {Base: "main", Title: "t"},
		"no base":  {Head: "a", Title: "t"},
		"itself":   {Head: "a", Base: "a", Title: "t"},
		"no title": {Head: "a", Base: "main", Title: " \n\x00"},
	} {
		if err := p.Check(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if err := (Proposal{Head: "a", Base: "main", Title: "t"}).Check(); err != nil {
		t.Error(err)
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\r\nb\x1b[0m\xff\u0085 \t\n")
	f.Fuzz(func(t *testing.T, s string) {
		line, text := Line(s), Text(s)
		if Line(line) != line || Text(text) != text {
			t.Errorf("%q: not stable", s)
		}
		if strings.ContainsFunc(line, unicode.IsControl) || !utf8.ValidString(line) || !utf8.ValidString(text) {
			t.Errorf("%q: unsafe line %q or text %q", s, line, text)
		}
	})
}

func TestCut(t *testing.T) {
	for _, text := range []string{"plain words of a title", "漢字漢字漢字漢字漢字", "🚀🚀🚀🚀🚀🚀🚀🚀", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "مرحبا بالعالم", "e\u0301e\u0301e\u0301e\u0301"} {
		long := strings.Repeat(text, 10)
		length := utf8.RuneCountInString(long)
		for _, limit := range []int{1, 2, 5, 10, length / 10, length - 1} {
			got := Cut(long, limit)
			if n := utf8.RuneCountInString(got); n > limit || !strings.HasSuffix(got, "…") || !utf8.ValidString(got) {
				t.Errorf("%q at %d: %q with %d characters", text, limit, got, n)
			}
			kept := []rune(strings.TrimSuffix(got, "…"))
			if all := []rune(long); limit > longestCharacter && len(kept) > 0 && joined(kept[len(kept)-1], all[len(kept)]) && !unicode.IsSpace(all[len(kept)]) {
				t.Errorf("%q at %d is cut within a character: %q", text, limit, got)
			}
		}
		for _, limit := range []int{0, length, length + 1} {
			if got := Cut(long, limit); got != long {
				t.Errorf("%q at %d: %q", text, limit, got)
			}
		}
	}
}

func TestCutInUnitsOfUTF16(t *testing.T) {
	l := Limits{UTF16: true}
	for text, want := range map[string]string{"abcde": "abcde", "abcdef": "abcd…", "漢字漢字漢": "漢字漢字漢", "🚀🚀": "🚀🚀", "🚀🚀🚀": "🚀🚀…", "🚀🚀a": "🚀🚀a", "a🚀🚀🚀🚀🚀🚀🚀": "a🚀…"} {
		if got := l.Cut(text, 5); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"🚀a漢", "👩‍👩‍👧‍👦", "é"} {
		long := strings.Repeat(text, 2000)
		for _, limit := range []int{1, 2, 50, 399, 400, 3800} {
			if got := l.Cut(long, limit); units(got) > limit || units(got) < limit-2*longestCharacter || !strings.HasSuffix(got, "…") {
				t.Errorf("%q at %d: %d units", text, limit, units(got))
			}
		}
		if l.Cut(long, 0) != long || l.Cut(long, units(long)) != long {
			t.Errorf("%q is cut without need", text)
		}
	}
}
