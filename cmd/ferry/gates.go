package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/promote"
)

type gatesOptions struct {
	gitops gitopsOptions
	commit string
	output string
}

func (a *app) gatesCommand() *cli.Command {
	var o gatesOptions
	return &cli.Command{
		Name:        "gates",
		Usage:       "answer for a commit that a merge queue made: may everything that it promotes be merged now?",
		Description: "The answer is posted on the commit as ferry/gates. A commit that promotes nothing passes.",
		Flags: append(gitopsFlags(&o.gitops), &cli.StringFlag{Name: "commit", Destination: &o.commit, Usage: "`SHA` of the GitOps repository"},
			outputFlag()),
		Action: func(c *cli.Context) error {
			o.output = c.String("output")
			return a.runGates(c.Context, o)
		},
	}
}

func (a *app) runGates(ctx context.Context, o gatesOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	if o.commit == "" {
		return usagef("answer for which commit? give --commit")
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	s, err := g.Load(ctx, promote.Scope{})
	if err != nil {
		return err
	}
	all, err := g.JudgeCommit(ctx, s, o.commit)
	if err != nil {
		return err
	}
	if err := a.writeJudged(o.output, all); err != nil {
		return err
	}
	for _, j := range all {
		if len(j.Conditions) > 0 {
			return &promote.Refused{Reason: "not every gate passes, as said above"}
		}
	}
	return nil
}

func (a *app) writeJudged(format string, all []promote.Judged) error {
	if format == "json" {
		return writeJSON(a.Out, gatesDocument{current, append([]promote.Judged{}, all...)})
	}
	if len(all) == 0 {
		fmt.Fprintln(a.Out, "not a promotion")
	}
	for _, j := range all {
		said := "every gate passes"
		if len(j.Conditions) > 0 {
			said = "waits"
		}
		fmt.Fprintf(a.Out, "%s: %s %s: %s\n", j.Environment, j.App, door.Outside(j.Version).Line(), said)
		for _, c := range j.Conditions {
			fmt.Fprintf(a.Out, "  %s\n", door.Outside(c.Reason).Line())
		}
	}
	return nil
}
