package memory

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// manyBytes is what rendering many apps touches.
const manyBytes = 112 << 20

// LargePages asks the system to give the next memory that this program touches in large pages, where it has such (the
// setting of Linux that most distributions come with gives them to who asks): touching memory for the first time in small
// ones takes a tenth of the time of rendering many apps. Go's own heap is what is asked for: a block that is never written
// to, and free again at once.
func LargePages() {
	advise()
	runtime.GC()
}

//go:noinline
func advise() {
	// Where the system has no such pages, or does not give them, nothing changes.
	_ = unix.Madvise(make([]byte, manyBytes), unix.MADV_HUGEPAGE)
}
