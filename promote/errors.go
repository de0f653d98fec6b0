package promote

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

// Refused is a promotion that a rule stops: nothing was written for it. It says why and, in Hint, what to do.
type Refused struct {
	Key    Key
	Reason string
	Next   string
}

func (e *Refused) Error() string {
	if e.Key == (Key{}) {
		return e.Reason
	}
	return fmt.Sprintf("%s in %s: %s", e.Key.App, e.Key.Environment, e.Reason)
}

// Hint says what to do next.
func (e *Refused) Hint() string { return e.Next }

// ExitCode is the row of the table of exit codes: refused by policy.
func (e *Refused) ExitCode() int { return 3 }

func refuse(k Key, next, format string, a ...any) error {
	return &Refused{Key: k, Next: next, Reason: fmt.Sprintf(format, a...)}
}

// Unknown is a name that the configuration does not have.
type Unknown struct {
	Kind, Name string
	Known      []string
}

func (e *Unknown) Error() string { return fmt.Sprintf("%s %q is not in ferry.yaml", e.Kind, e.Name) }

// Hint lists what there is.
func (e *Unknown) Hint() string {
	if len(e.Known) == 0 {
		return ""
	}
	return fmt.Sprintf("ferry.yaml has %s", strings.Join(e.Known, ", "))
}

// ExitCode is the row of the table of exit codes: usage or configuration.
func (e *Unknown) ExitCode() int { return 2 }

// Failed is a promotion that could not be made: a template error, an unreadable file.
type Failed struct {
	Key Key
	Err error
}

func (e *Failed) Error() string {
	return fmt.Sprintf("%s in %s: %v", e.Key.App, e.Key.Environment, e.Err)
}

// Unwrap gives the cause.
func (e *Failed) Unwrap() error { return e.Err }

// failedIn is an error about an app in an environment that says so; a refusal does already.
func failedIn(k Key, err error) error {
	var refused *Refused
	if errors.As(err, &refused) {
		return err
	}
	return &Failed{Key: k, Err: err}
}

// unreadable tells whether a forge does not show something to ferry.
func unreadable(err error) bool {
	return errors.Is(err, scm.ErrNotFound) || errors.Is(err, scm.ErrForbidden)
}
