package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/scm"
)

type prListOptions struct {
	prOptions
	state, head, base string
}

func (a *app) prListCommand() *cli.Command {
	var o prListOptions
	return &cli.Command{
		Name:      "list",
		Usage:     "list pull requests, newest first",
		UsageText: "ferry pr list [--state open|merged|closed|all] [--head BRANCH] [--base BRANCH] [-R REPOSITORY] [-o text|json]",
		Flags: prFlags(&o.prOptions,
			&cli.StringFlag{Name: "state", Value: string(scm.Open), Destination: &o.state, Usage: "`STATE`: open, merged, closed or all"},
			&cli.StringFlag{Name: "head", Destination: &o.head, Usage: "only from this `BRANCH`"},
			&cli.StringFlag{Name: "base", Destination: &o.base, Usage: "only into this `BRANCH`"}),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("ferry pr list takes no arguments")
			}
			if err := checkFormat(o.output, "text", "json"); err != nil {
				return err
			}
			return a.runPRList(c.Context, o)
		},
	}
}

func (a *app) runPRList(ctx context.Context, o prListOptions) error {
	filter, err := o.filter()
	if err != nil {
		return err
	}
	d, err := a.sitDown(ctx, o.prOptions)
	if err != nil {
		return err
	}
	prs, err := d.forge.PullRequests(ctx, filter)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return writeJSON(a.Out, pullRequestsDocument{current, append([]scm.PullRequest{}, prs...)})
	}
	if len(prs) == 0 {
		a.say(info, "no pull requests")
		return nil
	}
	return a.writePRs(prs)
}

func (o prListOptions) filter() (scm.Filter, error) {
	f := scm.Filter{Head: o.head, Base: o.base}
	switch state := scm.State(o.state); state {
	case scm.Open, scm.Merged, scm.Closed:
		f.State = state
	case "all":
	default:
		return f, usagef("--state %s: the states are open, merged, closed and all", o.state)
	}
	return f, nil
}

func (a *app) writePRs(prs []scm.PullRequest) error {
	table := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	for _, pr := range prs {
		fmt.Fprintf(table, "#%d\t%s\t%s -> %s\t%s\t%s\t%s\n", pr.Number, stateWord(pr), pr.Head, pr.Base, scm.Line(pr.Title), scm.Line(pr.Author), age(a.Now().Sub(pr.Created)))
	}
	return table.Flush()
}

// stateWord says in a word what somebody who looks for work has to know.
func stateWord(pr scm.PullRequest) string {
	switch {
	case pr.State != scm.Open:
		return string(pr.State)
	case pr.Conflict:
		return "conflict"
	case pr.Draft:
		return "draft"
	}
	return string(pr.State)
}

// age is how long ago something was, in the largest unit that tells.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}
