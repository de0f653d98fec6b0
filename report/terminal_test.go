package report

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ferry-cd/ferry/promote"
)

var colours = regexp.MustCompile("\x1b\\[[0-9;]+m")

// The terminal shows the same words at every width, with and without colours, and no line is wider than it.
func TestTerminal(t *testing.T) {
	plan := &promote.Plan{Promotions: []promote.Promotion{storefront(t)}}
	words := func(width int, colour bool) (string, []string) {
		t.Helper()
		var out strings.Builder
		if err := (Terminal{Out: &out, Width: width, Colour: colour}).Plan(plan); err != nil {
			t.Fatal(err)
		}
		return out.String(), strings.Fields(colours.ReplaceAllString(out.String(), ""))
	}
	plain, want := words(0, false)
	if strings.Contains(plain, "\x1b") {
		t.Errorf("colours that nobody asked for:\n%q", plain)
	}
	for _, width := range []int{0, 60, 100} {
		for _, colour := range []bool{false, true} {
			text, got := words(width, colour)
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("width %d, colour %v: other words:\n%s", width, colour, text)
			}
			if colour != colours.MatchString(text) || strings.Count(text, "\x1b[0m")*2 != len(colours.FindAllString(text, -1)) {
				t.Errorf("width %d: colours are missing, or do not end", width)
			}
			for _, line := range strings.Split(colours.ReplaceAllString(text, ""), "\n") {
				if n := utf8.RuneCountInString(line); width > 0 && n > width && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("width %d: a line of %d: %s", width, n, line)
				}
			}
		}
	}
}
