package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/ferry-cd/ferry/environments"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func golden(t *testing.T, file string, have []byte) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, have, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(have)); diff != "" {
		t.Errorf("%s is stale; run the tests with UPDATE=1 and read the difference:\n%s", file, diff)
	}
}

func TestLoad(t *testing.T) {
	c, err := Load(File, read(t, "all.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Cluster != "eu-1" || len(c.Repositories) != 2 || len(c.Pipelines) != 9 || c.Listen != "127.0.0.1:9000" || c.Limits != (Limits{10 * time.Second, 30 * time.Second, 15 * time.Second, 20, 500}) {
		t.Errorf("read %+v", c)
	}
	if diff := cmp.Diff(&Webhooks{Listen: ":8080", Signing: []Secret{{File: "/etc/ferry/webhook"}}, Tokens: []Secret{{Env: "ARGOCD_TOKEN"}}, MaxAge: 20 * time.Minute}, c.Webhooks); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Repository{URL: "https://github.com/acme/gitops", Credentials: Credentials{AppID: "123456", AppKey: Secret{File: "/etc/ferry/app.pem"}}, Environments: []string{"dev", "qa"},
		Units: []Unit{{"qa", "shop", "Kustomization", "flux-system", "shop-qa"}}, Deployments: true}, c.Repositories[0]); diff != "" {
		t.Error(diff)
	}
	if p := c.Pipelines[1]; p.GitHub == nil || p.GitHub.URL != "https://github.com" || p.GitHub.Ref != "main" || len(p.When) != 5 || p.GitLab != nil || p.Webhook != nil {
		t.Errorf("a pipeline is %+v", p)
	}
	if n := len(c.Secrets()); n != 16 {
		t.Errorf("%d secrets: %v", n, c.Secrets())
	}
}

func TestDefaults(t *testing.T) {
	c, err := Load(File, read(t, "small.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{Repositories: []Repository{{URL: "git@github.com:acme/gitops.git"}}, Listen: ":8081",
		Limits: Limits{Settle: 5 * time.Second, Every: time.Minute, Debounce: 10 * time.Second, Posts: 50, Waiting: 10_000}}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
}

// All mistakes at once, each with its place, and no secret among the words.
func TestMistakes(t *testing.T) {
	_, err := Load("conf/"+File, read(t, "wrong.yaml"))
	var ps environments.Problems
	if !errors.As(err, &ps) {
		t.Fatalf("got %v", err)
	}
	text := err.Error() + "\n"
	if strings.Contains(text, "s3cr3t") {
		t.Error("a secret is shown")
	}
	golden(t, "testdata/wrong.txt", []byte(text))
}

func TestOtherMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"version: 1\n":                                     "connector.yaml has no repositories",
		"version: 1\nrepositories: []\n":                   "repositories names none",
		"version: 2\nrepositories: [{url: https://a/b}]\n": "version must be between 1 and 1",
		"version: 1\nrepositories: [{url: https://a/b}]\nmetrics: {listen: \":1\"}\nwebhooks: {listen: \":1\"}\n":                                                        "metrics listen there, too",
		"version: 1\nrepositories: [{url: https://a/b}]\npipelines: [{name: a, github: {repository: a/.., event: e}, token: {env: A}}]\n":                                "only dots",
		"version: 1\nrepositories: [{url: https://a/b}]\npipelines: [{name: a, github: {repository: a/b, event: e}, webhook: {url: https://a, signing: [{file: a}]}}]\n": "a pipeline has one of",
		"version: 1\nrepositories: [{url: https://a/b}]\npipelines: [{name: a, webhook: {url: https://a, signing: [{file: a, env: B}]}}]\n":                              "in a file or in env",
		"version: 1\nrepositories: [{url: https://a/b}]\npipelines: [{name: a, gitlab: {project: a/b, trigger: {file: a}, job: b}}]\n":                                   "gitlab has one of trigger, job",
		"version: 1\nrepositories: [{url: https://a/b}]\npipelines: [{name: a, azure: {url: https://a, project: .., pipeline: 1}}]\n":                                    "only dots",
		"version: 1\nrepositories: [{url: https://a/b}]\npipelines: [{name: a, github: {repository: a/b, workflow: a.yml, ref: ../../x}}]\n":                             "is not a branch or tag",
		"version: 1\nrepositories: [{url: https://a/b}]\npipelines: [{name: a, github: {repository: a/b, workflow: a.yml}, token: hunter2}]\n":                           "token must be a mapping; what is written there is not shown",
		"version: 1\nrepositories: [{url: https://a/b}]\npage: {tokens: hunter2}\n":                                                                                      "tokens must be a list; what is written there is not shown",
	} {
		if _, err := Load(File, []byte(text)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s\ngot %v, want %q", text, err, want)
		}
	}
}

