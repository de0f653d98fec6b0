package local

import (
	"context"
	"maps"
	"slices"

	"github.com/ferry-cd/ferry/git"
)

// threeway merges trees by path: what one side changed is taken, what both changed alike stays, what both changed each in
// its own way is a conflict. Contents are never mixed: a file of an environment is one side's or the other's.
type threeway struct {
	list      func(ctx context.Context, tree git.ID) ([]git.Entry, error)
	edits     []git.Edit // what to do to our tree
	conflicts []string
}

// versions are one name in the three trees; the zero entry where it is not there.
type versions struct{ base, ours, theirs git.Entry }

// merge works through one folder. An id of "" is an empty folder.
func (m *threeway) merge(ctx context.Context, dir string, base, ours, theirs git.ID) error {
	names := map[string]*versions{}
	for _, tree := range []struct {
		id   git.ID
		slot func(*versions) *git.Entry
	}{
		{base, func(v *versions) *git.Entry { return &v.base }},
		{ours, func(v *versions) *git.Entry { return &v.ours }},
		{theirs, func(v *versions) *git.Entry { return &v.theirs }},
	} {
		if tree.id == "" {
			continue
		}
		entries, err := m.list(ctx, tree.id)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if names[e.Path] == nil {
				names[e.Path] = &versions{}
			}
			*tree.slot(names[e.Path]) = git.Entry{Mode: e.Mode, ID: e.ID}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if err := m.entry(ctx, dir+name, *names[name]); err != nil {
			return err
		}
	}
	return nil
}

// entry decides one name.
func (m *threeway) entry(ctx context.Context, path string, v versions) error {
	switch {
	case v.ours == v.theirs || v.theirs == v.base:
		return nil
	case v.ours == v.base:
		return m.take(ctx, path, v)
	}
	f := versions{file(v.base), file(v.ours), file(v.theirs)}
	kept, ok := f.pick()
	if !ok || kept.ID != "" && (folder(v.ours) != "" || folder(v.theirs) != "") {
		m.conflicts = append(m.conflicts, path)
		return nil
	}
	if kept != f.ours {
		m.edits = append(m.edits, git.Edit{Path: path, Mode: kept.Mode, ID: kept.ID})
	}
	return m.merge(ctx, path+"/", folder(v.base), folder(v.ours), folder(v.theirs))
}

// take replaces our entry by theirs. A file in the place of a folder needs what is in the folder to go first.
func (m *threeway) take(ctx context.Context, path string, v versions) error {
	m.edits = append(m.edits, git.Edit{Path: path, Mode: v.theirs.Mode, ID: v.theirs.ID})
	if folder(v.ours) == "" || file(v.theirs).ID == "" {
		return nil
	}
	return m.merge(ctx, path+"/", folder(v.ours), folder(v.ours), "")
}

// pick takes the side that changed; false where both did, differently.
func (v versions) pick() (git.Entry, bool) {
	switch {
	case v.ours == v.theirs || v.theirs == v.base:
		return v.ours, true
	case v.ours == v.base:
		return v.theirs, true
	}
	return git.Entry{}, false
}

// file is the entry where it is no folder.
func file(e git.Entry) git.Entry {
	if e.Mode == git.ModeDir {
		return git.Entry{}
	}
	return e
}

// folder is the entry's tree where it is one.
func folder(e git.Entry) git.ID {
	if e.Mode == git.ModeDir {
		return e.ID
	}
	return ""
}

// merged is what a merge of head into base would do.
type merged struct {
	tree      git.ID // of base, before the edits
	edits     []git.Edit
	conflicts []string // paths, sorted; with them there is no merge
	unrelated bool     // the histories have nothing in common
}

// conflict tells whether there is no merge.
func (m merged) conflict() bool { return m.unrelated || len(m.conflicts) > 0 }

// merge works out the merge of head into base. Where there are several merge bases it must come out the same from each.
func (c *Client) merge(ctx context.Context, base, head git.ID) (merged, error) {
	h := c.history()
	bases, err := h.mergeBases(ctx, base, head)
	if err != nil {
		return merged{}, err
	}
	ours, err := c.treeAt(ctx, base)
	if err != nil {
		return merged{}, err
	}
	out := merged{tree: ours, unrelated: len(bases) == 0}
	for i, from := range bases {
		m, err := c.mergeFrom(ctx, from, ours, head)
		if err != nil {
			return merged{}, err
		}
		out.conflicts = append(out.conflicts, m.conflicts...)
		if i > 0 {
			out.conflicts = append(out.conflicts, unequal(out.edits, m.edits)...)
		}
		out.edits = m.edits
	}
	slices.Sort(out.conflicts)
	out.conflicts = slices.Compact(out.conflicts)
	return out, nil
}

// mergeFrom merges the tree of head into ours, as changed since a common ancestor.
func (c *Client) mergeFrom(ctx context.Context, from, ours, head git.ID) (threeway, error) {
	m := threeway{list: func(ctx context.Context, tree git.ID) ([]git.Entry, error) { return c.repo.List(ctx, tree, "") }}
	base, err := c.treeAt(ctx, from)
	if err != nil {
		return m, err
	}
	theirs, err := c.treeAt(ctx, head)
	if err != nil {
		return m, err
	}
	return m, m.root(ctx, base, ours, theirs)
}

// root merges whole trees; where one side changed nothing no folder has to be read.
func (m *threeway) root(ctx context.Context, base, ours, theirs git.ID) error {
	if ours == theirs || theirs == base {
		return nil
	}
	return m.merge(ctx, "", base, ours, theirs)
}

// unequal gives the paths on which two lists of edits differ.
func unequal(a, b []git.Edit) []string {
	count := map[git.Edit]int{}
	for _, e := range a {
		count[e]++
	}
	for _, e := range b {
		count[e]--
	}
	var paths []string
	for e, n := range count {
		if n != 0 {
			paths = append(paths, e.Path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}
