package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

type rollbackOptions struct {
	gitops     gitopsOptions
	back       promote.Back
	also       bool
	as, output string
}

func (a *app) rollbackCommand() *cli.Command {
	var o rollbackOptions
	return &cli.Command{
		Name:  "rollback",
		Usage: "bring back what ran before, by the usual pull request with quicker gates, and hold it there",
		Description: "The hold is written first: nothing rolls forward again until ferry resume, or ferry promote --release with a newer release.\n" +
			"The tree of that time comes back byte for byte; nothing is rendered.",
		Flags: append(gitopsFlags(&o.gitops),
			&cli.StringFlag{Name: "app", Destination: &o.back.App, Usage: "`APP`"},
			&cli.StringFlag{Name: "env", Destination: &o.back.Environment, Usage: "`ENVIRONMENT`"},
			&cli.StringFlag{Name: "to", Destination: &o.back.To, Usage: "`RELEASE` to go back to; without it, the newest other one that was proven there"},
			&cli.StringFlag{Name: "reason", Destination: &o.back.Reason, Usage: "`WHY`"},
			&cli.BoolFlag{Name: "also", Destination: &o.also, Usage: "roll back every other environment that runs the same release, too"},
			&cli.StringFlag{Name: "as", Destination: &o.as, Usage: "`NAME` of the person, on the embedded forge"},
			outputFlag()),
		Action: func(c *cli.Context) error {
			o.output = c.String("output")
			return a.runRollback(c.Context, o)
		},
	}
}

func (a *app) runRollback(ctx context.Context, o rollbackOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	if o.back.App == "" || o.back.Environment == "" || o.back.Reason == "" {
		return usagef("roll back what, where and why? give --app, --env and --reason")
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	who, err := a.openGitOps(ctx, o.gitops.as(o.as))
	if err != nil {
		return err
	}
	if o.back.By, err = a.actor(ctx, who, o.as); err != nil {
		return err
	}
	s, err := g.Load(ctx, scopeOfOne(o.back.App, ""))
	if err != nil {
		return err
	}
	o.back.Reason = scm.Text(o.back.Reason)
	also := s.Also(o.back.Key)
	r, err := g.Rollback(ctx, o.back)
	if err != nil {
		return err
	}
	if o.also {
		return a.rollbackAlso(ctx, g, o, also, r)
	}
	if len(also) > 0 {
		a.say(notice, "the same release runs in %s: --also rolls it back there, too", strings.Join(also, ", "))
	}
	return a.writeReport(ctx, o.output, r)
}

// rollbackAlso goes on with the other environments; each is on its own, and what failed is named at the end.
func (a *app) rollbackAlso(ctx context.Context, g *gitops, o rollbackOptions, also []string, r *promote.Report) error {
	for _, environment := range also {
		o.back.Environment = environment
		more, err := g.Rollback(ctx, o.back)
		if err != nil {
			r.Plan.Failures = append(r.Plan.Failures, fmt.Errorf("%s: %w", environment, err))
			continue
		}
		r.Join(more)
	}
	return a.writeReport(ctx, o.output, r)
}
