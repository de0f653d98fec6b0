package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

// Exit codes, as exitCodes explains them.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitRefused     = 3
	exitCredentials = 4
	exitRace        = 5
	exitSuperseded  = 6
	exitTimedOut    = 7
	exitChanges     = 10
)

// exitCodes is the one table: docs/exit-codes.md is made from it. Anything that only has to wait, or finds nothing to do, is
// a success; which of them it is, `result` says with -o json.
var exitCodes = []struct {
	code     int
	name     string
	when     string
	whatNext string
}{
	{exitOK, "done", "Done, or nothing to do, or waiting, or a newer release came before: `result` of `-o json` says which.", "Nothing."},
	{exitError, "error", "Something failed: a template, a network, a server. What was done stays done.", "Read what failed; a rerun continues where this run stopped."},
	{exitUsage, "usage", "The command line or a file of configuration is wrong. Nothing was done.", "Correct what the message names, by file, line and column."},
	{exitRefused, "refused", "A policy, a gate, a branch rule or a hand edit forbids it.", "Read the hint: it names who or what may let it pass."},
	{exitCredentials, "credentials", "The forge or the repository refused the credentials, or there are none.", "Give the token the permission that the message names."},
	{exitRace, "race", "Others kept winning the race for the branch, after all retries.", "Run it again."},
	{exitSuperseded, "superseded", "A newer release came instead. Only `ferry wait`, and `ferry submit --fail-superseded`.", "Look at the newer release that is named."},
	{exitTimedOut, "timed out", "The time was over. Only `ferry wait`.", "Wait again, or look at what it waited for."},
	{exitChanges, "changes", "There are changes. Only `ferry plan --detailed-exitcode`.", "Nothing: it is an answer, not a failure."},
}

// exitPage is docs/exit-codes.md.
func exitPage() []byte {
	var b strings.Builder
	b.WriteString("# Exit codes\n\n<!-- Made from cmd/ferry/exit.go by make docs. -->\n\n" +
		"What a pipeline can rely on. A run that is stopped by a signal ends as an error.\n\n" +
		"| code | name | when | what next |\n| ---: | --- | --- | --- |\n")
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", e.code, e.name, e.when, e.whatNext)
	}
	b.WriteString("\nWhere several things fail in one run, the code is that of the first one that has a row of its own; all of them are printed.\n\n" +
		"`result`, with `-o json`, is one of `done`, `nothing-to-do`, `waiting`, `superseded`, `failed`, and of a plan `changes`. " +
		"A pipeline that wants to know whether something changed reads `changed`, not the exit code:\n\n" +
		"```sh\nferry advance -o json | jq -e .changed\n```\n")
	return []byte(b.String())
}

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
	if text := scm.Text(err.Error()); text != "" {
		a.say(failure, "%s", text)
	}
	var h hinter
	if errors.As(err, &h) && h.Hint() != "" {
		a.say(hint, "%s", h.Hint())
	}
}

// usageError is a command line that cannot be run.
type usageError struct{ error }

func (e *usageError) ExitCode() int { return exitUsage }
func (e *usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }
