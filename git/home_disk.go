package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// diskHome is a repository on this machine. Everything is at hand; nothing runs git, and no hooks run.
type diskHome struct {
	dir  diskDir
	disk *diskStore
}

func openDisk(path string, o Options) (home, error) {
	dir, err := findDisk(path)
	if err != nil {
		return nil, err
	}
	disk, err := openStore(filepath.Join(dir.common, "objects"), o.Limits.Object)
	if err != nil {
		return nil, err
	}
	return &diskHome{dir: dir, disk: disk}, nil
}

func (h *diskHome) objects() string { return filepath.Join(h.dir.common, "objects") }

func (h *diskHome) refs(ctx context.Context) (refSet, error) {
	if err := ctx.Err(); err != nil {
		return refSet{}, err
	}
	return h.dir.readRefs()
}

func (h *diskHome) object(id ID) (object, error) { return h.disk.object(id) }

func (h *diskHome) has(id ID) bool { return h.disk.has(id) }

func (h *diskHome) fetch(ctx context.Context, _ int, _ []string) error { return ctx.Err() }

func (h *diskHome) bring(ctx context.Context, _ plumbing.ObjectType, _ []ID) error { return ctx.Err() }

func (h *diskHome) deepen(ctx context.Context, _ ID) (bool, error) { return false, ctx.Err() }

// isEdge knows the commits at which a shallow clone was cut off.
func (h *diskHome) isEdge(id ID) bool {
	text, err := readSmall(filepath.Join(h.dir.common, "shallow"))
	return err == nil && strings.Contains("\n"+text, "\n"+string(id)+"\n")
}

// push writes the objects, then moves the refs. Git may collect garbage at the same time and prune what no ref names
// yet; so the objects are looked at once more with the refs locked and about to move, and again when they have: a
// collection that begins later sees the refs.
func (h *diskHome) push(ctx context.Context, updates []Update, objects []freshObject) error {
	if err := h.mayMove(updates); err != nil {
		return err
	}
	keep := &keepers{}
	defer keep.release()
	if err := h.store(objects, keep); err != nil {
		return err
	}
	secure := func() error { return h.secure(objects, keep) }
	if err := moveRefs(ctx, h.dir, updates, secure); err != nil {
		return err
	}
	return secure()
}

// secure writes the objects again, out of reach of any pruning, when a garbage collection has taken one or still may:
// whether one runs is asked last.
func (h *diskHome) secure(objects []freshObject, keep *keepers) error {
	if len(objects) == 0 || keep.any() {
		return nil
	}
	lost := slices.ContainsFunc(objects, func(o freshObject) bool { return !h.disk.lies(o.id) })
	if !lost && !h.collecting() {
		return nil
	}
	return h.storePack(objects, keep)
}

// collecting tells whether `git gc` runs. Like Git we take a mark that is older than this for one of a crashed process.
func (h *diskHome) collecting() bool {
	info, err := os.Stat(filepath.Join(h.dir.common, "gc.pid"))
	return err == nil && time.Since(info.ModTime()) < 12*time.Hour
}

// mayMove refuses what Git refuses: moving a branch under the feet of a work tree, deleting the one HEAD names.
func (h *diskHome) mayMove(updates []Update) error {
	out, err := h.checkedOut()
	if err != nil {
		return err
	}
	for _, u := range updates {
		place, isOut := out[u.Ref]
		switch {
		case isOut && place != "":
			return &RefusedError{Ref: u.Ref, Reason: "it is checked out in " + place,
				Advice: "push to a bare repository, or check out another branch there"}
		case isOut && u.New == "":
			return &RefusedError{Ref: u.Ref, Reason: "HEAD names it, it is the default branch"}
		}
	}
	return nil
}

// checkedOut maps refs that a HEAD names to the work tree that has them checked out; "" for the HEAD of a bare one.
func (h *diskHome) checkedOut() (map[string]string, error) {
	heads := map[string]string{}
	main := ""
	if !h.dir.bare {
		main = filepath.Dir(h.dir.common)
	}
	if err := headOf(h.dir.common, main, heads); err != nil {
		return nil, err
	}
	linked, _ := os.ReadDir(filepath.Join(h.dir.common, "worktrees")) // most repositories have none
	for _, w := range linked {
		dir := filepath.Join(h.dir.common, "worktrees", w.Name())
		place, err := readSmall(filepath.Join(dir, "gitdir"))
		if err != nil {
			continue // a work tree that is being removed
		}
		if err := headOf(dir, filepath.Dir(strings.TrimSpace(place)), heads); err != nil {
			return nil, err
		}
	}
	return heads, nil
}

func headOf(dir, place string, heads map[string]string) error {
	text, err := readSmall(filepath.Join(dir, "HEAD"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read HEAD: %w", err)
	}
	if _, target := parseRef(text); target != "" {
		heads[target] = place
	}
	return nil
}
