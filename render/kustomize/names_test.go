package kustomize

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/render"
)

// A path names the file of just these bytes: what folds to it in case, in Unicode or on somebody's disk is another one.
func TestNamesAreBytes(t *testing.T) {
	files := func(entry string) render.Files {
		return render.Files{
			"app/kustomization.yaml":      []byte("resources: [" + entry + "]\n"),
			"app/caf\u00e9.yaml":          []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
			"app/base/kustomization.yaml": []byte("resources: []\nnamePrefix: a-\n"),
		}
	}
	for _, entry := range []string{"CAF\u00c9.yaml", "cafe\u0301.yaml", "Caf\u00e9.yaml", "caf\u00e9.YAML", "BASE", "ba\u017fe", "\uff42ase", "base\u200b", "\uff0e\uff0e/app/base", "\u2025/app", "base\u2215kustomization.yaml"} {
		_, err := New().Render(context.Background(), render.Request{Files: files(entry), Dir: "app"})
		if err == nil || !strings.Contains(err.Error(), "app/kustomization.yaml") {
			t.Errorf("%+q: %v", entry, err)
		}
	}
}

// Files may be called anything, as on the disk on which the CLI reads them.
func TestFilesOfAnyName(t *testing.T) {
	files := render.Files{
		"app/kustomization.yaml":     []byte("resources: [\"../my base\", caf\u00e9.yaml]\nconfigMapGenerator: [{name: c, files: [\"w=with space.txt\", k=\u00fc/\u00fc.txt]}]\npatches: [{path: p+q.yaml}]\n"),
		"my base/kustomization.yaml": []byte("resources: [\"a b.yaml\"]\n"),
		"my base/a b.yaml":           []byte("apiVersion: v1\nkind: Service\nmetadata: {name: b}\n"),
		"app/caf\u00e9.yaml":         []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
		"app/p+q.yaml":               []byte("apiVersion: v1\nkind: Service\nmetadata: {name: b}\nspec: {type: NodePort}\n"),
		"app/with space.txt":         []byte("one"),
		"app/\u00fc/\u00fc.txt":      []byte("two"),
	}
	if out, err := same(t, files, "app"); err != nil || len(out.Documents) != 3 {
		t.Errorf("%d documents, %v", len(out.Documents), err)
	}
}

// What is read is bounded before the library sees any of it, and the error names the file and the limit.
func TestVeryLargeFiles(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"a million documents": {bytes.Repeat([]byte("a: b\n---\n"), 1_000_000), "10000 documents"},
		"100 MB":              {bytes.Repeat([]byte("# nothing at all\n"), 100<<20/17), "16 MB"},
	} {
		_, err := New().Render(context.Background(), render.Request{Dir: ".",
			Files: render.Files{"kustomization.yaml": []byte("resources: [all.yaml]\n"), "all.yaml": c.file}})
		if err == nil || !strings.Contains(err.Error(), "all.yaml") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
