package scm

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Normal gives the proposal in the form in which forges are compared with it: a title of one line, a body without
// control characters that ends where its text ends, labels sorted and each once. Forges trim and fold text in ways of
// their own; what is equal in this form is equal.
func (p Proposal) Normal() Proposal {
	p.Title, p.Body = Line(p.Title), Text(p.Body)
	var labels []string
	for _, l := range p.Labels {
		if l = Line(l); l != "" {
			labels = append(labels, l)
		}
	}
	slices.Sort(labels)
	p.Labels = slices.Compact(labels)
	return p
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
