package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/charts/chartstest"
	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/source/registry/registrytest"
)

// TestPromotedFromAnywhere: a chart out of a chart repository or a registry is promoted to the very manifests that its
// folder in Git is promoted to, in the environment that takes submissions and, with both servers gone, in the next one.
func TestPromotedFromAnywhere(t *testing.T) {
	charts, err := filepath.Glob("../../testdata/charts/*/Chart.yaml")
	if samples := os.Getenv("FERRY_SAMPLES"); samples != "" {
		var more []string
		more, err = filepath.Glob(filepath.Join(samples, "*", "charts", "*", "Chart.yaml"))
		charts = append(charts, more...)
	}
	if err != nil || len(charts) < 3 {
		t.Fatalf("%q, %v", charts, err)
	}
	for _, file := range charts {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			p := publish(t, dir)
			source := map[string]string{
				"git":  "{repository: https://github.com/acme/app, path: " + p.name + "}",
				"helm": "{helm: \"" + p.charts.URL + "\", chart: " + p.name + ", version: \"" + p.version + "\"}",
				"oci":  "{oci: \"oci://" + p.images.Host + "/acme/" + p.name + "\", version: \"" + p.version + "\"}",
			}
			roads := map[string]*road{}
			for from, src := range source {
				roads[from] = p.road(t, src)
			}
			roads["git"].ferry("submit", "--source", p.checkout(t), "--app", p.name, "--version", "1", "--sequence", "1")
			roads["helm"].ferry("submit", "--app", p.name)
			roads["oci"].ferry("submit", "--app", p.name)
			p.charts.Close()
			p.images.Close()
			want := map[string]string{}
			for _, from := range []string{"git", "helm", "oci"} {
				r := roads[from]
				r.ferry("report", "--env", "dev", "--app", p.name, "--state", "success")
				r.ferry("advance")
				for env, ref := range map[string]string{"dev": "main", "qa": "ferry/qa/" + p.name} {
					got := r.manifests(ref, env)
					if from == "git" {
						want[env] = got
					}
					if got != want[env] || strings.Count(got, "\n") < 2 {
						t.Errorf("%s from %s:\n%s\nfrom Git:\n%s", env, from, got, want[env])
					}
				}
			}
		})
	}
}

// offer is a chart in a chart repository and a registry.
type offer struct {
	name, version string
	dir           string
	files         map[string][]byte
	charts        *chartstest.Server
	images        *registrytest.Server
}

func publish(t *testing.T, dir string) *offer {
	t.Helper()
	p := &offer{dir: dir, files: map[string][]byte{}, charts: chartstest.Start(), images: registrytest.New(), name: filepath.Base(dir)}
	t.Cleanup(p.charts.Close)
	t.Cleanup(p.images.Close)
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			p.files[name], err = os.ReadFile(filepath.Join(dir, name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(p.files["Chart.yaml"]) {
		if v, ok := bytes.CutPrefix(line, []byte("version:")); ok {
			p.version = strings.Trim(string(bytes.TrimSpace(v)), `"'`)
		}
	}
	p.charts.Publish(p.name, p.version, p.files)
	p.images.Artifact("acme/"+p.name, strings.ReplaceAll(p.version, "+", "_"), nil, "application/vnd.cncf.helm.config.v1+json", []byte("{}"),
		map[string][]byte{"application/vnd.cncf.helm.chart.content.v1.tar+gzip": chartstest.Pack(p.name, p.files)})
	return p
}

// checkout is the chart in the app's repository.
func (p *offer) checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, p.name), os.DirFS(p.dir)); err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, dir, "init", "-q")
	gittest.Run(t, dir, "add", "--force", ".")
	gittest.Run(t, dir, "commit", "-qm", "The chart")
	gittest.Run(t, dir, "remote", "add", "origin", "https://github.com/acme/app.git")
	return dir
}

// road is a GitOps repository with two environments.
type road struct {
	t    *testing.T
	bare string
	app  string
	env  map[string]string
}

// road makes one whose app comes from a source, with the first values that the chart is tested with, where there are some.
func (p *offer) road(t *testing.T, source string) *road {
	t.Helper()
	config := fmt.Sprintf("version: 1\ndefaults: {kubernetes: {version: \"1.34\"}, namespace: shop, hooks: drop, values: [values.yaml]}\napps: [{name: %s, source: %s}]\n"+
		"environments: [{name: dev, pullRequest: false}, {name: qa, after: [dev], values: [values.yaml, \"values-qa.yaml?\"]}]\n", p.name, source)
	values := "{}\n"
	if found, err := filepath.Glob(filepath.Join(p.dir, "ci", "*.yaml")); err == nil && len(found) > 0 {
		data, err := os.ReadFile(found[0])
		if err != nil {
			t.Fatal(err)
		}
		values = string(data)
	}
	return &road{t: t, app: p.name, bare: gittest.Bare(t, map[string]string{"ferry.yaml": config, "values.yaml": values, "values-qa.yaml": "replicaCount: 3\n"}),
		env: map[string]string{"HOME": t.TempDir(), "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com"}}
}

// ferry runs a command line of the program.
func (r *road) ferry(args ...string) {
	r.t.Helper()
	if out, said, code := ran(r.t.Context(), r.t.TempDir(), r.env, append([]string{args[0], "--repo", r.bare}, args[1:]...)...); code != 0 {
		r.t.Fatalf("ferry %q: %d\n%s%s", args, code, out, said)
	}
}

// manifests lists what is in the app's folder by content, without the record, which says where it comes from.
func (r *road) manifests(ref, env string) string {
	r.t.Helper()
	var kept []string
	for line := range strings.Lines(gittest.Run(r.t, r.bare, "ls-tree", "-r", ref, env+"/"+r.app+"/") + "\n") {
		if !strings.HasSuffix(line, "/"+release.RecordName+"\n") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
