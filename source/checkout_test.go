package source

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
)

// appFiles is an app repository with a chart and a kustomization.
var appFiles = map[string]string{
	"README.md":                             "# shop\n",
	"charts/web/Chart.yaml":                 "name: web\n",
	"charts/web/templates/deployment.yaml":  "kind: Deployment\n",
	"charts/web/templates/tests/test.yaml":  "kind: Pod\n",
	"deploy/pay/base/kustomization.yaml":    "resources: [x.yaml]\n",
	"deploy/pay/base/x.yaml":                "kind: ConfigMap\n",
	"deploy/pay/overlays/kustomization.yml": "resources: [../base]\n",
}

// clone makes a work tree with one commit of these files; content "-> x" makes a link to x, "!x" an executable.
func clone(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	gittest.Run(t, dir, "init", "--quiet", "--initial-branch=main", ".")
	write(t, dir, files)
	gittest.Run(t, dir, "add", "--all", "--force", ".")
	gittest.Run(t, dir, "commit", "--quiet", "--allow-empty", "-m", "first")
	return dir
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := writeFile(path, text); err != nil {
			t.Fatal(err)
		}
	}
}

func writeFile(path, text string) error {
	if target, link := strings.CutPrefix(text, "-> "); link {
		return os.Symlink(target, path)
	}
	mode := os.FileMode(0o600)
	if script, executable := strings.CutPrefix(text, "!"); executable {
		mode, text = 0o700, script
	}
	return os.WriteFile(path, []byte(text), mode)
}

