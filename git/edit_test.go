package git_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
)

// gitTree makes the tree that git makes of a listing "mode id path".
func gitTree(t *testing.T, dir string, listing []string) string {
	t.Helper()
	env := append(gittest.Env(), "GIT_INDEX_FILE="+filepath.Join(t.TempDir(), "index"))
	update := exec.Command("git", "update-index", "--add", "--index-info")
	update.Dir, update.Env, update.Stdin = dir, env, strings.NewReader(strings.Join(listing, ""))
	if out, err := update.CombinedOutput(); err != nil {
		t.Fatalf("update-index: %v\n%s", err, out)
	}
	write := exec.Command("git", "write-tree", "--missing-ok")
	write.Dir, write.Env = dir, env
	out, err := write.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// apply does to files by path what EditTree does to a tree: it removes, then adds.
func apply(files map[string]git.Edit, edits []git.Edit) {
	for _, e := range edits {
		for p := range files {
			if e.ID == "" && (p == e.Path || strings.HasPrefix(p, e.Path+"/")) {
				delete(files, p)
			}
		}
	}
	for _, e := range edits {
		if e.ID != "" {
			files[e.Path] = e
		}
	}
}

// TestEditsMakeTheTreesThatGitMakes edits at random and compares ids with git's own.
func TestEditsMakeTheTreesThatGitMakes(t *testing.T) {
	dir := gittest.Bare(t, nil)
	r := open(t, dir)
	rnd := rand.New(rand.NewPCG(1, 2))
	names := []string{"a", "a-b", "a.b", "a0", "b", "ab", "A", "ä"}
	modes := []git.Mode{git.ModeFile, git.ModeExecutable, git.ModeSymlink}
	have := map[string]git.Edit{}
	var tree git.ID
	refused, made := 0, 0
	for step := range 60 {
		next := map[string]git.Edit{}
		for path, e := range have {
			next[path] = e
		}
		var edits []git.Edit
		for range 1 + rnd.IntN(4) {
			path := names[rnd.IntN(len(names))]
			for rnd.IntN(3) > 0 {
				path += "/" + names[rnd.IntN(len(names))]
			}
			e := git.Edit{Path: path, Mode: modes[rnd.IntN(3)], ID: git.BlobID([]byte(fmt.Sprint(step, path)))}
			if rnd.IntN(3) == 0 {
				e.ID = ""
			}
			edits = append(edits, e)
		}
		apply(next, edits)
		got, err := r.EditTree(t.Context(), tree, edits...)
		if err != nil {
			refused++ // a file in the place of a folder, or one path twice: the tables say when
			continue
		}
		made++
		var listing []string
		for path, e := range next {
			listing = append(listing, fmt.Sprintf("%s %s\t%s\n", e.Mode, e.ID, path))
		}
		if want := gitTree(t, dir, listing); string(got) != want {
			t.Fatalf("step %d, edits %v: tree %s, git makes %s of\n%s", step, edits, got, want, strings.Join(listing, ""))
		}
		tree, have = got, next
	}
	if made < 20 || refused < 3 {
		t.Errorf("%d trees, %d refusals: the test tries too little", made, refused)
	}
}

func TestEditsThatAreRefused(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"file": "1\n", "folder/a": "2\n", "folder/b": "3\n"})
	r := open(t, dir)
	base := tip(t, r, "main").Tree
	x, sub := git.BlobID([]byte("x")), must(r.Lookup(t.Context(), base, "folder"))(t).ID
	for name, c := range map[string]struct {
		edits []git.Edit
		want  string // the paths afterwards, or the beginning of what is said
	}{
		"file over a folder":              {[]git.Edit{{Path: "folder", ID: x}}, `path "folder": is a folder`},
		"file below a file":               {[]git.Edit{{Path: "file/x", ID: x}}, `path "file/x": lies below file`},
		"file and below it":               {[]git.Edit{{Path: "n", ID: x}, {Path: "n/m", ID: x}}, `path "n": is a folder`},
		"twice":                           {[]git.Edit{{Path: "n", ID: x}, {Path: "n", ID: x}}, `path "n": is edited twice`},
		"bad id":                          {[]git.Edit{{Path: "n", ID: "x"}}, `path "n": gets the id "x"`},
		"bad mode":                        {[]git.Edit{{Path: "n", ID: x, Mode: 0o100664}}, `path "n": gets the mode 100664`},
		"submodule":                       {[]git.Edit{{Path: "n", ID: x, Mode: git.ModeSubmodule}}, `path "n": gets the mode 160000`},
		"folder emptied for a file":       {[]git.Edit{{Path: "folder", ID: x}, {Path: "folder/a"}, {Path: "folder/b"}}, "file folder"},
		"file removed for a folder":       {[]git.Edit{{Path: "file"}, {Path: "file/x", ID: x}}, "file/x folder/a folder/b"},
		"folder removed whole":            {[]git.Edit{{Path: "folder"}}, "file"},
		"folder replaced":                 {[]git.Edit{{Path: "folder"}, {Path: "folder/c", ID: x}}, "file folder/c"},
		"tree put somewhere":              {[]git.Edit{{Path: "deep/er", ID: sub, Mode: git.ModeDir}}, "deep/er/a deep/er/b file folder/a folder/b"},
		"tree put somewhere and edited":   {[]git.Edit{{Path: "folder", ID: sub, Mode: git.ModeDir}, {Path: "folder/a"}}, "file folder/b"},
		"empty tree put somewhere":        {[]git.Edit{{Path: "folder", ID: "4b825dc642cb6eb9a060e54bf8d69288fbee4904", Mode: git.ModeDir}}, "file"},
		"nothing there to remove":         {[]git.Edit{{Path: "no/such"}}, "file folder/a folder/b"},
		"removed until nothing is left":   {[]git.Edit{{Path: "file"}, {Path: "folder/a"}, {Path: "folder/b"}}, ""},
		"nothing":                         {nil, "file folder/a folder/b"},
		"removed below what is not there": {[]git.Edit{{Path: "folder/a"}, {Path: "folder/b"}, {Path: "folder/c"}}, "file"},
	} {
		t.Run(name, func(t *testing.T) {
			tree, err := r.EditTree(t.Context(), base, c.edits...)
			if err != nil {
				if c.want == "" || !strings.HasPrefix(err.Error(), c.want) {
					t.Errorf("%v, want %s", err, c.want)
				}
				return
			}
			var got []string
			for _, e := range must(r.Walk(t.Context(), tree, ""))(t) {
				got = append(got, e.Path)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%v, want %s", got, c.want)
			}
		})
	}
}

