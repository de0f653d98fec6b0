package git

import (
	"context"
	"maps"
	"path"
	"slices"
)

// Change is one file that differs between two trees; the zero Entry stands for "not there". The entries' paths are
// Path.
type Change struct {
	Path     string
	Old, New Entry
}

// Changes lists the files that differ between two trees ("" is the empty tree), sorted by path. Folders that are the
// same on both sides are not opened.
func (r *Repository) Changes(ctx context.Context, old, fresh ID) ([]Change, error) {
	var all []Change
	err := r.changes(ctx, "", old, fresh, &all)
	slices.SortFunc(all, func(a, b Change) int {
		if a.Path < b.Path {
			return -1
		}
		return 1
	})
	return all, err
}

func (r *Repository) changes(ctx context.Context, dir string, old, fresh ID, all *[]Change) error {
	if old == fresh {
		return nil
	}
	left, err := r.entries(ctx, old)
	if err != nil {
		return err
	}
	right, err := r.entries(ctx, fresh)
	if err != nil {
		return err
	}
	names := maps.Clone(left)
	maps.Copy(names, right)
	for name := range names {
		a, b := left[name], right[name]
		if a == b {
			continue
		}
		full := path.Join(dir, name)
		if a.Mode == ModeDir || b.Mode == ModeDir {
			if err := r.changes(ctx, full, folderID(a), folderID(b), all); err != nil {
				return err
			}
		}
		if a, b = at(full, a), at(full, b); a != b {
			*all = append(*all, Change{Path: full, Old: a, New: b})
		}
	}
	return nil
}

// entries lists one tree by name.
func (r *Repository) entries(ctx context.Context, tree ID) (map[string]Entry, error) {
	byName := map[string]Entry{}
	if tree == "" {
		return byName, nil
	}
	list, err := r.List(ctx, tree, "")
	for _, e := range list {
		byName[e.Path] = e
	}
	return byName, err
}

func folderID(e Entry) ID {
	if e.Mode == ModeDir {
		return e.ID
	}
	return ""
}

// at is an entry under its full path; a folder is nothing by itself.
func at(full string, e Entry) Entry {
	if e.ID == "" || e.Mode == ModeDir {
		return Entry{}
	}
	e.Path = full
	return e
}
