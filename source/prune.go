package source

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// Pruned is a template tree that nobody needs.
type Pruned struct {
	App  string `json:"app"`
	Tree string `json:"tree"`
}

// Needed tells, as things are now, which trees of which apps are needed. Apps that it does not name are left alone.
type Needed func(ctx context.Context) (map[string]map[string]bool, error)

// Unneeded lists the stored template trees that nobody needs.
func (s *Store) Unneeded(ctx context.Context, needed Needed) ([]Pruned, error) {
	head, err := s.head(ctx)
	if err != nil {
		return nil, err
	}
	return s.unneeded(ctx, head, needed)
}

func (s *Store) unneeded(ctx context.Context, head git.Commit, needed Needed) ([]Pruned, error) {
	if head.ID == "" {
		return nil, nil
	}
	need, err := needed(ctx)
	if err != nil {
		return nil, err
	}
	var all []Pruned
	for _, app := range slices.Sorted(maps.Keys(need)) {
		entries, err := s.repo.List(ctx, head.Tree, app)
		if errors.Is(err, git.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", release.SourcesBranch, err)
		}
		for _, e := range entries {
			if e.Mode == git.ModeDir && git.ID(e.Path).Valid() && !need[app][e.Path] {
				all = append(all, Pruned{app, e.Path})
			}
		}
	}
	return all, nil
}

// Prune removes the template trees that nobody needs. The branch moves only from where it was looked at, so a submit in
// between makes it look again; and because environments may have moved meanwhile, it looks once more afterwards and puts
// back what has come to be needed.
func (s *Store) Prune(ctx context.Context, needed Needed) ([]Pruned, error) {
	var gone []Pruned
	err := git.Retry(ctx, git.RetryOptions{}, func(int) error {
		head, err := s.head(ctx)
		if err != nil {
			return err
		}
		if gone, err = s.unneeded(ctx, head, needed); err != nil || len(gone) == 0 {
			return err
		}
		var edits []git.Edit
		for _, g := range gone {
			edits = append(edits, git.Edit{Path: release.TemplatesPath(g.App, g.Tree)})
		}
		return s.commit(ctx, head, edits, fmt.Sprintf("Prune %d template trees that no release needs", len(gone)))
	})
	if err != nil || len(gone) == 0 {
		return nil, err
	}
	return s.putBack(ctx, gone, needed)
}

// putBack stores again what is needed after all, and gives the rest.
func (s *Store) putBack(ctx context.Context, gone []Pruned, needed Needed) ([]Pruned, error) {
	var rest []Pruned
	err := git.Retry(ctx, git.RetryOptions{}, func(int) error {
		head, err := s.head(ctx)
		if err != nil {
			return err
		}
		need, err := needed(ctx)
		if err != nil {
			return err
		}
		var edits []git.Edit
		rest = nil
		for _, g := range gone {
			if !need[g.App][g.Tree] {
				rest = append(rest, g)
				continue
			}
			if stored, err := s.stored(ctx, head.Tree, g.App, g.Tree); err != nil {
				return err
			} else if !stored {
				edits = append(edits, git.Edit{Path: release.TemplatesPath(g.App, g.Tree), Mode: git.ModeDir, ID: git.ID(g.Tree)})
			}
		}
		if len(edits) == 0 {
			return nil
		}
		return s.commit(ctx, head, edits, fmt.Sprintf("Keep %d template trees that are needed after all", len(edits)))
	})
	return rest, err
}
