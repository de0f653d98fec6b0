package kustomize

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/render"
)

func TestVersion(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(mod), "sigs.k8s.io/kustomize/kustomize/v5 "+New().Version()+" ") {
		t.Errorf("go.mod has another version of kustomize than %s", New().Version())
	}
}

// TestGather says which files a build reads: these and no others decide its result.
func TestGather(t *testing.T) {
	files := readFiles(t, "../../testdata/kustomize")
	got, err := New().Gather(fromFiles(files), listed(files), "shop/overlays/dev")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"shop/base/account.yaml", "shop/base/deployment.yaml", "shop/base/files/index.html", "shop/base/flags.env", "shop/base/ingress.yaml",
		"shop/base/kustomization.yaml", "shop/base/nginx.conf", "shop/base/service.yaml", "shop/base/worker.yaml",
		"shop/components/debug/kustomization.yml",
		"shop/overlays/dev/cert.pem", "shop/overlays/dev/kustomization.yaml", "shop/overlays/dev/namespace.yaml",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("other files than the build reads (-want +got):\n%s", diff)
	}
}

// TestSources says for each document which file a person would open to change it.
func TestSources(t *testing.T) {
	files := readFiles(t, "../../testdata/kustomize")
	out, err := New().Render(context.Background(), render.Request{Files: files, Dir: "shop/overlays/qa"})
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]int{}
	for _, d := range out.Documents {
		sources[strings.TrimPrefix(d.Source, "shop/")]++
	}
	want := map[string]int{
		"base/account.yaml": 3, "base/deployment.yaml": 1, "base/ingress.yaml": 1, "base/service.yaml": 2, "base/worker.yaml": 2,
		"components/monitoring/monitor.yaml": 1, "overlays/qa/kustomization.yaml": 2,
	}
	if diff := cmp.Diff(want, sources); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}
