package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/report"
)

type statusOptions struct {
	gitops gitopsOptions
	scope  promote.Scope
	output string
	why    bool
}

func (a *app) statusCommand() *cli.Command {
	var o statusOptions
	return &cli.Command{
		Name:  "status",
		Usage: "show which version of which app is where, how it does, and what it waits for",
		Flags: append(gitopsFlags(&o.gitops), append(scopeFlags(), outputFlag(), &cli.BoolFlag{Name: "why", Destination: &o.why, Usage: "say for everything that waits what it waits for, and what would help"})...),
		Action: func(c *cli.Context) error {
			o.scope, o.output = scopeOf(c), c.String("output")
			return a.runStatus(c.Context, o)
		},
	}
}

func (a *app) runStatus(ctx context.Context, o statusOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	g, s, plan, err := a.look(ctx, o.gitops, promote.Options{Scope: o.scope})
	if err != nil {
		return err
	}
	m, err := g.Status(ctx, s, plan, o.scope)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return report.StatusJSON(a.Out, m)
	}
	if err := a.terminal().Status(m, a.Now()); err != nil || !o.why {
		return err
	}
	return a.terminal().Why(plan)
}

func (a *app) whereCommand() *cli.Command {
	var o statusOptions
	return &cli.Command{
		Name:      "where",
		Usage:     "show where a change is: by version, source commit or sequence",
		ArgsUsage: "VERSION|COMMIT",
		Flags:     append(gitopsFlags(&o.gitops), outputFlag()),
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return usagef("where is what? give one version or source commit")
			}
			o.output = c.String("output")
			return a.runWhere(c.Context, o, c.Args().First())
		},
	}
}

func (a *app) runWhere(ctx context.Context, o statusOptions, what string) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	g, s, plan, err := a.look(ctx, o.gitops, promote.Options{})
	if err != nil {
		return err
	}
	places, err := g.Where(ctx, s, plan, what)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return report.WhereJSON(a.Out, what, places)
	}
	return a.terminal().Where(what, places, a.Now())
}

// look reads the state and what would happen next; it writes nothing.
func (a *app) look(ctx context.Context, o gitopsOptions, opts promote.Options) (*gitops, *promote.Snapshot, *promote.Plan, error) {
	g, err := a.openGitOps(ctx, o)
	if err != nil {
		return nil, nil, nil, err
	}
	s, err := g.Load(ctx, opts.Scope)
	if err != nil {
		return nil, nil, nil, err
	}
	plan, err := g.Plan(ctx, s, opts)
	return g, s, plan, err
}
