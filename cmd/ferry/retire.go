package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

type retireOptions struct {
	gitops     gitopsOptions
	leave      promote.Leave
	as, output string
}

func (a *app) retireCommand() *cli.Command {
	var o retireOptions
	return &cli.Command{
		Name:  "retire",
		Usage: "take an app out of its environments by pull requests, the last environment first",
		Description: "The decision is written first: nothing proposes the app there any more, until ferry resume. Each pull request removes just what the\n" +
			"record lists and names what is lost with it; a person approves it, and merges it where data may go. When the last one is merged, the\n" +
			"app may leave ferry.yaml.",
		Flags: append(gitopsFlags(&o.gitops),
			&cli.StringFlag{Name: "app", Destination: &o.leave.App, Usage: "`APP`"},
			&cli.StringFlag{Name: "env", Destination: &o.leave.Environment, Usage: "`ENVIRONMENT`; without it, all"},
			&cli.StringFlag{Name: "reason", Destination: &o.leave.Reason, Usage: "`WHY`"},
			&cli.StringFlag{Name: "as", Destination: &o.as, Usage: "`NAME` of the person, on the embedded forge"},
			outputFlag()),
		Action: func(c *cli.Context) error {
			o.output = c.String("output")
			return a.runRetire(c.Context, o)
		},
	}
}

func (a *app) runRetire(ctx context.Context, o retireOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	if o.leave.App == "" || o.leave.Reason == "" {
		return usagef("retire what, and why? give --app and --reason")
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	who, err := a.openGitOps(ctx, o.gitops.as(o.as))
	if err != nil {
		return err
	}
	if o.leave.By, err = a.actor(ctx, who, o.as); err != nil {
		return err
	}
	o.leave.Reason = scm.Text(o.leave.Reason)
	r, err := g.Retire(ctx, o.leave)
	if err != nil {
		return err
	}
	return a.writeReport(ctx, o.output, r)
}
