package memory

import (
	"runtime/debug"
	"testing"
)

func TestHeadroom(t *testing.T) {
	for used, want := range map[uint64]int{0: 400, 4 << 20: 400, 40 << 20: 300, 80 << 20: 100, 1 << 30: 100} {
		if got := headroom(used); got != want {
			t.Errorf("%d bytes in use: %d per cent, want %d", used, got, want)
		}
	}
}

// Whoever sets the collector by its own variables is obeyed.
func TestGiveRoom(t *testing.T) {
	before := debug.SetGCPercent(77)
	defer debug.SetGCPercent(before)
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		giveRoom(func(asked string) string { return map[string]string{name: "50"}[asked] })
		if got := debug.SetGCPercent(77); got != 77 {
			t.Errorf("with %s set the collector is at %d", name, got)
		}
	}
}
