package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/report"
	"github.com/ferry-cd/ferry/scm"
)

// tell says on the merged pull requests of sources how far their changes have come, where ferry.yaml asks for it. Nothing
// depends on it: what cannot be said is a notice.
func (a *app) tell(ctx context.Context, g *gitops, r *promote.Report, o promote.Options) {
	if r.Plan == nil || r.Plan.State == nil {
		return
	}
	apps := listeners(r.Plan.State.Config, o.Scope)
	if len(apps) == 0 {
		return
	}
	if err := g.tellAll(ctx, r, o, apps); err != nil {
		a.say(notice, "sources were not told: %s", scm.Line(err.Error()))
	}
}

// listeners are the apps in scope whose sources want to hear.
func listeners(config *environments.Config, scope promote.Scope) []environments.App {
	return slices.DeleteFunc(slices.Clone(config.Apps), func(a environments.App) bool {
		return !a.TellSource || len(scope.Apps) > 0 && !slices.Contains(scope.Apps, a.Name)
	})
}

// place is one source commit, which several apps may be built from.
type place struct{ repository, commit string }

func (g *gitops) tellAll(ctx context.Context, r *promote.Report, o promote.Options, apps []environments.App) error {
	s, plan, err := g.whole(ctx, r, o, apps)
	if err != nil {
		return err
	}
	var order []place
	about := map[place][]promote.Course{}
	for _, conf := range apps {
		courses, err := g.Courses(ctx, s, plan, conf.Name)
		if err != nil {
			return err
		}
		for _, c := range courses {
			at := place{c.Release.Source.Repository, c.Release.Source.Commit}
			if at.commit == "" || mayComeFrom(conf, c.Release) != nil {
				continue
			}
			if about[at] == nil {
				order = append(order, at)
			}
			about[at] = append(about[at], c)
		}
	}
	var errs []error
	for _, at := range order {
		if err := g.history.comment(ctx, at, report.SourceComment(about[at], time.UTC)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", at.repository, err))
		}
	}
	return errors.Join(errs...)
}

// whole gives the state of some apps in all environments with everything that they wait for: that of the run where it was
// about all of them, else a new look.
func (g *gitops) whole(ctx context.Context, r *promote.Report, o promote.Options, apps []environments.App) (*promote.Snapshot, *promote.Plan, error) {
	if len(o.Environments) == 0 && len(o.Apps) == 0 && !o.Explicit && !o.Upgrade {
		return r.Plan.State, r.Plan, nil
	}
	var scope promote.Scope
	for _, conf := range apps {
		scope.Apps = append(scope.Apps, conf.Name)
	}
	s, err := g.Load(ctx, scope)
	if err != nil {
		return nil, nil, err
	}
	plan, err := g.Plan(ctx, s, promote.Options{Scope: scope})
	return s, plan, err
}

// comment keeps the one comment on the merged pull request of a source commit, where there are both.
func (h *history) comment(ctx context.Context, at place, text string) error {
	pr, forge, err := h.merged(ctx, at.repository, at.commit)
	talks, able := forge.(scm.Commenter)
	if err != nil || pr.Number == 0 || !able {
		return err
	}
	_, err = talks.EnsureComment(ctx, pr.Number, report.SourceMarker, text)
	return err
}

// merged finds the pull request whose merge made a commit of a source; number 0 where none is found.
func (h *history) merged(ctx context.Context, repository, commit string) (scm.PullRequest, scm.Client, error) {
	at, known := h.forges[repository]
	if !known {
		at = h.look(ctx, repository)
		h.forges[repository] = at
	}
	i := slices.IndexFunc(at.merged, func(pr scm.PullRequest) bool { return pr.MergeCommit == commit })
	if i < 0 {
		return scm.PullRequest{}, at.forge, at.err
	}
	return at.merged[i], at.forge, nil
}

// sourceForge is the forge of a source with what was merged there lately; the forge is nil where there is none, or none
// that the credentials are for.
type sourceForge struct {
	forge  scm.Client
	merged []scm.PullRequest
	err    error
}

// maxMerged is how many merged pull requests of a source are looked at: releases on their way are of the newest.
const maxMerged = 100

func (h *history) look(ctx context.Context, repository string) sourceForge {
	ctx, cancel := context.WithTimeout(ctx, historyWaits)
	defer cancel()
	if hostOf(repository) != hostOf(h.gitops) {
		return sourceForge{}
	}
	how, err := h.app.gitOptions(h.id)
	if err != nil {
		return sourceForge{err: err}
	}
	at, err := h.app.connect(ctx, repository, h.user, h.said, how)
	if err != nil || at.forge == nil {
		return sourceForge{err: err}
	}
	all, err := at.forge.PullRequests(ctx, scm.Filter{State: scm.Merged, Newest: maxMerged, Brief: true})
	return sourceForge{forge: at.forge, merged: all, err: err}
}
