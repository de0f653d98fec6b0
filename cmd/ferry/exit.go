package main

import (
	"errors"
	"fmt"

	"github.com/ferry-cd/ferry/scm"
)

// Exit codes. Anything that only has to wait, or finds nothing to do, is a success.
const (
	exitOK          = 0  // done, nothing to do, waiting
	exitError       = 1  // something failed
	exitUsage       = 2  // wrong command line or configuration
	exitRefused     = 3  // refused by a policy or a gate
	exitCredentials = 4  // the forge or the repository refused the credentials
	exitRace        = 5  // others kept winning the race for the branch
	exitSuperseded  = 6  // ferry wait: a newer release came instead
	exitTimedOut    = 7  // ferry wait: the time was over
	exitChanges     = 10 // --detailed-exitcode: there are changes
)

// exitCoder is implemented by errors that know their row of the table.
type exitCoder interface{ ExitCode() int }

func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	var coded exitCoder
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return exitError
}

// hinter is implemented by errors that know what to do next.
type hinter interface{ Hint() string }

// explain prints an error for a person: what failed, where, why, and what to do next.
func (a *app) explain(err error) {
	// What went wrong quotes templates, files and servers: none of it may speak to the terminal.
	if text := scm.Text(err.Error()); text != "" {
		fmt.Fprintln(a.Err, "ferry:", text)
	}
	var h hinter
	if errors.As(err, &h) && h.Hint() != "" {
		fmt.Fprintln(a.Err, "hint:", scm.Text(h.Hint()))
	}
}

// usageError is a command line that cannot be run.
type usageError struct{ error }

func (e *usageError) ExitCode() int { return exitUsage }
func (e *usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }
