package promote

import (
	"context"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
)

// alike finds out whether a change is the one that was proven upstream: there, too, from the release that runs here to the
// one that comes, in the same fields. An environment that has never held the old release cannot tell.
func (p *Promoter) alike(ctx context.Context, s *Snapshot, w *want, c *Change) error {
	if c.From == nil || c.Restores || c.Retires || c.From.Release.Sequence == c.To.Release.Sequence {
		return nil
	}
	for i, o := range c.Origins {
		if !o.proven {
			continue
		}
		up, err := s.upstream(w.placement, o.Environment)
		if err != nil {
			return err
		}
		before, err := p.find(ctx, s, w.placement, o.Environment, c.From.Release)
		if err != nil || !before.Found {
			return err
		}
		then, err := p.between(ctx, up, before.Record.Files, o.files)
		if err != nil {
			return err
		}
		c.Origins[i].Alike = diff.Alike(then, c.Diff)
	}
	return nil
}

// between compares two states of an environment's folder.
func (p *Promoter) between(ctx context.Context, pl environments.Placement, before, after []release.File) (diff.Diff, error) {
	var sides [2]render.Manifests
	for i, files := range [][]release.File{before, after} {
		owned := map[string]git.ID{}
		for _, f := range files {
			owned[f.Name] = git.ID(f.ID)
		}
		var err error
		if sides[i], err = p.readManifests(ctx, pl, owned); err != nil {
			return diff.Diff{}, err
		}
	}
	return diff.CompareWith(sides[0], sides[1], diff.Options{Namespace: pl.Namespace}), nil
}
