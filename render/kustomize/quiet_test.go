package kustomize

import (
	"testing"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/ferry-cd/ferry/render"
)

// TestQuiet builds with deprecated words as the CLI does, without the library complaining of those that have a successor.
func TestQuiet(t *testing.T) {
	files := render.Files{
		"kustomization.yaml": []byte("bases: [base]\ncommonLabels: {team: shop}\nlabels: [{pairs: {a: b}}]\nimageTags: [{name: example.com/app, newTag: v2}]\n" +
			"configMapGenerator: [{name: c, env: c.env}]\n"),
		"base/kustomization.yaml": []byte("resources: [a.yaml]\ncommonLabels: {from: base}\n"),
		"c.env":                   []byte("A=b\n"),
		"base/a.yaml": []byte("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n" +
			"    metadata: {labels: {app: web}}\n    spec: {containers: [{name: main, image: example.com/app}]}\n"),
	}
	if _, err := same(t, files, "."); err != nil {
		t.Fatal(err)
	}
	w, err := walk(fromFiles(files), listed(files), ".", render.BuiltIn)
	if err != nil || len(w.modern) != 2 {
		t.Fatalf("%d kustomizations were modernised, %v", len(w.modern), err)
	}
	for name, text := range w.modern {
		var k types.Kustomization
		if err := k.Unmarshal(text); err != nil || len(*k.CheckDeprecatedFields()) > 0 {
			t.Errorf("%s: %v, %q in\n%s", name, err, *k.CheckDeprecatedFields(), text)
		}
	}
	twice := render.Files{"kustomization.yaml": []byte("resources: [a.yaml]\ncommonLabels: {a: c}\nlabels: [{pairs: {a: b}}]\n"), "a.yaml": files["base/a.yaml"]}
	same(t, twice, ".")
}
