package git_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
)

// tangle makes a history with merges whose commits are seconds apart, some at the same time or a little before their
// parents.
func tangle(t *testing.T, seed uint64) (dir string) {
	t.Helper()
	dir = gittest.Bare(t, nil)
	rnd := rand.New(rand.NewPCG(seed, 1))
	var in strings.Builder
	now := 1767323045
	for i := 1; i <= 80; i++ {
		now += rnd.IntN(40) - 5
		fmt.Fprintf(&in, "commit refs/heads/main\nmark :%d\ncommitter A <a@b> %d +0000\ndata 2\nm\n\n", i, now)
		var parents []int
		for n := min(i-1, 1+rnd.IntN(3)); len(parents) < n; {
			if p := 1 + max(0, i-2-rnd.IntN(12)); !slices.Contains(parents, p) {
				parents = append(parents, p)
			} else {
				n--
			}
		}
		for j, p := range parents {
			fmt.Fprintf(&in, "%s :%d\n", []string{"from", "merge"}[min(j, 1)], p)
		}
		if len(parents) == 0 && i > 1 {
			fmt.Fprintf(&in, "from :%d\n", i-1)
		}
	}
	cmd := exec.Command("git", "fast-import", "--quiet", "--force")
	cmd.Dir, cmd.Env, cmd.Stdin = dir, gittest.Env(), strings.NewReader(in.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("fast-import: %v\n%s", err, out)
	}
	return dir
}

func TestLogOrder(t *testing.T) {
	for seed := range uint64(8) {
		dir := tangle(t, seed)
		for name, address := range map[string]string{"disk": dir, "server": gittest.NewServer(t, dir)} {
			r := open(t, address)
			seen := map[git.ID]bool{}
			var last git.Commit
			err := r.Log(t.Context(), must(r.Head(t.Context()))(t), func(c git.Commit) (bool, error) {
				for _, p := range c.Parents {
					if seen[p] {
						t.Errorf("%s %d: parent %s before its child %s", name, seed, p.Short(), c.ID.Short())
					}
				}
				if seen[c.ID] {
					t.Errorf("%s %d: %s twice", name, seed, c.ID.Short())
				}
				if last.ID != "" && c.Time.After(last.Time) && !slices.Contains(last.Parents, c.ID) && !c.Time.Equal(last.Time) {
					// Only a commit that had to wait for its child may be newer than the one before it.
					if !hasChild(t, dir, c.ID, seen) {
						t.Errorf("%s %d: %s comes late", name, seed, c.ID.Short())
					}
				}
				seen[c.ID], last = true, c
				return true, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Fields(gittest.Run(t, dir, "rev-list", "main")); len(seen) != len(want) {
				t.Errorf("%s %d: %d commits, want %d", name, seed, len(seen), len(want))
			}
		}
	}
}

func hasChild(t *testing.T, dir string, id git.ID, seen map[git.ID]bool) bool {
	for line := range strings.Lines(gittest.Run(t, dir, "rev-list", "--children", "main")) {
		if f := strings.Fields(line); f[0] == string(id) {
			return slices.ContainsFunc(f[1:], func(c string) bool { return seen[git.ID(c)] })
		}
	}
	return false
}

func TestLogEndsWhereItIsCutOff(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"f": "0\n"})
	for i := range 5 {
		gittest.Commit(t, dir, "main", map[string]string{"f": fmt.Sprint(i+1, "\n")})
	}
	shallow := filepath.Join(t.TempDir(), "shallow")
	gittest.Run(t, t.TempDir(), "clone", "--quiet", "--bare", "--depth=3", "file://"+dir, shallow)
	for name, address := range map[string]string{"on disk": shallow, "on a server": gittest.NewServer(t, shallow)} {
		r, n := open(t, address), 0
		err := r.Log(t.Context(), must(r.Head(t.Context()))(t), func(git.Commit) (bool, error) { n++; return true, nil })
		if err != nil || n != 3 {
			t.Errorf("%s: %d commits, %v", name, n, err)
		}
	}
	stop := errors.New("stop")
	r := open(t, dir)
	if err := r.Log(t.Context(), must(r.Head(t.Context()))(t), func(git.Commit) (bool, error) { return true, stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}
