package local_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/local"
	"github.com/ferry-cd/ferry/scm/scmtest"
)

func TestContract(t *testing.T) {
	scmtest.Run(t, func(t *testing.T) scmtest.Fixture {
		dir := bare(t)
		return scmtest.Fixture{
			Bot:         open(t, dir, "ferry"),
			Person:      open(t, dir, "ada"),
			Twin:        func(t *testing.T) scm.Client { return open(t, dir, "ferry") },
			Comments:    func(t *testing.T, number int) []string { return comments(t, dir, number) },
			Remote:      dir,
			Fingerprint: func(t *testing.T) string { return run(t, dir, "for-each-ref") },
			Protect:     func(t *testing.T, r scmtest.Rules) { protect(t, dir, r) },
		}
	})
}

// comments are what was said about a pull request without a verdict.
func comments(t *testing.T, dir string, number int) []string {
	t.Helper()
	reviews, err := open(t, dir, "reader").Reviews(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range reviews {
		if r.Verdict == scm.Commented {
			all = append(all, r.Body)
		}
	}
	return all
}

// bare makes an empty repository that must be sound when the test ends.
func bare(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "gitops.git")
	if _, err := git.Init(t.Context(), dir, git.Options{}); err != nil {
		t.Fatal(err)
	}
	// Thousands of small writes, none of which has to survive a power failure.
	run(t, dir, "config", "core.fsync", "none")
	t.Cleanup(func() { run(t, dir, "fsck", "--strict", "--no-dangling") })
	return dir
}

// open is a new process's view of the forge.
func open(t testing.TB, dir, user string) *local.Client {
	t.Helper()
	c, err := local.Open(t.Context(), repository(t, dir, user), local.Options{User: user, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func repository(t testing.TB, dir, user string) *git.Repository {
	t.Helper()
	repo, err := git.Open(t.Context(), dir, git.Options{Identity: git.Identity{Name: user, Email: user + "@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func protect(t *testing.T, dir string, r scmtest.Rules) {
	t.Helper()
	settings(t, dir, map[string]any{"protect": []any{map[string]any{"branch": r.Branch, "statuses": r.Statuses, "approvals": r.Approvals}}})
}

func settings(t *testing.T, dir string, what any) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, local.SettingsName), encode(t, what), 0o644); err != nil {
		t.Fatal(err)
	}
}
