package environments

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Position is a place in a file of the GitOps repository. Line and Column count from 1, columns in characters; the zero
// Position stands for what is built in.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

func (p Position) String() string {
	if p.File == "" {
		return "built in"
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Problem is one mistake in the configuration.
type Problem struct {
	Position
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"` // what to do next: did you mean "staging"?
}

func (p Problem) Error() string {
	if p.Hint == "" {
		return p.Position.String() + ": " + p.Message
	}
	return p.Position.String() + ": " + p.Message + "; " + p.Hint
}

// Problems are all the mistakes of a configuration, sorted by file and place.
type Problems []Problem

// maxProblems bounds a report: nobody mends more in one sitting, and a file from a stranger must not fill a log.
const maxProblems = 200

func (ps Problems) Error() string {
	if len(ps) == 1 {
		return ps[0].Error()
	}
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = "  " + p.Error()
	}
	return fmt.Sprintf("%d problems in the configuration:\n%s", len(ps), strings.Join(lines, "\n"))
}

// ExitCode is the row for wrong configuration.
func (ps Problems) ExitCode() int { return 2 }

// Unwrap gives the problems one by one.
func (ps Problems) Unwrap() []error {
	out := make([]error, len(ps))
	for i, p := range ps {
		out[i] = p
	}
	return out
}

// missing is a repository without a ferry.yaml.
type missing struct{ error }

func (m missing) ExitCode() int { return 2 }
func (m missing) Unwrap() error { return m.error }
func (m missing) Hint() string  { return "a GitOps repository has a " + RootFile + " at its root" }

// reporter gathers problems while a configuration is read.
type reporter struct {
	problems []Problem
	dropped  int
}

func (r *reporter) add(at Position, hint, format string, args ...any) {
	if len(r.problems) >= 10*maxProblems {
		r.dropped++
		return
	}
	r.problems = append(r.problems, Problem{Position: at, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (r *reporter) failed() bool { return len(r.problems) > 0 }

// err gives what was gathered: sorted, each once, nil where there is nothing.
func (r *reporter) err() error {
	if !r.failed() {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			strings.Compare(a.Message, b.Message))
	})
	ps := slices.Compact(r.problems)
	if left := len(ps) - maxProblems + r.dropped; left > 0 {
		ps = ps[:maxProblems]
		last := ps[maxProblems-1]
		ps = append(ps, Problem{Position: last.Position, Message: fmt.Sprintf("and %d more problems after this one", left)})
	}
	return Problems(ps)
}

func notFound(name string) error {
	return missing{fmt.Errorf("%s: %w", name, fs.ErrNotExist)}
}

// isNotFound tells a file that is not there from one that cannot be read.
func isNotFound(err error) bool { return errors.Is(err, fs.ErrNotExist) }
