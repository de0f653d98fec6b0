package promote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
)

// Between compares what two environments hold, app by app, as if the second were to follow the first. Apps that only one of
// them has come or go as a whole.
func (p *Promoter) Between(ctx context.Context, s *Snapshot, from, to string, apps ...string) ([]Change, error) {
	if err := s.Known(Scope{Apps: apps, Environments: []string{from, to}}); err != nil {
		return nil, err
	}
	var all []Change
	for _, a := range s.Config.Apps {
		if len(apps) > 0 && !slices.Contains(apps, a.Name) {
			continue
		}
		before, _ := s.Config.Placement(a.Name, from)
		after, _ := s.Config.Placement(a.Name, to)
		old, err := p.lying(ctx, s.heads[s.base(before)].Tree, before)
		if err != nil {
			return nil, err
		}
		fresh, err := p.lying(ctx, s.heads[s.base(after)].Tree, after)
		if err != nil {
			return nil, err
		}
		if old.record == nil && fresh.record == nil {
			continue
		}
		inNamespace(old.manifests, before.Namespace, after.Namespace)
		all = append(all, compared(s, Key{a.Name, to}, after, old, fresh))
	}
	return all, nil
}

// Revisions compares what each environment holds at two commits of its branch, by today's configuration. A revision is a
// branch, a tag, or a commit by its id or the beginning of it.
func (p *Promoter) Revisions(ctx context.Context, s *Snapshot, from, to string, scope Scope) ([]Change, error) {
	if err := s.Known(scope); err != nil {
		return nil, err
	}
	var trees [2]git.ID
	for i, rev := range []string{from, to} {
		c, err := p.revision(ctx, s, rev)
		if err != nil {
			return nil, err
		}
		trees[i] = c.Tree
	}
	var all []Change
	for _, pl := range s.placements {
		if !scope.has(key(pl)) {
			continue
		}
		old, err := p.lying(ctx, trees[0], pl)
		if err != nil {
			return nil, err
		}
		fresh, err := p.lying(ctx, trees[1], pl)
		if err != nil {
			return nil, err
		}
		if c := compared(s, key(pl), pl, old, fresh); !c.Diff.Empty() {
			all = append(all, c)
		}
	}
	return all, nil
}

// holding is what lies in an app's folder.
type holding struct {
	record    *release.Record // nil where nothing of ferry's is there
	manifests render.Manifests
}

func (p *Promoter) lying(ctx context.Context, tree git.ID, pl environments.Placement) (holding, error) {
	if tree == "" || pl.Folder == "" {
		return holding{}, nil
	}
	live, err := recordAt(ctx, p.Repo, tree, pl)
	if err != nil || !live.Found {
		return holding{}, errors.Join(err, live.Err)
	}
	owned := map[string]git.ID{}
	for _, f := range live.Record.Files {
		owned[f.Name] = git.ID(f.ID)
	}
	ms, err := p.readManifests(ctx, pl, owned)
	return holding{&live.Record, ms}, err
}

func compared(s *Snapshot, k Key, pl environments.Placement, old, fresh holding) Change {
	c := Change{Key: k, Folder: pl.Folder, From: old.record, Old: old.manifests, New: fresh.manifests,
		Diff: diff.CompareWith(old.manifests, fresh.manifests, diff.Options{Namespace: pl.Namespace, Levels: levels(s.Config.Risk)})}
	if fresh.record != nil {
		c.To = *fresh.record
	}
	return c
}

// inNamespace takes resources along from one namespace into another: that an app has another namespace in each environment
// is no difference worth a word.
func inNamespace(ms render.Manifests, from, to string) {
	for i := range ms {
		if ms[i].Namespace == from && from != to {
			ms[i].Namespace = to
		}
	}
}

// UnknownRevision is a revision that the GitOps repository does not have.
type UnknownRevision struct{ Revision string }

func (e *UnknownRevision) Error() string {
	return fmt.Sprintf("%q is no branch, tag or commit of the GitOps repository", e.Revision)
}

// Hint implements the optional next step of an error.
func (e *UnknownRevision) Hint() string {
	return "git log --oneline lists commits; to compare environments: ferry diff --env A --env B"
}

// ExitCode is the row for a wrong command line.
func (e *UnknownRevision) ExitCode() int { return 2 }

// revision finds a commit by name, by its id, or by the beginning of one on the default branch.
func (p *Promoter) revision(ctx context.Context, s *Snapshot, name string) (git.Commit, error) {
	refs, err := p.Repo.Refs(ctx)
	if err != nil {
		return git.Commit{}, err
	}
	for _, ref := range []string{"refs/heads/" + name, "refs/tags/" + name} {
		if id, ok := refs[ref]; ok {
			if err := p.Repo.Fetch(ctx, 1, ref); err != nil {
				return git.Commit{}, err
			}
			return p.Repo.Commit(ctx, id)
		}
	}
	return p.commitNamed(ctx, s, strings.ToLower(name))
}

// shortest is the shortest beginning of an id that is looked for; farthest is how many commits are looked at.
const (
	shortest = 4
	farthest = 20_000
)

func (p *Promoter) commitNamed(ctx context.Context, s *Snapshot, name string) (git.Commit, error) {
	var found git.Commit
	if len(name) < shortest {
		return found, &UnknownRevision{name}
	}
	seen := 0
	err := p.Repo.Log(ctx, s.heads[s.DefaultBranch].ID, func(c git.Commit) (bool, error) {
		if strings.HasPrefix(string(c.ID), name) {
			found = c
		}
		seen++
		return found.ID == "" && seen < farthest, nil
	})
	if err == nil && found.ID == "" {
		err = &UnknownRevision{name}
	}
	return found, err
}
