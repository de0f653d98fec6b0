package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/scm"
)

type prCreateOptions struct {
	prActOptions
	base, title string
	labels      cli.StringSlice
	draft       bool
}

func (a *app) prCreateCommand() *cli.Command {
	var o prCreateOptions
	return &cli.Command{
		Name:      "create",
		Usage:     "propose a branch of your own; an open pull request for it is brought up to date",
		UsageText: "ferry pr create BRANCH --title TEXT [--body TEXT] [--base BRANCH] [--label NAME]... [--draft] [-R REPOSITORY] [--as NAME] [-o text|json]",
		Flags: prFlags(&o.prOptions, textFlag("body", "`TEXT` below the title", &o.prActOptions),
			&cli.StringFlag{Name: "title", Destination: &o.title, Usage: "`TEXT` of one line"},
			&cli.StringFlag{Name: "base", Destination: &o.base, Usage: "`BRANCH` to merge into (default: the repository's)"},
			&cli.StringSliceFlag{Name: "label", Destination: &o.labels, Usage: "`NAME` of a label"},
			&cli.BoolFlag{Name: "draft", Destination: &o.draft, Usage: "not to be merged yet"}),
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 || o.title == "" {
				return usagef("ferry pr create takes one branch and needs --title")
			}
			if err := checkFormat(o.output, "text", "json"); err != nil {
				return err
			}
			return a.runPRCreate(c.Context, o, c.Args().First())
		},
	}
}

func (a *app) runPRCreate(ctx context.Context, o prCreateOptions, head string) error {
	body, err := a.words(o.text)
	if err != nil {
		return err
	}
	d, err := a.sitDown(ctx, o.prOptions)
	if err != nil {
		return err
	}
	if o.base == "" {
		if o.base, err = d.repo.DefaultBranch(ctx); err != nil {
			return err
		}
	}
	want := scm.Proposal{Head: head, Base: o.base, Title: o.title, Body: body, Labels: o.labels.Value(), Draft: o.draft}
	pr, outcome, err := d.forge.EnsurePullRequest(ctx, want)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return writeJSON(a.Out, createdDocument{current, outcome, pr})
	}
	_, err = fmt.Fprintf(a.Out, "#%d %s: %s\n", pr.Number, outcome, pr.URL)
	return err
}
