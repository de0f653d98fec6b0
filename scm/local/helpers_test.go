package local_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/local"
)

func encode(t *testing.T, what any) []byte {
	t.Helper()
	data, err := json.Marshal(what)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// run is Git itself, as the judge of what we wrote.
func run(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, err := tryGit(dir, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func tryGit(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// person is somebody's clone of the forge's repository.
type person struct{ dir string }

func clone(t testing.TB, from string) person {
	t.Helper()
	p := person{t.TempDir()}
	run(t, p.dir, "init", "-q", "-b", "none")
	run(t, p.dir, "remote", "add", "origin", from)
	return p
}

// commit makes a commit on top of a branch ("" for a first one) and pushes it to another.
func (p person) commit(t testing.TB, from, to string, files map[string]string) string {
	t.Helper()
	if from == "" {
		run(t, p.dir, "checkout", "-q", "--orphan", "for-"+filepath.Base(t.TempDir()))
	} else {
		run(t, p.dir, "fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*")
		run(t, p.dir, "checkout", "-q", "--detach", "origin/"+from)
	}
	for path, data := range files {
		full := filepath.Join(p.dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run(t, p.dir, "add", "-A")
	run(t, p.dir, "commit", "-q", "--allow-empty", "-m", "Change "+to)
	run(t, p.dir, "push", "-q", "-f", "origin", "HEAD:refs/heads/"+to)
	return run(t, p.dir, "rev-parse", "HEAD")
}

// forge is a repository with a first commit on main.
func forge(t *testing.T) (dir string, p person) {
	t.Helper()
	dir = bare(t)
	p = clone(t, dir)
	p.commit(t, "", "main", map[string]string{"readme.md": "# gitops\n", "dev/web/web.yaml": "image: web:1\n"})
	return dir, p
}

// propose opens a pull request that must be new.
func propose(t testing.TB, c *local.Client, head string) scm.PullRequest {
	t.Helper()
	pr, outcome, err := c.EnsurePullRequest(t.Context(), scm.Proposal{Head: head, Base: "main", Title: "Promote " + head})
	if err != nil || outcome != scm.Created {
		t.Fatalf("open %s: outcome %q, %v", head, outcome, err)
	}
	return pr
}
