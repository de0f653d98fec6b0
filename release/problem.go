package release

import (
	"fmt"
	"strings"
)

// Problem is one mistake in what people or pipelines hand in. Line and Column count from 1; they are 0 where the value
// did not come from a file.
type Problem struct {
	File         string
	Line, Column int
	Text         string
	Next         string // what to do about it; may be empty
}

func (p *Problem) Error() string {
	var place string
	switch {
	case p.Line > 0 && p.File != "":
		place = fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	case p.Line > 0:
		place = fmt.Sprintf("%d:%d: ", p.Line, p.Column)
	case p.File != "":
		place = p.File + ": "
	}
	return place + p.Text
}

// Hint is the optional next step of an error.
func (p *Problem) Hint() string { return p.Next }

// ExitCode is that of wrong input.
func (p *Problem) ExitCode() int { return 2 }

// Problems are all mistakes of one input, in its order.
type Problems []*Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives them one by one.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

// Hint is the first next step that any of them has.
func (ps Problems) Hint() string {
	for _, p := range ps {
		if p.Next != "" {
			return p.Next
		}
	}
	return ""
}

// ExitCode is that of wrong input.
func (ps Problems) ExitCode() int { return 2 }

// In names the file they were found in.
func (ps Problems) In(file string) Problems {
	named := make(Problems, len(ps))
	for i, p := range ps {
		q := *p
		q.File = file
		named[i] = &q
	}
	return named
}

// orNil keeps an empty list from becoming an error.
func (ps Problems) orNil() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

func problem(next, format string, args ...any) *Problem {
	return &Problem{Text: fmt.Sprintf(format, args...), Next: next}
}
