package main

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/source"
)

type hotfixOptions struct {
	gitops                gitopsOptions
	release               releaseOptions
	env, base, reason, as string
	output                string
}

func (a *app) hotfixCommand() *cli.Command {
	var o hotfixOptions
	return &cli.Command{
		Name:  "hotfix",
		Usage: "bring a release straight into a later environment, past those before it",
		Description: "Its source must descend from what runs there. Environments before are not touched, a person always approves, and whatever comes\n" +
			"after it has to contain it: ferry submit sees that in the app's history, ferry promote --release says it, ferry resume gives it up.",
		Flags: append(append(gitopsFlags(&o.gitops), releaseFlags()...),
			&cli.StringFlag{Name: "env", Destination: &o.env, Usage: "`ENVIRONMENT` to fix"},
			&cli.StringFlag{Name: "base", Destination: &o.base, Usage: "`RELEASE` that runs there and that the fix was made for"},
			&cli.StringFlag{Name: "reason", Destination: &o.reason, Usage: "`WHY`"},
			&cli.StringFlag{Name: "as", Destination: &o.as, Usage: "`NAME` of the person, on the embedded forge"},
			outputFlag()),
		Action: func(c *cli.Context) error {
			o.release, o.output = releaseOf(c), c.String("output")
			return a.runHotfix(c.Context, o)
		},
	}
}

func (a *app) runHotfix(ctx context.Context, o hotfixOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	if o.env == "" || o.base == "" || o.reason == "" {
		return usagef("fix what, on top of what, and why? give --env, --base and --reason")
	}
	document, err := a.readReleases(o.release)
	if err != nil {
		return err
	}
	releases, said := document.Releases, claim{document.Identity, digestOf(document.Releases)}
	if len(releases) != 1 {
		return usagef("a hotfix is one release of one app")
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	who, err := a.openGitOps(ctx, o.gitops.as(o.as))
	if err != nil {
		return err
	}
	fix := promote.Fix{Environment: o.env, Base: o.base, Reason: scm.Text(o.reason)}
	if fix.By, err = a.actor(ctx, who, o.as); err != nil {
		return err
	}
	b, err := a.completeHotfix(ctx, g, o, &releases[0])
	if err != nil {
		return err
	}
	if err := a.believe(ctx, b.config, said, releases); err != nil {
		return err
	}
	fix.Release, fix.Descends = releases[0], b.descends(releases[0])
	r, err := g.Hotfix(ctx, keeping{g.store, b.repository(), releases[0]}, fix)
	if err != nil {
		return err
	}
	return a.writeReport(ctx, o.output, r)
}

// completeHotfix fills in the release from the checkout, which a hotfix always needs: it shows what the fix is based on.
func (a *app) completeHotfix(ctx context.Context, g *gitops, o hotfixOptions, rel *release.Release) (*builder, error) {
	s, err := g.Load(ctx, promote.Scope{Apps: []string{rel.App}})
	if err != nil {
		return nil, err
	}
	b := &builder{app: a, options: o.release, config: s.Config, history: g.history, state: s, embedded: g.embedded(), pinner: a.pinner(g.registry, o.release)}
	if b.bringer, err = g.bringer(a, o.gitops); err != nil {
		return nil, err
	}
	if b.checkout, err = source.OpenCheckout(ctx, a.below(o.release.source), git.Options{Now: a.Now}); err != nil {
		return nil, err
	}
	if b.ci, err = source.FromCI(a.Getenv); err != nil {
		return nil, err
	}
	completed := []release.Release{*rel}
	err = b.complete(ctx, completed, s.Accepted)
	*rel = completed[0]
	return b, err
}

// descends looks for a commit in the history of a release's source, as far as the checkout tells.
func (b *builder) descends(rel release.Release) func(context.Context, string) (bool, error) {
	return func(ctx context.Context, ancestor string) (bool, error) {
		found := false
		if b.checkout == nil || ancestor == "" {
			return false, nil
		}
		err := b.repository().Log(ctx, git.ID(rel.Source.Commit), func(c git.Commit) (bool, error) {
			found = string(c.ID) == ancestor
			return !found, nil
		})
		if errors.Is(err, git.ErrNotFound) {
			err = nil
		}
		return found, err
	}
}

// keeping stores the templates of a hotfix.
type keeping struct {
	store    *source.Store
	checkout *git.Repository
	rel      release.Release
}

func (k keeping) Store(ctx context.Context) error { return k.store.Keep(ctx, k.checkout, k.rel) }
