package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/report"
)

// submitOptions say which release is handed over, and where to.
type submitOptions struct {
	gitops   gitopsOptions
	release  releaseOptions
	options  promote.Options
	output   string
	detailed bool // exit with 10 where there are changes

	failSuperseded bool
}

func (a *app) submitCommand() *cli.Command {
	var o submitOptions
	return &cli.Command{
		Name:  "submit",
		Usage: "hand a release over: it enters the environments that come after nothing",
		Description: "Templates are read from the commit of the app's repository, never from its working files. In GitHub Actions, GitLab CI and\n" +
			"Azure Pipelines the commit, the order of releases and the link to the run come from the CI's variables.",
		Flags: append(append(gitopsFlags(&o.gitops), releaseFlags()...), shrinkFlag(), supersededFlag(&o.failSuperseded), outputFlag()),
		Action: func(c *cli.Context) error {
			o.release, o.output = releaseOf(c), c.String("output")
			o.options.ConfirmShrink = c.Bool("confirm-shrink")
			return a.runSubmit(c.Context, o)
		},
	}
}

func (a *app) runSubmit(ctx context.Context, o submitOptions) error {
	if err := checkFormat(o.output, "text", "json", "markdown"); err != nil {
		return err
	}
	g, s, in, err := a.openIntake(ctx, o)
	if err != nil {
		return a.superseded(o, err)
	}
	if o.options.Apps = in.Apps(); len(o.options.Apps) == 0 { // all of it is contained in what was accepted before
		return a.writeReport(ctx, o.output, &promote.Report{Plan: &promote.Plan{State: s}})
	}
	r, err := g.Submit(ctx, s, in, o.options)
	if err != nil {
		a.announce(ctx, r)
		return a.superseded(o, err)
	}
	a.tell(ctx, g, r, o.options)
	return a.writeReport(ctx, o.output, r)
}

func (a *app) planCommand() *cli.Command {
	var o submitOptions
	return &cli.Command{
		Name:  "plan",
		Usage: "show what submit (with a release) or advance (without) would do; write nothing",
		Flags: append(append(append(gitopsFlags(&o.gitops), releaseFlags()...), &cli.StringSliceFlag{Name: "env", Usage: "only this `ENVIRONMENT`; may be repeated"}),
			shrinkFlag(), outputFlag(), &cli.BoolFlag{Name: "detailed-exitcode", Usage: "exit with 10 where there are changes"}),
		Action: func(c *cli.Context) error {
			o.release, o.output, o.detailed = releaseOf(c), c.String("output"), c.Bool("detailed-exitcode")
			o.options.Environments, o.options.ConfirmShrink = c.StringSlice("env"), c.Bool("confirm-shrink")
			return a.runPlan(c.Context, o)
		},
	}
}

func (a *app) runPlan(ctx context.Context, o submitOptions) error {
	if err := checkFormat(o.output, "text", "json", "markdown"); err != nil {
		return err
	}
	plan, err := a.plan(ctx, o)
	if err != nil {
		return err
	}
	if err := a.writePlan(o.output, plan); err != nil {
		return err
	}
	if err := (&promote.Report{Plan: plan}).Errors(); err != nil {
		return err
	}
	if o.detailed && report.Changes(plan) {
		return changesError{}
	}
	return nil
}

func (a *app) plan(ctx context.Context, o submitOptions) (*promote.Plan, error) {
	if !o.release.given() {
		if o.release.app != "" {
			o.options.Apps = []string{o.release.app}
		}
		_, _, plan, err := a.look(ctx, o.gitops, o.options)
		return plan, err
	}
	g, s, in, err := a.openIntake(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.options.Apps = in.Apps(); len(o.options.Apps) == 0 {
		return &promote.Plan{State: s}, nil
	}
	return g.PlanSubmit(ctx, s, in, o.options)
}

// changesError makes --detailed-exitcode; there is nothing to print.
type changesError struct{}

func (changesError) Error() string { return "" }
func (changesError) ExitCode() int { return exitChanges }
