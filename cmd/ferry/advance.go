package main

import (
	"context"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/promote"
)

type advanceOptions struct {
	gitops gitopsOptions
	promote.Options
	output string
	loop   bool
	every  time.Duration
	runs   int
}

func (a *app) advanceCommand() *cli.Command {
	var o advanceOptions
	return &cli.Command{
		Name:        "advance",
		Usage:       "move everything that may move: propose what is proven upstream, merge what may be merged",
		Description: "With --loop it goes on: it runs again when time alone may have changed something, at least as often as --every says.",
		Flags: append(gitopsFlags(&o.gitops), append(scopeFlags(), outputFlag(),
			&cli.BoolFlag{Name: "loop", Destination: &o.loop, Usage: "go on until it is stopped"},
			&cli.DurationFlag{Name: "every", Destination: &o.every, Value: time.Minute, Usage: "`HOW OFTEN` to look, with --loop"},
			&cli.IntFlag{Name: "runs", Destination: &o.runs, Usage: "`HOW MANY` runs at most, with --loop; 0 is no end"})...),
		Action: func(c *cli.Context) error {
			o.Options.Scope, o.output = scopeOf(c), c.String("output")
			if o.loop {
				return a.runLoop(c.Context, o)
			}
			return a.runAdvance(c.Context, o)
		},
	}
}

func (a *app) promoteCommand() *cli.Command {
	var o advanceOptions
	return &cli.Command{
		Name:  "promote",
		Usage: "move one thing: propose for an environment what it should have next",
		Description: "With --release it is just that release, also past the hold of a rollback or a hotfix. With --override gates are passed as far as\n" +
			"overrides in ferry.yaml allows it, on record and with somebody else's approval.",
		Flags: append(append(gitopsFlags(&o.gitops), append(scopeFlags(), shrinkFlag(), outputFlag())...), namedFlags()...),
		Action: func(c *cli.Context) error {
			o.Options.Scope, o.output = scopeOf(c), c.String("output")
			if len(o.Environments) == 0 {
				return usagef("promote where to? give --env")
			}
			o.Explicit, o.ConfirmShrink, o.Release = true, c.Bool("confirm-shrink"), c.String("release")
			o.Rebuild, o.Overwrite, o.gitops = c.Bool("rebuild"), c.Bool("overwrite"), o.gitops.as(c.String("as"))
			if gates := c.StringSlice("override"); len(gates) > 0 {
				return a.runOverride(c.Context, o, gates, c.String("reason"), c.String("ticket"))
			}
			return a.runAdvance(c.Context, o)
		},
	}
}

func (a *app) adoptCommand() *cli.Command {
	var o submitOptions
	return &cli.Command{
		Name:  "adopt",
		Usage: "take over a folder that is not ferry's yet, by a pull request that says what would change",
		Description: "The pull request replaces the files whose resources the release renders too; all others stay. Name the release that runs there\n" +
			"(--version, --image, --source) where none was handed over yet. A person merges it, also where merge is auto.",
		Flags: append(append(gitopsFlags(&o.gitops), releaseFlags()...), &cli.StringFlag{Name: "env", Usage: "`ENVIRONMENT` of the folder"}, shrinkFlag(), outputFlag(),
			&cli.BoolFlag{Name: "plan", Usage: "show what would change; write nothing"}),
		Action: func(c *cli.Context) error {
			o.release, o.output = releaseOf(c), c.String("output")
			if o.release.app == "" || c.String("env") == "" {
				return usagef("adopt takes one folder: give --app and --env")
			}
			o.options = promote.Options{Scope: promote.Scope{Apps: []string{o.release.app}, Environments: []string{c.String("env")}},
				Explicit: true, Adopt: true, ConfirmShrink: c.Bool("confirm-shrink")}
			if c.Bool("plan") {
				return a.runPlan(c.Context, o)
			}
			if o.release.given() {
				return a.runSubmit(c.Context, o)
			}
			return a.runAdvance(c.Context, advanceOptions{gitops: o.gitops, Options: o.options, output: o.output})
		},
	}
}

func (a *app) runAdvance(ctx context.Context, o advanceOptions) error {
	if err := checkFormat(o.output, "text", "json", "markdown"); err != nil {
		return err
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	move := g.Advance
	if o.Explicit && !o.Adopt {
		move = g.Promote
	}
	r, err := move(ctx, o.Options)
	if err != nil {
		a.announce(ctx, r)
		return err
	}
	a.tell(ctx, g, r, o.Options)
	return a.writeAdvance(ctx, o, r)
}

func (a *app) writeAdvance(ctx context.Context, o advanceOptions, r *promote.Report) error {
	if err := a.writeReport(ctx, o.output, r); err != nil {
		return err
	}
	if o.Explicit && len(r.Plan.Waiting) > 0 && !r.Wrote() {
		return &promote.Refused{Reason: "not promoted: it has to wait, as said above"}
	}
	return nil
}

func scopeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "app", Usage: "only this `APP`; may be repeated"},
		&cli.StringSliceFlag{Name: "env", Usage: "only this `ENVIRONMENT`; may be repeated"},
	}
}

func scopeOf(c *cli.Context) promote.Scope {
	return promote.Scope{Apps: c.StringSlice("app"), Environments: c.StringSlice("env")}
}

// namedFlags are for what a person asks for by name.
func namedFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "release", Usage: "just this `RELEASE`: a version or a sequence"},
		&cli.BoolFlag{Name: "retry", Usage: "propose again what a person rejected by closing its pull request (said by --env already)"},
		&cli.BoolFlag{Name: "rebuild", Usage: "replace a promotion branch that somebody else committed to"},
		&cli.BoolFlag{Name: "overwrite", Usage: "discard hand edits in the environment's folder"},
		&cli.StringSliceFlag{Name: "override", Usage: "`GATES` to pass in an emergency, e.g. soak,freezes"},
		&cli.StringFlag{Name: "reason", Usage: "`WHY`, for --override"},
		&cli.StringFlag{Name: "ticket", Usage: "`TICKET`, for --override"},
		&cli.StringFlag{Name: "as", Usage: "`NAME` of the person, on the embedded forge"},
	}
}

func shrinkFlag() cli.Flag {
	return &cli.BoolFlag{Name: "confirm-shrink", Usage: "let more than half of an app's resources go"}
}

// runLoop is the small always-on form. A run that fails is told and tried again: the next one starts from what is there.
func (a *app) runLoop(ctx context.Context, o advanceOptions) error {
	if o.every <= 0 {
		return usagef("--every is a length of time")
	}
	for n := 1; ; n++ {
		next, err := a.advanceOnce(ctx, o)
		if err != nil && ctx.Err() == nil {
			a.explain(err)
		}
		if ctx.Err() != nil || n == o.runs {
			return err
		}
		wait := o.every
		if d := next.Sub(a.Now()); !next.IsZero() && d < wait {
			wait = max(d, time.Second)
		}
		if err := pause(ctx, wait); err != nil {
			return nil // stopped by a person
		}
	}
}

// advanceOnce runs once with nothing remembered, and tells when time alone may change something.
func (a *app) advanceOnce(ctx context.Context, o advanceOptions) (time.Time, error) {
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return time.Time{}, err
	}
	r, err := g.Advance(ctx, o.Options)
	if err != nil {
		a.announce(ctx, r)
		return time.Time{}, err
	}
	a.tell(ctx, g, r, o.Options)
	if r.Wrote() || len(r.Plan.Failures) > 0 {
		err = a.writeReport(ctx, o.output, r)
	}
	return r.Plan.NextWakeup, err
}
