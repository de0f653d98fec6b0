package render_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm"
	"github.com/ferry-cd/ferry/render/kustomize"
)

// TestCanonicalOfSamples renders every chart and kustomization of a folder of other people's templates, and looks for each of
// their resources, read with Kubernetes' eyes, among the manifests.
func TestCanonicalOfSamples(t *testing.T) {
	samples := os.Getenv("FERRY_SAMPLES")
	if samples == "" {
		t.Skip("FERRY_SAMPLES names no folder with samples")
	}
	files, dirs := readSamples(t, samples)
	resources := 0
	for _, dir := range dirs {
		out, err := renderSample(files, dir)
		if err != nil {
			continue // whether it renders is compared with the command lines elsewhere
		}
		resources += sameResources(t, dir, out)
	}
	if resources == 0 {
		t.Error("no resources in " + samples)
	}
	t.Logf("%d resources in %d folders", resources, len(dirs))
}

func readSamples(t *testing.T, root string) (files render.Files, dirs []string) {
	t.Helper()
	files = render.Files{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		switch rel = filepath.ToSlash(rel); path.Base(rel) {
		case "Chart.yaml", "kustomization.yaml", "kustomization.yml":
			dirs = append(dirs, path.Dir(rel))
		}
		files[rel], err = os.ReadFile(name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, dirs
}

func renderSample(files render.Files, dir string) (render.Output, error) {
	r := render.Request{Name: "sample", Namespace: "shop", Files: files, Dir: dir, Kubernetes: render.Kubernetes{Version: "1.33"}, IncludeCRDs: true, KeepHooks: true}
	kind, err := render.Detect(files, dir)
	if err != nil {
		return render.Output{}, err
	}
	if kind == "helm" {
		return helm.New().Render(context.Background(), r)
	}
	return kustomize.New().Render(context.Background(), r)
}

func sameResources(t *testing.T, dir string, out render.Output) int {
	t.Helper()
	ms, err := render.Canonical(out, "shop")
	var refused render.Problems
	if errors.As(err, &refused) {
		t.Logf("%s: %v", dir, err)
		return 0
	}
	var got []any
	for _, m := range ms {
		var v any
		if err := yaml.UnmarshalStrict(m.Data, &v); err != nil {
			t.Errorf("%s: %s: %v", dir, m.Path, err)
		}
		got = append(got, v)
	}
	for _, d := range out.Documents {
		var want any
		if err := yaml.Unmarshal(d.Data, &want); err != nil || want == nil {
			continue
		}
		found := false
		for _, v := range got {
			found = found || reflect.DeepEqual(v, want)
		}
		if !found {
			t.Errorf("%s: no manifest means what %s says:\n%s", dir, d.Source, d.Data)
		}
	}
	return len(ms)
}
