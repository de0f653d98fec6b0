package azure_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/scm/azure"
)

func TestRecognise(t *testing.T) {
	for remote, want := range map[string][2]string{
		"https://dev.azure.com/acme/shop/_git/gitops":                              {"https://dev.azure.com/acme", "shop/gitops"},
		"https://acme@dev.azure.com/acme/shop/_git/gitops":                         {"https://dev.azure.com/acme", "shop/gitops"},
		"https://acme:secret@dev.azure.com/acme/Shop%20Front/_git/git%20ops":       {"https://dev.azure.com/acme", "Shop Front/git ops"},
		"https://dev.azure.com/acme/_git/gitops":                                   {"https://dev.azure.com/acme", "gitops/gitops"},
		"https://dev.azure.com/acme/shop/_git/gitops/":                             {"https://dev.azure.com/acme", "shop/gitops"},
		"https://acme.visualstudio.com/shop/_git/gitops":                           {"https://acme.visualstudio.com", "shop/gitops"},
		"https://acme.visualstudio.com/DefaultCollection/shop/_git/gitops":         {"https://acme.visualstudio.com", "shop/gitops"},
		"https://acme.visualstudio.com/_git/gitops":                                {"https://acme.visualstudio.com", "gitops/gitops"},
		"git@ssh.dev.azure.com:v3/acme/shop/gitops":                                {"https://dev.azure.com/acme", "shop/gitops"},
		"ssh://git@ssh.dev.azure.com/v3/acme/Shop%20Front/gitops":                  {"https://dev.azure.com/acme", "Shop Front/gitops"},
		"ssh://git@ssh.dev.azure.com:22/v3/acme/shop/gitops":                       {"https://dev.azure.com/acme", "shop/gitops"},
		"acme@vs-ssh.visualstudio.com:v3/acme/shop/gitops":                         {"https://dev.azure.com/acme", "shop/gitops"},
		"https://tfs.example.com/tfs/DefaultCollection/shop/_git/gitops":           {"https://tfs.example.com/tfs/DefaultCollection", "shop/gitops"},
		"https://tfs.example.com:8443/tfs/Main%20Collection/Shop%20One/_git/git-x": {"https://tfs.example.com:8443/tfs/Main%20Collection", "Shop One/git-x"},
		"https://tfs.example.com/tfs/DefaultCollection/_git/gitops":                {"https://tfs.example.com/tfs/DefaultCollection", "gitops/gitops"},
		"http://azure.example.com/Collection/_git/gitops":                          {"http://azure.example.com/Collection", "gitops/gitops"},
		"https://azure.example.com/Collection/shop/_git/gitops":                    {"https://azure.example.com/Collection", "shop/gitops"},
	} {
		got, ok := azure.Recognise(remote)
		if !ok || got.URL != want[0] || got.Repository != want[1] {
			t.Errorf("%s: %q %q %v, want %q", remote, got.URL, got.Repository, ok, want)
		}
	}
	for _, remote := range []string{"", "https://github.com/acme/gitops", "git@github.com:acme/gitops.git", "https://dev.azure.com/acme/shop/gitops",
		"https://dev.azure.com/_git/gitops", "https://dev.azure.com/a/b/c/_git/gitops", "https://dev.azure.com/acme/shop/_git/", "https://dev.azure.com/acme/shop/_git/a/b",
		"git@ssh.dev.azure.com:v3/acme/gitops", "git@ssh.dev.azure.com:v2/acme/shop/gitops", "https://dev.azure.com/acme/../_git/gitops",
		"https://dev.azure.com/acme/a%2fb/_git/gitops", "https://dev.azure.com/acme/%zz/_git/gitops", "file:///srv/_git/gitops", "/srv/_git/gitops"} {
		if got, ok := azure.Recognise(remote); ok {
			t.Errorf("%s: %+v", remote, got)
		}
	}
}

func FuzzRecognise(f *testing.F) {
	for _, seed := range []string{"https://acme@dev.azure.com/acme/Shop%20Front/_git/gitops", "git@ssh.dev.azure.com:v3/a/b/c", "https://a.visualstudio.com/_git/x", "https://h/_git/../x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, remote string) {
		o, ok := azure.Recognise(remote)
		if !ok {
			return
		}
		u, err := url.Parse(o.URL)
		if err != nil || u.Host == "" || u.User != nil {
			t.Errorf("%q: URL %q", remote, o.URL)
		}
		if strings.Count(o.Repository, "/") != 1 {
			t.Errorf("%q: repository %q", remote, o.Repository)
		}
		if _, err := azure.Open(t.Context(), o); err != nil {
			t.Errorf("%q: %v", remote, err)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	for _, o := range []azure.Options{{}, {URL: "https://dev.azure.com/acme", Repository: "gitops"}, {URL: "dev.azure.com/acme", Repository: "a/b"},
		{URL: "https://user:canary@dev.azure.com/acme", Repository: "a/b"}, {URL: "https://dev.azure.com/acme", Repository: "a/b/c"}} {
		_, err := azure.Open(t.Context(), o)
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q %q: %v", o.URL, o.Repository, err)
		}
		if e, ok := err.(interface{ ExitCode() int }); !ok || e.ExitCode() != 2 {
			t.Errorf("%v: no usage error", err)
		}
	}
}
