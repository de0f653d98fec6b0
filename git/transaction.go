package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

var (
	errNotDir = syscall.ENOTDIR
	errIsDir  = syscall.EISDIR
)

// transaction moves refs on disk, all or none, under the locks that Git takes: <ref>.lock made exclusively, and
// packed-refs.lock for deletions. Between lock and rename nobody else who keeps to the rules moves a ref.
type transaction struct {
	dir     diskDir
	updates []Update        // sorted by ref
	held    map[string]bool // lock files that are ours, to be removed
}

// lockWait is how long one holder of a lock is waited for. Git holds one for milliseconds, on a busy machine for seconds.
var lockWait = 10 * time.Second

// moveRefs moves refs, all or none. ready is called with all locks held and compared, before anything moves.
func moveRefs(ctx context.Context, dir diskDir, updates []Update, ready func() error) error {
	t := &transaction{dir: dir, updates: slices.Clone(updates), held: map[string]bool{}}
	slices.SortFunc(t.updates, func(a, b Update) int { return strings.Compare(a.Ref, b.Ref) })
	defer t.release()
	if err := t.lock(ctx); err != nil {
		return err
	}
	if err := ready(); err != nil {
		return err
	}
	return t.commit(ctx)
}

// lock takes all locks in the order of names, so that two transactions never wait for each other, and compares.
func (t *transaction) lock(ctx context.Context) error {
	for _, u := range t.updates {
		if err := t.lockRef(ctx, u); err != nil {
			return err
		}
	}
	for _, u := range t.updates {
		if err := t.compare(u); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) compare(u Update) error {
	if _, target, err := t.dir.looseRef(u.Ref); err == nil && target != "" {
		return &RefusedError{Ref: u.Ref, Reason: "it only names another ref, " + target}
	}
	have, err := t.dir.readRef(u.Ref)
	if err != nil {
		return err
	}
	if have != u.Old {
		return &MovedError{Ref: u.Ref, Have: have}
	}
	if u.Old != "" {
		return nil
	}
	return t.roomFor(u.Ref)
}

const notBoth = ", and a name cannot be a ref and a folder of refs"

// roomFor refuses a new ref that could not be on disk together with another.
func (t *transaction) roomFor(ref string) error {
	packed, err := t.dir.packedRefs()
	if err != nil {
		return err
	}
	names := slices.Collect(maps.Keys(packed))
	for _, u := range t.updates {
		names = append(names, u.Ref)
	}
	names = append(names, t.dir.looseAround(ref)...)
	slices.Sort(names)
	for _, name := range names {
		if strings.HasPrefix(name, ref+"/") || strings.HasPrefix(ref, name+"/") {
			return &RefusedError{Ref: ref, Reason: "there is a ref " + name + notBoth}
		}
	}
	return nil
}

// looseAround lists the files of refs whose name begins with this one's, or is its beginning.
func (d diskDir) looseAround(ref string) []string {
	var names []string
	for name := path.Dir(ref); strings.Contains(name, "/"); name = path.Dir(name) {
		if info, err := os.Stat(d.refPath(name)); err == nil && !info.IsDir() {
			names = append(names, name)
		}
	}
	// An error here means that nothing is below, or that it is just going away.
	_ = filepath.WalkDir(d.refPath(ref), func(file string, e fs.DirEntry, err error) error {
		if rel, relErr := filepath.Rel(d.common, file); err == nil && relErr == nil && !e.IsDir() && !strings.HasSuffix(file, ".lock") {
			names = append(names, filepath.ToSlash(rel))
		}
		return nil
	})
	return names
}

func (t *transaction) lockRef(ctx context.Context, u Update) error {
	lock := t.dir.refPath(u.Ref) + ".lock"
	f, err := takeLock(ctx, lock)
	if errors.Is(err, errNotDir) {
		return &RefusedError{Ref: u.Ref, Reason: "a part of its name is a ref already" + notBoth}
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", u.Ref, err)
	}
	t.held[lock] = true
	if u.New != "" {
		_, err = f.WriteString(string(u.New) + "\n")
	}
	if err := errors.Join(err, t.dir.sync(f), f.Close()); err != nil {
		return fmt.Errorf("lock %s: %w", u.Ref, err)
	}
	return nil
}

// takeLock makes a lock file, waiting while others hold it, one after the other; one that nobody lets go of is an error.
// Folders are made again when somebody clears them away as empty.
func takeLock(ctx context.Context, lock string) (*os.File, error) {
	var holder os.FileInfo
	since := time.Now() // how long a file lies there is the file system's time, not the caller's
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		f, err := makeLock(lock)
		if err == nil || !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
		if now, statErr := os.Stat(lock); statErr == nil && !sameLock(holder, now) {
			holder, since = now, time.Now()
		}
		if time.Since(since) > lockWait {
			return nil, heldError(lock, holder, err)
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func makeLock(lock string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(lock), 0o777); err != nil {
		return nil, err
	}
	return os.OpenFile(lock, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}

func sameLock(a, b os.FileInfo) bool {
	return a != nil && os.SameFile(a, b) && a.ModTime().Equal(b.ModTime())
}

func heldError(lock string, holder os.FileInfo, err error) error {
	if holder == nil {
		return err
	}
	return &lockedError{Path: lock, Age: time.Since(holder.ModTime())}
}

// commit makes the locked values the refs' values: deletions from the packed file first, so that no old value comes to
// light; then each ref by one rename. Should that fail halfway, what moved is taken back.
func (t *transaction) commit(ctx context.Context) error {
	if err := t.unpack(ctx); err != nil {
		return err
	}
	for _, u := range t.updates {
		if err := t.commitRef(u); err != nil {
			t.release()
			return errors.Join(fmt.Errorf("move %s: %w", u.Ref, err), t.takeBack(ctx))
		}
	}
	return nil
}

func (t *transaction) commitRef(u Update) error {
	file := t.dir.refPath(u.Ref)
	if u.New == "" {
		return t.deleteLoose(u.Ref)
	}
	if info, err := os.Lstat(file); err == nil && info.IsDir() {
		removeEmptyBelow(file)
	}
	if err := os.Rename(file+".lock", file); err != nil {
		return err
	}
	delete(t.held, file+".lock") // the next one of this name is somebody else's
	return t.dir.syncDir(filepath.Dir(file))
}

// deleteLoose removes a ref's file and its log; the log would be in the way of a ref below this name.
func (t *transaction) deleteLoose(ref string) error {
	log := filepath.Join(t.dir.common, "logs", filepath.FromSlash(ref))
	for _, file := range []string{log, t.dir.refPath(ref)} {
		if err := os.Remove(file); err != nil && !isNoFile(err) {
			return err
		}
	}
	return t.dir.syncDir(filepath.Dir(t.dir.refPath(ref)))
}

// takeBack restores what has moved already. It can fail only where another was faster, and then says so.
func (t *transaction) takeBack(ctx context.Context) error {
	var back []Update
	for _, u := range t.updates {
		have, err := t.dir.readRef(u.Ref)
		if err != nil {
			return err
		}
		if have == u.New && u.New != u.Old {
			back = append(back, Update{Ref: u.Ref, Old: u.New, New: u.Old})
		}
	}
	for _, u := range back {
		if err := moveRefs(ctx, t.dir, []Update{u}, func() error { return nil }); err != nil {
			return fmt.Errorf("take back: %w", err)
		}
	}
	return nil
}

// unpack takes the refs to delete out of the packed file.
func (t *transaction) unpack(ctx context.Context) error {
	packed, err := t.dir.packedRefs()
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, u := range t.updates {
		if _, ok := packed[u.Ref]; ok && u.New == "" {
			gone[u.Ref] = true
		}
	}
	if len(gone) == 0 {
		return nil
	}
	lock := t.dir.packedPath() + ".lock"
	f, err := takeLock(ctx, lock)
	if err != nil {
		return fmt.Errorf("lock packed-refs: %w", err)
	}
	err = errors.Join(t.dir.writePacked(f, gone), t.dir.sync(f), f.Close())
	if err == nil {
		err = os.Rename(lock, t.dir.packedPath())
	}
	if err != nil {
		return errors.Join(fmt.Errorf("rewrite packed-refs: %w", err), os.Remove(lock))
	}
	return t.dir.syncDir(t.dir.common)
}

// writePacked copies the packed file without some refs, and without the lines that belong to them.
func (d diskDir) writePacked(f *os.File, gone map[string]bool) error {
	out := bufio.NewWriter(f)
	skipping := false
	err := d.eachPacked(func(line packedLine) error {
		if line.name != "" {
			skipping = gone[line.name]
		}
		if skipping {
			return nil
		}
		_, err := out.WriteString(line.text + "\n")
		return err
	})
	return errors.Join(err, out.Flush())
}

// release removes the locks that are still ours, and the folders that were made for them.
func (t *transaction) release() {
	for lock := range t.held {
		_ = os.Remove(lock) // a lock that stays is reported, with a hint, to the next who wants it
		t.dir.removeEmptyAbove(lock)
	}
	clear(t.held)
}

// removeEmptyAbove removes folders below refs/heads and its like that hold nothing any more.
func (d diskDir) removeEmptyAbove(path string) {
	refs := filepath.Join(d.common, "refs")
	for dir := filepath.Dir(path); filepath.Dir(filepath.Dir(dir)) != d.common && strings.HasPrefix(dir, refs); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			return
		}
	}
}

// removeEmptyBelow removes a tree of empty folders that stands where a ref's file has to be.
func removeEmptyBelow(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() {
			removeEmptyBelow(filepath.Join(dir, e.Name()))
		}
	}
	_ = os.Remove(dir)
}

// sync makes a file last, unless the repository says that nothing needs to.
func (d *diskDir) sync(f *os.File) error {
	if d.volatile {
		return nil
	}
	return f.Sync()
}

// syncDir makes renames in a folder last.
func (d *diskDir) syncDir(path string) error {
	if runtime.GOOS == "windows" || d.volatile {
		return nil // cannot open a folder, and orders renames on its own
	}
	folder, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
