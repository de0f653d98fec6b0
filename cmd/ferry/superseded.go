package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/report"
	"github.com/ferry-cd/ferry/source"
)

// Two pipelines of one app may end in the other order than they began. The release of the older one has nothing to do any
// more, which is nobody's mistake: it is a success, unless somebody asks for the exit code.

func supersededFlag(to *bool) cli.Flag {
	return &cli.BoolFlag{Name: "fail-superseded", EnvVars: []string{"FERRY_FAIL_SUPERSEDED"}, Destination: to, Usage: "exit with 6 where a newer release was accepted before, instead of 0"}
}

// supersededError is a submit that came too late, where that was asked for. What there is to say was said.
type supersededError struct{}

func (supersededError) Error() string { return "" }
func (supersededError) ExitCode() int { return exitSuperseded }

// olders gives the releases that came too late; nil where anything else is wrong as well.
func olders(err error) []*source.OlderError {
	switch e := err.(type) {
	case *source.OlderError:
		return []*source.OlderError{e}
	case interface{ Unwrap() []error }:
		var all []*source.OlderError
		for _, part := range e.Unwrap() {
			found := olders(part)
			if found == nil {
				return nil
			}
			all = append(all, found...)
		}
		return all
	case interface{ Unwrap() error }:
		return olders(e.Unwrap())
	}
	return nil
}

// superseded says that releases came too late; the error itself where that is not all.
func (a *app) superseded(o submitOptions, err error) error {
	late := olders(err)
	if len(late) == 0 {
		return err
	}
	var doc []report.Waiting
	for _, e := range late {
		a.say(notice, "superseded: %s", e)
		doc = append(doc, report.Waiting{App: e.Submitted.App, Version: e.Submitted.Version, Reason: "superseded by " + e.Accepted.Version, Hint: e.Hint()})
	}
	err = nil
	if o.output == "json" {
		err = report.SupersededJSON(a.Out, doc)
	}
	if o.failSuperseded {
		return errors.Join(err, supersededError{})
	}
	return err
}
