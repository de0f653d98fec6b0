package kustomize

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/render"
)

// asLibrary renders and compares bytes, or the fact of an error, with the library alone.
func asLibrary(t *testing.T, files render.Files, dir string) {
	t.Helper()
	want, wantErr := library(files, dir)
	got, err := New().Render(context.Background(), render.Request{Files: files, Dir: dir})
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("ferry says: %v\nthe library says: %v", err, wantErr)
	}
	if err == nil && !bytes.Equal(got.Raw, want) {
		t.Fatalf("other bytes than the library's (-library +ferry):\n%s", cmp.Diff(string(want), string(got.Raw)))
	}
}

// oddBase is what odd kustomizations change.
const oddBase = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n      - name: main\n        image: main:1\n      - name: side\n        image: side\n"

func resources(kustomization string) string {
	if strings.HasPrefix(kustomization, "resources:") {
		return kustomization
	}
	return "resources: [app.yaml]\n" + kustomization
}

// What looks usual and means something of its own to the library comes out as from there, or is refused as there.
func TestOddOnes(t *testing.T) {
	const patchAll = "patches: [{target: {kind: Deployment}, path: more.txt}]\n"
	const envs = "configMapGenerator: [{name: g, envs: [more.txt]}]\n"
	for what, c := range map[string]struct{ kustomization, base, more string }{
		"another version":                {"apiVersion: kustomize.config.k8s.io/v2\nkind: Kustomization\n", "", ""},
		"all of it is local":             {"commonAnnotations: {config.kubernetes.io/local-config: 'true'}\n", "", ""},
		"annotations of the library":     {"commonAnnotations: {internal.config.kubernetes.io/refBy: a}\n", "", ""},
		"a label that is a number":       {"labels: [{pairs: {'1': a}}]\n", "", ""},
		"an annotation that is null":     {"commonAnnotations: {'null': a}\n", "", ""},
		"an annotation of no name":       {"commonAnnotations: {'': a}\n", "", ""},
		"a merge key":                    {"labels: [{pairs: {'<<': a}}]\n", "", ""},
		"data called true":               {"configMapGenerator: [{name: g, literals: ['true=a']}]\n", "", ""},
		"data called by a number":        {"configMapGenerator: [{name: g, files: [1=more.txt]}]\n", "", "text\n"},
		"a long line of variables":       {envs, "", "a=1\nb=" + strings.Repeat("x", 1<<16) + "\nc=2\n"},
		"two equals signs":               {"configMapGenerator: [{name: g, files: [k=a=b.txt]}]\n", "", ""},
		"the end of an inline patch":     {"patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec:\n      x: |\n        text\n", "", ""},
		"the end of inline operations":   {"patches:\n- target: {kind: Deployment}\n  patch: |\n    - op: add\n      path: /spec/x\n      value: |\n        text\n", "", ""},
		"an inline patch further in":     {"patches:\n- target: {kind: Deployment}\n  patch: \"  - op: add\\n    path: /spec/x\\n    value: 1\\n\"\n", "", ""},
		"a patch without a head":         {patchAll, "", "spec: {replicas: 2}\n"},
		"a patch without a kind":         {patchAll, "", "apiVersion: v1\nmetadata: {name: x}\nspec: {replicas: 2}\n"},
		"more than a list of operations": {patchAll, "", "- op: add\n  path: /spec/x\n  value: a\nand: more\n"},
		"yes as a value":                 {patchAll, "", "- op: add\n  path: /spec/x\n  value: [yes, 'yes', {no: 1}]\n"},
		"yes as a key":                   {patchAll, "", "- op: add\n  path: /spec/x\n  value:\n    y: 1\n"},
		"a null that is not written":     {patchAll, "        tty:\n", "apiVersion: v1\nkind: X\nmetadata: {name: x}\nspec: {paused: true}\n"},
		"a list without its keys":        {patchAll, "      topologySpreadConstraints:\n      - {maxSkew: 1}\n      - {maxSkew: 2}\n", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {template: {spec: {hostname: a}}}\n"},
		"new without its keys":           {patchAll, "", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {strategy: {ports: [{port: 1}, {port: 1}]}, template: {spec: {containers: [{name: new, ports: [{name: a}, {name: b}]}]}}}\n"},
		"a port twice":                   {patchAll, "        ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}]\n", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {template: {spec: {containers: [{name: side, image: b}]}}}\n"},
		"a component for a resource":     {"resources: [app.yaml, part]\n", "", ""},
		"a kustomization as a component": {"components: [whole]\n", "", ""},
		"a component of nothing":         {"components: [part]\n", "", ""},
		"selectors that are text":        {"commonLabels: {a: b}\n", "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec: {selector: web}\n", ""},
		"selectors that are a list":      {"commonLabels: {a: b}\n", "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec: {selector: []}\n", ""},
		"a label twice in both words":    {"commonLabels: {a: b}\nlabels: [{pairs: {a: c}}]\n", "", ""},
		"an option for all to come":      {"generatorOptions: {immutable: true}\nconfigMapGenerator: [{name: g, literals: [a=b], options: {disableNameSuffixHash: true, labels: {a: b}}}]\n", "", ""},
		"taken away, and more":           {patchAll, "", "$patch: delete\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {a: b}\n"},
		"nothing to scale in one":        {"replicas: [{name: web, count: 2}]\n", "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: web\n", ""},
		"a stateful set of others":       {"commonAnnotations: {a: b}\n", "---\napiVersion: apps.kruise.io/v1beta1\nkind: StatefulSet\nmetadata:\n  name: web\nspec:\n  template: {spec: {a: b}}\n", ""},
		"a kind that is not looked at":   {"configMapGenerator: [{name: g, literals: [a=b]}]\n", "---\napiVersion: v1\nkind: ReplicationController\nmetadata:\n  name: web\nspec: {template: {spec: {volumes: [{name: v, configMap: {name: g}}]}}}\n", ""},
		"an image that is a number":      {"images: [{name: side, newName: '1'}]\n", "", ""},
		"a dot for a letter of two":      {"images: [{name: a.b, newTag: '2'}]\n", "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - image: aéb\n", ""},
		"a volume that is an image":      {"images: [{name: side, newTag: '2'}]\n", "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec: {volumes: [{name: a, image: side}]}\n", ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			asLibrary(t, render.Files{
				"kustomization.yaml": []byte(resources(c.kustomization)), "app.yaml": []byte(oddBase + c.base),
				"more.txt": []byte(c.more), "a=b.txt": []byte("text\n"),
				"part/kustomization.yaml":  []byte("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"),
				"whole/kustomization.yaml": []byte("labels: [{pairs: {a: b}}]\n"),
			}, ".")
		})
	}
}
