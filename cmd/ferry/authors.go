package main

import (
	"context"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/source"
)

// authors says who wrote what a release brings, since the release before it and since what runs anywhere, where an
// environment of the app does not let them approve. What is not known stays out: then nobody's approval counts there.
func (b *builder) authors(ctx context.Context, r *release.Release, before release.Release) {
	if r.Source.Commit == "" || len(r.Authors) > 0 || !b.excludesAuthors(r.App) {
		return
	}
	if before.App != "" && before.Source.Commit != r.Source.Commit {
		b.wroteSince(ctx, r, before.Source.Commit)
	}
	if _, known := r.WroteSince(before.Source.Commit); known && before.Source.Commit != "" {
		for _, s := range before.Authors {
			r.AddShare(s.Since, s.People)
		}
	}
	running, all := b.state.Running(r.App)
	for _, other := range running {
		b.wroteSince(ctx, r, other.Source.Commit)
	}
	if !all {
		b.wroteSince(ctx, r, release.Start)
	}
	if len(r.Authors) == 0 {
		b.app.say(notice, "the history of %s at hand does not tell who wrote %s: no approval will count where %s are excluded", r.App, r.Version, environments.SourceAuthors)
	}
}

func (b *builder) excludesAuthors(app string) bool {
	for p := range b.config.EachPlacement() {
		if p.App == app && slices.Contains(p.Gates.Approvals.Exclude, environments.SourceAuthors) {
			return true
		}
	}
	return false
}

// wroteSince adds what came since a commit, as far as the checkout tells, else the source's repository.
func (b *builder) wroteSince(ctx context.Context, r *release.Release, since string) {
	from := git.ID(since)
	if since == release.Start {
		from = ""
	} else if _, known := r.WroteSince(since); since == "" || known {
		return
	}
	for _, open := range []func() *git.Repository{b.repository, func() *git.Repository { return b.history.remote(ctx, r.Source.Repository) }} {
		repo := open()
		if repo == nil {
			continue
		}
		people, known, err := source.Wrote(ctx, repo, from, git.ID(r.Source.Commit), b.history.host())
		if err != nil || !known {
			continue
		}
		r.AddShare(since, b.named(ctx, *r, people))
		return
	}
}

// named adds what the forge tells: on the embedded one, people have the names that their commits have; on others, who opened
// the pull request that the release was built from.
func (b *builder) named(ctx context.Context, r release.Release, people []release.Person) []release.Person {
	if b.embedded {
		for i := range people {
			people[i].Login = people[i].Name
		}
		return people
	}
	if pr, _, err := b.history.merged(ctx, r.Source.Repository, r.Source.Commit); err == nil && pr.Author != "" {
		people = append(people, release.Person{Name: pr.Author, Login: pr.Author})
	}
	return people
}

// host is that of the GitOps repository's web pages; "" of a path.
func (h *history) host() string {
	_, host, found := strings.Cut(hostOf(h.gitops), "://")
	if !found {
		host = hostOf(h.gitops)
	}
	_, after, found := strings.Cut(host, "@")
	if found {
		return after
	}
	return host
}

// embedded tells whether the forge is the one that ferry brings along.
func (g *gitops) embedded() bool {
	_, here := g.Repo.Local()
	return here
}
