package scm

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Normal gives the proposal in the form in which forges are compared with it: a title of one line, a body without
// control characters that ends where its text ends, labels sorted and each once. Forges trim and fold text in ways of
// their own; what is equal in this form is equal.
func (p Proposal) Normal() Proposal {
	p.Title, p.Body = Line(p.Title), Text(p.Body)
	p.Labels, p.Reviewers, p.Assignees = names(p.Labels), names(p.Reviewers), names(p.Assignees)
	return p
}

// Cut gives the proposal in its normal form and within limits: titles and labels end in an ellipsis where they are too
// long, and so does a body that nobody shortened better before.
func (p Proposal) Cut(l Limits) Proposal {
	p = p.Normal()
	p.Title, p.Body = l.Cut(p.Title, l.Title), l.Cut(p.Body, l.Body)
	for i := range p.Labels {
		p.Labels[i] = l.Cut(p.Labels[i], l.Label)
	}
	p.Labels = names(p.Labels)
	return p
}

// Cut shortens a text to a limit as the forge counts it; see the function Cut.
func (l Limits) Cut(s string, limit int) string {
	if limit <= 0 || !l.UTF16 {
		return Cut(s, limit)
	}
	if units(s) <= limit {
		return s
	}
	kept, n := 0, 1 // the ellipsis
	for _, r := range s {
		if n += utf16.RuneLen(r); n > limit {
			break
		}
		kept++
	}
	return begin([]rune(s), kept)
}

// units is the length of a text in UTF-16.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// Cut shortens a text to a number of characters (runes), the last one then being an ellipsis; 0 means no limit. It never
// cuts a character of several runes (an emoji with its joiners, a letter with its accents) in two where a break before it
// is near.
func Cut(s string, limit int) string {
	if limit <= 0 || utf8.RuneCountInString(s) <= limit {
		return s
	}
	return begin([]rune(s), limit-1)
}

// begin gives the first so many runes and an ellipsis.
func begin(rs []rune, end int) string {
	for back := 0; end > 0 && back < longestCharacter && joined(rs[end-1], rs[end]); back++ {
		end--
	}
	return strings.TrimRightFunc(string(rs[:end]), unicode.IsSpace) + "…"
}

// longestCharacter bounds how far a cut looks back; families and flags are shorter.
const longestCharacter = 16

// joined tells whether two runes show as one character.
func joined(a, b rune) bool {
	const joiner = '\u200d'
	return a == joiner || b == joiner || unicode.In(b, unicode.Mn, unicode.Me, unicode.Variation_Selector) ||
		b >= 0x1F3FB && b <= 0x1F3FF // skin tones
}

// names makes lines of names, sorted and each once.
func names(in []string) []string {
	var out []string
	for _, n := range in {
		if n = Line(n); n != "" {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Check refuses, with ErrInvalid, what no forge accepts.
func (p Proposal) Check() error {
	switch {
	case p.Head == "" || p.Base == "":
		return fmt.Errorf("a pull request needs a head and a base branch: %w", ErrInvalid)
	case p.Head == p.Base:
		return fmt.Errorf("pull request from %s into itself: %w", p.Head, ErrInvalid)
	case Line(p.Title) == "":
		return fmt.Errorf("pull request from %s into %s has no title: %w", p.Head, p.Base, ErrInvalid)
	}
	return nil
}

// Line makes one line of words: line ends and control characters become spaces, runs of spaces one, bytes that are not
// UTF-8 become U+FFFD.
func Line(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}

// Text makes a text that is safe to store and print: line ends are \n, tabs stay, other control characters (with them
// the escape sequences of terminals) are gone, as is white space at the end.
func Text(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
	return strings.TrimRightFunc(s, unicode.IsSpace)
}
