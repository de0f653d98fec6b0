package environments

import (
	"testing"
	"time"
)

func TestParseLimits(t *testing.T) {
	got, err := ParseLimits("memory=512MB, time=1m,documents=7,file=512KB,depth=9,aliases=1GB")
	if want := (Limits{time.Minute, 512 << 20, 7, 512 << 10, 9, 1 << 30}); err != nil || got != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if none, err := ParseLimits(""); err != nil || none != (Limits{}) {
		t.Errorf("nothing is %v, %v", none, err)
	}
	for _, wrong := range []string{"memory", "memory=0MB", "memory=12", "memory=99999MB", "memory=-1MB", "time=0s", "time=soon", "documents=0", "documents=x", "depth=-1", "colour=red", ","} {
		if got, err := ParseLimits(wrong); err == nil || got != (Limits{}) {
			t.Errorf("%q is taken as %v", wrong, got)
		}
	}
}

// Limits of an environment, an app and its override are laid over each other key by key; a team may not lift them.
func TestLimitsAreLaid(t *testing.T) {
	l := limitsOf(limitsFile{Time: "1m", Memory: "512MB", Depth: 9})
	if want := (Limits{Time: time.Minute, Memory: 512 << 20, Depth: 9}); l != want {
		t.Errorf("got %v", l)
	}
	for text, want := range map[string]bool{"0s": false, "0h0m": false, "soon": false, "1ms": true, "1m": true} {
		if err := someTime("").rule().check(text); (err == nil) != want {
			t.Errorf("a limit of %s: %v", text, err)
		}
	}
	for _, size := range []byteSize{"12", "0MB", "1.5GB", "10000MB", "1TB", "16mb"} {
		if size.rule().check(string(size)) == nil {
			t.Errorf("%s is taken for a size", size)
		}
	}
}
