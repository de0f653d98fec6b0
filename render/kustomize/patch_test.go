package kustomize

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/render"
)

const rendered = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {tier: web}}
spec:
  template:
    spec:
      containers: [{name: web, image: web:1, env: [{name: A, value: a}, {name: B, value: b}]}, {name: proxy, image: proxy:1}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker, namespace: shop}
spec: {replicas: 1}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: shop}
data: {at: "2020-01-01", "no": "no"}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w, namespace: shop}
spec: {list: [{name: a}, {name: b}]}
`

// patchCases are patches with what a kustomization would say instead.
var patchCases = map[string]struct {
	target, patch string
}{
	"lists merge by name":       {"{kind: Deployment, name: web}", "spec: {template: {spec: {containers: [{name: proxy, image: 'proxy:2'}, {name: third, image: t}]}}}"},
	"delete from a list":        {"{kind: Deployment, name: web}", "spec: {template: {spec: {containers: [{name: proxy, $patch: delete}, {name: web, env: [{name: A, $patch: delete}]}]}}}"},
	"null takes a key away":     {"{kind: ConfigMap}", "data: {'no': null, 'yes': 'yes'}"},
	"replace a mapping":         {"{kind: ConfigMap}", "data: {$patch: replace, only: this}"},
	"delete a resource":         {"{kind: ConfigMap}", "$patch: delete"},
	"all of a kind":             {"{group: apps, kind: Deployment}", "spec: {replicas: 3}"},
	"labels":                    {"{kind: Deployment, labelSelector: tier=web}", "spec: {paused: true}"},
	"a custom resource":         {"{kind: Widget}", "spec: {list: [{name: c}]}"},
	"an alias":                  {"{kind: Widget}", "spec: {one: &a {x: 1}, two: *a}"},
	"JSON 6902":                 {"{kind: Deployment, name: worker}", "- {op: replace, path: /spec/replicas, value: 4}\n- {op: add, path: /metadata/labels, value: {a~b: c}}"},
	"JSON 6902 in a list":       {"{kind: Deployment, name: web}", "- {op: remove, path: /spec/template/spec/containers/0}\n- {op: add, path: /spec/template/spec/containers/-, value: {name: last}}"},
	"JSON 6902 of what is not":  {"{kind: Deployment, name: worker}", "- {op: remove, path: /spec/none}"},
	"JSON 6902 test that fails": {"{kind: Deployment, name: worker}", "- {op: test, path: /spec/replicas, value: 7}"},
}

// TestPatchesAsKustomizeDoes compares patches of single resources with a kustomization that has the same patches.
func TestPatchesAsKustomizeDoes(t *testing.T) {
	for name, c := range patchCases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			patch := c.patch
			if !strings.HasPrefix(patch, "-") {
				patch = "{apiVersion: x/v1, kind: Any, metadata: {name: any}, " + strings.TrimPrefix(patch, "{") + "}"
			}
			unpack(t, render.Files{"all.yaml": []byte(rendered), "patch.yaml": []byte(patch),
				"kustomization.yaml": fmt.Appendf(nil, "resources: [all.yaml]\npatches: [{path: patch.yaml, target: %s}]\n", c.target)}, dir)
			want, wantErr := oracle(t, filepath.Clean(dir))
			got, err := applied(t, c.target, c.patch)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("ferry says: %v\nkustomize says: %v", err, wantErr)
			}
			if diff := cmp.Diff(canonical(t, want), got); err == nil && diff != "" {
				t.Errorf("other resources than kustomize (-kustomize +ferry):\n%s", diff)
			}
		})
	}
}

func applied(t *testing.T, target, patch string) (string, error) {
	t.Helper()
	to := render.Target{}
	for pair := range strings.SplitSeq(strings.Trim(target, "{}"), ", ") {
		key, value, _ := strings.Cut(pair, ": ")
		*map[string]*string{"group": &to.Group, "kind": &to.Kind, "name": &to.Name, "labelSelector": &to.LabelSelector}[key] = value
	}
	patches, err := render.ReadPatches(render.File{Path: "patch.yaml", Data: []byte(patch)}, to)
	if err != nil {
		return "", err
	}
	ms, err := render.Canonical(render.Output{Documents: render.Split(render.Document{Source: "all.yaml", Line: 1, Data: []byte(rendered)})}, "shop")
	if err != nil {
		t.Fatal(err)
	}
	ms, _, err = render.After{Patches: patches, Namespace: "shop"}.Apply(context.Background(), ms, New())
	return text(ms), err
}

func canonical(t *testing.T, data []byte) string {
	t.Helper()
	ms, err := render.Canonical(render.Output{Documents: render.Split(render.Document{Data: data})}, "shop")
	if err != nil {
		t.Fatal(err)
	}
	return text(ms)
}

func text(ms render.Manifests) string {
	var b strings.Builder
	for _, m := range ms {
		fmt.Fprintf(&b, "# %s\n%s", m.Path, m.Data)
	}
	return b.String()
}
