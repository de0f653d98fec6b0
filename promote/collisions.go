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
	for _, pr := range plan.Promotions {
		var problems []error
		for i := range pr.Changes {
			problems = append(problems, p.collide(ctx, s, plan, &pr.Changes[i]))
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

func (p *Promoter) collide(ctx context.Context, s *Snapshot, plan *Plan, c *Change) error {
	mine, _ := s.Config.Placement(c.App, c.Environment)
	stems := map[string]bool{}
	for _, m := range c.New {
		stems[stem(m.Path)] = true
	}
	var problems []error
	for _, other := range s.placements {
		if other.Environment != c.Environment || other.App == c.App {
			continue
		}
		theirs, err := p.neighbours(ctx, s, plan, other, stems)
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

// neighbours reads the manifests of another app whose file names say that they could be one of ours: as the plan leaves
// them where it changes that app, else as they are.
func (p *Promoter) neighbours(ctx context.Context, s *Snapshot, plan *Plan, other environments.Placement, stems map[string]bool) (render.Manifests, error) {
	for _, pr := range plan.Promotions {
		for _, c := range pr.Changes {
			if c.Key == key(other) {
				return slices.DeleteFunc(slices.Clone(c.New), func(m render.Manifest) bool { return !stems[stem(m.Path)] }), nil
			}
		}
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
