package git_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
)

var options = git.Options{
	Identity: git.Identity{Name: "Ferry", Email: "ferry@example.com"},
	Now:      func() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) },
}

func open(t testing.TB, remote string) *git.Repository {
	t.Helper()
	r, err := git.Open(t.Context(), remote, options)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// tip gives the commit at the head of a branch.
func tip(t testing.TB, r *git.Repository, branch string) git.Commit {
	t.Helper()
	refs := must(r.Refs(t.Context()))(t)
	return must(r.Commit(t.Context(), refs["refs/heads/"+branch]))(t)
}

// change edits the tip of a branch into a new commit, which is not pushed.
func change(t testing.TB, r *git.Repository, from git.Commit, files map[string]string) git.ID {
	t.Helper()
	id, err := tryChange(t.Context(), r, from, files)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func tryChange(ctx context.Context, r *git.Repository, from git.Commit, files map[string]string) (git.ID, error) {
	var edits []git.Edit
	for _, path := range slices.Sorted(maps.Keys(files)) {
		e := git.Edit{Path: path}
		if text := files[path]; text != "" {
			id, err := r.WriteBlob([]byte(text))
			if err != nil {
				return "", err
			}
			e.ID = id
		}
		edits = append(edits, e)
	}
	tree, err := r.EditTree(ctx, from.Tree, edits...)
	if err != nil {
		return "", err
	}
	var parents []git.ID
	if from.ID != "" {
		parents = []git.ID{from.ID}
	}
	return r.WriteCommit(ctx, git.NewCommit{Tree: tree, Parents: parents, Message: "change"})
}

func fsck(t testing.TB, dir string) {
	t.Helper()
	out := gittest.Run(t, dir, "fsck", "--strict", "--no-dangling")
	if out != "" && out != "notice: HEAD points to an unborn branch (main)" {
		t.Errorf("git fsck: %s", out)
	}
}

func TestReadsWhatGitWrote(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"a.txt": "one\n", "dir/b.txt": "two\n", "dir/sub/c.txt": "three\n", "dir.txt": "four\n"})
	for range 30 { // deltas need several versions of a file
		gittest.Commit(t, dir, "main", map[string]string{"dir/b.txt": strings.Repeat("line\n", 300) + time.Now().String() + "\n"})
	}
	want := gittest.Run(t, dir, "rev-parse", "main")
	check := func(t *testing.T, dir string) {
		r := open(t, dir)
		c := tip(t, r, "main")
		if string(c.ID) != want || c.Author.Name != "Ada" || c.Author.Email != "ada@example.com" || c.Message != "commit\n" {
			t.Errorf("commit = %+v", c)
		}
		if got := c.Time.UTC().Format(time.RFC3339); got != "2026-01-02T03:34:05Z" {
			t.Errorf("time = %s", got)
		}
		files := must(r.Walk(t.Context(), c.Tree, ""))(t)
		var listing []string
		for _, f := range files {
			listing = append(listing, f.Mode.String()+" blob "+string(f.ID)+"\t"+f.Path)
		}
		if got, want := strings.Join(listing, "\n"), gittest.Run(t, dir, "ls-tree", "-r", "main"); got != want {
			t.Errorf("walk:\n%s\nwant:\n%s", got, want)
		}
		for _, f := range files {
			if got, want := string(must(r.Blob(t.Context(), f.ID))(t)), gittest.Run(t, dir, "show", "main:"+f.Path)+"\n"; got != want {
				t.Errorf("%s holds %d bytes, want %d", f.Path, len(got), len(want))
			}
		}
		var log []string
		err := r.Log(t.Context(), c.ID, func(c git.Commit) (bool, error) { log = append(log, string(c.ID)); return true, nil })
		if got, want := strings.Join(log, "\n"), gittest.Run(t, dir, "rev-list", "main"); err != nil || got != want {
			t.Errorf("log: %v\n%s\nwant:\n%s", err, got, want)
		}
	}
	t.Run("loose", func(t *testing.T) { check(t, dir) })
	gittest.Run(t, dir, "gc", "--quiet")
	gittest.Run(t, dir, "pack-refs", "--all")
	t.Run("packed", func(t *testing.T) { check(t, dir) })
	clone := filepath.Join(t.TempDir(), "clone")
	gittest.Run(t, t.TempDir(), "clone", "--quiet", "--shared", dir, clone)
	t.Run("alternates and work tree", func(t *testing.T) { check(t, clone) })
	gittest.Run(t, clone, "worktree", "add", "--quiet", "-b", "other", "../linked")
	t.Run("linked work tree", func(t *testing.T) { check(t, filepath.Join(clone, "../linked")) })
	t.Run("file URL", func(t *testing.T) { check(t, dir); open(t, "file://"+dir) })
}

