package helm

import (
	"bytes"
	"testing"

	"github.com/ferry-cd/ferry/render"
)

// A ConfigMap as large as a cluster stores one: from a file, from a template, and in one line.
func TestLargeConfigMaps(t *testing.T) {
	lines := bytes.Repeat([]byte("a line: of some <text> \"in\" it = 2001-01-01\n"), 1<<20/44)
	files := render.Files{
		"Chart.yaml":         []byte("apiVersion: v2\nname: large\nversion: 1.0.0\n"),
		"data/lines.txt":     lines,
		"templates/all.yaml": []byte("{{ $large := .Files.Get \"data/lines.txt\" }}apiVersion: v1\nkind: ConfigMap\nmetadata: {name: lines}\ndata:\n  lines: |\n{{ $large | indent 4 }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: quoted}\ndata: {all: {{ $large | quote }}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: encoded}\nbinaryData: {all: {{ $large | b64enc }}}\n"),
	}
	out, err := same(t, render.Request{Files: files, Dir: "."})
	if err != nil || len(out.Documents) != 3 {
		t.Fatalf("%d documents, %v", len(out.Documents), err)
	}
	ms, err := render.Canonical(out, "shop")
	if err != nil || len(ms) != 3 {
		t.Fatalf("%d manifests, %v", len(ms), err)
	}
	for _, m := range ms[1:] {
		object, err := m.Value()
		if err != nil {
			t.Fatalf("%s: %v", m.Path, err)
		}
		for _, text := range object["data"].(map[string]any) {
			if got := text.(string); len(got) < len(lines)-1 || !bytes.HasPrefix(lines, []byte(got[:len(lines)-1])) {
				t.Errorf("%s: other text after the canonical form", m.Path)
			}
		}
	}
}
