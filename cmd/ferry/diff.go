package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/report"
)

type diffOptions struct {
	gitops    gitopsOptions
	scope     promote.Scope
	revisions []string
	output    string
}

func (a *app) diffCommand() *cli.Command {
	var o diffOptions
	return &cli.Command{
		Name:  "diff",
		Usage: "compare two environments, or two commits of the GitOps repository, resource by resource",
		UsageText: "ferry diff --env A --env B [--app APP] [-o text|json|markdown]\n" +
			"ferry diff REV1 REV2 [--env ENVIRONMENT] [--app APP]\n\nREV is a branch, a tag, or a commit by its id or the beginning of it.",
		Flags: append(gitopsFlags(&o.gitops), append(scopeFlags(), outputFlag())...),
		Action: func(c *cli.Context) error {
			o.scope, o.output, o.revisions = scopeOf(c), c.String("output"), c.Args().Slice()
			if len(o.revisions) != 2 && (len(o.revisions) != 0 || len(o.scope.Environments) != 2) {
				return usagef("diff compares two of a kind: give --env twice, or two revisions")
			}
			return a.runDiff(c.Context, o)
		},
	}
}

func (a *app) runDiff(ctx context.Context, o diffOptions) error {
	if err := checkFormat(o.output, "text", "json", "markdown"); err != nil {
		return err
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	s, err := g.Load(ctx, promote.Scope{Apps: o.scope.Apps})
	if err != nil {
		return err
	}
	pair := o.revisions
	var changes []promote.Change
	if len(pair) == 0 {
		pair = o.scope.Environments
		changes, err = g.Between(ctx, s, pair[0], pair[1], o.scope.Apps...)
	} else {
		changes, err = g.Revisions(ctx, s, pair[0], pair[1], o.scope)
	}
	if err != nil {
		return err
	}
	return a.writeDiff(o.output, pair[0], pair[1], changes)
}

func (a *app) writeDiff(format, from, to string, changes []promote.Change) error {
	switch format {
	case "json":
		return report.CompareJSON(a.Out, from, to, changes)
	case "markdown":
		_, err := fmt.Fprint(a.Out, report.CompareMarkdown(from, to, changes))
		return err
	}
	return a.terminal().Compare(from, to, changes)
}
