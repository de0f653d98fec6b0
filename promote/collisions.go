package promote

import (
	"context"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/check"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/render"
)

// collisions refuses changes that put a resource into an environment which another app has there already: the engine
// would let the two overwrite each other for ever. Only files that could hold the same resource are opened.
func (p *Promoter) collisions(ctx context.Context, s *Snapshot, plan *Plan) []error {
	var failures []error
	var free []Promotion
	n := neighbourhood{changes: map[Key]*Change{}, homes: map[string]map[string][]string{}}
	for _, pr := range plan.Promotions {
		for i := range pr.Changes {
			n.changes[pr.Changes[i].Key] = &pr.Changes[i]
		}
	}
	for _, pr := range plan.Promotions {
		var problems []error
		for i := range pr.Changes {
			problems = append(problems, p.collide(ctx, s, n, &pr.Changes[i]))
		}
		if err := errors.Join(problems...); err != nil {
			failures = append(failures, err)
			continue
		}
		free = append(free, pr)
	}
	plan.Promotions = free
	return failures
}

// neighbourhood tells which apps of an environment have, or will have, files of a name: with a thousand apps there is no
// time to look at each of them for each other one.
type neighbourhood struct {
	changes map[Key]*Change
	homes   map[string]map[string][]string // of apps, by environment and stem
}

func (p *Promoter) collide(ctx context.Context, s *Snapshot, n neighbourhood, c *Change) error {
	mine, _ := s.Config.Placement(c.App, c.Environment)
	homes, err := p.homes(ctx, s, n, c.Environment)
	if err != nil {
		return err
	}
	stems, near := map[string]bool{}, map[string]bool{}
	for _, m := range c.New {
		stems[stem(m.Path)] = true
		for _, other := range homes[stem(m.Path)] {
			near[other] = true
		}
	}
	var problems []error
	for _, other := range s.placements {
		if other.Environment != c.Environment || other.App == c.App || !near[other.App] {
			continue
		}
		theirs, err := p.neighbours(ctx, s, n, other, stems)
		if err != nil {
			return err
		}
		both := map[string]check.App{c.App: {Namespace: mine.Namespace, Manifests: c.New}, other.App: {Namespace: other.Namespace, Manifests: theirs}}
		for _, f := range check.Collisions(both) {
			problems = append(problems, refuse(c.Key, f.Hint, "%s", f.Message))
		}
	}
	return errors.Join(problems...)
}

// homes lists the apps of an environment by the stems of their files, once for all changes in it.
func (p *Promoter) homes(ctx context.Context, s *Snapshot, n neighbourhood, environment string) (map[string][]string, error) {
	if known, ok := n.homes[environment]; ok {
		return known, nil
	}
	homes := map[string][]string{}
	for _, pl := range s.placements {
		if pl.Environment != environment {
			continue
		}
		if c, changed := n.changes[key(pl)]; changed {
			for _, m := range c.New {
				homes[stem(m.Path)] = append(homes[stem(m.Path)], pl.App)
			}
			continue
		}
		here, err := p.folder(ctx, s.heads[s.base(pl)].Tree, pl.Folder)
		if err != nil {
			return nil, err
		}
		for name := range here {
			homes[stem(name)] = append(homes[stem(name)], pl.App)
		}
	}
	n.homes[environment] = homes
	return homes, nil
}

// neighbours reads the manifests of another app whose file names say that they could be one of ours: as the plan leaves
// them where it changes that app, else as they are.
func (p *Promoter) neighbours(ctx context.Context, s *Snapshot, n neighbourhood, other environments.Placement, stems map[string]bool) (render.Manifests, error) {
	if c, changed := n.changes[key(other)]; changed {
		return slices.DeleteFunc(slices.Clone(c.New), func(m render.Manifest) bool { return !stems[stem(m.Path)] }), nil
	}
	here, err := p.folder(ctx, s.heads[s.base(other)].Tree, other.Folder)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(here, func(name string, _ git.ID) bool { return path.Ext(name) != ".yaml" || !stems[stem(name)] })
	found, err := p.strangers(ctx, other, here, nil)
	var all render.Manifests
	for _, f := range found {
		for _, m := range f.all {
			m.Path = f.file
			all = append(all, m)
		}
	}
	return all, err
}

// stem is the part of a manifest's file name that does not depend on which app it belongs to: see render's file names.
func stem(file string) string {
	file = strings.TrimSuffix(file, ".yaml")
	if i := strings.IndexAny(file, "@~"); i >= 0 {
		file = file[:i]
	}
	return file
}