func TestFits(t *testing.T) {
	for _, tt := range []struct {
		pattern, url string
		want         bool
	}{
		{"https://github.com/acme/shop", "https://github.com/acme/shop.git", true},
		{"https://github.com/acme/shop", "https://github.com/acme/shopping", false},
		{"https://github.com/acme/*", "https://github.com/acme/shop", true},
		{"https://github.com/acme/*", "https://github.com/acme/group/shop", true},
		{"https://GitHub.com/acme/*", "https://github.com/acme/shop", true},
		{"https://github.com/acme/*", "https://github.com.evil.example/acme/shop", false},
		{"https://github.com/*", "https://github.com:8443/acme/shop", false},
		{"https://github.com*/acme/*", "https://github.com.evil.example/acme/shop", true}, // as it is written
		{"https://github.com/*", "http://github.com/acme/shop", false},
		{"https://git*", "https://github.com/acme/shop", false},
		{"git@github.com:acme/*", "git@github.com:acme/shop.git", true},
		{"git@github.com:acme/*", "git@github.org:acme/shop.git", false},
		{"https://github.com/*/shop", "https://github.com/acme/shop", true},
		{"https://github.com/*/shop", "https://github.com/acme/shop/x", false},
		{"https://github.com/a*b*c", "https://github.com/a1b2c", true},
		{"https://github.com/a*b*c", "https://github.com/a1c2b", false},
	} {
		if got := Fits(tt.pattern, tt.url); got != tt.want {
			t.Errorf("%s fits %s: %v", tt.pattern, tt.url, got)
		}
	}
}

func TestSchema(t *testing.T) {
	data, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema := c.MustCompile("schema.json")
	for name, want := range map[string]bool{"all.yaml": true, "small.yaml": true, "wrong.yaml": false} {
		js, err := sigsyaml.YAMLToJSON(read(t, name))
		if err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(js))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(instance); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReferenceIsCurrent(t *testing.T) { golden(t, "../../docs/connector-yaml.md", Reference()) }

func TestKeeper(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	put := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k := NewKeeper(func(name string) string { return map[string]string{"A": " of-the-environment "}[name] })
	if got, err := k.Read(Secret{Env: "A"}); err != nil || got.Reveal() != "of-the-environment" {
		t.Errorf("%v %v", got, err)
	}
	if _, err := k.Read(Secret{Env: "B"}); err == nil || !strings.Contains(err.Error(), "environment variable B: it is empty") {
		t.Errorf("got %v", err)
	}
	here := Secret{File: file}
	if _, err := k.Read(here); err == nil || !errors.Is(err, os.ErrNotExist) || strings.Count(err.Error(), file) != 1 {
		t.Errorf("got %v", err)
	}
	put("first-secret\n")
	if got := k.Last(here).Reveal(); got != "first-secret" {
		t.Errorf("got %q", got)
	}
	put("second-secret\n")
	if got := k.Last(here).Reveal(); got != "second-secret" {
		t.Errorf("got %q", got)
	}
	put("")
	if got := k.All([]Secret{here, {Env: "B"}})(); len(got) != 2 || got[0].Reveal() != "second-secret" || !got[1].IsZero() {
		t.Errorf("while it cannot be read: %q", got)
	}
	put(strings.Repeat("x", maxSecret+1))
	if _, err := k.Read(here); err == nil || !strings.Contains(err.Error(), "more than 64 KiB") {
		t.Errorf("got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"all.yaml", "small.yaml", "wrong.yaml"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Load(File, data)
		var ps environments.Problems
		if err != nil && !errors.As(err, &ps) || (err == nil) != (c != nil) {
			t.Fatalf("%v, %v", c, err)
		}
		if c == nil {
			return
		}
		for _, p := range c.Pipelines {
			if p.GitHub == nil && p.GitLab == nil && p.Azure == nil && p.Gitea == nil && p.Webhook == nil {
				t.Fatalf("a pipeline without a host: %+v", p)
			}
		}
	})
}

// Whoever shares a credential shares its pace: the lowest that is given counts.
func TestPerHour(t *testing.T) {
	c, err := Load("connector.yaml", []byte(`version: 1
repositories:
  - {url: https://git.example.com/acme/gitops, forge: {kind: gitlab, perHour: 5000}, credentials: {token: {file: one}}}
  - {url: https://git.example.com/acme/other, forge: {kind: gitlab}, credentials: {token: {file: one}}}
  - {url: https://git.example.com/acme/third, forge: {kind: gitlab}, credentials: {token: {file: two}}}
  - {url: https://git.example.com/acme/none, forge: {kind: gitlab}}
sources: [{url: "https://git.example.com/*", forge: {kind: gitlab, perHour: 2000}, credentials: {token: {file: one}}}]
`))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{2000, 2000, 0, 0} {
		if r := c.Repositories[i]; c.PerHour(r.Forge, r.Credentials) != want {
			t.Errorf("%s: %d, not %d", r.URL, c.PerHour(r.Forge, r.Credentials), want)
		}
	}
	if _, err := Load("connector.yaml", []byte("version: 1\nrepositories: [{url: https://git.example.com/a/b, forge: {kind: gitlab, perHour: 1}}]\n")); err == nil {
		t.Error("a pace below one a minute is taken: ends would wait for hours")
	}
}
