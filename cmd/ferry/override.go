package main

import (
	"context"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

// runOverride is ferry promote --override: an emergency, on record.
func (a *app) runOverride(ctx context.Context, o advanceOptions, gates []string, reason, ticket string) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	if len(o.Apps) != 1 || len(o.Environments) != 1 || reason == "" {
		return usagef("an override is for one app in one environment, with a reason: give --app, --env and --reason")
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	r, err := g.Override(ctx, promote.Emergency{Key: promote.Key{App: o.Apps[0], Environment: o.Environments[0]}, Gates: gates,
		Reason: scm.Text(reason), Ticket: scm.Text(ticket)})
	if err != nil {
		return err
	}
	return a.writeAdvance(ctx, o, r)
}
