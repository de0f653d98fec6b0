package connector

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// unlanded finds promotions that ended without reaching their environment, and that no commit of its branch tells of: whoever
// waits for them waits in vain.
func (c *continuer) unlanded(ctx context.Context, now time.Time) {
	if c.k.o.Pipelines == nil {
		return
	}
	for key, at := range c.shut {
		if now.Sub(at) > 2*recent {
			delete(c.shut, key)
		}
	}
	var over []proposal
	for _, pr := range c.k.step.merges.known {
		over = append(over, proposal{pr.Head, git.ID(pr.HeadSHA)})
	}
	for _, pr := range c.closed(ctx, now) {
		over = append(over, proposal{pr.Head, git.ID(pr.HeadSHA)})
		c.shutDown(ctx, pr, now)
	}
	c.replaced(ctx, over, now)
}

// closed lists ferry's own pull requests that were closed a short while ago.
func (c *continuer) closed(ctx context.Context, now time.Time) []scm.PullRequest {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	list, err := c.k.repo.Forge.Forge.PullRequests(ctx, scm.Filter{State: scm.Closed, Newest: endedPulls})
	if err != nil {
		c.k.trouble(fmt.Errorf("list closed pull requests: %w", err))
	}
	return slices.DeleteFunc(list, func(pr scm.PullRequest) bool { return !promotes(pr) || now.Sub(pr.Closed) >= recent })
}

// shutDown makes a task of each app that a closed promotion carried.
func (c *continuer) shutDown(ctx context.Context, pr scm.PullRequest, now time.Time) {
	for _, p := range c.k.reader.placements() {
		base := c.k.reader.base(p)
		key := pr.HeadSHA + "/" + p.Environment + "/" + p.App
		if _, seen := c.shut[key]; seen || pr.Head != release.PromotionBranch(p.Environment, p.Unit) || pr.Base != base {
			continue
		}
		rel, carried, err := c.k.reader.proposed(ctx, p, git.ID(pr.HeadSHA))
		if err != nil {
			continue // the head may be gone for ever; it is looked at again as long as anybody may wait
		}
		c.shut[key] = now
		if !carried {
			continue
		}
		v := Verdict{Phase: Closed, URL: pr.URL, Since: pr.Closed, Text: line("closed without a merge: " + pr.Title), Target: Target{
			Environment: p.Environment, App: p.App, Repository: c.k.repo.Name, Branch: base, Path: p.Folder, Commit: pr.HeadSHA,
			Release: rel, Landed: pr.Closed,
		}}
		if c.k.o.Pipelines.Awaits(v) {
			c.tasks[v.promotion()] = &task{verdict: v, apart: true}
		}
	}
}

// proposed tells which release a promotion branch's head would bring for an app, if it changes that app at all.
func (r *reader) proposed(ctx context.Context, p environments.Placement, head git.ID) (release.Release, bool, error) {
	is, err := r.repo.Commit(ctx, head)
	if err != nil {
		return release.Release{}, false, err
	}
	tree, err := r.trees.folder(ctx, is.Tree, p.Folder)
	if err != nil || tree == "" {
		return release.Release{}, false, err
	}
	if len(is.Parents) > 0 {
		base, err := r.repo.Commit(ctx, is.Parents[0])
		if err != nil {
			return release.Release{}, false, err
		}
		if before, err := r.trees.folder(ctx, base.Tree, p.Folder); err != nil || before == tree {
			return release.Release{}, false, err
		}
	}
	rel, err := r.release(ctx, p, tree)
	return rel, rel.App != "", err
}
