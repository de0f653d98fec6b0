package git

import "time"

// SetLockWait shortens how long a lock is waited for.
func SetLockWait(d time.Duration) (restore func()) {
	was := lockWait
	lockWait = d
	return func() { lockWait = was }
}
