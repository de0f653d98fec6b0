package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/source/identity/identitytest"
)

// TestHandOver hands releases over as a CI writes them down, to a GitOps repository that wants to know from whom they are.
func TestHandOver(t *testing.T) {
	issuer := identitytest.New(t)
	dir := "../../examples/github-flux/gitops"
	config, err := environments.Load(t.Context(), environments.Dir(dir), environments.For(version))
	if err != nil {
		t.Fatal(err)
	}
	e := example{t, t.TempDir(), config}
	e.repositories(dir)
	e.git("clone", "-q", "gitops.git", "work")
	file := filepath.Join(e.dir, "work", "ferry.yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(strings.Replace(string(data), "allowedFrom: [{repository: acme/shop}]", "allowedFrom: [{repository: acme/shop, ref: refs/heads/main}]", 1), "trust: {", "trust: {issuers: ["+issuer.URL+"], ", 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e.git("-C", "work", "commit", "-qam", "Ask who writes releases")
	e.git("-C", "work", "push", "-q")
	commit := strings.TrimSpace(e.git("-C", "app", "rev-parse", "HEAD"))

	job := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "7", "GITHUB_SHA": commit, "GITHUB_REF": "refs/heads/main"}
	say := func(repository, ref, sha string) {
		issuer.Claims = map[string]any{"repository": repository, "ref": ref, "sha": sha}
	}
	create := func(more ...string) {
		t.Helper()
		out, code := e.as(job, issuer, append([]string{"release", "create", "--source", "app", "--app", "shop", "--version", "1.0.0", "--image", "ghcr.io/acme/shop:1@sha256:" + strings.Repeat("1", 64), "-o", "release.json"}, more...)...)
		if code != 0 {
			t.Fatal(out)
		}
	}
	submit := func() (string, int) {
		return e.as(nil, nil, "submit", "--repo", filepath.Join(e.dir, "gitops.git"), "--source", "app", "--release", "release.json")
	}

	say("acme/shop", "refs/heads/main", commit)
	create()
	if out, code := submit(); code != exitRefused || !strings.Contains(out, "nobody says who wrote this release") {
		t.Errorf("without an identity: %d, %s", code, out)
	}
	for name, who := range map[string][3]string{"of another repository": {"evil/shop", "refs/heads/main", commit}, "of another branch": {"acme/shop", "refs/heads/evil", commit}, "of another commit": {"acme/shop", "refs/heads/main", strings.Repeat("2", 40)}} {
		say(who[0], who[1], who[2])
		create("--attest")
		if out, code := submit(); code != exitRefused || !strings.Contains(out, "its identity is of "+who[0]) {
			t.Errorf("with an identity %s: %d, %s", name, code, out)
		}
	}
	say("acme/shop", "refs/heads/main", commit)
	create("--attest")
	whole, err := os.ReadFile(filepath.Join(e.dir, "release.json"))
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(whole), strings.Repeat("1", 64), strings.Repeat("3", 64), 1)
	if err := os.WriteFile(filepath.Join(e.dir, "release.json"), []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := submit(); code != exitRefused || !strings.Contains(out, "the identity is not right") {
		t.Errorf("with another image: %d, %s", code, out)
	}
	if err := os.WriteFile(filepath.Join(e.dir, "release.json"), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := submit(); code != 0 || !strings.Contains(out, "shop 1.0.0") {
		t.Errorf("as it should be: %d, %s", code, out)
	}
}

// as runs the program in an environment of a job.
func (e *example) as(env map[string]string, issuer *identitytest.Issuer, args ...string) (string, int) {
	var out bytes.Buffer
	a := &app{In: strings.NewReader(""), Out: &out, Err: &out, Now: time.Now, Dir: e.dir, Getenv: func(name string) string {
		if issuer != nil && issuer.Job(name) != "" {
			return issuer.Job(name)
		}
		return env[name]
	}}
	code := a.main(context.Background(), append([]string{"ferry"}, args...))
	return out.String(), code
}
