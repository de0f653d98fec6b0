package source

import (
	"fmt"
	"strings"

	"github.com/ferry-cd/ferry/release"
)

func label(rel release.Release) string { return rel.Version + " (" + rel.Sequence.String() + ")" }

// OlderError says that a newer release of the app has been accepted.
type OlderError struct{ Accepted, Submitted release.Release }

func (e *OlderError) Error() string {
	return fmt.Sprintf("release %s of %s is older than %s, which is accepted already", label(e.Submitted), e.Submitted.App, label(e.Accepted))
}

// Hint is the optional next step of an error.
func (e *OlderError) Hint() string {
	return "an older release comes back by a rollback, or as a new release from a new run of the pipeline"
}

// ExitCode is that of a refusal.
func (e *OlderError) ExitCode() int { return 3 }

// UnorderedError says that it cannot be told which of two releases is newer. It matches release.ErrUnordered.
type UnorderedError struct{ Accepted, Submitted release.Release }

func (e *UnorderedError) Error() string {
	return fmt.Sprintf("release %s of %s cannot be ordered after %s: %v", label(e.Submitted), e.Submitted.App, label(e.Accepted), release.ErrUnordered)
}

func (e *UnorderedError) Unwrap() error { return release.ErrUnordered }

// Hint is the optional next step of an error.
func (e *UnorderedError) Hint() string {
	return fmt.Sprintf("say where it belongs with --sequence %s-%d or more", e.Accepted.Sequence.Kind, e.Accepted.Sequence.Number+1)
}

// ExitCode is that of a refusal.
func (e *UnorderedError) ExitCode() int { return 3 }

// ConflictError says that another release was accepted under the same sequence.
type ConflictError struct{ Accepted, Submitted release.Release }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("release %s of %s is accepted already with other content: %s", e.Submitted.Sequence, e.Submitted.App, strings.Join(e.Differences(), "; "))
}

// Hint is the optional next step of an error.
func (e *ConflictError) Hint() string {
	return "a release never changes: run the pipeline anew for another one, or tell them apart with --sequence"
}

// ExitCode is that of a refusal.
func (e *ConflictError) ExitCode() int { return 3 }

// Differences names what is not the same, a line each.
func (e *ConflictError) Differences() []string {
	a, b := e.Accepted, e.Submitted
	var all []string
	add := func(what, was, is string) {
		if was != is {
			all = append(all, fmt.Sprintf("%s was %s, now %s", what, orNone(was), orNone(is)))
		}
	}
	add("the version", a.Version, b.Version)
	add("the source repository", a.Source.Repository, b.Source.Repository)
	add("the source commit", a.Source.Commit, b.Source.Commit)
	add("the templates", a.Templates, b.Templates)
	for _, i := range a.Images {
		add("image "+i.Name, content(i), contentIn(b.Images, i.Name))
	}
	for _, i := range b.Images {
		if contentIn(a.Images, i.Name) == "" {
			add("image "+i.Name, "", content(i))
		}
	}
	return all
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func content(i release.Image) string { return i.Reference() }

func contentIn(images []release.Image, name string) string {
	for _, i := range images {
		if i.Name == name {
			return content(i)
		}
	}
	return ""
}