func openCheckout(t *testing.T, dir string) *Checkout {
	t.Helper()
	c, err := OpenCheckout(t.Context(), dir, git.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOpenCheckout(t *testing.T) {
	dir := clone(t, appFiles)
	head := gittest.Run(t, dir, "rev-parse", "HEAD")
	bare := filepath.Join(t.TempDir(), "shop.git")
	gittest.Run(t, dir, "clone", "--quiet", "--bare", "file://"+dir, bare)
	linked := filepath.Join(t.TempDir(), "linked")
	gittest.Run(t, dir, "remote", "add", "upstream", "https://example.com/other")
	gittest.Run(t, dir, "remote", "add", "origin", "https://ada:hunter2@github.com/acme/shop.git")
	gittest.Run(t, dir, "worktree", "add", "--quiet", "--detach", linked)

	for start, want := range map[string]struct{ dir, origin string }{
		dir:                                  {dir, "https://github.com/acme/shop.git"},
		filepath.Join(dir, "charts", "web"):  {dir, "https://github.com/acme/shop.git"},
		filepath.Join(linked, "deploy/pay"):  {linked, "https://github.com/acme/shop.git"},
		bare:                                 {bare, "file://" + dir},
		filepath.Join(bare, "refs", "heads"): {bare, "file://" + dir},
	} {
		c := openCheckout(t, start)
		if c.Dir() != want.dir || c.Origin() != want.origin {
			t.Errorf("%s: got %s from %s", start, c.Dir(), c.Origin())
		}
		commit, err := c.Head(t.Context())
		if err != nil || string(commit.ID) != head || commit.Time.Unix() != 1767323045 {
			t.Errorf("%s: got %+v, %v", start, commit, err)
		}
	}
}

func TestOpenCheckoutRefuses(t *testing.T) {
	empty := t.TempDir()
	for _, dir := range []string{empty, filepath.Join(empty, "missing")} {
		_, err := OpenCheckout(t.Context(), dir, git.Options{})
		var coded interface{ ExitCode() int }
		if !errors.As(err, &coded) || coded.ExitCode() != 2 {
			t.Errorf("%s: got %v", dir, err)
		}
	}
	broken := clone(t, appFiles)
	if err := os.WriteFile(filepath.Join(broken, ".git", "config"), []byte("[remote \"origin\"]\nurl = https://ada:hunter2@x/y\n[broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCheckout(t.Context(), broken, git.Options{}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestCheckoutWithoutCommit(t *testing.T) {
	dir := t.TempDir()
	gittest.Run(t, dir, "init", "--quiet", ".")
	c := openCheckout(t, dir)
	if _, err := c.Head(t.Context()); err == nil || !strings.Contains(err.Error(), "has no commit yet") {
		t.Errorf("got %v", err)
	}
	write(t, dir, map[string]string{"a.yaml": "a"})
	dirty, err := c.Dirty(t.Context(), ".")
	if d := cmp.Diff([]string{"a.yaml"}, dirty); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
}

func TestCheckoutTree(t *testing.T) {
	dir := clone(t, appFiles)
	c := openCheckout(t, dir)
	head, err := c.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for root, want := range map[string]string{"charts/web": "HEAD:charts/web", "./charts/web/": "HEAD:charts/web", "": "HEAD^{tree}", ".": "HEAD^{tree}"} {
		got, err := c.Tree(t.Context(), head.ID, root)
		if err != nil || string(got) != gittest.Run(t, dir, "rev-parse", want) {
			t.Errorf("%q: got %s, %v", root, got, err)
		}
	}
}

func TestCheckoutTreeRefuses(t *testing.T) {
	c := openCheckout(t, clone(t, appFiles))
	head, err := c.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := head.ID.Short()
	for root, want := range map[string]struct {
		text string
		near []string
	}{
		"chart/web":     {"there is no folder chart/web at commit " + at, []string{"charts/web"}},
		"web":           {"there is no folder web at commit " + at, []string{"charts/web"}},
		"charts/webb":   {"there is no folder charts/webb at commit " + at, []string{"charts/web"}},
		"deploy/pay/ba": {"there is no folder deploy/pay/ba at commit " + at, []string{"deploy/pay/base"}},
		"../outside":    {"there is no folder ../outside at commit " + at, nil},
		"README.md":     {"README.md is a file, not a folder, at commit " + at, []string{"."}},
	} {
		_, err := c.Tree(t.Context(), head.ID, root)
		var missing *NoFolderError
		if !errors.As(err, &missing) || err.Error() != want.text || missing.ExitCode() != 2 || missing.Hint() == "" {
			t.Errorf("%s: got %v", root, err)
			continue
		}
		if want.near != nil && (len(missing.Near) == 0 || missing.Near[0] != want.near[0]) {
			t.Errorf("%s: near are %v", root, missing.Near)
		}
	}
	if _, err := c.Tree(t.Context(), git.ID(strings.Repeat("1", 40)), "charts/web"); err == nil || !strings.Contains(err.Error(), "has no commit 1111") {
		t.Errorf("an unknown commit: %v", err)
	}
}

// TestDirtyAsGit compares with git status over everything that can happen to a work tree.
func TestDirtyAsGit(t *testing.T) {
	dir := clone(t, map[string]string{
		".gitignore":          "*.log\n!keep.log\n/build/\n# a comment\n  \n\\#hash\nsp\\ \nout/*\n!out/kept\n**/deep/*.tmp\nfoo/**/bar\nx/\n!x/keep\n",
		"x/tracked":           "x\n",
		"charts/.gitignore":   "/local\ncharts/*.tgz\n",
		"charts/Chart.yaml":   "name: web\n",
		"charts/same.yaml":    "same\n",
		"charts/edited.yaml":  "before\n",
		"charts/gone.yaml":    "gone\n",
		"charts/run.sh":       "!run\n",
		"charts/chmod.sh":     "run\n",
		"charts/link":         "-> same.yaml",
		"charts/link2":        "-> same.yaml",
		"charts/becomeslink":  "text\n",
		"charts/crlf.txt":     "a\nb\n",
		"build/tracked.yaml":  "tracked in an ignored folder\n",
		"build/tracked2.yaml": "tracked too\n",
		"gone/all.yaml":       "x\n",
	})
	for _, gone := range []string{"charts/gone.yaml", "charts/link2", "charts/becomeslink", "gone/all.yaml", "gone"} {
		if err := os.Remove(filepath.Join(dir, gone)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, map[string]string{
		"charts/edited.yaml": "after\n", "charts/new.yaml": "new\n", "charts/link2": "-> edited.yaml", "charts/becomeslink": "-> same.yaml",
		"charts/debug.log": "x", "charts/keep.log": "x", "charts/local/a": "x", "local/a": "x", "charts/charts/dep.tgz": "x", "charts/dep.tgz": "x",
		"build/untracked": "x", "build/tracked.yaml": "changed\n", "sub/build/a": "x", "#hash": "x", "sp ": "x", "out/a": "x", "out/kept": "x",
		"a/deep/x.tmp": "x", "a/deep/x.txt": "x", "foo/a/b/bar": "x", "x/keep": "x", "x/y/keep": "x", "foo/bar": "x", "ü/ß.yaml": "x", "a b/c d.yaml": "x",
	})
	if err := os.Chmod(filepath.Join(dir, "charts/chmod.sh"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"nested/.git/HEAD": "ref: refs/heads/main\n", "nested/x.yaml": "x"})
	gittest.Run(t, dir, "init", "--quiet", "nested")
	gittest.Run(t, filepath.Join(dir, "nested"), "-c", "core.excludesFile=", "add", ".")
	gittest.Run(t, filepath.Join(dir, "nested"), "commit", "--quiet", "-m", "nested")
	gittest.Run(t, dir, "add", "charts/new.yaml") // staged is not committed

	c := openCheckout(t, dir)
	for _, folder := range []string{".", "charts", "build", "gone", "charts/local", "out", "foo", "x", "missing"} {
		got, err := c.Dirty(t.Context(), folder)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(gitStatus(t, dir, folder), got); d != "" {
			t.Errorf("%s: %s", folder, d)
		}
	}
}

func gitStatus(t *testing.T, dir, folder string) []string {
	out := gittest.Run(t, dir, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", folder)
	var all []string
	for entry := range strings.SplitSeq(out, "\x00") {
		if len(entry) > 3 && !strings.HasSuffix(entry, "/") { // other repositories are shown as folders
			all = append(all, entry[3:])
		}
	}
	slices.Sort(all)
	return all
}

func TestDirtyLeavesLineEndsAlone(t *testing.T) {
	dir := clone(t, map[string]string{"a.yaml": "a\nb\n"})
	write(t, dir, map[string]string{"a.yaml": "a\r\nb\r\n"})
	if dirty, err := openCheckout(t, dir).Dirty(t.Context(), ""); err != nil || len(dirty) > 0 {
		t.Errorf("got %v, %v", dirty, err)
	}
}

// A linked work tree has files of its own, even where the repository it belongs to is bare.
func TestDirtyOfALinkedWorkTree(t *testing.T) {
	bare, linked := gittest.Bare(t, appFiles), filepath.Join(t.TempDir(), "linked")
	gittest.Run(t, bare, "worktree", "add", "--quiet", linked, "-b", "topic")
	write(t, linked, map[string]string{"charts/web/Chart.yaml": "name: changed\n", "charts/web/x.tmp": "x"})
	write(t, bare, map[string]string{"info/exclude": "*.tmp\n"})
	dirty, err := openCheckout(t, linked).Dirty(t.Context(), "charts")
	if d := cmp.Diff([]string{"charts/web/Chart.yaml"}, dirty); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
}

func TestDirtyOfABareRepository(t *testing.T) {
	if dirty, err := openCheckout(t, gittest.Bare(t, appFiles)).Dirty(t.Context(), "."); err != nil || len(dirty) > 0 {
		t.Errorf("got %v, %v", dirty, err)
	}
}
