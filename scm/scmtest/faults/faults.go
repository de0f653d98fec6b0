// Package faults puts a proxy that misbehaves in front of a forge, and lets a driver do its work through it: whatever
// gets lost on the way and however often a run is started again, there is never a second pull request, a second comment
// or a second merge.
//
// One seed is one schedule of faults. A failing test prints what happened to every request and the line that plays it
// again. A driver adds it in five lines, where fixture is what it gives to scmtest.Run:
//
//	func TestFaults(t *testing.T) {
//		faults.Run(t, func(t *testing.T, wrap func(http.Handler) http.Handler) scmtest.Fixture {
//			f := fake.New(t)
//			f.Host.Wrap(wrap)
//			return fixture(t, f)
//		})
//	}
//
// Clients of the fixture must not really sleep. Bot is the first run of ferry, each Twin the next one, in a process of its
// own. More seeds: FERRY_FAULTS=500; one of them: FERRY_FAULTS_SEED=17.
//
// proxy.go is what can go wrong, story.go what is tried and what must be true in the end.
package faults

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/scm/scmtest"
)

// usual is how many schedules are tried where nobody says otherwise.
const usual = 6

// Run tells every story through a number of schedules. open makes a forge of its own each time; what it gives to wrap
// stands before the forge.
func Run(t *testing.T, open func(t *testing.T, wrap func(http.Handler) http.Handler) scmtest.Fixture) {
	for _, seed := range seeds(t) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			p := &proxy{dice: newDice(seed)}
			w := newWorld(t, p, open(t, p.before))
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("what happened:\n%s\nonce more: %s", strings.Join(p.told(), "\n"), replay(t, seed))
				}
			})
			for _, story := range stories {
				story(t, w)
			}
			if p.bad == 0 {
				t.Error("nothing went wrong: does the proxy stand before the forge?")
			}
		})
	}
}

// seeds are those to try.
func seeds(t *testing.T) []uint64 {
	if only, ok := number(t, "FERRY_FAULTS_SEED"); ok {
		return []uint64{only}
	}
	n, ok := number(t, "FERRY_FAULTS")
	if !ok {
		n = usual
	}
	var out []uint64
	for seed := range n {
		out = append(out, seed+1)
	}
	return out
}

func number(t *testing.T, name string) (uint64, bool) {
	s, ok := os.LookupEnv(name)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n, true
}

// replay is the command that plays a schedule again, to be run at the top of the repository.
func replay(t *testing.T, seed uint64) string {
	test, _, _ := strings.Cut(t.Name(), "/")
	return fmt.Sprintf("FERRY_FAULTS_SEED=%d go test ./%s -run '^%s$'", seed, here(), test)
}

// here is the folder of the package under test, from the top of the repository.
func here() string {
	dir, err := os.Getwd()
	for top := dir; err == nil && top != filepath.Dir(top); top = filepath.Dir(top) {
		if _, err := os.Stat(filepath.Join(top, "go.mod")); err == nil {
			rest, _ := filepath.Rel(top, dir)
			return filepath.ToSlash(rest)
		}
	}
	return "..."
}
