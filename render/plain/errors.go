package plain

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/render"
)

// Error is a mistake in a template, or what a template said of its values.
type Error struct {
	Place string // file:line:column, as much of it as is known
	Text  string
	In    string // the piece of the template, where known
	err   error
}

func (e *Error) Error() string {
	if e.In == "" {
		return e.Place + ": " + e.Text
	}
	return e.Place + ": " + e.Text + " in {{ " + e.In + " }}"
}

func (e *Error) Unwrap() error { return e.err }

// Hint is the next step; empty where the text says all.
func (e *Error) Hint() string {
	var limit *render.LimitError
	if errors.As(e.err, &limit) {
		return limit.Hint()
	}
	if strings.HasPrefix(e.Text, "map has no entry") || strings.HasPrefix(e.Text, "nil data; no entry") || strings.Contains(e.Text, "nil pointer evaluating") {
		return `set it in a values file, or give a default: {{ get .Values "image.tag" "latest" }}`
	}
	return ""
}

// ExitCode is that of wrong input.
func (e *Error) ExitCode() int { return 2 }

// Go's templates tell the place only in the text: "template: NAME:LINE[:COLUMN]: ..." and, when running, also
// `executing "NAME" at <PIECE>: ...`, once for each template that calls another.
var (
	running = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?s)^(.*?:\d+)(?::(\d+))?: (?:executing ".*?" at <(.*?)>: )?(.*)$`)
	})
	function = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^error calling (\w+): `)
	})
)

// place counts columns from 1, where Go's templates count from 0.
func place(line, column string) string {
	if n, err := strconv.Atoi(column); err == nil {
		return line + ":" + strconv.Itoa(n+1)
	}
	return line
}

func templateError(name string, err error) error {
	e := &Error{Place: name, Text: err.Error(), err: err}
	for strings.HasPrefix(e.Text, "template: ") {
		m := running().FindStringSubmatch(strings.TrimPrefix(e.Text, "template: "))
		if m == nil {
			break
		}
		e.Place, e.In, e.Text = place(m[1], m[2]), m[3], m[4]
		if f := function().FindStringSubmatch(e.Text); f != nil {
			e.Text = e.Text[len(f[0]):]
		}
	}
	if strings.Contains(e.In, calledName) || strings.HasPrefix(e.In, "_") {
		e.In = ""
	}
	return e
}
