package report

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm"
)

// filesOf reads a folder as a release carries it.
func filesOf(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// rendered gives one of our charts with these values on top of its own, its images pinned.
func rendered(t testing.TB, chart, namespace, values string, images ...render.Image) render.Manifests {
	t.Helper()
	req := render.Request{App: chart, Environment: "prod-eu", Name: chart, Namespace: namespace, Files: filesOf(t, "../testdata/charts/"+chart), Dir: ".",
		Values: []render.File{{Path: "values.yaml", Data: []byte(values)}}, Kubernetes: render.Kubernetes{Version: "1.34"}, IncludeCRDs: true}
	out, err := helm.New().Render(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	ms, err := render.Canonical(out, namespace)
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := render.Pin(ms, images)
	if err != nil {
		t.Fatal(err)
	}
	return pinned.Manifests
}

func commitOf(digit string) string { return strings.Repeat(digit, 40) }

func sourceOf(app, digit string) release.Source {
	return release.Source{Repository: "https://github.com/acme/" + app, Commit: commitOf(digit), Ref: "refs/heads/main", Time: time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)}
}

func recordOf(app, version string, n int64, digit string) release.Record {
	return release.Record{App: app, Release: release.Release{App: app, Version: version, Sequence: release.Sequence{Kind: release.GitHub, Number: n}, Source: sourceOf(app, digit)}}
}

// storefront is one app whose new release brings some of everything.
func storefront(t testing.TB) promote.Promotion {
	t.Helper()
	image := func(tag, digit string) render.Image {
		return render.Image{Name: "registry.example.com/shop/storefront", Match: "registry.example.com/shop/storefront", Tag: tag, Digest: "sha256:" + strings.Repeat(digit, 64)}
	}
	old := rendered(t, "storefront", "shop", "pdb: {enabled: true}\ningress: {enabled: true}\nreplicas: 4\n", image("1.3.0", "3"))
	fresh := rendered(t, "storefront", "shop", "pdb: {enabled: false}\ningress: {enabled: true}\nreplicas: 1\nenv: {LOG_LEVEL: debug}\nservice: {type: LoadBalancer}\n", image("1.4.0", "4"))
	from := recordOf("storefront", "1.3.0", 130, "a")
	c := promote.Change{Key: promote.Key{App: "storefront", Environment: "prod-eu"}, From: &from, To: recordOf("storefront", "1.4.0", 140, "b"), Old: old, New: fresh,
		Diff: diff.CompareWith(old, fresh, diff.Options{Namespace: "shop"}), Origins: []promote.Origin{{Environment: "qa", Commit: commitOf("c"), Why: "healthy since Wed 10:02 UTC", Digests: true, Equal: 4}}}
	for _, m := range fresh {
		c.To.Files = append(c.To.Files, release.File{Name: m.Path})
	}
	c.Commits = []promote.Commit{{ID: commitOf("b"), Author: "Ada", Subject: "SHOP-7: a faster basket"}, {ID: commitOf("d"), Author: "Grace", Subject: "Say hello to @everyone"}}
	return promote.Promotion{Environment: "prod-eu", Unit: "storefront", Action: promote.ActionOpen, Branch: "ferry/prod-eu/storefront", Base: "main",
		Changes: []promote.Change{c}, Labels: []string{"env/prod-eu", "ferry"}, Merge: environments.Auto,
		Supersedes: []release.Release{{App: "storefront", Version: "1.3.9"}},
		Conditions: []gates.Condition{{Gate: "approvals", Holds: gates.Merging, Reason: "approvals: 0 of 2 from team/release"},
			{Gate: "windows", Holds: gates.Merging, Reason: "windows: closed, open Mon, Tue, Wed, Thu 09:00-16:00 Europe/Berlin"}}}
}

// fleet is a group in which n manifests change, some go, and some bring a risk.
func fleet(t testing.TB, apps, each int) promote.Promotion {
	t.Helper()
	pr := promote.Promotion{Environment: "prod-eu", Unit: "fleet", Action: promote.ActionOpen, Branch: "ferry/prod-eu/fleet", Base: "main"}
	for a := range apps {
		name := fmt.Sprintf("app-%02d", a)
		var old, fresh render.Manifests
		for i := range each {
			old = append(old, manifest(t, name, i, "1.3.0"))
			if i != 0 || a%5 != 0 {
				fresh = append(fresh, manifest(t, name, i, "1.4.0"))
			}
		}
		from := recordOf(name, "1.3.0", 130, "a")
		pr.Changes = append(pr.Changes, promote.Change{Key: promote.Key{App: name, Environment: "prod-eu"}, From: &from, To: recordOf(name, "1.4.0", 140, "b"), Old: old, New: fresh,
			Diff: diff.CompareWith(old, fresh, diff.Options{Namespace: name}), Origins: []promote.Origin{{Environment: "qa", Commit: commitOf("c"), Why: "healthy since Wed 10:02 UTC"}}})
	}
	return pr
}

// manifest alternates between a Service, a Deployment and ConfigMaps.
func manifest(t testing.TB, app string, i int, version string) render.Manifest {
	t.Helper()
	var text string
	switch {
	case i == 0:
		text = fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata:\n  name: %s\nspec:\n  ports:\n  - port: 80\n    name: v%s\n", app, version)
	case i%2 == 1:
		text = fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: %s-%02d\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: ghcr.io/acme/%s:%s\n", app, i, app, version)
	default:
		text = fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s-%02d\ndata:\n  version: %q\n  text: %q\n", app, i, version, strings.Repeat(version+" ", 40))
	}
	m, err := render.Parse(fmt.Sprintf("manifest-%s-%02d.yaml", app, i), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// golden compares with a file that UPDATE=1 rewrites.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s: UPDATE=1 rewrites it\n%s", file, d)
	}
}
