package source

import (
	"errors"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/release"
)

func TestSameRepository(t *testing.T) {
	for _, same := range [][]string{
		{"https://github.com/acme/podinfo", "https://github.com/acme/podinfo.git", "https://github.com/acme/podinfo/", "https://GitHub.com/Acme/PodInfo",
			"https://ada:secret@github.com/acme/podinfo.git", "https://github.com:443/acme/podinfo", "git@github.com:acme/podinfo.git", "github.com:acme/podinfo",
			"ssh://git@github.com/acme/podinfo", "ssh://git@github.com:22/acme/podinfo.git", "ssh://git@ssh.github.com:443/acme/podinfo.git",
			"git+ssh://git@github.com/acme/podinfo", "git://github.com/acme/podinfo", "http://github.com/acme/podinfo", "https://github.com//acme/podinfo"},
		{"https://gitlab.example.com:8443/a/b/c", "https://ada@gitlab.example.com:8443/a/b/c.git", "ssh://git@gitlab.example.com:2222/a/b/c", "git@gitlab.example.com:a/b/c.git"},
		{"https://dev.azure.com/acme/shop/_git/web", "https://acme@dev.azure.com/acme/shop/_git/web", "git@ssh.dev.azure.com:v3/acme/shop/web",
			"https://acme.visualstudio.com/shop/_git/web", "https://acme.visualstudio.com/DefaultCollection/shop/_git/web"},
		{"https://dev.azure.com/acme/shop/_git/shop", "https://dev.azure.com/acme/_git/shop", "git@ssh.dev.azure.com:v3/acme/shop/shop"},
		{"/srv/git/web.git", "/srv/git/web", "/srv/git/web/", "file:///srv/git/web.git", "file://localhost/srv/git/web", "/srv/./git/web/.git"},
		{"../web", "../web.git", "./../web/"},
		{"https://[::1]:8080/a/b", "https://[::1]:8080/a/b.git"},
	} {
		for _, a := range same {
			for _, b := range same {
				if !SameRepository(a, b) {
					t.Errorf("%s and %s are one repository", a, b)
				}
			}
		}
	}
}

func TestOtherRepository(t *testing.T) {
	for _, other := range [][2]string{
		{"https://github.com/acme/podinfo", "https://github.com/evil/podinfo"},
		{"https://github.com/acme/podinfo", "https://github.com.evil.example/acme/podinfo"},
		{"https://github.com/acme/podinfo", "https://evil.example/github.com/acme/podinfo"},
		{"https://github.com/acme/podinfo", "https://github.com@evil.example/acme/podinfo"},
		{"https://github.com/acme/podinfo", "https://github.com/acme/podinfo/../../evil/podinfo"},
		{"https://github.com/acme/podinfo", "https://github.com/acme/podinfo2"},
		{"https://github.com/acme/podinfo", "acme/podinfo"},
		{"https://github.com/acme/podinfo", "/github.com/acme/podinfo"},
		{"https://git.example.com/a/b", "https://git.example.com/A/b"},
		{"https://git.example.com/a/b", "https://git.example.com:8443/a/b"},
		{"ssh://git@git.example.com:22/a/b", "ssh://git@git.example.com:2222/a/b"},
		{"/srv/git/web", "/srv/git/Web"},
		{"/srv/git/web", "srv/git/web"},
		{"", ""},
		{".", "."},
		{"https://", "https://"},
		{"https://x\x7f/a", "https://x\x7f/a"},
		{"https://github.com", "https://github.com/"},
	} {
		if SameRepository(other[0], other[1]) {
			t.Errorf("%q and %q are not one repository", other[0], other[1])
		}
	}
}

func TestIsRepository(t *testing.T) {
	for _, c := range []struct {
		name, address string
		want          bool
	}{
		{"acme/podinfo", "https://github.com/acme/podinfo.git", true},
		{"Acme/Podinfo", "git@github.com:acme/podinfo.git", true},
		{"a/b/c", "https://gitlab.example.com/a/b/c", true},
		{"https://github.com/acme/podinfo", "git@github.com:acme/podinfo", true},
		{"acme/podinfo", "https://github.com/evil/podinfo", false},
		{"acme/podinfo", "https://github.com/evil/acme/podinfo", false},
		{"A/b", "https://git.example.com/a/b", false},
		{"podinfo", "https://github.com/podinfo", false},
		{"acme/podinfo", "/acme/podinfo", false},
		{"acme/podinfo", "", false},
		{"", "https://github.com/acme/podinfo", false},
		{"./podinfo", "https://github.com/podinfo", false},
	} {
		if got := IsRepository(c.name, c.address); got != c.want {
			t.Errorf("%q for %q: got %t", c.name, c.address, got)
		}
	}
}

func TestCheckOrigin(t *testing.T) {
	rel := release.Release{App: "web", Source: release.Source{Repository: "https://ada:hunter2@github.com/evil/web"}}
	var foreign *ForeignError
	err := CheckOrigin(rel, "https://bob:hunter2@github.com/acme/web")
	if !errors.As(err, &foreign) || foreign.Hint() == "" || foreign.ExitCode() != 3 {
		t.Fatalf("got %v", err)
	}
	if want := "app web is built from https://github.com/acme/web; this release comes from https://github.com/evil/web"; err.Error() != want {
		t.Errorf("got %v", err)
	}
	if err := CheckOrigin(release.Release{App: "web"}, "https://github.com/acme/web"); err == nil || !strings.Contains(err.Error(), "does not say where") {
		t.Errorf("a release without a repository: %v", err)
	}
	for _, repository := range []string{"", "git@github.com:evil/web.git"} {
		if err := CheckOrigin(rel, repository); err != nil {
			t.Errorf("%q: %v", repository, err)
		}
	}
}

func TestWithoutCredentials(t *testing.T) {
	for in, want := range map[string]string{
		"https://ada:hunter2@github.com/a/b":     "https://github.com/a/b",
		"https://hunter2@github.com/a/b":         "https://github.com/a/b",
		"ssh://git:hunter2@github.com/a/b":       "ssh://git@github.com/a/b",
		"git@github.com:a/b.git":                 "git@github.com:a/b.git",
		"git:hunter2@github.com:a/b.git":         "github.com:a/b.git",
		"/srv/git/web":                           "/srv/git/web",
		"https://ada:hunter2@github.com:x/a\x7f": "",
	} {
		if got := withoutCredentials(in); got != want {
			t.Errorf("%s: got %q", in, got)
		}
	}
}
