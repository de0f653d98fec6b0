package source

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
)

// TestWorkTreeAsGit compares with the tree that git itself makes of the same files.
func TestWorkTreeAsGit(t *testing.T) {
	dir := clone(t, appFiles)
	write(t, dir, map[string]string{
		".gitignore":                           "*.secret\n",
		"charts/web/Chart.yaml":                "name: changed\n",
		"charts/web/new/values.yaml":           "a: b\n",
		"charts/web/run.sh":                    "!run\n",
		"charts/web/link.yaml":                 "-> new/../Chart.yaml",
		"charts/web/folder":                    "-> templates",
		"charts/web/token.secret":              "hunter2",
		"charts/web/.helmignore":               "x\n",
		"charts/web/templates/tests/.git/HEAD": "x",
	})
	if err := os.RemoveAll(filepath.Join(dir, "charts/web/templates/tests")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "charts/web/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := openCheckout(t, dir)
	got, err := c.WorkTree(t.Context(), "charts/web")
	if err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, dir, "add", "--all", ".")
	if want := gittest.Run(t, dir, "write-tree", "--prefix=charts/web"); string(got) != want {
		files, err := readTree(t.Context(), c.Repository(), got)
		t.Errorf("got %s, want %s\n%s\n%v %v", got, want, gittest.Run(t, dir, "ls-tree", "-r", want), files, err)
	}
	whole, err := c.WorkTree(t.Context(), ".")
	if want := gittest.Run(t, dir, "write-tree"); err != nil || string(whole) != want {
		t.Errorf("got %s, %v, want %s", whole, err, want)
	}
}

func TestWorkTreeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		file, text, root, want string
	}{
		"a link out":              {"charts/web/x", "-> ../../README.md", "charts/web", "x is a link that leaves"},
		"an absolute link":        {"charts/web/x", "-> /etc/hostname", "charts/web", "x is a link that leaves"},
		"a link to nothing":       {"charts/web/x", "-> nothing", "charts/web", "x is a link to nothing"},
		"a circle":                {"charts/web/x", "-> x", "charts/web", "x is a link that leads in a circle"},
		"a large file":            {"charts/web/x", strings.Repeat("x", maxFile+1), "charts/web", "charts/web/x has more than"},
		"a folder outside":        {"x", "x", "../", "does not lie in the checkout"},
		"an absolute folder":      {"x", "x", "/etc", "does not lie in the checkout"},
		"a missing folder":        {"x", "x", "missing", "the folder missing has no files"},
		"a file":                  {"x", "x", "x", "x is no folder"},
		"a link to outside":       {"x", "-> /etc", "x", "x is no folder"},
		"a name that git has not": {"charts/web/a\\b", "x", "charts/web", "backslash"},
	} {
		dir := clone(t, appFiles)
		write(t, dir, map[string]string{c.file: c.text})
		_, err := openCheckout(t, dir).WorkTree(t.Context(), c.root)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := openCheckout(t, gittest.Bare(t, appFiles)).WorkTree(t.Context(), "charts/web"); err == nil || !strings.Contains(err.Error(), "bare repository") {
		t.Errorf("a bare repository: %v", err)
	}
}

func TestReadTree(t *testing.T) {
	dir := clone(t, map[string]string{
		"values.yaml":  "v",
		"t/a.yaml":     "a",
		"t/b/c.yaml":   "c",
		"one.yaml":     "-> values.yaml",
		"two.yaml":     "-> one.yaml",
		"t/b/up.yaml":  "-> ../../values.yaml",
		"copy":         "-> t",
		"deep":         "-> copy/b",
		"there/and":    "-> ../t/../copy/a.yaml",
		"run.sh":       "!x",
		"through.yaml": "-> deep/up.yaml",
	})
	files, err := readTree(t.Context(), openCheckout(t, dir).Repository(), git.ID(gittest.Run(t, dir, "rev-parse", "HEAD^{tree}")))
	if err != nil {
		t.Fatal(err)
	}
	for name := range files {
		want, err := os.ReadFile(filepath.Join(dir, name)) // the operating system follows the links
		if err != nil || string(want) != string(files[name]) {
			t.Errorf("%s: got %q, want %q, %v", name, files[name], want, err)
		}
	}
	for _, name := range []string{"copy/b/up.yaml", "deep/c.yaml", "there/and", "two.yaml", "through.yaml", "run.sh"} {
		if _, ok := files[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
	if len(files) != 14 {
		t.Errorf("%d files: %v", len(files), files)
	}
}

// TestReadTreeRefuses tries what a hostile template tree may hold. No byte of what a link names is ever told.
func TestReadTreeRefuses(t *testing.T) {
	bomb := map[string]string{"0/f": "x"}
	for i := range 30 { // 2^30 files, if links were followed without bounds
		n, next := string(rune('a'+i%26))+strings.Repeat("x", i/26+1), string(rune('a'+(i+1)%26))+strings.Repeat("x", (i+1)/26+1)
		bomb[n+"/l"], bomb[n+"/r"] = "-> ../"+next, "-> ../"+next
	}
	bomb[string(rune('a'+30%26))+"xx/f"] = "x"
	repo := openRepository(t, gittest.Bare(t, nil))
	for want, files := range map[string]map[string]string{
		"x is a link that leaves the folder":        {"x": "-> ../hunter2"},
		"y is a link that leaves the folder":        {"y": "-> ../c/a", "c/a": "a"},
		"z is a link that leaves the folder":        {"z": "-> /hunter2"},
		"d/x is a link that leaves the folder":      {"d/x": "-> ../../hunter2"},
		"two is a link that leaves the folder":      {"two": "-> zero/hunter2", "zero": "-> .."},
		"long is a link that leaves the folder":     {"long": "-> " + strings.Repeat("a/", 2045) + "hunter2"},
		"a is a link that leads in a circle":        {"a": "-> b", "b": "-> a"},
		"d/up is a link that leads in a circle":     {"d/up": "-> ..", "x": "x"},
		"a is a link to nothing":                    {"a": "-> hunter2/x"},
		"more than 100000 files with what its link": bomb,
		"big has 16777217 bytes":                    {"big": strings.Repeat("x", maxFile+1)},
	} {
		_, err := readTree(t.Context(), repo, treeOf(t, repo, files))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// treeOf makes a tree in memory, also of what no file system would hold; "-> x" is a link.
func treeOf(t *testing.T, repo *git.Repository, files map[string]string) git.ID {
	t.Helper()
	var edits []git.Edit
	for name, text := range files {
		e := git.Edit{Path: name, Mode: git.ModeFile}
		target, link := strings.CutPrefix(text, "-> ")
		if link {
			e.Mode = git.ModeSymlink
		}
		var err error
		if e.ID, err = repo.WriteBlob([]byte(target)); err != nil {
			t.Fatal(err)
		}
		edits = append(edits, e)
	}
	tree, err := repo.EditTree(t.Context(), "", edits...)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestReadTreeRefusesSubmodules(t *testing.T) {
	dir := clone(t, appFiles)
	gittest.Run(t, dir, "update-index", "--add", "--cacheinfo", "160000,"+gittest.Run(t, dir, "rev-parse", "HEAD")+",charts/web/sub")
	tree := git.ID(gittest.Run(t, dir, "write-tree", "--prefix=charts/web"))
	_, err := readTree(t.Context(), openCheckout(t, dir).Repository(), tree)
	if err == nil || !strings.Contains(err.Error(), "sub is a submodule") {
		t.Errorf("got %v", err)
	}
}
