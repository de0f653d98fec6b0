package kustomize

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/render"
)

// Every kind that holds a template, and some that only look like one, get labels and images as from the command line.
func TestLastFields(t *testing.T) {
	var all strings.Builder
	for _, kind := range []string{
		"v1 ReplicationController", "v1 Pod", "v1 PodTemplate", "v1 Service", "v1 ConfigMap", "apps/v1 Deployment", "extensions/v1beta1 Deployment",
		"apps/v1 ReplicaSet", "apps/v1 DaemonSet", "apps/v1 StatefulSet", "example.com/v1 StatefulSet", "example.com/v1 Deployment", "example.com/v1 Job",
		"batch/v1 Job", "batch/v1 CronJob", "batch/v1beta1 CronJob", "example.com/v1 CronJob", "v2 ReplicationController", "example.com/v1 Thing",
		"policy/v1 PodDisruptionBudget", "networking.k8s.io/v1 NetworkPolicy", "networking.k8s.io/v1 Ingress", "serving.knative.dev/v1 Service",
	} {
		version, name, _ := strings.Cut(kind, " ")
		const pod = `{containers: [{name: a, image: old}, {name: b}], initContainers: [{name: c, image: "old:1"}], volumes: [{name: d, image: {reference: "old:2"}}]}`
		fmt.Fprintf(&all, "---\napiVersion: %s\nkind: %s\nmetadata: {name: %s-%s}\n", version, name, strings.ToLower(name), strings.NewReplacer("/", "-", ".", "-").Replace(version))
		fmt.Fprintf(&all, "spec:\n  containers: [{image: old}]\n  initContainers: [{image: old}]\n  volumes: [{image: {reference: old}}]\n  template: {spec: %[1]s}\n  jobTemplate: {spec: {template: {spec: %[1]s}}}\n  image: old\n  own: {containers: [{image: old}]}\n", pod)
	}
	files := render.Files{"all.yaml": []byte(all.String()), "kustomization.yaml": []byte(overlay)}
	if wlast(t, files) == nil {
		t.Fatal("nothing of this comes last")
	}
	if _, err := same(t, files, "."); err != nil {
		t.Fatal(err)
	}
}

const overlay = `resources: [all.yaml]
labels:
  - pairs: {tier: web, "yes": "no", number: "1"}
    includeTemplates: true
# between
  - pairs: {only: metadata, tier: again}
images:
- {name: old, newName: example.com/new, newTag: "7"}
- {name: example.com/new, digest: sha256:00}
namespace: shop
configMapGenerator:
- name: settings
  literals: [image=old]
`

func wlast(t *testing.T, files render.Files) *last {
	t.Helper()
	w, err := walk(fromFiles(files), listed(files), ".", render.BuiltIn)
	if err != nil {
		t.Fatal(err)
	}
	return w.lastOf()
}

// What sees labels or images after they were set, or is written so that lines do not tell it apart, is left to the library.
func TestNotLast(t *testing.T) {
	const base = "resources: [all.yaml]\nlabels: [{pairs: {tier: web}}]\n"
	for what, text := range map[string]string{
		"replacements":       base + "replacements: [{source: {kind: ConfigMap, name: c, fieldPath: metadata.labels.tier}, targets: [{select: {kind: ConfigMap}, fieldPaths: [data.tier]}]}]\n",
		"patchesJson6902":    base + "patchesJson6902: [{target: {version: v1, kind: ConfigMap, name: c}, patch: '[{\"op\": \"remove\", \"path\": \"/metadata/labels/tier\"}]'}]\n",
		"vars":               base + "vars: [{name: TIER, objref: {apiVersion: v1, kind: ConfigMap, name: c}, fieldref: {fieldpath: metadata.labels.tier}}]\n",
		"transformers":       base + "transformers: [\"{apiVersion: builtin, kind: LabelTransformer, metadata: {name: x}, labels: {tier: db}, fieldSpecs: [{path: metadata/labels}]}\"]\n",
		"selectors":          "resources: [all.yaml]\nlabels: [{pairs: {tier: web}, includeSelectors: true}]\n",
		"both words":         base + "commonLabels: {old: '1'}\n",
		"buildMetadata":      base + "buildMetadata: [originAnnotations]\n",
		"flow":               "{resources: [all.yaml], labels: [{pairs: {tier: web}}]}\n",
		"quoted key":         "resources: [all.yaml]\n\"labels\": [{pairs: {tier: web}}]\n",
		"text that looks so": base + "configMapGenerator:\n- name: d\n  literals:\n  - \"a=b\nlabels: c\nnamespace: d\"\n",
	} {
		t.Run(what, func(t *testing.T) {
			files := render.Files{"all.yaml": []byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {tier: x}}\n"), "kustomization.yaml": []byte(text)}
			if wlast(t, files) != nil {
				t.Error("labels come last")
			}
			if _, err := same(t, files, "."); err != nil {
				t.Error(err)
			}
		})
	}
}

// What only the library can say is said by it.
func TestLastRefused(t *testing.T) {
	files := render.Files{"all.yaml": []byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: c, labels: [a]}}\n"), "kustomization.yaml": []byte("resources: [all.yaml]\nlabels: [{pairs: {tier: web}}]\n")}
	_, err := New().Render(context.Background(), render.Request{Files: files, Dir: "."})
	w, _ := walk(fromFiles(files), listed(files), ".", render.BuiltIn)
	_, whole := build(context.Background(), w)
	if err == nil || whole == nil || err.Error() != whole.Error() {
		t.Errorf("got %v, the library says %v", err, whole)
	}
}
