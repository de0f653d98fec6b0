package kustomize

import (
	"bytes"
	"testing"

	"github.com/ferry-cd/ferry/render"
)

// ConfigMaps as large as a cluster stores them: generated from text and from bytes, with a name that follows from them.
func TestLargeConfigMaps(t *testing.T) {
	files := render.Files{
		"kustomization.yaml": []byte("configMapGenerator:\n  - {name: lines, files: [lines.txt]}\n  - {name: one, files: [one.txt]}\n  - {name: bytes, files: [bytes.bin]}\nsecretGenerator:\n  - {name: secret, files: [one.txt]}\nnamePrefix: a-\nresources: [all.yaml]\n"),
		"lines.txt":          bytes.Repeat([]byte("a line: of some <text> \"in\" it = 2001-01-01\n"), 1<<20/44),
		"one.txt":            bytes.Repeat([]byte("all in one line, "), 1<<20/17),
		"bytes.bin":          bytes.Repeat([]byte{0xff, 0xfe, 0, 1}, 1<<18),
		"all.yaml":           append([]byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: block}\ndata:\n  text: |\n"), bytes.Repeat([]byte("    = a line of a block\n"), 1<<20/23)...),
	}
	if out, err := same(t, files, "."); err != nil || len(out.Documents) != 5 {
		t.Fatalf("%d documents, %v", len(out.Documents), err)
	}
}
