package door

import (
	"strings"
	"unicode"
)

// Text is text from outside: a title, a version, a name, an author, a branch, what a chart or a server said. Nothing that
// writes for people takes a plain string from outside; it takes a Text, and a Text shows itself only in forms that do
// nothing: Line for terminals and titles, Prose, Code and Fence for Markdown.
type Text struct{ raw string }

// Outside takes in text from outside, whatever it is.
func Outside(s string) Text { return Text{s} }

// Lines puts constant words and text from outside together, for a terminal: each %s takes one part.
func Lines(format constant, parts ...Text) Text {
	shown := make([]string, len(parts))
	for i, p := range parts {
		shown[i] = p.Line()
	}
	return Text{fill(string(format), shown)}
}

// Line gives one visible line: line breaks and all white space are spaces; what cannot be seen, turns the direction of
// writing or speaks to a terminal is gone.
func (t Text) Line() string { return visible(t.raw, false) }

// String is Line, so that no formatter reaches what was handed in.
func (t Text) String() string { return t.Line() }

// GoString is Line too.
func (t Text) GoString() string { return t.Line() }

// IsEmpty tells whether nothing of it can be seen.
func (t Text) IsEmpty() bool { return strings.TrimSpace(t.Line()) == "" }

// Cut gives at most n characters, with three dots where there were more.
func (t Text) Cut(n int) Text {
	const dots = "..."
	r := []rune(t.Line())
	if len(r) <= n {
		return t
	}
	return Text{string(r[:max(0, n-len(dots))]) + dots}
}

// Title is Line with mentions, references and closing keywords broken, for what a forge takes as plain text and still
// reads: titles of pull requests and messages of commits.
func (t Text) Title() string { return breakLive(t.Line()) }

// visible drops what cannot be seen. Lines stay where lines is set; otherwise they become spaces.
func visible(s string, lines bool) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		switch {
		case lines && (r == '\n' || r == '\t'):
			return r
		case unicode.IsSpace(r):
			marks = 0
			return ' '
		case unicode.Is(unicode.M, r):
			if marks++; marks > maxMarks || unicode.Is(unicode.Variation_Selector, r) {
				return -1
			}
			return r
		case hidden(r):
			return -1
		}
		marks = 0
		return r
	}, s)
}

// maxMarks is how many accents may stand on one letter; the languages of the world need up to three, and towers of them
// cover the lines above.
const maxMarks = 3

// hidden tells characters without a picture: control, direction, joiners, tags, fillers, private ones, and those that
// stand for broken bytes.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
		r == unicode.ReplacementChar || r == brailleBlank
}

const brailleBlank = '\u2800' // an empty cell that no table of Unicode calls white space

// fill puts parts in the place of each %s; what has no part stays away.
func fill(format string, parts []string) string {
	var b strings.Builder
	for i := 0; ; i++ {
		before, after, found := strings.Cut(format, "%s")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if i < len(parts) {
			b.WriteString(parts[i])
		}
		format = after
	}
}
