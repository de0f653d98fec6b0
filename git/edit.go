package git

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Edit is one change to a tree: what shall lie at a path. ID "" removes a file, or a folder with all that is in it; Mode
// ModeDir puts a whole tree there; Mode 0 is an ordinary file.
type Edit struct {
	Path string
	Mode Mode
	ID   ID
}

// EditTree makes a tree from another one ("" is the empty tree) and edits, reading only the folders on the way to what
// changes. Folders that become empty vanish. Refused are unsafe paths, two edits of one path, and a file in the place of
// a folder or the other way round unless the edits also remove what is there.
func (r *Repository) EditTree(ctx context.Context, base ID, edits ...Edit) (ID, error) {
	sorted, err := checkEdits(edits)
	if err != nil {
		return "", err
	}
	if base == "" {
		base = emptyTree
	}
	return r.edit(ctx, base, "", sorted)
}

func checkEdits(edits []Edit) ([]Edit, error) {
	sorted := slices.Clone(edits)
	slices.SortFunc(sorted, func(a, b Edit) int { return strings.Compare(a.Path, b.Path) })
	for i := range sorted {
		e := &sorted[i]
		if e.Mode == 0 {
			e.Mode = ModeFile
		}
		why := badPath(e.Path)
		switch {
		case why != "":
		case i > 0 && sorted[i-1].Path == e.Path:
			why = "is edited twice"
		case e.ID != "" && !e.ID.Valid():
			why = fmt.Sprintf("gets the id %q, which is not 40 hex digits", e.ID)
		case e.ID != "" && !e.Mode.IsBlob() && e.Mode != ModeDir:
			why = "gets the mode " + e.Mode.String() + ", which is neither a file nor a folder"
		}
		if why != "" {
			return nil, &nameError{What: "path", Name: e.Path, Why: why}
		}
	}
	return sorted, nil
}

// edit changes one folder. The paths of edits are relative to it; prefix is its own path, for messages.
func (r *Repository) edit(ctx context.Context, base ID, prefix string, edits []Edit) (ID, error) {
	entries, err := r.treeAs(ctx, base, rawTree)
	if err != nil {
		return "", err
	}
	at := make(map[string]int, len(entries))
	for i, e := range entries {
		at[e.Path] = i
	}
	groups := byFirst(edits)
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		i, ok := at[name]
		if !ok {
			i, entries = len(entries), append(entries, Entry{Path: name})
		}
		if entries[i], err = r.editEntry(ctx, entries[i], prefix, groups[name]); err != nil {
			return "", err
		}
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.ID == "" })
	return r.writeTree(base, entries), nil
}

// writeTree stores a tree that was made from another. Where that one is new itself, the base is what it was made from:
// what matters is what the repository has already.
func (r *Repository) writeTree(base ID, entries []Entry) ID {
	o := object{kind: plumbing.TreeObject, data: encodeTree(entries), base: base}
	id := idFor(o.kind, o.data)
	if id == base && id != emptyTree {
		return id
	}
	r.mu.Lock()
	if b, ok := r.fresh[base]; ok {
		o.base = b.base
	}
	r.mu.Unlock()
	r.keep(id, o)
	return id
}

// byFirst groups edits by the first part of their path.
func byFirst(edits []Edit) map[string][]Edit {
	groups := map[string][]Edit{}
	for _, e := range edits {
		name, _, _ := strings.Cut(e.Path, "/")
		groups[name] = append(groups[name], e)
	}
	return groups
}

// editEntry gives what one entry of a folder becomes; ID "" when it goes away. Edits below it come first, so that a folder
// emptied by them makes room for a file.
func (r *Repository) editEntry(ctx context.Context, was Entry, prefix string, edits []Edit) (Entry, error) {
	name := prefix + was.Path
	own, below := split(was.Path, edits)
	if own != nil && own.ID == "" || own != nil && own.Mode == ModeDir {
		was = Entry{Path: was.Path, Mode: own.Mode, ID: own.ID}
		if was.ID == emptyTree {
			was.ID = ""
		}
	}
	if len(below) > 0 {
		if was.ID != "" && was.Mode != ModeDir {
			return Entry{}, &nameError{What: "path", Name: name + "/" + below[0].Path, Why: "lies below " + name + ", which is a file"}
		}
		var err error
		if was, err = r.editFolder(ctx, was, name, below); err != nil {
			return Entry{}, err
		}
	}
	if own == nil || own.ID == "" || own.Mode == ModeDir {
		return was, nil
	}
	if was.ID != "" && was.Mode == ModeDir {
		return Entry{}, &nameError{What: "path", Name: name, Why: "is a folder, which a file would replace"}
	}
	return Entry{Path: was.Path, Mode: own.Mode, ID: own.ID}, nil
}

func (r *Repository) editFolder(ctx context.Context, was Entry, name string, below []Edit) (Entry, error) {
	base := was.ID
	if base == "" {
		base = emptyTree
	}
	id, err := r.edit(ctx, base, name+"/", below)
	if err != nil {
		return Entry{}, err
	}
	if id == emptyTree {
		id = ""
	}
	return Entry{Path: was.Path, Mode: ModeDir, ID: id}, nil
}

// split takes apart the edit of an entry itself and those of what lies below it, which get shorter paths.
func split(name string, edits []Edit) (own *Edit, below []Edit) {
	for _, e := range edits {
		if e.Path == name {
			own = &e
			continue
		}
		e.Path = e.Path[len(name)+1:]
		below = append(below, e)
	}
	return own, below
}
