package kustomize

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/render"
)

// longDefinition is one that is worth a stub.
func longDefinition(kind string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# made by hand\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: %[1]s.example.com\n  creationTimestamp: null\nspec:\n  group: example.com\n"+
		"  names: {kind: %[1]s, plural: %[1]s}\n  versions: # all of them\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n", kind)
	for i := range 60 {
		fmt.Fprintf(&out, "          field%02d:\n            type: string\n            default: \"%d\"\n            description: what it's about, at such a length that the printer of the library has to break it somewhere\n"+
			"            example: |-\n              a: b\n                c\n            x: {a: [1, 'yes', 0.5]}\n", i, i)
	}
	out.WriteString("  # the end of it\n  scope: Namespaced\n  conversion: {strategy: Webhook, webhook: {clientConfig: {service: {name: hook, namespace: default}}}}\nstatus:\n  stored: []\n")
	return out.String()
}

const patchDefinition = "patches:\n- patch: |-\n    - {op: replace, path: /spec/versions/0/served, value: false}\n  target: "

// TestStub holds builds with long definitions against the CLI, those that change definitions and those that do not.
func TestStub(t *testing.T) {
	for name, c := range map[string]struct {
		fields string
		stubs  int
	}{
		"nothing":      {"", 2},
		"labels":       {"labels: [{pairs: {a: b}, includeSelectors: true}]\ncommonAnnotations: {e: f}\n", 2},
		"namespace":    {"namespace: elsewhere\nnamePrefix: a-\nimages: [{name: example.com/app, newTag: v2}]\n", 2},
		"patch":        {"patches:\n- path: patch.yaml\n- patch: |-\n    - {op: remove, path: /spec/ports}\n  target: {kind: Service}\n", 2},
		"old patches":  {"patchesStrategicMerge: [patch.yaml]\n", 2},
		"generator":    {"configMapGenerator: [{name: c, literals: [a=b]}]\n", 2},
		"as data":      {"configMapGenerator: [{name: c, files: [base/one.yaml]}]\n", 1},
		"changed":      {patchDefinition + "{kind: CustomResourceDefinition}\n", 0},
		"by a pattern": {patchDefinition + "{kind: 'Custom.*'}\n", 0},
		"by a name":    {patchDefinition + "{name: 'one.*'}\n", 0},
		"merged":       {"patches:\n- patch: |-\n    apiVersion: apiextensions.k8s.io/v1\n    kind: CustomResourceDefinition\n    metadata: {name: one.example.com}\n    spec: {scope: Cluster}\n", 0},
		"replaced":     {"replacements: [{source: {kind: Service, fieldPath: metadata.name}, targets: [{select: {kind: CustomResourceDefinition}, fieldPaths: [spec.versions.0.name]}]}]\n", 0},
		"fields":       {"labels: [{pairs: {a: b}, fields: [{path: spec/versions/schema/labels, create: true}]}]\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := render.Files{
				"kustomization.yaml":      []byte("resources: [base]\n" + c.fields),
				"base/kustomization.yaml": []byte("resources: [one.yaml, more.yaml]\n"),
				"base/one.yaml":           []byte(longDefinition("one")),
				"base/more.yaml":          []byte("apiVersion: v1\nkind: Service\nmetadata: {name: hook}\nspec: {ports: [{port: 1}]}\n---\n" + longDefinition("two")),
				"patch.yaml":              []byte("apiVersion: v1\nkind: Service\nmetadata: {name: hook}\nspec: {type: NodePort}\n"),
			}
			out, err := same(t, files, ".")
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range out.Documents {
				compareTrees(t, d)
			}
			w, err := walk(fromFiles(files), listed(files), ".", render.BuiltIn)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := build(t.Context(), w); err != nil || len(w.stubs) != c.stubs {
				t.Errorf("%d stubs, %v", len(w.stubs), err)
			}
		})
	}
}

// compareTrees holds what a document remembers against what its text says.
func compareTrees(t *testing.T, d render.Document) {
	t.Helper()
	got, err := render.Canonical(render.Output{Documents: []render.Document{d}}, "")
	if err != nil {
		t.Fatal(err)
	}
	want, err := render.Canonical(render.Output{Documents: []render.Document{{Data: d.Data}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got[0].Data, want[0].Data) {
		t.Errorf("remembered:\n%s\nread:\n%s", got[0].Data, want[0].Data)
	}
}

// A definition of which another has the word is not cut.
func TestStubThatIsThereAlready(t *testing.T) {
	text := strings.Replace(longDefinition("one"), "what it's about", stubWord, 1)
	if s := stubOf([]byte(text)); s != nil {
		t.Errorf("cut:\n%s", s.text)
	}
}
