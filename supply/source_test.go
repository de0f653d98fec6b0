package supply

import (
	"archive/tar"
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/charts/chartstest"
	"github.com/ferry-cd/ferry/git/gittest"
)

func TestSources(t *testing.T) {
	w := newWorld(t)
	for _, v := range []string{"1.2.0", "1.3.0", "2.0.0-rc.1"} {
		w.charts.Publish("shop", v, chartstest.Chart("shop", v, "hello"))
		w.push("acme/charts/shop", v, chartstest.Chart("shop", v, "hello"), "shop")
	}
	digest := w.push("acme/charts/shop", "1.4.0_build.5", chartstest.Chart("shop", "1.4.0+build.5", "hello"), "shop")
	w.push("acme/charts/shop", "stable", chartstest.Chart("shop", "1.3.0", "hello"), "shop")
	for name, c := range map[string]struct {
		source Source
		want   string
	}{
		"helm, range":       {Source{Helm: w.charts.URL, Chart: "shop", Version: "1.x"}, "1.3.0"},
		"helm, prerelease":  {Source{Helm: w.charts.URL, Chart: "shop", Version: ">=1.0.0-0"}, "2.0.0-rc.1"},
		"helm, version":     {Source{Helm: w.charts.URL, Chart: "shop", Version: "1.2.0"}, "1.2.0"},
		"oci, range":        {Source{OCI: w.oci("acme/charts/shop"), Version: "1.3.x"}, "1.3.0"},
		"oci, plus":         {Source{OCI: w.oci("acme/charts/shop"), Version: "^1"}, "1.4.0+build.5"},
		"oci, tag":          {Source{OCI: w.oci("acme/charts/shop"), Version: "stable"}, "1.3.0"},
		"oci, digest":       {Source{OCI: w.oci("acme/charts/shop"), Version: digest}, "1.4.0+build.5"},
		"oci, ends in path": {Source{OCI: w.oci("acme/charts/shop") + "/", Version: "1.2.0"}, "1.2.0"},
	} {
		got, err := w.supply().Source(context.Background(), c.source)
		if err != nil || got.Version != c.want || got.Name != "shop" {
			t.Errorf("%s: got %s, %v", name, got.Version, err)
			continue
		}
		if d := cmp.Diff(chartstest.Chart("shop", c.want, "hello"), got.Files); d != "" {
			t.Errorf("%s: other files than were published: %s", name, d)
		}
	}
}

// TestFluxArtifact is a folder as `flux push artifact` leaves it in a registry.
func TestFluxArtifact(t *testing.T) {
	w := newWorld(t)
	files := text(map[string]string{"./kustomization.yaml": "resources: [a.yaml]\n", "./a.yaml": "kind: A\n"})
	want := text(map[string]string{"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "kind: A\n"})
	digest := w.registry.Artifact("acme/manifests", "v1", nil, fluxConfig, []byte("{}"), map[string][]byte{fluxLayer: plainTar(t, files)})
	got, err := w.supply().Source(context.Background(), Source{OCI: w.oci("acme/manifests"), Version: "v1"})
	if err != nil || got.Digest != digest || got.Version != "v1" {
		t.Fatalf("%+v, %v", got.Pinned, err)
	}
	if d := cmp.Diff(want, got.Files); d != "" {
		t.Error(d)
	}
}

func plainTar(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range paths(files) {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(files[name])), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestHostileArtifacts: what a registry offers in the place of templates is refused, and says why.
func TestHostileArtifacts(t *testing.T) {
	good := chartstest.Pack("shop", chartstest.Chart("shop", "1.0.0", "x"))
	for name, c := range map[string]struct {
		config string
		layers map[string][]byte
		want   string
	}{
		"image":         {imageConfig, map[string][]byte{plainLayer: good}, "it is a container image"},
		"media type":    {helmConfig, map[string][]byte{"application/octet-stream": good}, "holds no chart"},
		"config":        {"application/x", map[string][]byte{helmLayer: good}, "holds no chart"},
		"two":           {helmConfig, map[string][]byte{helmLayer: good, fluxLayer: good}, "2 layers with templates"},
		"none":          {helmConfig, nil, "holds no chart"},
		"another chart": {helmConfig, map[string][]byte{helmLayer: chartstest.Pack("evil", chartstest.Chart("evil", "1.0.0", "x"))}, `names it "evil", not "shop"`},
		"other version": {helmConfig, map[string][]byte{helmLayer: chartstest.Pack("shop", chartstest.Chart("shop", "9.9.9", "x"))}, `says version "9.9.9", not "1.0.0"`},
		"slip":          {fluxConfig, map[string][]byte{fluxLayer: plainTar(t, map[string][]byte{"../x": nil})}, "leaves the folder"},
		"no tar":        {helmConfig, map[string][]byte{helmLayer: bytes.Repeat([]byte("x"), 2000)}, "is no tar"},
		"bomb":          {fluxConfig, map[string][]byte{fluxLayer: chartstest.Pack("x", map[string][]byte{"y": make([]byte, 20<<20)})}, "has more than 16777216 bytes"},
	} {
		w := newWorld(t)
		w.registry.Artifact("shop", "1.0.0", nil, c.config, []byte("{}"), c.layers)
		got, err := w.supply().Source(context.Background(), Source{OCI: w.oci("shop"), Version: "1.x"})
		if err == nil || !strings.Contains(err.Error(), c.want) || got.Files != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGitSource(t *testing.T) {
	w := newWorld(t)
	address := w.serve(map[string]string{"deploy/base/a.yaml": "kind: A\n", "other/b": "b"})
	first := gittest.Run(t, w.bare, "rev-parse", "main")
	gittest.Run(t, w.bare, "tag", "-a", "-m", "one", "v1", first)
	second := gittest.Commit(t, w.bare, "main", map[string]string{"deploy/base/a.yaml": "kind: B\n"})
	gittest.Run(t, w.bare, "branch", "next", first)
	for ref, want := range map[string]string{"v1": first, "refs/tags/v1": first, "main": second, "refs/heads/next": first, first: first} {
		got, err := w.supply().Source(context.Background(), Source{Repository: address, Ref: ref, Root: "deploy"})
		if err != nil || got.Digest != want || got.Version != ref {
			t.Errorf("%s: %+v, %v", ref, got.Pinned, err)
			continue
		}
		if _, err := got.Repo.Lookup(context.Background(), got.Tree, "base/a.yaml"); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
	for want, src := range map[string]Source{
		"no such tag, branch or full commit id": {Repository: address, Ref: "v9", Root: "deploy"},
		"there is no folder none at main":       {Repository: address, Ref: "main", Root: "none"},
		"there is no folder other/b":            {Repository: address, Ref: "main", Root: "other/b"},
	} {
		if _, err := w.supply().Source(context.Background(), src); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
