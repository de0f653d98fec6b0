// Package memory says how long the collector of garbage may wait. Importing it is enough.
package memory

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Rendering makes much garbage beside little that stays, so that with Go's own settings every third cycle of the processor
// goes into collecting it. As long as little is in use the collector may wait until five times as much is there; the more
// is in use, the less it waits.
const (
	roomyHeap = 160 << 20 // bytes that the heap may grow to before the collector has to run
	mostRoom  = 400       // per cent of what is in use
	leastRoom = 100
)

// Libraries fill some megabytes before main begins, for which Go's own setting lets the collector run once or twice: a
// fourth of what starting takes. Packages that wait for nothing begin in the order of their paths, so this one comes before
// the largest of those.
func init() { giveRoom(os.Getenv) }

// giveRoom sets the collector, and again after each of its runs. Who sets it by the usual variables decides.
func giveRoom(getenv func(string) string) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(mostRoom)
	watch()
}

// watch plants something that the collector finds unused in its next run.
func watch() {
	seed := new([16]byte)
	runtime.SetFinalizer(seed, func(*[16]byte) {
		used := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(used)
		debug.SetGCPercent(headroom(used[0].Value.Uint64()))
		watch()
	})
}

// headroom is how much the heap may grow, in per cent of what is in use.
func headroom(used uint64) int {
	if used == 0 {
		return mostRoom
	}
	return max(leastRoom, min(mostRoom, int((float64(roomyHeap)/float64(used)-1)*100)))
}
