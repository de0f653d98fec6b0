package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

func (a *app) upgradeCommand() *cli.Command {
	var o advanceOptions
	return &cli.Command{
		Name:  "upgrade",
		Usage: "propose what runs in the bytes of this ferry, where they differ",
		Description: "Another version of ferry, or of a renderer in it, proposes nothing by itself. --plan renders everything as its record says and sorts it:\n" +
			"same, format only (the same resources in other bytes), semantic (other resources). Without --plan the changes are proposed, the first\n" +
			"environments first; the next ones once those have them and have proven them: run it again.",
		Flags: append(gitopsFlags(&o.gitops), append(scopeFlags(), &cli.BoolFlag{Name: "plan", Usage: "show what would change, write nothing"}, outputFlag())...),
		Action: func(c *cli.Context) error {
			o.Options.Scope, o.output, o.Upgrade = scopeOf(c), c.String("output"), true
			if c.Bool("plan") {
				return a.runUpgradePlan(c.Context, o)
			}
			return a.runAdvance(c.Context, o)
		},
	}
}

func (a *app) runUpgradePlan(ctx context.Context, o advanceOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	s, err := g.Load(ctx, o.Scope)
	if err != nil {
		return err
	}
	all, err := g.Upgrades(ctx, s, o.Scope)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return writeJSON(a.Out, upgradesDocument{current, append([]promote.Upgrade{}, all...)})
	}
	return a.writeUpgrades(all)
}

// writeUpgrades lists what differs, and counts what does not.
func (a *app) writeUpgrades(all []promote.Upgrade) error {
	table := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	same := 0
	for _, u := range all {
		if u.Kind == promote.UpgradeSame {
			same++
			continue
		}
		why := u.Reason
		if why == "" {
			why = fmt.Sprintf("%d files: %s", len(u.Files), few(u.Files))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\twritten by %s\n", u.Environment, u.App, u.Kind, scm.Line(why), scm.Line(u.From))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.Out, "%d of %d the same\n", same, len(all))
	return err
}

// few names some of many.
func few(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
