package git

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// object gives an object that was written here or is at hand.
func (r *Repository) object(id ID) (object, error) {
	r.mu.Lock()
	o, ok := r.fresh[id]
	r.mu.Unlock()
	if ok {
		return o, nil
	}
	return r.home.object(id)
}

func (r *Repository) has(id ID) bool {
	r.mu.Lock()
	_, ok := r.fresh[id]
	r.mu.Unlock()
	return ok || r.home.has(id)
}

// need gives an object of a kind, asking the repository for it when it is not at hand.
func (r *Repository) need(ctx context.Context, kind plumbing.ObjectType, id ID) (object, error) {
	if !id.Valid() {
		return object{}, &nameError{What: "object", Name: string(id), Why: "is not 40 hex digits"}
	}
	o, err := r.object(id)
	if errors.Is(err, errAbsent) {
		if err := r.home.bring(ctx, kind, []ID{id}); err != nil {
			return object{}, fmt.Errorf("get %s %s: %w", kind, id.Short(), err)
		}
		o, err = r.object(id)
	}
	switch {
	case errors.Is(err, errAbsent):
		return object{}, r.notFound("%s %s", kind, id)
	case err != nil:
		return object{}, fmt.Errorf("%s: %w", r.url, err)
	case o.kind != kind && (kind != plumbing.CommitObject || o.kind != plumbing.TagObject):
		return object{}, r.notFound("%s %s: it is a %s", kind, id, o.kind)
	}
	return o, nil
}

// Commit reads a commit, also through an annotated tag; ErrNotFound.
func (r *Repository) Commit(ctx context.Context, id ID) (Commit, error) {
	for range 5 {
		o, err := r.need(ctx, plumbing.CommitObject, id)
		if err != nil {
			return Commit{}, err
		}
		if o.kind == plumbing.CommitObject {
			return parseCommit(id, o.data)
		}
		if id, err = tagTarget(o.data); err != nil {
			return Commit{}, err
		}
	}
	return Commit{}, r.notFound("commit below tag %s: tags of tags", id)
}

func (r *Repository) tree(ctx context.Context, id ID) ([]Entry, error) {
	return r.treeAs(ctx, id, parseTree)
}

func (r *Repository) treeAs(ctx context.Context, id ID, parse func([]byte) ([]Entry, error)) ([]Entry, error) {
	if id == emptyTree {
		return nil, nil
	}
	o, err := r.need(ctx, plumbing.TreeObject, id)
	if err != nil {
		return nil, err
	}
	entries, err := parse(o.data)
	if err != nil {
		return nil, fmt.Errorf("%s: tree %s: %w", r.url, id.Short(), err)
	}
	return entries, nil
}

// emptyTree need not be stored to be known.
const emptyTree ID = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// Lookup finds what lies at a path of a tree; "" and "." are the tree itself. ErrNotFound where there is nothing.
func (r *Repository) Lookup(ctx context.Context, tree ID, name string) (Entry, error) {
	at := Entry{Path: cleanPath(name), Mode: ModeDir, ID: tree}
	if at.Path == "" {
		return at, nil
	}
	for part := range strings.SplitSeq(at.Path, "/") {
		if at.Mode != ModeDir {
			return Entry{}, r.notFound("path %s in tree %s", name, tree.Short())
		}
		e, found, err := r.entry(ctx, at.ID, part)
		if err != nil {
			return Entry{}, err
		}
		if !found {
			return Entry{}, r.notFound("path %s in tree %s", name, tree.Short())
		}
		at.Mode, at.ID = e.Mode, e.ID
	}
	return at, nil
}

// cleanPath leaves .. where it leads out: nothing is found there.
func cleanPath(name string) string {
	name = path.Clean(name)
	if name == "." {
		return ""
	}
	return name
}

