package main

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
)

func TestSites(t *testing.T) {
	for _, c := range []struct {
		remote string
		o      forgeOptions
		want   site
	}{
		{"https://github.com/acme/gitops.git", forgeOptions{}, site{"github", "https://api.github.com", "acme/gitops"}},
		{"git@github.com:acme/gitops.git", forgeOptions{}, site{"github", "https://api.github.com", "acme/gitops"}},
		{"https://ghe.example.com/acme/gitops", forgeOptions{kind: "github"}, site{"github", "https://ghe.example.com/api/v3", "acme/gitops"}},
		{"https://gitlab.com/acme/platform/gitops.git", forgeOptions{}, site{"gitlab", "https://gitlab.com", "acme/platform/gitops"}},
		{"ssh://git@git.example.com:2222/acme/platform/gitops.git", forgeOptions{kind: "gitlab"}, site{"gitlab", "https://git.example.com", "acme/platform/gitops"}},
		{"https://git.example.com/forge/acme/gitops.git", forgeOptions{kind: "gitlab", url: "https://git.example.com/forge/"}, site{"gitlab", "https://git.example.com/forge", "acme/gitops"}},
		{"https://git.example.com/forge/acme/gitops.git", forgeOptions{kind: "gitea", url: "https://git.example.com/forge"}, site{"gitea", "https://git.example.com/forge", "acme/gitops"}},
		{"git@ssh.example.com:acme/gitops.git", forgeOptions{kind: "gitea", url: "https://web.example.com"}, site{"gitea", "https://web.example.com", "acme/gitops"}},
		{"https://codeberg.org/acme/gitops", forgeOptions{}, site{"gitea", "https://codeberg.org", "acme/gitops"}},
		{"https://acme@dev.azure.com/acme/Shop%20Front/_git/gitops", forgeOptions{}, site{"azure", "https://dev.azure.com/acme", "Shop Front/gitops"}},
		{"git@bitbucket.org:acme/gitops.git", forgeOptions{}, site{"bitbucket", "https://api.bitbucket.org", "acme/gitops"}},
		{"https://git.example.com/acme/gitops.git", forgeOptions{}, site{}},
		{"/srv/gitops.git", forgeOptions{}, site{}},
	} {
		got, known, err := siteOf(c.remote, c.o)
		if err != nil || got != c.want || known != (c.want.kind != "") {
			t.Errorf("%s with %+v: %+v %v %v, want %+v", c.remote, c.o, got, known, err, c.want)
		}
	}
	for _, c := range []struct{ remote, kind, want string }{
		{"https://git.example.com/acme/gitops", "sourceforge", "ferry knows github, gitlab, azure, gitea, bitbucket"},
		{"/srv/gitops.git", "github", "does not look like one on github"},
	} {
		if _, _, err := siteOf(c.remote, forgeOptions{kind: c.kind}); exitCode(err) != exitUsage || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s on %s: %v", c.remote, c.kind, err)
		}
	}
}

// elsewhere is a program whose environment is a map.
func elsewhere(env map[string]string) *app {
	return &app{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Now: time.Now, Getenv: func(name string) string { return env[name] }}
}

