package main

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func made(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	run(t, "git", "init", "--quiet", "--bare", "--initial-branch=main", dir)
	if err := makeGitops(context.Background(), dir, small); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The repository has the size it says, is sound, and is one that ferry can work with.
func TestGitops(t *testing.T) {
	dir := made(t)
	run(t, "git", "-C", dir, "fsck", "--strict")
	files := strings.Split(run(t, "git", "-C", dir, "ls-tree", "-r", "--name-only", "main"), "\n")
	if commits := run(t, "git", "-C", dir, "rev-list", "--count", "main"); len(files) != small.files || commits != "50" {
		t.Errorf("%d files, %s commits", len(files), commits)
	}
	if again := made(t); run(t, "git", "-C", again, "rev-parse", "main") != run(t, "git", "-C", dir, "rev-parse", "main") {
		t.Error("the same size gave other commits")
	}

	repo, err := git.Open(t.Context(), dir, git.Options{})
	if err != nil {
		t.Fatal(err)
	}
	refs, err := repo.Refs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	head, err := repo.Commit(t.Context(), refs["refs/heads/main"])
	if err != nil {
		t.Fatal(err)
	}
	config, err := environments.Load(t.Context(), treeSource{t, repo, head.Tree, files})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(config.Placements()); n != small.apps*small.environments {
		t.Errorf("%d placements", n)
	}
	records := 0
	for _, file := range files {
		if folder, ok := strings.CutSuffix(file, "/"+release.RecordName); ok {
			checkRecord(t, repo, head.Tree, folder)
			records++
		}
	}
	if want := (small.apps - 1) * small.environments; records != want {
		t.Errorf("%d records, want %d", records, want)
	}
}

func checkRecord(t *testing.T, repo *git.Repository, tree git.ID, folder string) {
	t.Helper()
	lock, err := repo.Blob(t.Context(), lookup(t, repo, tree, folder+"/"+release.RecordName))
	if err != nil {
		t.Fatal(err)
	}
	record, err := release.ParseRecord(lock)
	if err != nil {
		t.Fatalf("%s: %v", folder, err)
	}
	for _, f := range record.Files {
		if id := lookup(t, repo, tree, folder+"/"+f.Name); string(id) != f.ID {
			t.Errorf("%s/%s is %s, its record says %s", folder, f.Name, id, f.ID)
		}
	}
}

func lookup(t *testing.T, repo *git.Repository, tree git.ID, path string) git.ID {
	t.Helper()
	e, err := repo.Lookup(t.Context(), tree, path)
	if err != nil {
		t.Fatal(err)
	}
	return e.ID
}

// treeSource reads configuration from a commit.
type treeSource struct {
	t     *testing.T
	repo  *git.Repository
	tree  git.ID
	files []string
}

func (s treeSource) List() ([]string, error) { return s.files, nil }

func (s treeSource) ReadFile(path string) ([]byte, error) {
	return s.repo.Blob(s.t.Context(), lookup(s.t, s.repo, s.tree, path))
}

func TestMedian(t *testing.T) {
	got := median([]cost{{wall: 3, cpu: 1, rss: 2}, {wall: 1, cpu: 3, rss: 9}, {wall: 2, cpu: 2, rss: 1}})
	if d := cmp.Diff(cost{wall: 2, cpu: 2, rss: 2}, got, cmp.AllowUnexported(cost{})); d != "" {
		t.Error(d)
	}
}

// A promise that was not kept ends the run with an error, except where nothing is judged.
func TestReport(t *testing.T) {
	rows := []row{{what: "size", bar: "<= 1 MB", ferry: "2 MB", peer: "helm: 3 MB"}, {what: "time", bar: "<= 2 s", ferry: "1 s", kept: true}, {ferry: "only shown", kept: true}}
	var out strings.Builder
	b := bench{out: &out, rows: rows}
	if err := b.report(); err == nil {
		t.Error("a bar was missed without an error")
	}
	want := "WHAT   BAR       FERRY        PEER         RESULT\nsize   <= 1 MB   2 MB         helm: 3 MB   FAIL\ntime   <= 2 s    1 s                       pass\n                 only shown                \n"
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
	b.smoke = true
	if err := b.report(); err != nil {
		t.Errorf("smoke: %v", err)
	}
}
