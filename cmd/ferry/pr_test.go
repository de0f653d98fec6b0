package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/local"
)

// setStatus is a program for the stories, in the place of a connector or a CI:
//
//	setstatus REPOSITORY WHO REF CONTEXT STATE [TEXT]
func setStatus() int {
	if err := postStatus(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "setstatus:", err)
		return 1
	}
	return 0
}

func postStatus(ctx context.Context, args []string) error {
	if len(args) < 5 {
		return fmt.Errorf("%d words are not enough", len(args))
	}
	repo, err := git.Open(ctx, args[0], git.Options{Identity: git.Identity{Name: args[1], Email: args[1] + "@example.com"}})
	if err != nil {
		return err
	}
	forge, err := local.Open(ctx, repo, local.Options{User: args[1], Now: time.Now})
	if err != nil {
		return err
	}
	refs, err := repo.Refs(ctx)
	if err != nil {
		return err
	}
	sha := args[2]
	if id, ok := refs["refs/heads/"+sha]; ok {
		sha = string(id)
	}
	_, err = forge.SetStatus(ctx, sha, scm.Status{Context: args[3], State: scm.StatusState(args[4]), Text: strings.Join(args[5:], " ")})
	return err
}

// What `ferry pr diff` prints `git apply` takes, and it makes the same tree.
func TestPRDiffApplies(t *testing.T) {
	dir := t.TempDir()
	do := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=Ada", "-c", "user.email=ada@example.com"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write := func(path, data string, mode os.FileMode) {
		t.Helper()
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(full)
		if err := os.WriteFile(full, []byte(data), mode); err != nil {
			t.Fatal(err)
		}
	}
	do("init", "-q", "-b", "main")
	long := strings.Repeat("line\n", 30)
	write("changed.yaml", "a: 1\n"+long+"z: 1\n", 0o644)
	write("gone.yaml", "a: 1\n", 0o644)
	write("mode.sh", "echo\n", 0o644)
	write("both.sh", "echo\n", 0o644)
	write("no-newline", "a", 0o644)
	write("link", "a file\n", 0o644)
	do("add", "-A")
	do("commit", "-q", "-m", "one")
	do("checkout", "-q", "-b", "web")
	write("changed.yaml", "a: 2\n"+long+"z: 2\n", 0o644)
	do("rm", "-q", "gone.yaml")
	write("mode.sh", "echo\n", 0o755)
	write("both.sh", "echo 2\n", 0o755)
	write("no-newline", "b", 0o644)
	write("new/with space.yaml", "é: 漢字\n", 0o644)
	write("new/\"quoted\"\ttab.yaml", "a: 1\n", 0o644)
	write("empty", "", 0o644)
	if err := os.Remove(filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("changed.yaml", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	do("add", "-A")
	do("commit", "-q", "-m", "two")
	want := do("rev-parse", "HEAD^{tree}")
	do("checkout", "-q", "main")
	write("meanwhile.yaml", "a: 1\n", 0o644)
	do("add", "-A")
	do("commit", "-q", "-m", "the base moves on")
	do("clone", "-q", "--bare", ".", "forge.git")

	var out string
	for _, args := range [][]string{{"create", "--title", "t"}, {"diff"}} {
		last := map[string]string{"create": "web", "diff": "1"}[args[0]]
		var said string
		var code int
		if out, said, code = ran(t.Context(), dir, nil, append(append([]string{"pr"}, args...), "-R", "forge.git", "--as", "ada", last)...); code != 0 {
			t.Fatalf("%v: exit %d\n%s", args, code, said)
		}
	}
	do("checkout", "-q", "web~1")
	patch := filepath.Join(t.TempDir(), "patch")
	if err := os.WriteFile(patch, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	do("apply", "--index", patch)
	if got := do("write-tree"); got != want {
		t.Errorf("tree %s, want %s, by\n%s", got, want, out)
	}
}
