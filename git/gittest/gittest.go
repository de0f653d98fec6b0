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

// Env is an environment in which git reads no configuration of the machine or the user, asks nothing, always makes the same
// commits, and starts nobody to look after the repository.
func Env() []string {
	return env([2]string{"maintenance.auto", "false"}, [2]string{"core.fsync", "none"})
}

func env(config ...[2]string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GIT_") || strings.HasPrefix(v, "HOME=") })
	env = append(env,
		"HOME="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z",
		fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(config)))
	for i, c := range config {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, c[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, c[1]))
	}
	return slices.Clip(env) // servers append to it with every request
}

// Bare makes a bare repository whose branch main has one commit with these files, by path. Without files there is no
// commit.
func Bare(t testing.TB, files map[string]string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "repo.git")
	Run(t, filepath.Dir(dir), "init", "--quiet", "--bare", "--template=", "--initial-branch=main", dir)
	if len(files) > 0 {
		put(t, dir, "refs/heads/main", 0, files)
	}
	return dir
}

// Commit adds a commit to a branch of a bare repository, which is made when it is not there, and gives its id. files are
// put over those of the branch by path; the content "" removes one. Each commit of a branch is a minute younger than the
// one before.
func Commit(t testing.TB, dir, branch string, files map[string]string) (sha string) {
	t.Helper()
	ref, age := "refs/heads/"+branch, 0
	if count, err := Try(dir, "rev-list", "--count", ref); err == nil {
		age, _ = strconv.Atoi(count)
	}
	return put(t, dir, ref, age, files)
}

// put adds a commit to a branch that has so many.
func put(t testing.TB, dir, ref string, age int, files map[string]string) (sha string) {
	t.Helper()
	from := ""
	if age > 0 {
		from = "from " + ref + "^0\n"
	}
	var in bytes.Buffer
	fmt.Fprintf(&in, "commit %s\nmark :1\ncommitter Ada <ada@example.com> %d +0000\ndata 7\ncommit\n\n%s", ref, 1767323045+60*age, from)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if text := files[path]; text != "" {
			fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", path, len(text), text)
		} else {
			fmt.Fprintf(&in, "D %s\n", path)
		}
	}
	in.WriteString("get-mark :1\n")
	cmd := exec.Command("git", "fast-import", "--quiet", "--force", "--date-format=raw")
	cmd.Dir, cmd.Env, cmd.Stdin = dir, Env(), &in
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}
