package kustomize

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/render"
)

// crowd is a kustomization of many resources of several kinds, in two folders.
func crowd(n int, fields string) render.Files {
	kinds := []string{"v1 ConfigMap", "v1 Secret", "v1 Service", "apps/v1 Deployment", "example.com/v1 Widget", "v1 ServiceAccount", "rbac.authorization.k8s.io/v1 RoleBinding"}
	var files [2]strings.Builder
	for i := range n {
		version, kind, _ := strings.Cut(kinds[i*7919%len(kinds)], " ")
		out := &files[i%2]
		fmt.Fprintf(out, "---\napiVersion: %s\nkind: %s\nmetadata:\n  name: thing-%04d\n", version, kind, i*7919%n)
		switch kind {
		case "ConfigMap", "Secret":
			fmt.Fprintf(out, "data: {number: %q}\n", fmt.Sprint(i))
		case "Deployment":
			fmt.Fprintf(out, "spec:\n  template:\n    spec:\n      containers:\n        - {name: main, image: example.com/app}\n      volumes:\n        - {name: v, configMap: {name: thing-%04d}}\n", i/2)
		case "RoleBinding":
			fmt.Fprintf(out, "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}\nsubjects: [{kind: ServiceAccount, name: thing-%04d, namespace: default}]\n", i/3)
		}
	}
	return render.Files{
		"kustomization.yaml":      []byte("resources: [base, more.yaml]\n" + fields),
		"base/kustomization.yaml": []byte("resources: [many.yaml]\ncommonAnnotations: {from: base}\n"),
		"base/many.yaml":          []byte(files[0].String()), "more.yaml": []byte(files[1].String()),
	}
}

// TestSplit builds many resources in parts, to the bytes of the CLI.
func TestSplit(t *testing.T) {
	for name, fields := range map[string]string{
		"nothing":   "",
		"labels":    "labels: [{pairs: {a: b}, includeTemplates: true}]\ncommonLabels: {c: d}\ncommonAnnotations: {e: f}\n",
		"namespace": "namespace: elsewhere\n",
		"images":    "images: [{name: example.com/app, newTag: v2}]\nnamespace: elsewhere\n",
		"names":     "namePrefix: before-\nnameSuffix: -after\nnamespace: elsewhere\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := crowd(700, fields)
			w, err := walk(fromFiles(files), listed(files), ".", render.BuiltIn)
			if err != nil {
				t.Fatal(err)
			}
			if parts, n, why := w.parts(); len(parts) < 3 || n != 700 {
				t.Fatalf("%d parts of %d resources: %s", len(parts), n, why)
			}
			if out, err := same(t, files, "."); err != nil || len(out.Documents) != 700 {
				t.Fatalf("%d documents, %v", len(out.Documents), err)
			}
		})
	}
}

// TestWhole builds at once what cannot be built in parts, says why, and gives the bytes of the CLI or its refusal.
func TestWhole(t *testing.T) {
	for name, c := range map[string]struct{ fields, more, why string }{
		"a patch":     {fields: "patches:\n  - target: {kind: Service}\n    patch: |-\n      - {op: add, path: /spec, value: {a: b}}\n", why: "patches"},
		"a generator": {fields: "configMapGenerator: [{name: thing-0001x, literals: [a=b]}]\n", why: "configMapGenerator"},
		"one name":    {more: "---\napiVersion: other.example.com/v1\nkind: Widget\nmetadata: {name: one}\n---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {name: one}\n", why: "two of Widget one"},
		"a list":      {more: "---\napiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: listed}}]\n", why: "not one resource"},
		"twice":       {more: "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n", why: "two of Pod p"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := crowd(350, c.fields)
			files["more.yaml"] = append(files["more.yaml"], c.more...)
			w, err := walk(fromFiles(files), listed(files), ".", render.BuiltIn)
			if err != nil {
				t.Fatal(err)
			}
			if parts, _, why := w.parts(); len(parts) != 1 || !strings.Contains(why, c.why) {
				t.Fatalf("%d parts, %q", len(parts), why)
			}
			same(t, files, ".")
		})
	}
}

// Somebody with very many resources that cannot be built in parts is told the reason.
func TestManyNotice(t *testing.T) {
	files := crowd(1100, "patches:\n  - target: {kind: None}\n    patch: |-\n      - {op: remove, path: /a}\n")
	out, err := New().Render(context.Background(), render.Request{Files: files, Dir: "."})
	if err != nil || len(out.Notices) != 1 || !strings.Contains(out.Notices[0], "uses patches") {
		t.Errorf("%v, %q", err, out.Notices)
	}
}