func (r *Repository) folder(ctx context.Context, tree ID, name string) ([]Entry, error) {
	at, err := r.Lookup(ctx, tree, name)
	if err != nil {
		return nil, err
	}
	if at.Mode != ModeDir {
		return nil, r.notFound("folder %s in tree %s: it is a file", name, tree.Short())
	}
	return r.tree(ctx, at.ID)
}

// List gives the entries of one folder of a tree, sorted by name; ErrNotFound where there is none.
func (r *Repository) List(ctx context.Context, tree ID, name string) ([]Entry, error) {
	entries, err := r.folder(ctx, tree, name)
	slices.SortFunc(entries, byPath)
	return entries, err
}

func byPath(a, b Entry) int { return strings.Compare(a.Path, b.Path) }

// Walk gives all files below a folder of a tree, with paths relative to it, sorted; ErrNotFound where there is no such
// folder. Submodules are left out: their files are elsewhere.
func (r *Repository) Walk(ctx context.Context, tree ID, name string) ([]Entry, error) {
	at, err := r.Lookup(ctx, tree, name)
	if err != nil {
		return nil, err
	}
	if at.Mode != ModeDir {
		return nil, r.notFound("folder %s in tree %s: it is a file", name, tree.Short())
	}
	w := walker{r: r, left: r.o.Limits.Entries}
	if err := w.walk(ctx, at.ID, ""); err != nil {
		return nil, err
	}
	slices.SortFunc(w.files, byPath)
	return w.files, nil
}

// walker bounds what a tree can unfold to: a few small trees that name each other make billions of paths.
type walker struct {
	r     *Repository
	left  int
	files []Entry
}

func (w *walker) walk(ctx context.Context, id ID, prefix string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(prefix) > maxPath {
		return fmt.Errorf("%s: a path of more than %d bytes: %w", w.r.url, maxPath, ErrTooLarge)
	}
	entries, err := w.r.tree(ctx, id)
	if err != nil {
		return err
	}
	if w.left -= len(entries) + 1; w.left < 0 {
		return fmt.Errorf("%s: more than %d files and folders: %w", w.r.url, w.r.o.Limits.Entries, ErrTooLarge)
	}
	for _, e := range entries {
		e.Path = prefix + e.Path
		switch {
		case e.Mode.IsBlob():
			w.files = append(w.files, e)
		case e.Mode == ModeDir:
			if err := w.walk(ctx, e.ID, e.Path+"/"); err != nil {
				return err
			}
		}
	}
	return nil
}

// Blob reads one file's bytes; ErrNotFound.
func (r *Repository) Blob(ctx context.Context, id ID) ([]byte, error) {
	blobs, err := r.Blobs(ctx, id)
	return blobs[id], err
}

// Blobs reads files' bytes, with one request for all that are not at hand; ErrNotFound when one of them does not exist.
func (r *Repository) Blobs(ctx context.Context, ids ...ID) (map[ID][]byte, error) {
	if err := r.bringBlobs(ctx, ids); err != nil {
		return nil, err
	}
	blobs := make(map[ID][]byte, len(ids))
	var total int64
	for _, id := range ids {
		if _, ok := blobs[id]; ok {
			continue
		}
		o, err := r.need(ctx, plumbing.BlobObject, id)
		if err != nil {
			return nil, err
		}
		if total += int64(len(o.data)); total > r.o.Limits.Inflate {
			return nil, fmt.Errorf("%s: %d files of more than %d bytes: %w", r.url, len(ids), r.o.Limits.Inflate, ErrTooLarge)
		}
		blobs[id] = o.data
	}
	return blobs, nil
}

func (r *Repository) bringBlobs(ctx context.Context, ids []ID) error {
	var missing []ID
	for _, id := range ids {
		if id.Valid() && !r.has(id) && !slices.Contains(missing, id) {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return ctx.Err()
	}
	if err := r.home.bring(ctx, plumbing.BlobObject, missing); err != nil {
		return fmt.Errorf("get %d files: %w", len(missing), err)
	}
	return nil
}
