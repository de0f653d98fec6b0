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
	directly(t, files, dir) // in which a panic is seen
	want, wantErr := library(files, dir)
	got, err := New().Render(context.Background(), render.Request{Files: files, Dir: dir})
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("ferry says: %v\nthe library says: %v", err, wantErr)
	}
	if err == nil && !bytes.Equal(got.Raw, want) {
		t.Fatalf("other bytes than the library's (-library +ferry):\n%s", cmp.Diff(string(want), string(got.Raw)))
	}
}

const component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"

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
	const head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n"
	const svc = "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: web\n"
	for what, c := range map[string]struct{ kustomization, base, more string }{
		"a port of two keys":             {"patches: [{path: more.txt}]\n", svc + "spec: {ports: [{containerPort: 1, port: 80}, {containerPort: 2, port: 80}]}\n", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: a}\n"},
		"a port of the other key":        {patchAll, "        ports: [{port: 1}, {port: 2}]\n", head + "spec: {paused: true}\n"},
		"a port with a list for a key":   {patchAll, "        ports: [{containerPort: {a: b}}, {containerPort: [c]}]\n", head + "spec: {paused: true}\n"},
		"a port that is told in one":     {patchAll, "        ports: [{containerPort: 54, protocol: UDP}, {containerPort: 53}, {containerPort: 55, protocol: ''}]\n", head + "spec: {paused: true}\n"},
		"a protocol that is a mapping":   {patchAll, "        ports:\n        - {containerPort: 53, protocol: {a: b}}\n        - {containerPort: 54}\n", head + "spec: {paused: true}\n"},
		"spread that is told in one":     {patchAll, "      topologySpreadConstraints: [{topologyKey: a}, {topologyKey: b, whenUnsatisfiable: c}]\n", head + "spec: {paused: true}\n"},
		"a variable without a name":      {patchAll, "        env: [{name: '', value: a}, {name: b}]\n", head + "spec: {paused: true}\n"},
		"a label of a tab":               {"commonLabels: {a: \"\\tb\\nc\"}\n", "", ""},
		"a label called by a tab":        {"commonLabels: {\"\\tb\\nc\": a}\n", "", ""},
		"a namespace of two":             {"resources: [app.yaml, apart]\nnamespace: a\n", "", ""},
		"an image of a tab":              {"images: [{name: side, newName: \"\\tb\\nc\"}]\n", "", ""},
		"JSON beside a tab":              {patchAll, "        args:\n        - \"\\tb\\nc\"\n", "- {op: add, path: /spec/x, value: 1}\n"},
		"an annotation that is a number": {"", svc + "  annotations:\n    \"1\": v\n", ""},
		"annotated by JSON with true":    {"patches: [{target: {kind: Service}, path: more.txt}]\n", svc + "  annotations:\n    a: v\n", "- {op: add, path: /metadata/annotations/true, value: v}\n"},
		"annotated by a patch with 1":    {"patches: [{path: more.txt}]\n", svc + "  annotations:\n    a: v\n", "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  annotations:\n    \"1\": v\n"},
		"a name of two":                  {"namespace: a\n", "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: a,b\n", ""},
		"a version without a group":      {patchAll, "---\napiVersion: /v1\nkind: Deployment\nmetadata:\n  name: other\n", head + "spec: {paused: true}\n"},
		"namespaces of two kinds":        {"", "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n---\napiVersion: a.b/v1\nkind: Namespace\nmetadata:\n  name: b\n", ""},
		"a service of others":            {"", "---\napiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: web\nspec: {template: {spec: {containers: [{env: [a]}]}}}\n", ""},
		"a key of nothing":               {"patches: [{path: more.txt}]\n", "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  \"\": x\n", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {b: x}\n"},
		"a label called nothing":         {"patches: [{path: more.txt}]\n", svc, "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  labels:\n    \"\": v\n"},
		"a finalizer of nothing":         {patchAll, "      finalizers: [null]\n", head + "spec: {paused: true}\n"},
		"a cycle by the way":             {"components: [loop/x, loop/c/y]\n", "", ""},
		"options of a merge":             {"resources: [app.yaml, made]\nconfigMapGenerator: [{name: m, behavior: merge, literals: [a=c], options: {disableNameSuffixHash: true, labels: {a: b}}}]\n", "", "- {op: add, path: /data/z, value: a}\n"},
		"a merge into more than data":    {"resources: [app.yaml, made]\nconfigMapGenerator: [{name: m, behavior: merge, literals: [a=c]}]\n", "", "- {op: add, path: /immutable, value: true}\n"},
		"a merge into no data":           {"resources: [app.yaml, made]\nconfigMapGenerator: [{name: m, behavior: merge, literals: [a=c]}]\n", "", "- {op: remove, path: /data}\n"},
		"a merge into data called 1":     {"resources: [app.yaml, made]\nconfigMapGenerator: [{name: m, behavior: merge, literals: [a=c]}]\n", "", "- {op: add, path: /data/1, value: a}\n"},
		"an option for the library":      {"configMapGenerator: [{name: g, literals: [a=b], options: {annotations: {config.kubernetes.io/local-config: 'true'}}}]\n", "", ""},
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
				"made/kustomization.yaml": []byte("configMapGenerator: [{name: m, literals: [a=b]}]\npatches: [{target: {kind: ConfigMap}, path: patch.txt}]\n"), "made/patch.txt": []byte(c.more + "\n"),
				"loop/x/kustomization.yaml": []byte(component + "components: [../c]\n"), "loop/c/kustomization.yaml": []byte(component + "namespace: a\n"),
				"loop/c/y/kustomization.yaml": []byte(component + "components: [../../x]\n"),
				"apart/kustomization.yaml":    []byte("resources: [cm.yaml]\nnamespace: 'x,y'\n"), "apart/cm.yaml": []byte("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: apart\n"),
				"part/kustomization.yaml":  []byte(component),
				"whole/kustomization.yaml": []byte("labels: [{pairs: {a: b}}]\n"),
			}, ".")
		})
	}
}
