// Package gittest gives tests real repositories, made by the git command, and serves them over smart HTTP through git's
// own backend. Nothing but tests imports it.
package gittest

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Run runs git in a folder and gives what it printed, without the last newline. A failure ends the test.
func Run(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, err := Try(dir, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// Try runs git in a folder and gives what it printed on both streams. It may be called from any goroutine.
func Try(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = Env()
	out, err := cmd.CombinedOutput()
	return strings.TrimSuffix(string(out), "\n"), err
}

// Env is an environment in which git reads no configuration of the machine or the user, asks nothing and always makes
// the same commits.
func Env() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GIT_") || strings.HasPrefix(v, "HOME=") })
	return append(env,
		"HOME="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z")
}

// Bare makes a bare repository whose branch main has one commit with these files, by path. Without files there is no
// commit.
func Bare(t testing.TB, files map[string]string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "repo.git")
	Run(t, filepath.Dir(dir), "init", "--quiet", "--bare", "--initial-branch=main", dir)
	if len(files) > 0 {
		Commit(t, dir, "main", files)
	}
	return dir
}

// Commit adds a commit to a branch of a bare repository, which is made when it is not there, and gives its id. files are
// put over those of the branch by path; the content "" removes one. Each commit of a branch is a minute younger than the
// one before.
func Commit(t testing.TB, dir, branch string, files map[string]string) (sha string) {
	t.Helper()
	ref, from, age := "refs/heads/"+branch, "", 0
	if parent, err := Try(dir, "rev-parse", "--verify", "--quiet", ref); err == nil {
		from = "from " + parent + "\n"
		age, _ = strconv.Atoi(Run(t, dir, "rev-list", "--count", ref))
	}
	var in bytes.Buffer
	fmt.Fprintf(&in, "commit %s\ncommitter Ada <ada@example.com> %d +0000\ndata 7\ncommit\n\n%s", ref, 1767323045+60*age, from)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if text := files[path]; text != "" {
			fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", path, len(text), text)
		} else {
			fmt.Fprintf(&in, "D %s\n", path)
		}
	}
	cmd := exec.Command("git", "fast-import", "--quiet", "--force", "--date-format=raw")
	cmd.Dir, cmd.Env, cmd.Stdin = dir, Env(), &in
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, out)
	}
	return Run(t, dir, "rev-parse", ref)
}
