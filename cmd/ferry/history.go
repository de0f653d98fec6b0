package main

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/source"
)

// history looks into the repositories of sources, for people who read what a release brings. It is never needed: what
// cannot be read is left out.
type history struct {
	app      *app
	gitops   string           // address of the GitOps repository, for whose host the credentials are
	checkout *source.Checkout // of the release at hand, if any
	opened   map[string]*git.Repository
	id       git.Identity // who writes on the embedded forge, and
	user     string       // under which name
	said     forgeOptions // which forge the GitOps repository is on: that of its host
	forges   map[string]sourceForge
}

const (
	maxCommits   = 30
	historyWaits = 30 * time.Second
)

// commits implements promote.Commits.
func (h *history) commits(ctx context.Context, repository, from, to string) ([]promote.Commit, int) {
	ctx, cancel := context.WithTimeout(ctx, historyWaits)
	defer cancel()
	repo := h.open(ctx, repository)
	if repo == nil {
		return nil, 0
	}
	found, more, ok, err := source.Between(ctx, repo, git.ID(from), git.ID(to), maxCommits)
	if err != nil || !ok {
		return nil, 0
	}
	var all []promote.Commit
	for _, c := range found {
		subject, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
		all = append(all, promote.Commit{ID: string(c.ID), Author: c.Author.Name, Subject: subject})
	}
	return all, more
}

// open gives the repository where it can be read: the checkout, a folder of this machine, or one on the host that the
// credentials are for; no other host gets to see them.
func (h *history) open(ctx context.Context, repository string) *git.Repository {
	if h.checkout != nil && (source.SameRepository(h.checkout.Origin(), repository) || h.checkout.Dir() == repository) {
		return h.checkout.Repository()
	}
	return h.remote(ctx, repository)
}

// remote gives the repository itself, whose history is whole where that of a checkout may be cut off.
func (h *history) remote(ctx context.Context, repository string) *git.Repository {
	if repo, known := h.opened[repository]; known {
		return repo
	}
	h.opened[repository] = nil
	if host := hostOf(repository); host != "" && host != hostOf(h.gitops) {
		return nil
	}
	how, err := h.app.gitOptions(h.id)
	if err != nil {
		return nil
	}
	if repo, err := git.Open(ctx, repository, how); err == nil {
		h.opened[repository] = repo
	}
	return h.opened[repository]
}

// hostOf gives the host of a URL, "" of a path.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		host, _, scp := strings.Cut(address, ":")
		if !scp || strings.Contains(host, "/") {
			return ""
		}
		return host
	}
	return u.Scheme + "://" + u.Host
}

// tickets finds what a release is about: in the commits since the one before it, in the branch it was built from, and in
// pull requests that were merged.
func (b *builder) tickets(ctx context.Context, r *release.Release, before release.Release) {
	conf := b.config.Tickets
	if conf.Pattern == nil || r.Source.Commit == "" {
		return
	}
	texts := r.Tickets
	messages := b.messages(ctx, r, before)
	for _, from := range conf.From {
		switch from {
		case "commits":
			texts = append(texts, messages...)
		case "branch":
			texts = append(texts, r.Source.Ref)
		case "pullRequest":
			texts = append(texts, b.ofPullRequest(ctx, r, messages)...)
		}
	}
	r.Tickets = release.FindTickets(conf.Pattern, texts...)
}

// ofPullRequest gives title and branch of the merged pull request where the source's forge tells, and what merge commits say
// of those before it.
func (b *builder) ofPullRequest(ctx context.Context, r *release.Release, messages []string) []string {
	var texts []string
	if pr, _, err := b.history.merged(ctx, r.Source.Repository, r.Source.Commit); err == nil && pr.Number > 0 {
		texts = append(texts, pr.Title, pr.Head)
	}
	for _, m := range messages {
		texts = append(texts, pullRequestPart(m))
	}
	return texts
}

// messages are those of the commits since the release before, of the release's own commit alone where the checkout does not
// reach back that far.
func (b *builder) messages(ctx context.Context, r *release.Release, before release.Release) []string {
	if b.checkout == nil {
		return nil
	}
	commits, _, found, err := source.Between(ctx, b.checkout.Repository(), git.ID(before.Source.Commit), git.ID(r.Source.Commit), maxCommits*10)
	if err != nil || !found {
		commits = nil
		if c, err := b.checkout.Commit(ctx, git.ID(r.Source.Commit)); err == nil {
			commits = append(commits, c)
		}
	}
	var all []string
	for _, c := range commits {
		all = append(all, c.Message)
	}
	return all
}

// pullRequestPart gives what a merge commit says of the pull request it merged, as GitHub, GitLab, Azure DevOps and Bitbucket
// write it; "" of any other commit.
func pullRequestPart(message string) string {
	for _, beginning := range []string{"Merge pull request ", "Merge branch ", "Merged PR ", "Merged in ", "See merge request "} {
		if strings.HasPrefix(message, beginning) {
			return message
		}
	}
	subject, _, _ := strings.Cut(message, "\n")
	if strings.HasSuffix(strings.TrimSpace(subject), ")") && strings.Contains(subject, "(#") { // a squash on GitHub
		return subject
	}
	return ""
}