// TestOldModesStay has a tree from an old tool, with a mode that Git does not write any more.
func TestOldModesStay(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"a": "1\n"})
	blob := gittest.Run(t, dir, "rev-parse", "main:a")
	raw, err := hex.DecodeString(blob)
	if err != nil {
		t.Fatal(err)
	}
	write := exec.Command("git", "hash-object", "-t", "tree", "-w", "--stdin")
	write.Dir, write.Env, write.Stdin = dir, gittest.Env(), strings.NewReader("100664 old\x00"+string(raw))
	base := git.ID(strings.TrimSpace(string(must(write.Output())(t))))
	r := open(t, dir)
	if e := must(r.Lookup(t.Context(), base, "old"))(t); e.Mode != git.ModeFile {
		t.Errorf("mode %s", e.Mode)
	}
	tree := must(r.EditTree(t.Context(), base, git.Edit{Path: "new", ID: git.ID(blob)}))(t)
	back := must(r.EditTree(t.Context(), tree, git.Edit{Path: "new"}))(t)
	if back != base {
		t.Errorf("a file that was not edited has changed: %s, was %s", back, base)
	}
}

func TestEditingReadsOnlyTheWay(t *testing.T) {
	dir := gittest.Bare(t, nil)
	r := open(t, dir)
	blob := must(r.WriteBlob([]byte("x\n")))(t)
	var all []git.Edit
	for i := range 20_000 {
		all = append(all, git.Edit{Path: fmt.Sprintf("env%d/app%02d/file%d.yaml", i%8, i/8%100, i), ID: blob})
	}
	tree := must(r.EditTree(t.Context(), "", all...))(t)
	commit := must(r.WriteCommit(t.Context(), git.NewCommit{Tree: tree, Message: "many"}))(t)
	if err := r.Push(t.Context(), git.Update{Ref: "refs/heads/main", New: commit}); err != nil {
		t.Fatal(err)
	}
	fsck(t, dir)
	r = open(t, dir)
	begin := time.Now()
	edited := must(r.EditTree(t.Context(), tree, git.Edit{Path: "env3/app07/new.yaml", ID: blob}))(t)
	if took := time.Since(begin); took > 500*time.Millisecond {
		t.Errorf("one file among 20 000 took %v", took)
	}
	if n := len(must(r.Walk(t.Context(), edited, ""))(t)); n != 20_001 {
		t.Errorf("%d files", n)
	}
}

