package environments

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNearest(t *testing.T) {
	known := []string{"staging", "prod-eu", "prod-us", "dev", "qa"}
	for name, want := range map[string]string{
		"stagin": "staging", "stagign": "staging", "Staging": "staging", "prod-ue": "prod-eu", "prod-su": "prod-us", "dve": "dev", "deev": "dev",
		"q": "", "zebra": "", "": "", "production": "", strings.Repeat("x", 10_000): "",
	} {
		if have := nearest(name, known); have != want {
			t.Errorf("%q is near %q, want %q", name, have, want)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "2d": 48 * time.Hour, "1d12h": 36 * time.Hour, "1.5d": 36 * time.Hour, "0s": 0, "10ms": 10 * time.Millisecond,
	} {
		if have, err := parseDuration(text); err != nil || have != want {
			t.Errorf("%s is %s, %v; want %s", text, have, err, want)
		}
	}
	for _, text := range []string{"", "1", "d", "-1h", "1w", "1 d", "4000d", "99999999999999999d", "1e3h", "0x10h", "1dd"} {
		if have, err := parseDuration(text); err == nil {
			t.Errorf("%q is %s, want an error", text, have)
		}
	}
}

func TestShort(t *testing.T) {
	for want, d := range map[string]time.Duration{"24h": 24 * time.Hour, "1h30m": 90 * time.Minute, "10m": 10 * time.Minute, "10s": 10 * time.Second, "0s": 0, "1h0m1s": time.Hour + time.Second} {
		if have := short(d); have != want {
			t.Errorf("%v is printed as %s, want %s", d, have, want)
		}
	}
}

func TestExplain(t *testing.T) {
	for name, want := range map[string]string{
		"soak":                                 "environments.gates.soak",
		"gates.soak":                           "environments.gates.soak",
		"environments.gates.soak":              "environments.gates.soak",
		"environments[2].gates.soak":           "environments.gates.soak",
		"defaults.gates.soak":                  "environments.gates.soak",
		"apps.environments.prod-eu.gates.soak": "environments.gates.soak",
		"apps[0].environments.gates.soak":      "environments.gates.soak",
		"apps.environments":                    "apps.environments",
		"apps.environments.prod":               "apps.environments",
		"apps.images.match":                    "apps.images.match",
		"match":                                "apps.images.match",
		"images":                               "apps.images environments.images",
		"environments":                         "environments",
	} {
		fields, err := Explain(name)
		var have []string
		for _, f := range fields {
			have = append(have, f.Key)
		}
		if err != nil || strings.Join(have, " ") != want {
			t.Errorf("%s explains %v, %v; want %s", name, have, err, want)
		}
	}
	if top, err := Explain(""); err != nil || len(top) != 16 {
		t.Errorf("the top level has %d keys, %v", len(top), err)
	}
	for name, want := range map[string]string{"gates.sok": `did you mean "gates.soak"?`, "enviroments": `did you mean "environments"?`, "zebras.in.the.zoo": "ferry explain lists the keys"} {
		_, err := Explain(name)
		wantHint(t, err, want)
	}
}

// TestExplainedDefaults keeps what explain says about defaults equal to what is built in.
func TestExplainedDefaults(t *testing.T) {
	const asked = "1 where the environment asks for approvals or people merge"
	want := map[string]string{"environments.path": "{environment}/{app}", "environments.merge": "review", "environments.pullRequest": "true",
		"environments.engine": "flux", "environments.deadline": "1h", "environments.supersede": "replace", "environments.health.from": "connector",
		"environments.gates.healthy": "true where there is an after", "environments.includeCRDs": "true", "environments.injectNamespace": "false",
		"environments.validate": "warn", "environments.deterministic": "strict", "policies.severity": "error", "keep": "10 releases",
		"environments.hooks": "keep for argocd, fail for flux", "apps.hooks": "keep for argocd, fail for flux", "apps.source.path": ".",
		"environments.rollback.approvals": asked, "environments.rollback.ignore": "soak, windows, freezes", "environments.rollback.within": "1h",
		"environments.hotfix.approvals": asked, "environments.hotfix.ignore": "soak, windows, freezes", "overrides.approvals": "1", "notify.events": "approval, failed, rolled-back"}
	for key, built := range map[string]string{"time": "30s", "memory": "256MB", "documents": "20000", "file": "16MB", "depth": "500", "aliases": "8MB"} {
		want["apps.limits."+key], want["environments.limits."+key] = built, built
	}
	for _, f := range Fields() {
		if f.Default != want[f.Key] {
			t.Errorf("the default of %s is explained as %q, want %q", f.Key, f.Default, want[f.Key])
		}
	}
}

func TestFind(t *testing.T) {
	c := load(t, "shop")
	if p, err := c.Find("web", "qa"); err != nil || p.Folder != "clusters/qa/storefront/web" {
		t.Errorf("have %+v, %v", p, err)
	}
	for _, tt := range []struct{ app, environment, want, hint string }{
		{"wep", "qa", `ferry.yaml has no app "wep"`, `did you mean "web"?`},
		{"web", "prod-ue", `ferry.yaml has no environment "prod-ue"`, `did you mean "prod-eu"?`},
		{"search", "qa", `"search" does not go to "qa"`, "the app's only leaves that environment out"},
	} {
		_, err := c.Find(tt.app, tt.environment)
		if err == nil || err.Error() != tt.want {
			t.Errorf("have %v, want %s", err, tt.want)
		}
		wantHint(t, err, tt.hint)
	}
}

func wantHint(t *testing.T, err error, want string) {
	t.Helper()
	var h interface {
		Hint() string
		ExitCode() int
	}
	if !errors.As(err, &h) || h.Hint() != want || h.ExitCode() != 2 {
		t.Errorf("%v does not hint %q", err, want)
	}
}

func TestCheckFiles(t *testing.T) {
	c, r := load(t, "shop"), repo(t, "shop")
	if err := c.CheckFiles(r); err != nil {
		t.Error(err)
	}
	delete(r, "values/prod/web-big.yaml")
	r["values/prod/web-bgi.yaml"] = ""
	const want = `ferry.yaml:58:18: "web" in "prod-eu" needs the values file "values/prod/web-big.yaml", which does not exist; did you mean "values/prod/web-bgi.yaml"?`
	if err := c.CheckFiles(r); err == nil || err.Error() != want {
		t.Errorf("have %v\nwant %s", err, want)
	}
}

// A file below a linked folder is there, as it is for a render; one that is missing below it, or behind a link that leads out
// of the repository, is not.
func TestCheckFilesBelowLinks(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755), os.WriteFile(filepath.Join(root, name), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	const config = "version: 1\napps:\n  - {name: shop, source: {repository: https://example.com/a, path: chart}}\nenvironments:\n" +
		"  - {name: dev, kubernetes: {version: \"1.34\"}, values: [linked/a.yaml, linked/deep/b.yaml, linked/gone.yaml, out/c.yaml]}\n"
	write("ferry.yaml", config)
	write("real/a.yaml", "a: 1\n")
	write("real/deep/b.yaml", "b: 1\n")
	outside := t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(outside, "c.yaml"), nil, 0o644), os.Symlink("real", filepath.Join(root, "linked")), os.Symlink(outside, filepath.Join(root, "out"))); err != nil {
		t.Fatal(err)
	}
	c, err := Load(t.Context(), Dir(root))
	if err != nil {
		t.Fatal(err)
	}
	err = c.CheckFiles(Dir(root))
	if err == nil || strings.Count(err.Error(), "does not exist") != 2 || !strings.Contains(err.Error(), `"linked/gone.yaml"`) || !strings.Contains(err.Error(), `"out/c.yaml"`) {
		t.Errorf("have %v", err)
	}
}
