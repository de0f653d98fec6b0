package plain_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/plain"
)

// shop asks for the folder testdata/shop as promotion does.
func shop(t *testing.T) render.Request {
	t.Helper()
	files := render.Files{"README.md": []byte("beside the folder")}
	err := filepath.WalkDir("testdata/shop", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		files["deploy/"+filepath.ToSlash(strings.TrimPrefix(name, filepath.FromSlash("testdata/shop/")))] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	values := []render.File{
		{Path: "values.yaml", Data: []byte("replicas: 2\nhosts: [a.example.com]\nsettings: {log.level: info, limit: 010, on: off}\nresources: {limits: {memory: 1Gi, cpu: '1'}}\n")},
		{Path: "values/dev.yaml", Data: []byte("hosts: []\nsettings: {limit: null}\n")},
	}
	return render.Request{
		App: "shop", Environment: "dev", Name: "shop-dev", Namespace: "shop", Files: files, Dir: "deploy",
		Values: values, Set: []render.Set{{Path: "replicas", Value: "3", Typed: true}},
		Release: release.Release{
			App: "shop", Version: "1.10", Sequence: release.Sequence{Kind: release.GitHub, Number: 42},
			Source: release.Source{Repository: "https://github.com/acme/shop", Commit: "0123456789012345678901234567890123456789"},
			Images: []release.Image{{Name: "ghcr.io/acme/web", Tag: "1.10", Digest: "sha256:00"}},
		},
	}
}

func TestRender(t *testing.T) {
	r := shop(t)
	out, err := plain.New().Render(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile("testdata/shop.golden", out.Raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/shop.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(out.Raw)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var sources []string
	for _, d := range out.Documents {
		sources = append(sources, fmt.Sprintf("%s:%d", d.Source, d.Line))
	}
	wantSources := []string{"deploy/namespace.yaml:1", "deploy/namespace.yaml:9", "deploy/settings.yml.gotmpl:0", "deploy/settings.yml.gotmpl:0", "deploy/web/deployment.yaml.tmpl:0", "deploy/web/service.json:1"}
	if diff := cmp.Diff(wantSources, sources); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	if ms, err := render.Canonical(out, r.Namespace); err != nil || len(ms) != 6 {
		t.Errorf("%d manifests, %v", len(ms), err)
	}
}

// TestRenderTwice: the same request gives the same bytes, and is not changed by it.
func TestRenderTwice(t *testing.T) {
	r := shop(t)
	first, err := plain.New().Render(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		again, err := plain.New().Render(context.Background(), r)
		if err != nil || string(again.Raw) != string(first.Raw) {
			t.Fatalf("another render: %v\n%s", err, cmp.Diff(first.Raw, again.Raw))
		}
	}
	if diff := cmp.Diff(shop(t), r); diff != "" {
		t.Errorf("the request has changed:\n%s", diff)
	}
}

// TestRawReadsAsItsDocuments: whatever documents look like, reading Raw again gives the same ones.
func TestRawReadsAsItsDocuments(t *testing.T) {
	files := render.Files{
		"a.yaml": []byte("--- {a: 1}\n--- # b\nb: 1\n...\n"),
		"b.yaml": []byte("%YAML 1.1\n---\nc: 1"),
		"c.yaml": []byte("# first\nd: 1\n---\n\n---\ne: |+\n  text\n\n"),
		"d.json": []byte(`{"f": 1}`),
	}
	out, err := plain.New().Render(context.Background(), render.Request{Files: files, Dir: "."})
	if err != nil {
		t.Fatal(err)
	}
	again := render.Split(render.Document{Data: out.Raw})
	if len(again) != len(out.Documents) || len(again) != 6 {
		t.Fatalf("%d documents became %d:\n%s", len(out.Documents), len(again), out.Raw)
	}
	for i, d := range out.Documents {
		if got, want := strings.TrimSuffix(string(again[i].Data), "\n"), strings.TrimSuffix(string(d.Data), "\n"); got != want {
			t.Errorf("%q became %q", want, got)
		}
	}
}

// TestRenderAdHoc: without a release its words are empty, not missing.
func TestRenderAdHoc(t *testing.T) {
	files := render.Files{"a.yaml.tmpl": []byte("a: [{{ quote .Release.Version }}, {{ quote .Release.Sequence }}, {{ quote .Release.Source.Commit }}, {{ len .Release.Images }}, {{ quote .Environment }}]")}
	out, err := plain.New().Render(context.Background(), render.Request{Files: files, Dir: "."})
	if got, want := string(out.Raw), "a: [\"\", \"\", \"\", 0, \"\"]\n"; err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestRenderNothing(t *testing.T) {
	out, err := plain.New().Render(context.Background(), render.Request{Files: render.Files{"a.yaml.tmpl": []byte("{{ if .Environment }}a: 1{{ end }}")}, Dir: "."})
	if err != nil || len(out.Documents) > 0 || len(out.Raw) > 0 {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestRenderStops(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("somebody pressed a key"))
	_, err := plain.New().Render(ctx, shop(t))
	if err == nil || !strings.Contains(err.Error(), "somebody pressed a key") {
		t.Errorf("got %v", err)
	}
}

func TestRenderTooMuch(t *testing.T) {
	half := []byte(strings.Repeat("# nothing but comments\n", 40<<20/23))
	r := render.Request{Dir: ".", Files: render.Files{"a.yaml": half}, Limits: render.Limits{File: 64 << 20}}
	if _, err := plain.New().Render(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	r.Files["b.yaml"] = half
	if _, err := plain.New().Render(context.Background(), r); err == nil || err.Error() != "b.yaml: the folder renders to more than 64 MB" {
		t.Errorf("got %v", err)
	}
}