func TestTreesThatUnfoldWithoutEnd(t *testing.T) {
	o := options
	o.Limits.Entries = 10_000
	r := must(git.Open(t.Context(), gittest.Bare(t, nil), o))(t)
	tree := must(r.EditTree(t.Context(), "", git.Edit{Path: "f", ID: git.BlobID(nil)}))(t)
	for range 30 { // 2 to the power of 30 files
		tree = must(r.EditTree(t.Context(), "", git.Edit{Path: "a", ID: tree, Mode: git.ModeDir}, git.Edit{Path: "b", ID: tree, Mode: git.ModeDir}))(t)
	}
	if _, err := r.Walk(t.Context(), tree, ""); !errors.Is(err, git.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

func TestCommitsAreWrittenCleanly(t *testing.T) {
	dir := gittest.Bare(t, nil)
	o := options
	o.Identity = git.Identity{Name: " Eve <x>\nparent 0, ", Email: "e ve@example.com>\n"}
	r := must(git.Open(t.Context(), dir, o))(t)
	tree := must(r.EditTree(t.Context(), "", git.Edit{Path: "f", ID: must(r.WriteBlob(nil))(t)}))(t)
	for i, message := range []string{"one", "two\n\n\n", "\n\nthree\r\nlines\r\n", "four\x00\xff"} {
		id := must(r.WriteCommit(t.Context(), git.NewCommit{Tree: tree, Message: message}))(t)
		if err := r.Push(t.Context(), git.Update{Ref: "refs/heads/" + []string{"main", "b", "c", "d"}[i], New: id}); err != nil {
			t.Fatal(err)
		}
		raw := gittest.Run(t, dir, "cat-file", "commit", string(id)) + "\n"
		want := []string{"one\n", "two\n", "three\nlines\n", "four?\n"}[i]
		if head := "tree " + string(tree) + "\nauthor Eve xparent 0 <eve@example.com> 1772600767 +0000\ncommitter Eve xparent 0 <eve@example.com> 1772600767 +0000\n\n"; raw != head+want {
			t.Errorf("commit\n%s\nwant\n%s", raw, head+want)
		}
	}
	fsck(t, dir)
	for _, c := range []git.NewCommit{{Tree: tree, Message: " \n"}, {Tree: "x", Message: "m"}, {Tree: tree, Message: "m", Parents: []git.ID{"x"}}} {
		if _, err := r.WriteCommit(t.Context(), c); err == nil {
			t.Errorf("%+v was written", c)
		}
	}
	o.Identity = git.Identity{}
	r = must(git.Open(t.Context(), dir, o))(t)
	if _, err := r.WriteCommit(t.Context(), git.NewCommit{Tree: tree, Message: "m"}); err == nil {
		t.Error("written by nobody")
	}
}

func TestCopyTree(t *testing.T) {
	from := gittest.Bare(t, map[string]string{"chart/Chart.yaml": "name: x\n", "chart/templates/a.yaml": "a: 1\n", "chart/templates/b.yaml": "b: 1\n", "other": "o\n"})
	to := gittest.Bare(t, map[string]string{"kept": "a: 1\n"})
	for name, address := range map[string]string{"on disk": from, "from a server": gittest.NewServer(t, from)} {
		t.Run(name, func(t *testing.T) {
			src, dst := open(t, address), open(t, to)
			if err := src.Fetch(t.Context(), 1, "refs/heads/main"); err != nil {
				t.Fatal(err)
			}
			chart := must(src.Lookup(t.Context(), tip(t, src, "main").Tree, "chart"))(t)
			if err := dst.CopyTree(t.Context(), src, chart.ID); err != nil {
				t.Fatal(err)
			}
			tree := must(dst.EditTree(t.Context(), "", git.Edit{Path: "app/" + string(chart.ID), ID: chart.ID, Mode: git.ModeDir}))(t)
			id := must(dst.WriteCommit(t.Context(), git.NewCommit{Tree: tree, Message: name}))(t)
			if err := dst.Push(t.Context(), git.Update{Ref: "refs/heads/" + strings.ReplaceAll(name, " ", "-"), New: id}); err != nil {
				t.Fatal(err)
			}
			fsck(t, to)
			if got := gittest.Run(t, to, "show", string(id)+":app/"+string(chart.ID)+"/templates/b.yaml"); got != "b: 1" {
				t.Errorf("b.yaml = %q", got)
			}
		})
	}
}

func TestCopyTreeReadsNothingTwice(t *testing.T) {
	from := gittest.Bare(t, map[string]string{"chart/a": "1\n", "chart/sub/b": "2\n"})
	chart := git.ID(gittest.Run(t, from, "rev-parse", "main:chart"))
	to := gittest.Bare(t, map[string]string{"elsewhere/a": "1\n", "elsewhere/sub/b": "2\n"})
	var q requests
	server := gittest.NewServer(t, from, q.option())
	if err := open(t, to).CopyTree(t.Context(), open(t, server), chart); err != nil || q.take() != "" {
		t.Errorf("%v; asked for what is there", err)
	}
}

func TestCopyTreeRefusesWhatMustNotBeWritten(t *testing.T) {
	from := gittest.Bare(t, map[string]string{"a": "1\n"})
	blob, err := hex.DecodeString(gittest.Run(t, from, "rev-parse", "main:a"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range []string{"100644 .GIT", "100644 ..", "100644 a\\b", "100644 a/b", "160000 sub", "100644 "} {
		write := exec.Command("git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally")
		write.Dir, write.Env, write.Stdin = from, gittest.Env(), strings.NewReader(entry+"\x00"+string(blob))
		out, err := write.Output()
		if err != nil {
			t.Fatal(err)
		}
		dst := open(t, gittest.Bare(t, nil))
		if err := dst.CopyTree(t.Context(), open(t, from), git.ID(strings.TrimSpace(string(out)))); err == nil {
			t.Errorf("copied %q", entry)
		}
	}
}
