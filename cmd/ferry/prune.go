package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/source"
)

type pruneOptions struct {
	gitops gitopsOptions
	plan   bool
	output string
}

func (a *app) pruneCommand() *cli.Command {
	var o pruneOptions
	return &cli.Command{
		Name:  "prune",
		Usage: "remove templates from " + release.SourcesBranch + " that nobody can need any more",
		Description: "What stays: the templates of accepted releases, of what environments hold, of as many releases before that as keep in\n" +
			"ferry.yaml says, of open promotions and of hotfixes. Apps that ferry.yaml does not name are left alone.",
		Flags: append(gitopsFlags(&o.gitops), &cli.BoolFlag{Name: "plan", Destination: &o.plan, Usage: "show what would go; write nothing"}, outputFlag()),
		Action: func(c *cli.Context) error {
			o.output = c.String("output")
			return a.runPrune(c.Context, o)
		},
	}
}

func (a *app) runPrune(ctx context.Context, o pruneOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	needed := func(ctx context.Context) (map[string]map[string]bool, error) {
		s, err := g.Load(ctx, promote.Scope{})
		if err != nil {
			return nil, err
		}
		return g.Needed(ctx, s, s.Config.Keep)
	}
	prune := g.store.Prune
	verb := "removed"
	if o.plan {
		prune, verb = g.store.Unneeded, "would remove"
	}
	gone, err := prune(ctx, needed)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return writeJSON(a.Out, prunedDocument{current, append([]source.Pruned{}, gone...)})
	}
	for _, p := range gone {
		fmt.Fprintf(a.Out, "%s %s %s\n", verb, p.App, short(p.Tree))
	}
	if len(gone) == 0 {
		fmt.Fprintln(a.Out, "everything that is stored is needed")
	}
	return nil
}
