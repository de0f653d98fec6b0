package connector

import (
	"context"
	"fmt"
	"strings"

	"github.com/ferry-cd/ferry/git"
)

// trees keeps folders as they were read: every look at everything asks for the same few thousand.
type trees struct {
	repo *git.Repository
	dirs map[git.ID]map[string]git.Entry
	size int // entries of all
}

// maxEntries is how many entries of folders are kept, about 100 bytes each.
const maxEntries = 400_000

// list gives the entries of one folder by name.
func (t *trees) list(ctx context.Context, tree git.ID) (map[string]git.Entry, error) {
	if dir, ok := t.dirs[tree]; ok {
		return dir, nil
	}
	entries, err := t.repo.List(ctx, tree, "")
	if err != nil {
		return nil, fmt.Errorf("list tree %.10s: %w", tree, err)
	}
	if t.size += len(entries); t.dirs == nil || t.size > maxEntries {
		t.dirs, t.size = map[git.ID]map[string]git.Entry{}, len(entries)
	}
	dir := make(map[string]git.Entry, len(entries))
	for _, e := range entries {
		dir[e.Path] = e
	}
	t.dirs[tree] = dir
	return dir, nil
}

// folder gives the id of a folder in a tree, "" where it is not there.
func (t *trees) folder(ctx context.Context, tree git.ID, path string) (git.ID, error) {
	for name := range strings.SplitSeq(path, "/") {
		dir, err := t.list(ctx, tree)
		if err != nil {
			return "", err
		}
		e, ok := dir[name]
		if !ok || e.Mode != git.ModeDir {
			return "", nil
		}
		tree = e.ID
	}
	return tree, nil
}

// file gives the id of a file of a folder, "" where it is not there.
func (t *trees) file(ctx context.Context, tree git.ID, name string) (git.ID, error) {
	dir, err := t.list(ctx, tree)
	if e := dir[name]; err == nil && e.Mode.IsBlob() {
		return e.ID, nil
	}
	return "", err
}
