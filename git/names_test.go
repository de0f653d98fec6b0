package git_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
)

var refNames = []string{
	"refs/heads/main", "refs/heads/a/b/c", "refs/ferry/pull/1/head", "refs/heads/x.y", "refs/heads/ünïcode", "refs/heads/@", "refs/heads/a@b",
	"", "main", "refs/", "refs/heads/", "refs/heads//a", "/refs/heads/a", "refs/heads/a/", "refs/heads/.a", "refs/heads/a.", "refs/heads/a..b",
	"refs/heads/a.lock", "refs/heads/a.lock/b", "refs/heads/a b", "refs/heads/a~b", "refs/heads/a^b", "refs/heads/a:b", "refs/heads/a?b", "refs/heads/a*b",
	"refs/heads/a[b", "refs/heads/a\\b", "refs/heads/a@{b", "refs/heads/a\x7fb", "refs/heads/a\tb", "refs/heads/a\nb", "refs/../a", "refs/heads/..",
	"refs/heads/-x", "refs/heads/{}", "refs/heads/a.b.c/.d", "HEAD", "refs/x",
}

// gitAccepts asks git itself.
func gitAccepts(name string) bool { return exec.Command("git", "check-ref-format", name).Run() == nil }

func TestRefNamesAsGitSeesThem(t *testing.T) {
	for _, name := range refNames {
		want := gitAccepts(name) && strings.HasPrefix(name, "refs/") && strings.Count(name, "/") > 1
		if err := git.CheckRef(name); (err == nil) != want {
			t.Errorf("%q: %v, git says %v", name, err, want)
		}
	}
	r := open(t, gittest.Bare(t, map[string]string{"f": "1\n"}))
	for _, ref := range []string{"refs/heads/../../config", "refs/heads/a.lock", "HEAD", "refs/heads/a\nb"} {
		if err := r.Push(t.Context(), git.Update{Ref: ref, New: tip(t, r, "main").ID}); err == nil {
			t.Errorf("pushed %q", ref)
		}
	}
}

// FuzzRefName holds CheckRef against git: what we take, git takes.
func FuzzRefName(f *testing.F) {
	for _, name := range refNames {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if git.CheckRef(name) != nil {
			return
		}
		if !gitAccepts(name) {
			t.Errorf("%q: git refuses it", name)
		}
	})
}

var paths = map[string]bool{
	"a": true, "a/b/c.yaml": true, ".github/x": true, ".gitignore": true, "a..b": true, "...a": true, "gitdir": true, "a.git": true, "ü/ß": true, "a b": true, "git~10": true, ".gitx/y": true,
	"": false, "/": false, "/a": false, "a/": false, "a//b": false, ".": false, "..": false, "../a": false, "a/../b": false, "a/./b": false,
	".git": false, ".git/config": false, "a/.git/hooks/x": false, ".GIT/config": false, ".gIt": false, "GIT~1/config": false, "git~1": false,
	".git./x": false, ".git /x": false, ".git...": false, ".git::$INDEX_ALLOCATION/x": false, ".git:x": false, ".g\u200cit/config": false, "\ufeff.git": false, ".gi\u202et": false,
	`a\b`: false, `..\a`: false, `.git\config`: false, "a\x00b": false, "a\nb": false, "a.": false, "a./b": false, "a /b": false, "a ": false,
	"C:/x": false, "c:x": false, "a\xffb": false, strings.Repeat("a", 256): false, strings.Repeat("a/", 3000) + "a": false,
}

func TestPathsThatMayBeWritten(t *testing.T) {
	r := open(t, gittest.Bare(t, nil))
	for path, want := range paths {
		err := git.CheckPath(path)
		if (err == nil) != want {
			t.Errorf("%q: %v", path, err)
		}
		if _, err := r.EditTree(t.Context(), "", git.Edit{Path: path, ID: git.BlobID(nil)}); (err == nil) != want {
			t.Errorf("edit %q: %v", path, err)
		}
	}
}

// FuzzEditPath promises that a tree which was edited is one that git finds nothing wrong with, or there is an error.
func FuzzEditPath(f *testing.F) {
	for path := range paths {
		f.Add(path, "a")
	}
	f.Add("a", "a/b")
	dir := gittest.Bare(f, map[string]string{"a": "1\n", "b/c": "2\n"})
	r := open(f, dir)
	base := tip(f, r, "main").Tree
	blob := git.ID(gittest.Run(f, dir, "rev-parse", "main:a"))
	f.Fuzz(func(t *testing.T, one, two string) {
		tree, err := r.EditTree(t.Context(), base, git.Edit{Path: one, ID: blob}, git.Edit{Path: two, ID: blob})
		if err != nil {
			return
		}
		for _, path := range []string{one, two} {
			e, err := r.Lookup(t.Context(), tree, path)
			if err != nil || e.ID != blob {
				t.Errorf("%q is not where it was put: %v, %v", path, e, err)
			}
			if strings.Contains("/"+strings.ToLower(path)+"/", "/.git/") || strings.Contains("/"+path+"/", "/../") || strings.ContainsAny(path, "\x00\\") {
				t.Errorf("%q was written", path)
			}
		}
		if _, err := r.Walk(t.Context(), tree, ""); err != nil {
			t.Error(err)
		}
	})
}

func TestAddressesThatAreOpened(t *testing.T) {
	for remote, url := range map[string]string{
		"https://example.com/a/b.git":                  "https://example.com/a/b.git",
		"https://user:s3cret@example.com/a/b/":         "https://example.com/a/b",
		"https://s3cret@example.com:8443/a":            "https://example.com:8443/a",
		"http://localhost:1/a":                         "http://localhost:1/a",
		"http://user:s3cret@127.0.0.1:1/a":             "http://127.0.0.1:1/a",
		"http://[::1]:1/a":                             "http://[::1]:1/a",
		"ssh://git@example.com/a.git":                  "ssh://git@example.com/a.git",
		"ssh://git:s3cret@example.com:22/~x/a.git":     "ssh://git@example.com:22/~x/a.git",
		"git@example.com:a/b.git":                      "git@example.com:a/b.git",
		"git:s3cret@example.com:a/b.git":               "",
		"http://example.com/a":                         "",
		"git://example.com/a":                          "",
		"ftp://user:s3cret@example.com/a":              "",
		"ext::sh -c s3cret":                            "",
		"file://example.com/a":                         "",
		"https:///a":                                   "",
		"https://user:s3cret@exa mple.com/a":           "",
		"https://example.com/a?token=s3cret":           "",
		"https://user:s3cret@example.com/a#x":          "",
		"-uploadpack=s3cret":                           "",
		"ssh://-oProxyCommand=s3cret/a":                "",
		"-oProxyCommand=x:a":                           "",
		"":                                             "",
		"https://user:s3cret@example.com\n/a":          "",
		"ssh://example.com":                            "",
		"example.com:-x":                               "",
		"https://user:s3cret@example.com:notaport/a/b": "",
	} {
		r, err := git.Open(t.Context(), remote, options)
		switch {
		case err != nil && url != "":
			t.Errorf("%q: %v", remote, err)
		case err == nil && url != r.URL():
			t.Errorf("%q is shown as %q, want %q", remote, r.URL(), url)
		case err != nil && strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%q: the error tells the secret: %v", remote, err)
		}
		var h interface{ Hint() string }
		if err != nil && remote != "" && !errors.As(err, &h) {
			t.Errorf("%q: no hint: %v", remote, err)
		}
	}
}
