package report

import (
	"strings"
	"testing"
)

func TestCompareLinks(t *testing.T) {
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	for repository, want := range map[string]string{
		"https://github.com/acme/shop":                       "https://github.com/acme/shop/compare/A...B",
		"https://github.com/acme/shop.git":                   "https://github.com/acme/shop/compare/A...B",
		"git@github.com:acme/shop.git":                       "https://github.com/acme/shop/compare/A...B",
		"ssh://git@github.acme.corp:7999/acme/shop.git":      "https://github.acme.corp/acme/shop/compare/A...B",
		"https://gitlab.com/acme/web/shop":                   "https://gitlab.com/acme/web/shop/-/compare/A...B",
		"https://gitlab.acme.corp:8443/shop/":                "https://gitlab.acme.corp:8443/shop/-/compare/A...B",
		"https://bitbucket.org/acme/shop":                    "https://bitbucket.org/acme/shop/branches/compare/B%0DA",
		"https://codeberg.org/acme/shop":                     "https://codeberg.org/acme/shop/compare/A...B",
		"https://forgejo.acme.corp/acme/shop":                "https://forgejo.acme.corp/acme/shop/compare/A...B",
		"https://dev.azure.com/acme/web/_git/shop":           "https://dev.azure.com/acme/web/_git/shop/branchCompare?baseVersion=GCA&targetVersion=GCB&_a=commits",
		"git@ssh.dev.azure.com:v3/acme/web/shop":             "https://dev.azure.com/acme/web/_git/shop/branchCompare?baseVersion=GCA&targetVersion=GCB&_a=commits",
		"https://acme.visualstudio.com/web/_git/shop":        "https://acme.visualstudio.com/web/_git/shop/branchCompare?baseVersion=GCA&targetVersion=GCB&_a=commits",
		"https://dev.azure.com/acme/web":                     "",
		"https://git.acme.corp/acme/shop":                    "",
		"/srv/git/shop.git":                                  "",
		"file:///srv/git/shop.git":                           "",
		"https://user:secret@github.com/acme/shop":           "https://github.com/acme/shop/compare/A...B",
		"https://github.com":                                 "",
		"":                                                   "",
		"javascript:alert(1)//github.com/x":                  "",
		"https://github.com/acme/shop\n](https://evil.test)": "",
	} {
		want = strings.NewReplacer("GCA", "GC"+a, "GCB", "GC"+b, "A...B", a+"..."+b, "B%0DA", b+"%0D"+a).Replace(want)
		if got := compareLink(repository, a, b); got != want {
			t.Errorf("%q gives %s, want %s", repository, got, want)
		}
	}
	for _, pair := range [][2]string{{a, a}, {"", b}, {a, "main"}, {a[:10], b}} {
		if got := compareLink("https://github.com/acme/shop", pair[0], pair[1]); got != "" {
			t.Errorf("%v gives %s", pair, got)
		}
	}
}
