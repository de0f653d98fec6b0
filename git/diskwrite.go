package git

import (
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// packFrom is how many new objects are stored as a pack instead of one file each, as Git does on receiving a push.
const packFrom = 100

// store writes objects to disk, each whole or not at all, and makes them last. Those that are there already are made
// young, since Git prunes what nothing names only when it is old.
func (h *diskHome) store(objects []freshObject, keep *keepers) error {
	if len(objects) >= packFrom || len(objects) > 0 && h.collecting() {
		return h.storePack(objects, keep)
	}
	folders := map[string]bool{}
	z, err := zlib.NewWriterLevel(io.Discard, zlib.BestSpeed)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if h.touch(o.id) {
			continue
		}
		folder, err := h.storeLoose(z, o)
		if err != nil {
			return fmt.Errorf("write object %s: %w", o.id.Short(), err)
		}
		folders[folder] = true
	}
	for folder := range folders {
		if err := h.dir.syncDir(folder); err != nil {
			return err
		}
	}
	return nil
}

// storeLoose gives an object a file of its own, and returns the folder that holds it.
func (h *diskHome) storeLoose(z *zlib.Writer, o freshObject) (string, error) {
	path := loosePath(h.objects(), o.id)
	return filepath.Dir(path), h.dir.writeWhole(path, func(f io.Writer) error {
		z.Reset(f)
		_, err := fmt.Fprintf(z, "%s %d\x00", o.kind, len(o.data))
		if err == nil {
			_, err = z.Write(o.data)
		}
		return errors.Join(err, z.Close())
	})
}

// writeWhole makes a read-only file that is never seen half written. The name it has meanwhile is one that Git sweeps up
// after a crash, and `git gc --prune=now` even while we write, with the folder when it is empty; then it is written again.
func (d *diskDir) writeWhole(path string, write func(io.Writer) error) error {
	var err error
	for range 10 {
		if err = d.writeOnce(path, write); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return err
}

func (d *diskDir) writeOnce(path string, write func(io.Writer) error) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, "tmp_obj_*")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Chmod(0o444), d.sync(f), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // err says what matters
	}
	return err
}

// touch makes an object young where it is on disk.
func (h *diskHome) touch(id ID) bool {
	now := time.Now() // what Git compares it with
	if os.Chtimes(loosePath(h.objects(), id), now, now) == nil {
		return true
	}
	path, ok := h.disk.packOf(id)
	return ok && os.Chtimes(path+".pack", now, now) == nil
}

// storePack writes objects as one pack. Nobody prunes inside packs, and the .keep file beside it holds off whoever
// repacks; it is written first, the index last.
func (h *diskHome) storePack(objects []freshObject, keep *keepers) error {
	w, sum, err := writePack(objects, nil)
	if err != nil {
		return err
	}
	index, err := w.indexBytes()
	if err != nil {
		return err
	}
	folder := filepath.Join(h.objects(), "pack")
	path := filepath.Join(folder, "pack-"+sum.String())
	keep.add(path + ".keep")
	for _, part := range []struct {
		suffix string
		data   []byte
	}{{".keep", []byte("ferry\n")}, {".pack", w.out.Bytes()}, {".idx", index}} {
		err := h.dir.writeWhole(path+part.suffix, func(f io.Writer) error { _, err := f.Write(part.data); return err })
		if err != nil {
			return fmt.Errorf("write pack: %w", err)
		}
	}
	return h.dir.syncDir(folder)
}

// keepers are .keep files that guard packs until refs name what is in them.
type keepers struct{ files []string }

func (k *keepers) add(file string) { k.files = append(k.files, file) }

func (k *keepers) any() bool { return len(k.files) > 0 }

func (k *keepers) release() {
	for _, file := range k.files {
		_ = os.Remove(file) // one that stays costs only that its pack is never merged with others
	}
}
