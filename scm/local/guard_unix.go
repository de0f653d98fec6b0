//go:build unix

package local

import (
	"errors"
	"os"
	"syscall"
)

// guarded runs act while no other process does. The system frees the guard when its holder dies.
func guarded(name string, act func(guard *os.File) error) error {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	if err == nil {
		err = act(f)
	}
	return errors.Join(err, f.Close())
}
