package helm

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/render"
)

// A path names the file of just these bytes, in .Files, in crds and in templates.
func TestNamesAreBytes(t *testing.T) {
	names := []string{"SECRET.txt", "Secret.txt", "\u017fecret.txt", "secret.txt\u200b", "\uff53ecret.txt", "./secret.txt", "x/../secret.txt", "../secret.txt", "caf\u00e9", "cafe\u0301"}
	var asks strings.Builder
	for _, name := range names {
		asks.WriteString("  - {{ .Files.Get \"" + name + "\" | quote }}\n")
	}
	files := render.Files{
		"Chart.yaml":         []byte("apiVersion: v2\nname: a\nversion: 1.0.0\n"),
		"secret.txt":         []byte("canary"),
		"CAF\u00c9":          []byte("canary"),
		"CRDs/canary.yaml":   []byte("kind: Canary"),
		"Templates/b.yaml":   []byte("kind: Canary"),
		"templates/all.yaml": []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  own: {{ .Files.Get \"secret.txt\" }}\nlist:\n" + asks.String()),
	}
	out, err := New().Render(context.Background(), render.Request{Files: files, Dir: ".", IncludeCRDs: true, Kubernetes: render.Kubernetes{Version: "1.34"}})
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(bytes.ToLower(out.Raw), []byte("canary")); n != 1 {
		t.Errorf("the canary was seen %d times, not once:\n%s", n, out.Raw)
	}
}

// What a chart brings and what its templates make is bounded, with an error that names the chart or the file and the limit.
func TestVeryLargeCharts(t *testing.T) {
	chart := func(name string, data []byte) render.Files {
		return render.Files{"Chart.yaml": []byte("apiVersion: v2\nname: a\nversion: 1.0.0\n"), name: data}
	}
	for name, c := range map[string]struct {
		files  render.Files
		values []render.File
		want   []string
	}{
		"100 MB beside":       {chart("big.txt", make([]byte, 100<<20)), nil, []string{"big.txt", "5242880"}},
		"100 MB of values":    {chart("values.yaml", nil), []render.File{{Path: "values/big.yaml", Data: bytes.Repeat([]byte("#\n"), 50<<20)}}, []string{"values/big.yaml", "16 MB"}},
		"a million documents": {chart("templates/a.yaml", []byte("{{ range $i := until 1000000 }}\n---\na: b\n{{ end }}")), nil, []string{"20000 documents"}},
	} {
		_, err := New().Render(context.Background(), render.Request{Files: c.files, Dir: ".", Values: c.values, Kubernetes: render.Kubernetes{Version: "1.34"}})
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q in it", name, err, want)
			}
		}
	}
}
