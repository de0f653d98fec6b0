package connector

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// refresh reads the heads, and what they hold where they moved. It tells whether anything did. Where a repository that was
// opened anew cannot be read, the one before goes on.
func (r *reader) refresh(ctx context.Context) (bool, error) {
	before := *r
	moved, err := r.renew(ctx)
	if err != nil && before.repo != nil && before.repo != r.repo {
		*r = before
	}
	return moved, err
}

func (r *reader) renew(ctx context.Context) (bool, error) {
	if err := r.open(ctx); err != nil {
		return false, err
	}
	now := r.now()
	refs, err := r.repo.Refs(ctx)
	if err != nil {
		return false, fmt.Errorf("read the branches of %s: %w", r.o.Name, err)
	}
	noted := r.unknown && refs[heads+release.StateBranch] != r.heads[heads+release.StateBranch]
	r.heads = refs
	if r.branch, err = r.repo.DefaultBranch(ctx); err != nil {
		return false, err
	}
	if !r.moved(refs) {
		r.looked = now
		return noted, nil
	}
	r.refs = refs
	r.opened++
	if err := r.load(ctx); err != nil {
		r.refs = nil // to be tried again
		return false, err
	}
	r.looked = now
	return true, nil
}

func (r *reader) open(ctx context.Context) error {
	if r.repo != nil && r.opened < maxFetches {
		return nil
	}
	repo, err := r.o.Open(ctx)
	if err != nil {
		return fmt.Errorf("open %s: %w", r.o.Name, err)
	}
	r.repo, r.trees, r.opened, r.refs = repo, &trees{repo: repo}, 0, nil
	return nil
}

// moved tells whether a branch that is looked at stands elsewhere than before.
func (r *reader) moved(refs map[string]git.ID) bool {
	if r.refs == nil || refs[heads+r.branch] != r.refs[heads+r.branch] {
		return true
	}
	for branch := range r.chains {
		if refs[heads+branch] != r.refs[heads+branch] {
			return true
		}
	}
	return slices.ContainsFunc(r.absent, func(branch string) bool { return refs[heads+branch] != "" })
}

const heads = "refs/heads/"

// load reads the configuration at the default branch's head, then brings the history of each branch with environments up to
// date. A configuration with mistakes does not take away what is known: the last good one goes on.
func (r *reader) load(ctx context.Context) error {
	head, err := r.head(ctx, r.branch)
	if err != nil {
		return err
	}
	config, err := environments.Load(ctx, &git.Files{Context: ctx, Repository: r.repo, Tree: head.Tree},
		environments.For(r.version), environments.OnBranch(r.branch))
	if r.stale = err; err == nil {
		r.config = config
	}
	if r.config == nil {
		return fmt.Errorf("read %s of %s: %w", environments.RootFile, r.o.Name, err)
	}
	return r.follow(ctx)
}

func (r *reader) head(ctx context.Context, branch string) (git.Commit, error) {
	id, ok := r.refs[heads+branch]
	if !ok {
		return git.Commit{}, fmt.Errorf("%s has no branch %s", r.o.Name, branch)
	}
	if err := r.repo.Fetch(ctx, 1, heads+branch); err != nil {
		return git.Commit{}, fmt.Errorf("fetch %s of %s: %w", branch, r.o.Name, err)
	}
	return r.repo.Commit(ctx, id)
}

// follow brings the chain of every branch to its head. An environment may be configured before its branch is made.
func (r *reader) follow(ctx context.Context) error {
	chains := map[string]*chain{}
	r.absent = nil
	for branch, folders := range r.folders() {
		if r.refs[heads+branch] == "" {
			r.absent = append(r.absent, branch)
			continue
		}
		head, err := r.head(ctx, branch)
		if err != nil {
			return err
		}
		c := r.chains[branch]
		if c != nil && c.has(folders) && len(c.commits) < 2*maxChain {
			before := c.base
			ok, err := c.follow(ctx, r.repo, head)
			if err != nil {
				return fmt.Errorf("read the history of %s: %w", branch, err)
			}
			if ok {
				r.arrive(c.commits[:c.base-before])
				chains[branch] = c
				continue
			}
		}
		chains[branch] = newChain(head, folders)
	}
	r.chains = chains
	slices.Sort(r.absent)
	return nil
}

// arrive notes when commits came at the earliest. A branch that is moved to a commit of last week, as some forges merge, got it
// now: who waits for it waits from now on.
func (r *reader) arrive(fresh []git.Commit) {
	if r.arrived == nil {
		r.arrived = map[git.ID]time.Time{}
	}
	for id, at := range r.arrived {
		if r.now().Sub(at) > lookBack {
			delete(r.arrived, id)
		}
	}
	for _, g := range fresh {
		r.arrived[g.ID] = r.looked
	}
}

// lacks says what is configured and cannot be answered for.
func (r *reader) lacks() error {
	if r.stale != nil || len(r.absent) == 0 {
		return r.stale
	}
	return fmt.Errorf("%s has no branch %s: nothing is said of the environments on it", r.o.Name, strings.Join(r.absent, ", "))
}

// follows tells whether the history of a placement's folder is known.
func (r *reader) follows(p environments.Placement) bool {
	c := r.chains[r.base(p)]
	return c != nil && c.folders[p.Folder] != nil
}

// folders gives the folders of the placements that are answered for, by branch.
func (r *reader) folders() map[string][]string {
	all := map[string][]string{}
	for _, p := range r.placements() {
		all[r.base(p)] = append(all[r.base(p)], p.Folder)
	}
	return all
}

func (r *reader) base(p environments.Placement) string {
	if p.Branch != "" {
		return p.Branch
	}
	return r.branch
}

// placements are those whose health the connector tells, in this cluster.
func (r *reader) placements() []environments.Placement {
	if r.config == nil {
		return nil
	}
	return slices.DeleteFunc(r.config.Placements(), func(p environments.Placement) bool {
		switch {
		case p.Health.From != "" && p.Health.From != "connector":
			return true
		case len(r.o.Environments) > 0 && !slices.Contains(r.o.Environments, p.Environment):
			return true
		}
		return len(p.Clusters) > 0 && !slices.Contains(p.Clusters, r.cluster)
	})
}