func TestPathsOfATree(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"a.txt": "one\n", "dir/b.txt": "two\n", "dir/sub/c.txt": "three\n"})
	r := open(t, dir)
	tree := tip(t, r, "main").Tree
	for path, mode := range map[string]git.Mode{"": git.ModeDir, ".": git.ModeDir, "dir": git.ModeDir, "dir/": git.ModeDir, "dir/sub/c.txt": git.ModeFile} {
		if e, err := r.Lookup(t.Context(), tree, path); err != nil || e.Mode != mode {
			t.Errorf("%q: %v, %v", path, e, err)
		}
	}
	for _, path := range []string{"no", "a.txt/x", "dir/no", "../a.txt", "/a.txt", ".."} {
		if e, err := r.Lookup(t.Context(), tree, path); !errors.Is(err, git.ErrNotFound) {
			t.Errorf("%q: %v, %v", path, e, err)
		}
		if e, err := r.Walk(t.Context(), tree, path); !errors.Is(err, git.ErrNotFound) {
			t.Errorf("walk %q: %v, %v", path, e, err)
		}
	}
	list := must(r.List(t.Context(), tree, "dir"))(t)
	if len(list) != 2 || list[0].Path != "b.txt" || list[1].Path != "sub" || list[1].Mode != git.ModeDir {
		t.Errorf("list = %v", list)
	}
	walk := must(r.Walk(t.Context(), tree, "dir"))(t)
	if len(walk) != 2 || walk[0].Path != "b.txt" || walk[1].Path != "sub/c.txt" {
		t.Errorf("walk = %v", walk)
	}
}

func TestModes(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"f": "1\n"})
	r := open(t, dir)
	from := tip(t, r, "main")
	f := must(r.Lookup(t.Context(), from.Tree, "f"))(t).ID
	tree := must(r.EditTree(t.Context(), from.Tree, git.Edit{Path: "x", ID: f, Mode: git.ModeExecutable}, git.Edit{Path: "l", ID: f, Mode: git.ModeSymlink}))(t)
	id := must(r.WriteCommit(t.Context(), git.NewCommit{Tree: tree, Parents: []git.ID{from.ID}, Message: "modes"}))(t)
	if err := r.Push(t.Context(), git.Update{Ref: "refs/heads/main", Old: from.ID, New: id}); err != nil {
		t.Fatal(err)
	}
	var listing []string
	for _, e := range must(open(t, dir).Walk(t.Context(), tree, ""))(t) {
		listing = append(listing, e.Mode.String()+" blob "+string(e.ID)+"\t"+e.Path)
	}
	if got, want := strings.Join(listing, "\n"), gittest.Run(t, dir, "ls-tree", "-r", "main"); got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
}

func TestPushMakesHistoryThatGitAccepts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new.git")
	r := must(git.Init(t.Context(), dir, options))(t)
	if branch := must(r.DefaultBranch(t.Context()))(t); branch != "main" {
		t.Errorf("default branch = %s", branch)
	}
	first := change(t, r, git.Commit{}, map[string]string{"a": "1\n", "a-b": "2\n", "a.c": "3\n", "x/y/z": "4\n"})
	if err := r.Push(t.Context(), git.Update{Ref: "refs/heads/main", New: first}); err != nil {
		t.Fatal(err)
	}
	second := change(t, r, tip(t, r, "main"), map[string]string{"a": "5\n", "x/y/z": "", "n/e/w": "6\n"})
	if err := r.Push(t.Context(), git.Update{Ref: "refs/heads/main", Old: first, New: second}); err != nil {
		t.Fatal(err)
	}
	fsck(t, dir)
	if got := gittest.Run(t, dir, "ls-tree", "-r", "--name-only", "main"); got != "a\na-b\na.c\nn/e/w" {
		t.Errorf("files:\n%s", got)
	}
	want := "Ferry <ferry@example.com> 2026-03-04T05:06:07+00:00 change"
	if got := gittest.Run(t, dir, "log", "-1", "--format=%an <%ae> %cI %s", "main"); got != want {
		t.Errorf("commit %q, want %q", got, want)
	}
	err := r.Push(t.Context(), git.Update{Ref: "refs/heads/main", Old: first, New: second})
	var moved *git.MovedError
	if !errors.As(err, &moved) || moved.Have != second || moved.ExitCode() != 5 {
		t.Errorf("stale push: %v", err)
	}
}

func TestOpenSaysWhatIsNoRepository(t *testing.T) {
	empty := t.TempDir()
	if _, err := git.Open(t.Context(), empty, options); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("empty folder: %v", err)
	}
	if _, err := git.Open(t.Context(), filepath.Join(empty, "no"), options); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("no folder: %v", err)
	}
	if err := os.WriteFile(filepath.Join(empty, "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := git.Init(t.Context(), empty, options); err == nil {
		t.Error("made a repository among other files")
	}
}