// Tokens that a CI sets are for the server that set them; ferry's own is for the repository.
func TestWhoseToken(t *testing.T) {
	for name, c := range map[string]struct {
		kind, url string
		env       map[string]string
		want      string // of the API's request; "" = nobody
	}{
		"ferry's own":               {"github", "https://api.github.com", map[string]string{"FERRY_TOKEN": "own-secret", "GITHUB_TOKEN": "job-secret", "GITHUB_API_URL": "https://api.github.com"}, "Bearer own-secret"},
		"a job's":                   {"github", "https://ghe.example.com/api/v3", map[string]string{"GITHUB_TOKEN": "job-secret", "GITHUB_API_URL": "https://ghe.example.com/api/v3"}, "Bearer job-secret"},
		"a job's, on another host":  {"github", "https://ghe.example.com/api/v3", map[string]string{"GITHUB_TOKEN": "job-secret", "GITHUB_API_URL": "https://api.github.com"}, ""},
		"a GitLab job's":            {"gitlab", "https://gitlab.com", map[string]string{"CI_JOB_TOKEN": "job-secret", "CI_SERVER_URL": "https://gitlab.com"}, "job-secret"},
		"a GitLab job's, elsewhere": {"gitlab", "https://git.example.com", map[string]string{"CI_JOB_TOKEN": "job-secret", "CI_SERVER_URL": "https://gitlab.com"}, ""},
		"an Azure job's":            {"azure", "https://dev.azure.com/acme", map[string]string{"SYSTEM_ACCESSTOKEN": "job-secret", "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/"}, "Bearer job-secret"},
		"an Azure job's, elsewhere": {"azure", "https://tfs.example.com/x", map[string]string{"SYSTEM_ACCESSTOKEN": "job-secret", "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/"}, ""},
		"an identity's, elsewhere":  {"azure", "https://tfs.example.com/x", map[string]string{"AZURE_DEVOPS_EXT_PAT": "wide-secret"}, ""},
		"an identity's, at home":    {"azure", "https://dev.azure.com/acme", map[string]string{"AZURE_DEVOPS_EXT_PAT": "wide-secret"}, "Basic OndpZGUtc2VjcmV0"},
		"ferry's own, on a server":  {"azure", "https://tfs.example.com/x", map[string]string{"FERRY_TOKEN": "wide-secret"}, "Basic OndpZGUtc2VjcmV0"},
		"a pipeline's":              {"bitbucket", "https://api.bitbucket.org", map[string]string{"BITBUCKET_TOKEN": "job-secret"}, "Bearer job-secret"},
		"a pipeline's, elsewhere":   {"bitbucket", "https://bitbucket.example.com", map[string]string{"BITBUCKET_TOKEN": "job-secret"}, ""},
		"nobody":                    {"bitbucket", "https://api.bitbucket.org", nil, ""},
	} {
		who, err := elsewhere(c.env).credentials(call{site: site{kind: c.kind, url: c.url}, now: time.Now})
		if err != nil {
			t.Fatal(name, err)
		}
		got := ""
		if who.api != nil {
			req, _ := http.NewRequest(http.MethodGet, c.url, nil)
			if err := who.api.Authorize(t.Context(), req); err != nil {
				t.Fatal(name, err)
			}
			got = req.Header.Get("Authorization") + req.Header.Get("JOB-TOKEN")
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Which forge it is may stand in ferry.yaml; where the credentials go may not.
func TestSiteInTheConfiguration(t *testing.T) {
	for config, want := range map[string]site{
		"forge: {kind: gitea}\n":                                         {"gitea", "https://git.example.com", "acme/gitops"},
		"forge: {kind: gitea, url: https://git.example.com}\n":           {"gitea", "https://git.example.com", "acme/gitops"},
		"forge: {kind: gitea, url: https://evil.example.net}\n":          {},
		"forge: {kind: gitea, url: https://git.example.com:443/forge}\n": {"gitea", "https://git.example.com:443/forge", "acme/gitops"},
		"forge: {kind: gitea, url: https://git.example.com:8443/evil}\n": {},
		"forge: {kind: gitea, url: http://git.example.com/evil}\n":       {},
		"version: 1\n": {},
	} {
		repo, err := git.Open(t.Context(), gittest.Bare(t, map[string]string{"ferry.yaml": config}), git.Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		got, known, err := siteSaid(t.Context(), repo, "https://git.example.com/acme/gitops.git")
		var other *otherHostError
		if got != want || known != (want.kind != "") || errors.As(err, &other) != strings.Contains(config, "evil") {
			t.Errorf("%q: %+v, %v", config, got, err)
		}
	}
	repo, err := git.Open(t.Context(), gittest.Bare(t, map[string]string{"ferry.yaml": "forge: {kind: gitea, url: https://git.example.com:8443}\n"}), git.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if got, known, err := siteSaid(t.Context(), repo, "git@git.example.com:acme/gitops.git"); !known || err != nil || got.url != "https://git.example.com:8443" {
		t.Errorf("by SSH: %+v, %v", got, err)
	}
	repo, err = git.Open(t.Context(), gittest.Bare(t, nil), git.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, known, err := siteSaid(t.Context(), repo, "https://git.example.com/acme/gitops.git"); known || err != nil {
		t.Errorf("an empty repository: %v %v", known, err)
	}
}
