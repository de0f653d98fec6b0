package git

import (
	"errors"
	"fmt"
	"time"
)

// What goes wrong, by meaning. Every error of this package that has one of these meanings matches it with errors.Is.
var (
	ErrNotFound    = errors.New("not found")
	ErrUnreachable = errors.New("cannot be reached")
	ErrCredentials = errors.New("credentials refused")
	ErrRefused     = errors.New("refused by the repository") // a hook, a protected branch, a policy of the server
	ErrTooLarge    = errors.New("larger than allowed")
)

// errAbsent says that an object is not at hand; whether it exists is another question.
var errAbsent = errors.New("object not at hand")

// NotFoundError says what a repository does not have. It matches ErrNotFound.
type NotFoundError struct {
	What       string // commit 1234, path a/b
	Repository string // its URL
	Advice     string // the next step, or ""
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("%s: no %s", e.Repository, e.What) }

// Is matches ErrNotFound.
func (e *NotFoundError) Is(target error) bool { return target == ErrNotFound }

// Hint says what to do next.
func (e *NotFoundError) Hint() string { return e.Advice }

func (r *Repository) notFound(format string, args ...any) error {
	return &NotFoundError{What: fmt.Sprintf(format, args...), Repository: r.url}
}

// MovedError says that a ref was not where an update expected it: somebody else was faster.
type MovedError struct {
	Ref  string
	Have ID // where it is now; "" where it does not exist
}

func (e *MovedError) Error() string {
	if e.Have == "" {
		return fmt.Sprintf("%s was deleted meanwhile", e.Ref)
	}
	return fmt.Sprintf("%s moved to %s meanwhile", e.Ref, e.Have.Short())
}

// ExitCode is that of a lost race.
func (e *MovedError) ExitCode() int { return 5 }

// Hint says what to do next.
func (e *MovedError) Hint() string { return "run it again: it starts from where the branch is now" }

// RefusedError says that a repository did not accept a push although the refs stood where they should. It matches
// ErrRefused.
type RefusedError struct {
	Ref    string
	Reason string // the repository's words, made safe to print
	Advice string // the next step, or ""
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s: %v: %s", e.Ref, ErrRefused, e.Reason) }

// Is matches ErrRefused.
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

// Hint says what to do next.
func (e *RefusedError) Hint() string { return e.Advice }

// Advise gives a refusal the next step that only the caller knows. Any other error stays as it is.
func Advise(err error, advice string) error {
	var refused *RefusedError
	if errors.As(err, &refused) {
		refused.Advice = advice
	}
	return err
}

// lockedError says that another process holds a lock, or died holding it.
type lockedError struct {
	Path string
	Age  time.Duration
}

func (e *lockedError) Error() string {
	return fmt.Sprintf("%s is held by another process since %s", e.Path, e.Age.Round(time.Second))
}

func (e *lockedError) Hint() string {
	return fmt.Sprintf("if no git or ferry process works there, the one that made the lock has died: remove %s", e.Path)
}

// nameError says that a ref or path is not one that may be written.
type nameError struct{ What, Name, Why string }

func (e *nameError) Error() string { return fmt.Sprintf("%s %q: %s", e.What, e.Name, e.Why) }

// ExitCode is that of wrong input.
func (e *nameError) ExitCode() int { return 2 }
