package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/promote"
)

type waitOptions struct {
	gitops            gitopsOptions
	app, env, release string
	goal, output      string
	timeout, every    time.Duration
}

func (a *app) waitCommand() *cli.Command {
	var o waitOptions
	return &cli.Command{
		Name:  "wait",
		Usage: "wait until a release is merged into an environment, or healthy there",
		Description: "For pipelines that have to block. It ends with 0 when that is so, 1 when the release failed there, 3 when a person rejected it,\n" +
			"6 when a newer one came instead, 7 when the time was over.",
		Flags: append(gitopsFlags(&o.gitops),
			&cli.StringFlag{Name: "app", Destination: &o.app, Usage: "`APP`"},
			&cli.StringFlag{Name: "env", Destination: &o.env, Usage: "`ENVIRONMENT`"},
			&cli.StringFlag{Name: "release", Destination: &o.release, Usage: "`RELEASE`: a version, sequence or source commit"},
			&cli.StringFlag{Name: "for", Destination: &o.goal, Value: "healthy", Usage: "`WHAT`: merged or healthy"},
			&cli.DurationFlag{Name: "timeout", Destination: &o.timeout, Value: time.Hour, Usage: "`HOW LONG` at most"},
			&cli.DurationFlag{Name: "every", Destination: &o.every, Value: 15 * time.Second, Usage: "`HOW OFTEN` to look"},
			outputInto(&o.output)),
		Action: func(c *cli.Context) error { return a.runWait(c.Context, o) },
	}
}

func (a *app) runWait(ctx context.Context, o waitOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	if o.app == "" || o.env == "" || o.release == "" {
		return usagef("wait for what and where? give --app, --env and --release")
	}
	if o.goal != string(promote.ForMerged) && o.goal != string(promote.ForHealthy) {
		return usagef("--for %s: it is merged or healthy", o.goal)
	}
	if o.every <= 0 || o.timeout < 0 {
		return usagef("--every and --timeout are lengths of time")
	}
	end := a.Now().Add(o.timeout)
	said := ""
	for {
		outcome, why, err := a.standing(ctx, o)
		if err != nil {
			return err
		}
		if why != said {
			a.say(info, "%s", door.Outside(why).Line())
			said = why
		}
		switch {
		case outcome != promote.Underway:
			return a.waited(o, outcome, why)
		case !a.Now().Before(end):
			return a.waited(o, promote.TimedOut, "after "+o.timeout.String()+": "+why)
		}
		if err := pause(ctx, min(o.every, max(end.Sub(a.Now()), time.Millisecond))); err != nil {
			return err
		}
	}
}

// waited says how a wait ended.
func (a *app) waited(o waitOptions, outcome promote.Outcome, why string) error {
	doc := waitDocument{form: current, Result: string(outcome), App: o.app, Environment: o.env, Release: o.release, Why: why}
	var err error
	if outcome == promote.Reached {
		doc.Result, doc.Why = o.goal, ""
	} else {
		err = &waitError{outcome, why}
	}
	switch {
	case o.output == "json":
		return errors.Join(writeJSON(a.Out, doc), err)
	case err == nil:
		_, err = fmt.Fprintln(a.Out, o.goal)
	}
	return err
}

// standing looks once, with nothing remembered.
func (a *app) standing(ctx context.Context, o waitOptions) (promote.Outcome, string, error) {
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return "", "", err
	}
	s, err := g.Load(ctx, promote.Scope{Apps: []string{o.app}})
	if err != nil {
		return "", "", err
	}
	return g.Standing(ctx, s, promote.Key{App: o.app, Environment: o.env}, o.release, promote.Goal(o.goal))
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// waitError is a wait that did not end well.
type waitError struct {
	outcome promote.Outcome
	why     string
}

func (e *waitError) Error() string { return string(e.outcome) + ": " + e.why }

func (e *waitError) ExitCode() int {
	switch e.outcome {
	case promote.Superseded:
		return exitSuperseded
	case promote.TimedOut:
		return exitTimedOut
	case promote.Rejected:
		return exitRefused
	}
	return exitError
}
