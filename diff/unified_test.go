package diff

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnified(t *testing.T) {
	abc := "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n"
	for name, c := range map[string]struct{ old, new, want string }{
		"equal":         {abc, abc, ""},
		"one line":      {abc, strings.Replace(abc, "f", "F", 1), "@@ -3,7 +3,7 @@\n c\n d\n e\n-f\n+F\n g\n h\n i\n"},
		"two hunks":     {abc, strings.NewReplacer("a\n", "", "l\n", "l\nm\n").Replace(abc), "@@ -1,4 +1,3 @@\n-a\n b\n c\n d\n@@ -10,3 +9,4 @@\n j\n k\n l\n+m\n"},
		"one hunk":      {abc, strings.NewReplacer("c\n", "", "j\n", "").Replace(abc), "@@ -1,12 +1,10 @@\n a\n b\n-c\n d\n e\n f\n g\n h\n i\n-j\n k\n l\n"},
		"from nothing":  {"", "a\n", "@@ -0,0 +1 @@\n+a\n"},
		"to nothing":    {"a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n"},
		"no line break": {"a\nb", "a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"},
	} {
		t.Run(name, func(t *testing.T) {
			want := c.want
			if want != "" {
				want = "--- x\n+++ y\n" + want
			}
			if diff := cmp.Diff(want, Unified("x", "y", []byte(c.old), []byte(c.new))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// git is the referee: what we write, it can apply.
func TestUnifiedIsAPatch(t *testing.T) {
	rnd := rand.New(rand.NewPCG(13, 14))
	dir := t.TempDir()
	for i := range 12 {
		old := randomLines(rnd, 60+i*5)
		var new []string
		for _, line := range old {
			switch rnd.IntN(8) {
			case 0:
			case 1:
				new = append(new, line, fmt.Sprintf("extra %d", rnd.IntN(9)))
			default:
				new = append(new, line)
			}
		}
		before, after := strings.Join(old, "\n")+"\n", strings.Join(new, "\n")
		if i%2 == 0 {
			after += "\n"
		}
		file := filepath.Join(dir, "f")
		if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		git := exec.Command("git", "apply", "-p1", "-")
		git.Dir = dir
		git.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir)) // whatever lies above is not our repository
		git.Stdin = strings.NewReader(Unified("a/f", "b/f", []byte(before), []byte(after)))
		if out, err := git.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		got, err := os.ReadFile(file)
		if err != nil || string(got) != after {
			t.Fatalf("the patch does not lead to the new text: %v", err)
		}
	}
}

func randomLines(rnd *rand.Rand, n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("line %d", rnd.IntN(20))
	}
	return lines
}
