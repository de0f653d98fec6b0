package git_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
)

// branches gives the local branches as git sees them: "a:1234567 ...".
func branches(t testing.TB, dir string) string {
	t.Helper()
	return strings.ReplaceAll(gittest.Run(t, dir, "for-each-ref", "--format=%(refname:short)"), "\n", " ")
}

// noLocks fails when a lock was left behind.
func noLocks(t testing.TB, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".lock") {
			t.Errorf("left behind: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRefsMoveAllOrNone(t *testing.T) {
	for _, packed := range []string{"loose", "packed"} {
		t.Run(packed, func(t *testing.T) {
			dir := gittest.Bare(t, map[string]string{"f": "1\n"})
			one := git.ID(gittest.Commit(t, dir, "main", map[string]string{"f": "2\n"}))
			r := open(t, dir)
			push := func(u ...git.Update) error { t.Helper(); return r.Push(t.Context(), u...) }
			if err := push(git.Update{Ref: "refs/heads/a", New: one}, git.Update{Ref: "refs/heads/b/c", New: one}, git.Update{Ref: "refs/heads/d", New: one}); err != nil {
				t.Fatal(err)
			}
			if packed == "packed" {
				gittest.Run(t, dir, "pack-refs", "--all")
			}
			two := git.ID(gittest.Commit(t, dir, "tmp", map[string]string{"g": "2\n"}))
			var moved *git.MovedError
			err := push(git.Update{Ref: "refs/heads/a", Old: one, New: two}, git.Update{Ref: "refs/heads/b/c", Old: one}, git.Update{Ref: "refs/heads/d", Old: two, New: one})
			if !errors.As(err, &moved) || moved.Ref != "refs/heads/d" || moved.Have != one {
				t.Errorf("one of three has moved: %v", err)
			}
			if got := branches(t, dir); got != "a b/c d main tmp" {
				t.Errorf("after a refused push: %s", got)
			}
			if err := push(git.Update{Ref: "refs/heads/a", Old: one, New: two}, git.Update{Ref: "refs/heads/b/c", Old: one}, git.Update{Ref: "refs/heads/d", Old: one}); err != nil {
				t.Error(err)
			}
			if got := branches(t, dir); got != "a main tmp" {
				t.Errorf("after a push: %s", got)
			}
			if err := push(git.Update{Ref: "refs/heads/b/c", Old: one}); !errors.As(err, &moved) || moved.Have != "" {
				t.Errorf("deleted twice: %v", err)
			}
			if err := push(git.Update{Ref: "refs/heads/b", New: one}, git.Update{Ref: "refs/heads/d/e", New: one}); err != nil {
				t.Errorf("names that were folders and files before: %v", err)
			}
			if err := push(git.Update{Ref: "refs/heads/main", Old: one, New: two}, git.Update{Ref: "refs/heads/a", Old: two, New: two}); err != nil {
				t.Error(err)
			}
			if got := git.ID(gittest.Run(t, dir, "rev-parse", "main")); got != two {
				t.Errorf("main = %s", got)
			}
			noLocks(t, dir)
			fsck(t, dir)
		})
	}
}

func TestNamesThatCannotBeTogether(t *testing.T) {
	for _, packed := range []bool{false, true} {
		dir := gittest.Bare(t, map[string]string{"f": "1\n"})
		one := git.ID(gittest.Run(t, dir, "rev-parse", "main"))
		gittest.Run(t, dir, "branch", "x/y", "main")
		if packed {
			gittest.Run(t, dir, "pack-refs", "--all")
		}
		r := open(t, dir)
		for _, refs := range [][]string{{"x"}, {"x/y/z"}, {"main/sub"}, {"p", "p/q"}, {"p/q", "p"}} {
			var u []git.Update
			for _, ref := range refs {
				u = append(u, git.Update{Ref: "refs/heads/" + ref, New: one})
			}
			if err := r.Push(t.Context(), u...); !errors.Is(err, git.ErrRefused) {
				t.Errorf("packed %v: %v: %v", packed, refs, err)
			}
		}
		if got := branches(t, dir); got != "main x/y" {
			t.Errorf("branches: %s", got)
		}
		noLocks(t, dir)
		fsck(t, dir)
	}
}

func TestWhatMustNotMove(t *testing.T) {
	bare := gittest.Bare(t, map[string]string{"f": "1\n"})
	one := git.ID(gittest.Run(t, bare, "rev-parse", "main"))
	blob := git.ID(gittest.Run(t, bare, "rev-parse", "main:f"))
	work := filepath.Join(t.TempDir(), "work")
	gittest.Run(t, bare, "clone", "--quiet", bare, work)
	gittest.Run(t, work, "worktree", "add", "--quiet", "-b", "linked", "../linked")
	gittest.Run(t, work, "branch", "free")
	two := git.ID(gittest.Commit(t, work, "tmp", map[string]string{"g": "1\n"}))
	for name, c := range map[string]struct {
		dir string
		u   git.Update
		is  error
	}{
		"checked out":                {work, git.Update{Ref: "refs/heads/main", Old: one, New: two}, git.ErrRefused},
		"in a linked work tree":      {work, git.Update{Ref: "refs/heads/linked", Old: one, New: two}, git.ErrRefused},
		"not checked out":            {work, git.Update{Ref: "refs/heads/free", Old: one, New: two}, nil},
		"default branch deleted":     {bare, git.Update{Ref: "refs/heads/main", Old: one}, git.ErrRefused},
		"a ref that names another":   {work, git.Update{Ref: "refs/remotes/origin/HEAD", Old: one, New: two}, git.ErrRefused},
		"object is missing":          {bare, git.Update{Ref: "refs/heads/new", New: two}, git.ErrNotFound},
		"a blob outside of branches": {bare, git.Update{Ref: "refs/ferry/note", New: blob}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if err := open(t, c.dir).Push(t.Context(), c.u); !errors.Is(err, c.is) {
				t.Errorf("%v, want %v", err, c.is)
			}
		})
	}
	if err := open(t, bare).Push(t.Context(), git.Update{Ref: "refs/heads/blob", New: blob}); err == nil {
		t.Error("a branch stands at a blob")
	}
	fsck(t, work)
	fsck(t, bare)
}

