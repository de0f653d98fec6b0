package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/ferry-cd/ferry/git"
)

// deadAfter is how old a lock on a ref of the forge has to be to count as left behind: one is held for milliseconds.
const deadAfter = time.Minute

// move moves refs. A process that was killed while it held the lock of one of the forge's own refs must not stop all
// others for ever, so such a lock is removed. Locks of branches stay: Git may hold one for as long as a hook runs.
func (c *Client) move(ctx context.Context, updates ...git.Update) error {
	err := c.repo.Push(ctx, updates...)
	var moved *git.MovedError
	if err == nil || errors.As(err, &moved) {
		return err
	}
	freed := false
	for _, ref := range []string{pullsRef, statusesRef} {
		freed = c.freeLock(ref) || freed
	}
	if !freed {
		return err
	}
	return c.repo.Push(ctx, updates...)
}

// freeLock removes a dead process's lock. Only one process at a time looks and removes, or it might remove the lock that
// another has just made in the dead one's place.
func (c *Client) freeLock(ref string) (freed bool) {
	lock := filepath.Join(c.dir, filepath.FromSlash(ref)+".lock")
	if _, err := os.Stat(lock); err != nil {
		return false
	}
	_ = guarded(filepath.Join(c.dir, "ferry-forge.guard"), func(guard *os.File) error {
		if age, err := ageOf(lock, guard); err != nil || age < deadAfter {
			return err
		}
		err := os.Remove(lock)
		freed = err == nil
		return err
	})
	return freed
}

// ageOf compares a file with one that is written now: whatever the caller's clock shows, both times are the file system's.
func ageOf(name string, now *os.File) (time.Duration, error) {
	if _, err := now.WriteAt([]byte{'\n'}, 0); err != nil {
		return 0, err
	}
	is, err := now.Stat()
	if err != nil {
		return 0, err
	}
	was, err := os.Stat(name)
	if err != nil {
		return 0, err
	}
	return is.ModTime().Sub(was.ModTime()), nil
}
