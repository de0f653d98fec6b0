package report

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm"
)

// Real charts, each with an edited version: the text fits every forge, is well formed, and drops nothing.
func TestSamples(t *testing.T) {
	root := os.Getenv("FERRY_SAMPLES")
	if root == "" {
		t.Skip("FERRY_SAMPLES is not set")
	}
	var charts []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "Chart.yaml" {
			charts = append(charts, filepath.Dir(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, file := range charts {
		req := render.Request{App: "shop", Environment: "prod", Name: "shop", Namespace: "shop", Files: filesOf(t, file), Dir: ".",
			Kubernetes: render.Kubernetes{Version: "1.34"}, IncludeCRDs: true}
		out, err := helm.New().Render(t.Context(), req)
		if err != nil {
			continue // some charts want values that only their users know
		}
		old, err := render.Canonical(out, "shop")
		if err != nil || len(old) < 2 {
			continue
		}
		read++
		fresh := make(render.Manifests, 0, len(old))
		for i, m := range old {
			if i == 0 {
				continue // it goes
			}
			edited := bytes.ReplaceAll(bytes.ReplaceAll(m.Data, []byte("replicas: 1"), []byte("replicas: 0")), []byte("IfNotPresent"), []byte("Always"))
			n, err := render.Parse(m.Path, edited)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			fresh = append(fresh, n)
		}
		from := recordOf("shop", "1.3.0", 130, "a")
		pr := promote.Promotion{Environment: "prod", Unit: "shop", Branch: "ferry/prod/shop", Base: "main", Changes: []promote.Change{{
			Key: promote.Key{App: "shop", Environment: "prod"}, From: &from, To: recordOf("shop", "1.4.0", 140, "b"), Old: old, New: fresh,
			Diff: diff.CompareWith(old, fresh, diff.Options{Namespace: "shop"})}}}
		for name, b := range map[string]Budget{"github": GitHub, "azure": Azure} {
			text := Writer{Budget: b}.PullRequest(pr)
			if size(text.Body) > b.Description || size(text.Rest) > b.Comment {
				t.Errorf("%s: %s: %d and %d characters", file, name, size(text.Body), size(text.Rest))
			}
			checkNothingDropped(t, file+" "+name, pr, text)
		}
	}
	if read < 3 {
		t.Errorf("only %d of %d samples were read", read, len(charts))
	}
}