func TestStaleLockIsNamed(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"f": "1\n"})
	r := open(t, dir)
	from := tip(t, r, "main")
	lock := filepath.Join(dir, "refs/heads/main.lock")
	if err := os.WriteFile(lock, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(git.SetLockWait(200 * time.Millisecond))
	err := r.Push(t.Context(), git.Update{Ref: "refs/heads/main", Old: from.ID, New: change(t, r, from, map[string]string{"f": "2\n"})})
	var h interface{ Hint() string }
	if !errors.As(err, &h) || !strings.Contains(h.Hint(), "remove "+lock) {
		t.Errorf("%v", err)
	}
	if tip(t, r, "main").ID != from.ID {
		t.Error("moved under somebody's lock")
	}
	if _, err := os.Stat(lock); err != nil {
		t.Errorf("the lock of another is gone: %v", err)
	}
}

func TestPackedRefsKeepTheirTags(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"f": "1\n"})
	for _, name := range []string{"v1", "v2", "v3"} {
		gittest.Run(t, dir, "tag", "-a", "-m", name, name, "main")
	}
	gittest.Run(t, dir, "pack-refs", "--all")
	r := open(t, dir)
	refs := must(r.Refs(t.Context()))(t)
	if err := r.Push(t.Context(), git.Update{Ref: "refs/tags/v2", Old: refs["refs/tags/v2"]}); err != nil {
		t.Fatal(err)
	}
	if got := gittest.Run(t, dir, "for-each-ref", "--format=%(refname) %(*objecttype)"); got != "refs/heads/main \nrefs/tags/v1 commit\nrefs/tags/v3 commit" {
		t.Errorf("refs:\n%s", got)
	}
	c := must(r.Commit(t.Context(), refs["refs/tags/v1"]))(t)
	if c.ID != refs["refs/heads/main"] {
		t.Errorf("the tag names %s", c.ID)
	}
	fsck(t, dir)
}

func TestFormatsThatAreNotRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sha256.git")
	gittest.Run(t, t.TempDir(), "init", "--quiet", "--bare", "--object-format=sha256", dir)
	if _, err := git.Open(t.Context(), dir, options); err == nil || !strings.Contains(err.Error(), "sha256") {
		t.Errorf("sha256: %v", err)
	}
	dir = gittest.Bare(t, nil)
	gittest.Run(t, dir, "config", "extensions.refstorage", "reftable")
	if _, err := git.Open(t.Context(), dir, options); err == nil || !strings.Contains(err.Error(), "reftable") {
		t.Errorf("reftable: %v", err)
	}
}

// TestNoRefIsMissedWhileTheyArePacked reads while git moves refs from files of their own into one and back.
func TestNoRefIsMissedWhileTheyArePacked(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"f": "1\n"})
	ids := []string{gittest.Run(t, dir, "rev-parse", "main"), gittest.Commit(t, dir, "main", map[string]string{"f": "2\n"})}
	const n = 100
	loosen := func(i int) {
		var in strings.Builder
		for b := range n {
			fmt.Fprintf(&in, "update refs/heads/b/%d %s\n", b, ids[i%2])
		}
		cmd := exec.Command("git", "update-ref", "--stdin")
		cmd.Dir, cmd.Env, cmd.Stdin = dir, gittest.Env(), strings.NewReader(in.String())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("update-ref: %v\n%s", err, out)
		}
	}
	loosen(0)
	stop := background(func(i int) {
		_, _ = gittest.Try(dir, "pack-refs", "--all", "--prune")
		loosen(i)
	})
	r := open(t, dir)
	for begin := time.Now(); time.Since(begin) < 2*time.Second; {
		refs := must(r.Refs(t.Context()))(t)
		if len(refs) != n+1 {
			t.Errorf("%d refs, want %d", len(refs), n+1)
			break
		}
	}
	t.Logf("packed %d times", stop())
}
