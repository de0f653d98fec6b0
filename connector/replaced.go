package connector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// proposal is what a promotion branch carries, or carried when its pull request ended.
type proposal struct {
	branch string
	head   git.ID
}

// Bounds of what is read to find out what was replaced.
const (
	maxReplaced = 100   // releases that one proposal names
	maxAccepted = 2_000 // commits of the sources branch that are looked back
)

// replaced finds releases whose place in a pull request a newer one took before they were merged: no commit of the
// environment's branch will ever carry them, so that whoever waits for them waits in vain. The commit of a promotion branch
// names them. What they were, ferry-sources says: the commit that accepted a release stands for it, and remembers that
// pipelines were told.
func (c *continuer) replaced(ctx context.Context, ended []proposal, now time.Time) {
	for at, seen := range c.heads {
		if now.Sub(seen) > 2*recent {
			delete(c.heads, at)
		}
	}
	all := append(c.k.reader.proposals(), ended...)
	all = slices.DeleteFunc(all, func(p proposal) bool { _, seen := c.heads[p]; return seen })
	if err := c.k.reader.bring(ctx, all); err != nil {
		c.k.trouble(err)
		return
	}
	for _, p := range all {
		tasks, err := c.replacedBy(ctx, p, now)
		switch {
		case errors.Is(err, git.ErrNotFound):
			continue // the head may be gone for ever; it is looked at again as long as anybody may wait
		case err != nil:
			c.k.trouble(fmt.Errorf("read what %s replaces: %w", p.branch, err))
			continue
		}
		c.heads[p] = now
		for _, t := range tasks {
			c.tasks[t.verdict.promotion()] = t
		}
	}
}

