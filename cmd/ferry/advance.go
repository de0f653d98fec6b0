package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/promote"
)

type advanceOptions struct {
	gitops gitopsOptions
	promote.Options
	output string
}

func (a *app) advanceCommand() *cli.Command {
	var o advanceOptions
	return &cli.Command{
		Name:  "advance",
		Usage: "move everything that may move: propose what is proven upstream, merge what may be merged",
		Flags: append(gitopsFlags(&o.gitops), append(scopeFlags(), outputFlag())...),
		Action: func(c *cli.Context) error {
			o.Options.Scope, o.output = scopeOf(c), c.String("output")
			return a.runAdvance(c.Context, o)
		},
	}
}

func (a *app) promoteCommand() *cli.Command {
	var o advanceOptions
	return &cli.Command{
		Name:  "promote",
		Usage: "move one thing: propose for an environment what it should have next",
		Flags: append(gitopsFlags(&o.gitops), append(scopeFlags(), shrinkFlag(), outputFlag())...),
		Action: func(c *cli.Context) error {
			o.Options.Scope, o.output = scopeOf(c), c.String("output")
			if len(o.Environments) == 0 {
				return usagef("promote where to? give --env")
			}
			o.Explicit, o.ConfirmShrink = true, c.Bool("confirm-shrink")
			return a.runAdvance(c.Context, o)
		},
	}
}

func (a *app) adoptCommand() *cli.Command {
	var o advanceOptions
	return &cli.Command{
		Name:  "adopt",
		Usage: "take over a folder that is not ferry's yet, by a pull request that says what would change",
		Flags: append(gitopsFlags(&o.gitops), append(scopeFlags(), shrinkFlag(), outputFlag())...),
		Action: func(c *cli.Context) error {
			o.Options.Scope, o.output = scopeOf(c), c.String("output")
			if len(o.Environments) != 1 || len(o.Apps) != 1 {
				return usagef("adopt takes one folder: give --app and --env")
			}
			o.Explicit, o.Adopt, o.ConfirmShrink = true, true, c.Bool("confirm-shrink")
			return a.runAdvance(c.Context, o)
		},
	}
}

func (a *app) runAdvance(ctx context.Context, o advanceOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	r, err := g.Advance(ctx, o.Options)
	if err != nil {
		return err
	}
	return a.writeReport(o.output, r)
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

func shrinkFlag() cli.Flag {
	return &cli.BoolFlag{Name: "confirm-shrink", Usage: "let more than half of an app's resources go"}
}
