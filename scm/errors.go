package scm

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Failures that the rooms above branch on; drivers wrap them with the act and its object.
var (
	ErrNotFound     = errors.New("not found")
	ErrConflict     = errors.New("the state on the forge has moved on")
	ErrUnauthorized = errors.New("the forge refused the credentials")
	ErrForbidden    = errors.New("the forge forbids it")
	ErrInvalid      = errors.New("the forge refused the request")
)

// MergeConflictError says that both sides changed the same paths, each in its own way. It is an ErrConflict.
type MergeConflictError struct {
	Head, Base string
	Paths      []string // sorted; empty where the forge does not name them
}

func (e *MergeConflictError) Error() string {
	text := fmt.Sprintf("%s conflicts with %s", e.Head, e.Base)
	if len(e.Paths) > 0 {
		text += ": both changed " + some(e.Paths)
	}
	return text
}

// Unwrap implements the interface of errors.Is.
func (e *MergeConflictError) Unwrap() error { return ErrConflict }

// Hint implements the optional next step of an error.
func (e *MergeConflictError) Hint() string {
	return fmt.Sprintf("bring %s up to date with %s, then merge again", e.Head, e.Base)
}

// some names the first few of many.
func some(names []string) string {
	const shown = 10
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

// RuleError says which rule of a branch forbids a merge. It is an ErrForbidden.
type RuleError struct {
	Branch string // the protected one
	Rule   string // "status ferry/gates must be success (it is pending)"
}

func (e *RuleError) Error() string { return fmt.Sprintf("%s is protected: %s", e.Branch, e.Rule) }

// Unwrap implements the interface of errors.Is.
func (e *RuleError) Unwrap() error { return ErrForbidden }

// ExitCode implements the table of exit codes: refused by policy.
func (e *RuleError) ExitCode() int { return 3 }

// RateLimitedError says that the forge wants a pause.
type RateLimitedError struct{ RetryAfter time.Duration }

func (e *RateLimitedError) Error() string {
	return fmt.Sprintf("the forge asks for a pause of %s", e.RetryAfter)
}

// Hint implements the optional next step of an error.
func (e *RateLimitedError) Hint() string {
	return "run the same command again later; it continues where it stopped"
}

// PersonsError says who could not be asked to review or take over a pull request that was made all the same.
type PersonsError struct{ Names []string } // sorted

func (e *PersonsError) Error() string {
	return "the forge cannot ask " + some(e.Names) + " (no such person or team here, no access, or the author)"
}

// Unwrap implements the interface of errors.Is.
func (e *PersonsError) Unwrap() error { return ErrInvalid }
