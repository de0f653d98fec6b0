package scmtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// worktree is a person with git: a clone in which they commit, merge and push.
type worktree struct {
	dir, remote string
	env         []string
}

// files are contents by path; "" deletes.
type files map[string]string

func newWorktree(t *testing.T, remote string, env []string) *worktree {
	t.Helper()
	w := &worktree{dir: t.TempDir(), remote: remote, env: append(os.Environ(), env...)}
	w.env = append(w.env, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
	w.git(t, "init", "-q", "--template=", "-b", "none")
	return w
}

// git runs one command and gives what it printed, trimmed.
func (w *worktree) git(t *testing.T, args ...string) string {
	t.Helper()
	out, err := w.try(args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// try is git on a clone that ends with the test: it neither waits for the disk nor tidies up, and asks a server once where
// newer protocols ask twice.
func (w *worktree) try(args ...string) (string, error) {
	settings := []string{"-c", "remote.origin.url=" + w.remote, "-c", "core.fsync=none", "-c", "maintenance.auto=false", "-c", "protocol.version=0"}
	cmd := exec.Command("git", append(settings, args...)...)
	cmd.Dir, cmd.Env = w.dir, w.env
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// commit puts one commit on top of from (a branch of the remote, a commit, or "" for a history of its own), pushes it as
// branch, whatever that pointed at, and gives its id.
func (w *worktree) commit(t *testing.T, branch, from string, fs files) string {
	t.Helper()
	w.at(t, from)
	for path, data := range fs {
		w.write(t, path, data)
	}
	w.git(t, "add", "-A")
	w.git(t, "commit", "-q", "--allow-empty", "-m", "Change "+branch)
	return w.push(t, branch)
}

// at checks from out without a branch.
func (w *worktree) at(t *testing.T, from string) {
	t.Helper()
	if from == "" {
		w.git(t, "checkout", "-q", "--orphan", "fresh"+branchless(t))
		w.git(t, "rm", "-rfq", "--ignore-unmatch", ".")
		return
	}
	w.git(t, "fetch", "-q", "--prune", "origin", "+refs/heads/*:refs/remotes/origin/*")
	if _, err := w.try("checkout", "-q", "--detach", "refs/remotes/origin/"+from); err != nil {
		w.git(t, "checkout", "-q", "--detach", from)
	}
}

// branchless makes a name for an orphan that no earlier one has.
func branchless(t *testing.T) string { return strings.ReplaceAll(filepath.Base(t.TempDir()), "/", "") }

func (w *worktree) write(t *testing.T, path, data string) {
	t.Helper()
	full := filepath.Join(w.dir, filepath.FromSlash(path))
	if data == "" {
		if err := os.Remove(full); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

// push moves a branch of the remote to what is checked out.
func (w *worktree) push(t *testing.T, branch string) string {
	t.Helper()
	w.git(t, "push", "-q", "--force", "origin", "HEAD:refs/heads/"+branch)
	return w.git(t, "rev-parse", "HEAD")
}

func (w *worktree) delete(t *testing.T, branch string) {
	t.Helper()
	w.git(t, "push", "-q", "origin", ":refs/heads/"+branch)
}

// mergeByHand merges head into base as a person does, with a merge commit, and pushes base.
func (w *worktree) mergeByHand(t *testing.T, base, head string) string {
	t.Helper()
	w.at(t, base)
	w.git(t, "merge", "-q", "--no-ff", "-m", "Merge by hand", "refs/remotes/origin/"+head)
	return w.push(t, base)
}

// tip gives where a branch of the remote is, "" where it is not.
func (w *worktree) tip(t *testing.T, branch string) string {
	t.Helper()
	id, _, _ := strings.Cut(w.git(t, "ls-remote", "origin", "refs/heads/"+branch), "\t")
	return id
}

// contains tells whether the tip of a branch of the remote has a commit in its history.
func (w *worktree) contains(t *testing.T, branch, commit string) bool {
	t.Helper()
	w.at(t, branch)
	_, err := w.try("merge-base", "--is-ancestor", commit, "HEAD")
	return err == nil
}

// read gives a file of a commit or branch of the remote.
func (w *worktree) read(t *testing.T, from, path string) string {
	t.Helper()
	w.at(t, from)
	data, err := os.ReadFile(filepath.Join(w.dir, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// pushUntil pushes n commits to a branch as people do: without force, and again on top when another was faster. It gives
// those that got in.
func (w *worktree) pushUntil(n int, branch string) []string {
	var in []string
	for i := 0; i < 20*n && len(in) < n; i++ {
		for _, args := range [][]string{
			{"fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*"},
			{"checkout", "-q", "--detach", "refs/remotes/origin/" + branch},
			{"commit", "-q", "--allow-empty", "-m", "Meanwhile"},
			{"push", "-q", "origin", "HEAD:refs/heads/" + branch},
		} {
			if _, err := w.try(args...); err != nil {
				break
			}
			if args[0] == "push" {
				id, _ := w.try("rev-parse", "HEAD")
				in = append(in, id)
			}
		}
	}
	return in
}
