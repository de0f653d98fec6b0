package source_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/source"
)

// authored makes a repository of commits, each "author <address>|message", and gives their ids.
func authored(t *testing.T, commits ...string) (string, []git.ID) {
	t.Helper()
	dir := t.TempDir()
	runGit(t, dir, nil, "init", "-q", "-b", "main")
	var ids []git.ID
	for _, c := range commits {
		who, message, _ := strings.Cut(c, "|")
		name, email, _ := strings.Cut(strings.TrimSuffix(who, ">"), " <")
		runGit(t, dir, []string{"GIT_AUTHOR_NAME=" + name, "GIT_AUTHOR_EMAIL=" + email, "GIT_COMMITTER_NAME=GitHub", "GIT_COMMITTER_EMAIL=noreply@github.com"},
			"commit", "-q", "--allow-empty", "-m", message)
		ids = append(ids, git.ID(strings.TrimSpace(runGit(t, dir, nil, "rev-parse", "HEAD"))))
	}
	return dir, ids
}

func runGit(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Authors, co-authors and committers are named once each, newest first, with the login that their address tells; the
// forge's own commits name nobody.
func TestWhoWrote(t *testing.T) {
	ctx := context.Background()
	dir, ids := authored(t, "Old Hand <old@example.com>|Begin",
		"Ada <7+Ada@users.noreply.github.com>|One\n\nCo-authored-by: Grace Hopper <Grace@Example.com>\nCo-authored-by: broken",
		"Ada <7+ada@users.noreply.github.com>|Two", "Bad\tName <>|Three")
	repo, err := git.Open(ctx, dir, git.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[git.ID]string{
		ids[0]: "Bad Name, Ada, Grace Hopper",
		ids[3]: "",
		"":     "Bad Name, Ada, Grace Hopper, Old Hand",
	} {
		people, known, err := source.Wrote(ctx, repo, from, ids[3], "github.com")
		if err != nil || !known {
			t.Fatalf("since %.7s: %v, %v", from, known, err)
		}
		var said []string
		for _, p := range people {
			said = append(said, p.Name)
			if p.Name == "Ada" && p.Login != "ada" {
				t.Errorf("login %q", p.Login)
			}
		}
		if got := strings.Join(said, ", "); got != want {
			t.Errorf("since %.7s: %q, want %q", from, got, want)
		}
	}
}

// Where the history at hand ends before the question does, the answer is that nobody knows.
func TestWhoWroteInAShallowCheckout(t *testing.T) {
	ctx := context.Background()
	dir, ids := authored(t, "a <a@x>|1", "b <b@x>|2", "c <c@x>|3", "d <d@x>|4")
	shallow := filepath.Join(t.TempDir(), "shallow")
	runGit(t, "", nil, "clone", "-q", "--depth", "2", "file://"+dir, shallow)
	repo, err := git.Open(ctx, shallow, git.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[git.ID]bool{ids[2]: true, ids[1]: false, ids[0]: false, "": false} {
		if _, known, err := source.Wrote(ctx, repo, from, ids[3], ""); err != nil || known != want {
			t.Errorf("since %.7s: known %v, want %v (%v)", from, known, want, err)
		}
	}
}
