package memory

import (
	"runtime"
	"testing"
)

// What is asked for is not kept: neither as memory in use, nor as what the collector waits for.
func TestLargePagesKeepsNothing(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	LargePages()
	runtime.ReadMemStats(&after)
	if after.HeapAlloc > before.HeapAlloc+8<<20 {
		t.Errorf("%d MB are in use, and were %d", after.HeapAlloc>>20, before.HeapAlloc>>20)
	}
	if after.NextGC > before.NextGC+64<<20 {
		t.Errorf("the collector waits for %d MB, and did for %d", after.NextGC>>20, before.NextGC>>20)
	}
}
