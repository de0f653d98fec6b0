package source

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git"
)

func gitIn(t *testing.T, dir string, at int, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=Ada", "-c", "user.email=ada@example.com"}, args...)...)
	when := fmt.Sprintf("%d +0000", 1_700_000_000+at*60)
	cmd.Env = append(cmd.Environ(), "GIT_AUTHOR_DATE="+when, "GIT_COMMITTER_DATE="+when)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// What lies between two commits is what git log says, whatever was branched off and merged, and whenever.
func TestBetweenIsWhatGitSays(t *testing.T) {
	dir := t.TempDir()
	gitIn(t, dir, 0, "init", "--quiet", "--initial-branch=main")
	rnd := rand.New(rand.NewPCG(6, 6))
	var all []string
	gitIn(t, dir, 0, "commit", "--quiet", "--allow-empty", "-m", "first")
	all = append(all, gitIn(t, dir, 0, "rev-parse", "HEAD"))
	for i := 1; i < 40; i++ {
		parents := []string{"-p", all[rnd.IntN(len(all))]}
		if other := all[rnd.IntN(len(all))]; rnd.IntN(3) == 0 && other != parents[1] {
			parents = append(parents, "-p", other)
		}
		args := append([]string{"commit-tree", "HEAD^{tree}", "-m", fmt.Sprintf("commit %d", i)}, parents...)
		all = append(all, gitIn(t, dir, i-rnd.IntN(3), args...))
	}
	checkout := openCheckout(t, dir)
	pairs := 0
	for _, to := range all[20:] {
		ancestors := strings.Fields(gitIn(t, dir, 0, "rev-list", to))
		for _, from := range all[:20] {
			if from == to || !slices.Contains(ancestors, from) {
				continue
			}
			pairs++
			want := strings.Fields(gitIn(t, dir, 0, "rev-list", from+".."+to))
			commits, more, found, err := Between(t.Context(), checkout.Repository(), git.ID(from), git.ID(to), 5)
			if err != nil || !found || len(commits)+more != len(want) {
				t.Fatalf("%s..%s: %d and %d more, %t, %v, want %v", from, to, len(commits), more, found, err, want)
			}
			for _, c := range commits {
				if !slices.Contains(want, string(c.ID)) {
					t.Errorf("%s..%s gives %s, which git does not", from, to, c.ID)
				}
			}
		}
	}
	if pairs < 30 {
		t.Errorf("only %d pairs were compared", pairs)
	}
	if _, _, found, err := Between(t.Context(), checkout.Repository(), git.ID(all[30]), git.ID(all[0]), 5); found || err != nil {
		t.Errorf("a newer commit was found in the history of an older one: %t, %v", found, err)
	}
}