// proposals gives the promotion branches as they stand.
func (r *reader) proposals() []proposal {
	var out []proposal
	for _, p := range r.placements() {
		at := proposal{branch: release.PromotionBranch(p.Environment, p.Unit)}
		if at.head = r.heads[heads+at.branch]; at.head != "" && !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	return out
}

// bring fetches the heads of branches in one request. Those of pull requests that have ended may have no branch any more.
func (r *reader) bring(ctx context.Context, all []proposal) error {
	var refs []string
	for _, p := range all {
		if ref := heads + p.branch; r.heads[ref] == p.head {
			refs = append(refs, ref)
		}
	}
	if len(refs) == 0 {
		return nil
	}
	if err := r.repo.Fetch(ctx, 1, refs...); err != nil {
		return fmt.Errorf("fetch the promotion branches of %s: %w", r.o.Name, err)
	}
	return nil
}

// replacedBy makes a task of each release that a proposal says it took the place of.
func (c *continuer) replacedBy(ctx context.Context, p proposal, now time.Time) ([]*task, error) {
	head, err := c.k.reader.repo.Commit(ctx, p.head)
	if err != nil || now.Sub(head.Time) > recent {
		return nil, err
	}
	var tasks []*task
	named, err := c.k.reader.supersedes(ctx, head)
	if err != nil {
		return nil, err
	}
	for _, old := range named[:min(len(named), maxReplaced)] {
		for _, place := range c.k.reader.placements() {
			if place.App != old.App || release.PromotionBranch(place.Environment, place.Unit) != p.branch {
				continue
			}
			v, is, err := c.k.reader.replaced(ctx, place, head, old)
			if err != nil {
				return nil, err
			}
			if is && c.k.o.Pipelines.Awaits(v) {
				tasks = append(tasks, &task{verdict: v, apart: true})
			}
		}
	}
	return tasks, nil
}

// supersedes reads which releases a proposal says it replaces. Where a forge has brought the base into the branch, the commit
// below says so.
func (r *reader) supersedes(ctx context.Context, head git.Commit) ([]release.Release, error) {
	if len(head.Parents) == 2 {
		ours, err := r.repo.Commit(ctx, head.Parents[0])
		if err != nil {
			return nil, err
		}
		head = ours
	}
	return release.Superseded(release.ParseTrailers(head.Message)), nil
}

// replaced tells how it ended for a release that a proposal says it replaces. A proposal that still carries it, or a branch
// that got it all the same, knows better.
func (r *reader) replaced(ctx context.Context, p environments.Placement, head git.Commit, old release.Release) (Verdict, bool, error) {
	tree, err := r.trees.folder(ctx, head.Tree, p.Folder)
	if err != nil {
		return Verdict{}, false, err
	}
	by, err := r.release(ctx, p, tree)
	if err != nil || by.Sequence == old.Sequence {
		return Verdict{}, false, err
	}
	commit, is, found, err := r.accepted(ctx, old)
	if err != nil || !found {
		return Verdict{}, false, err
	}
	if merged, err := r.merged(ctx, p, is, commit.Time); err != nil || merged {
		return Verdict{}, false, err
	}
	at := head.Time.UTC()
	if now := r.now(); at.After(now) {
		at = now.UTC()
	}
	text := "superseded before it was merged"
	if by.App != "" {
		text = fmt.Sprintf("superseded by %s (%s) before it was merged", by.Version, by.Sequence)
	}
	return Verdict{Phase: Superseded, Since: at, By: string(head.ID), Text: line(text), Target: Target{
		Environment: p.Environment, App: p.App, Repository: r.o.Name, Branch: r.base(p), Path: p.Folder, Commit: string(commit.ID),
		Release: is, Landed: at,
	}}, true, nil
}

// accepted finds the commit by which ferry accepted a release, and the release as it lies there. Messages are the index, the
// file is what counts.
func (r *reader) accepted(ctx context.Context, old release.Release) (git.Commit, release.Release, bool, error) {
	head := r.heads[heads+release.SourcesBranch]
	if head == "" {
		return git.Commit{}, release.Release{}, false, nil
	}
	var at git.Commit
	var is release.Release
	left, label := maxAccepted, old.Version+" ("+old.Sequence.String()+")"
	err := r.repo.Log(ctx, head, func(g git.Commit) (bool, error) {
		left--
		if !brings(release.ParseTrailers(g.Message), old.App, label) {
			return left > 0, nil
		}
		rel, err := r.acceptedAt(ctx, g, old.App)
		if err == nil && rel.Sequence == old.Sequence {
			at, is = g, rel
		}
		return err == nil && is.App == "" && left > 0, err
	})
	if err != nil {
		return git.Commit{}, release.Release{}, false, fmt.Errorf("look for %s %s on %s: %w", old.App, line(label), release.SourcesBranch, err)
	}
	return at, is, is.App != "", nil
}

// brings tells whether a commit of the sources branch says that it brings a release of an app.
func brings(t release.Trailers, app, label string) bool {
	has := func(key, value string) bool {
		return slices.ContainsFunc(t, func(one release.Trailer) bool {
			return strings.EqualFold(one.Key, key) && one.Value == value
		})
	}
	return has(release.TrailerApp, app) && has(release.TrailerRelease, label)
}

// acceptedAt reads the newest accepted release of an app at a commit of the sources branch; none where it cannot be read.
func (r *reader) acceptedAt(ctx context.Context, g git.Commit, app string) (release.Release, error) {
	e, err := r.repo.Lookup(ctx, g.Tree, release.AcceptedPath(app))
	if errors.Is(err, git.ErrNotFound) {
		return release.Release{}, nil
	}
	if err != nil {
		return release.Release{}, err
	}
	data, err := r.repo.Blob(ctx, e.ID)
	if err != nil {
		return release.Release{}, err
	}
	rel, err := release.ParseAccepted(data)
	if err != nil || rel.App != app {
		return release.Release{}, nil
	}
	return rel, nil
}

// merged tells whether the environment's branch got a release all the same, since it was accepted.
func (r *reader) merged(ctx context.Context, p environments.Placement, is release.Release, since time.Time) (bool, error) {
	if !r.follows(p) {
		return false, nil
	}
	c := r.chains[r.base(p)]
	for n := range maxChanges {
		step, ok, err := c.change(ctx, r.trees, p.Folder, n, c.commits[len(c.commits)-1].Time.After(since))
		if err != nil || !ok || step.commit.Time.Before(since) {
			return false, err
		}
		rel, err := r.release(ctx, p, step.tree)
		if err != nil || rel.Sequence == is.Sequence && rel.App != "" {
			return err == nil, err
		}
	}
	return false, nil
}
