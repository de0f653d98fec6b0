package render

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const certificate = `# by hand
kind: Certificate
apiVersion: cert-manager.io/v1
metadata: {name: web, namespace: shop, labels: {on: 010}}
spec:
  big: 9223372036854775807
  huge: 18446744073709551615
  ratio: 0.50
  whole: 1.0
  list: [~, true, "true", {}, []]
`

func TestParse(t *testing.T) {
	m, err := Parse("web.yaml", []byte(certificate))
	if err != nil {
		t.Fatal(err)
	}
	want := Manifest{Identity: Identity{"cert-manager.io", "Certificate", "shop", "web"}, APIVersion: "cert-manager.io/v1", Path: "web.yaml", Data: []byte(certificate)}
	if !m.Equal(want) {
		t.Errorf("got %+v", m)
	}
	if got, want := m.String(), "Certificate.cert-manager.io shop/web"; got != want {
		t.Errorf("it is called %q, not %q", got, want)
	}
	value, err := m.Value()
	if err != nil {
		t.Fatal(err)
	}
	wantValue := map[string]any{
		"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
		"metadata": map[string]any{"name": "web", "namespace": "shop", "labels": map[string]any{"true": int64(8)}},
		"spec": map[string]any{"big": int64(9223372036854775807), "huge": float64(18446744073709551615), "ratio": 0.5, "whole": int64(1),
			"list": []any{nil, true, "true", map[string]any{}, []any{}}},
	}
	if diff := cmp.Diff(wantValue, value); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ data, want string }{
		{"# nothing\n", "web.yaml: no resource in it"},
		{"a: 1\nb: c: d\n", "web.yaml:2: broken YAML: mapping values are not allowed in this context"},
		{"\napiVersion: v1\nkind: Pod\n", "web.yaml:2:1: Pod has no metadata.name"},
		{certificate + "---\n" + certificate, "web.yaml:13: a second document begins here; Kubernetes would read only the first"},
	}
	for _, test := range tests {
		if _, err := Parse("web.yaml", []byte(test.data)); err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

// TestNode: one that was put together by hand is parsed when it is asked, and one that cannot be says so.
func TestNode(t *testing.T) {
	m := Manifest{Path: "web.yaml", Data: []byte("b: 1\na: 2\n")}
	if n := m.Node(); n == nil || n.Content[0].Value != "a" || n.Content[1].Tag != "!!int" {
		t.Errorf("got %+v", n)
	}
	for _, data := range []string{"", "a: b: c", "- a"} {
		if v, err := (Manifest{Path: "web.yaml", Data: []byte(data)}).Value(); err == nil || v != nil {
			t.Errorf("%q has the value %v", data, v)
		}
	}
}

// TestManifestEqual: what a person sees of a manifest makes it equal, not where it was rendered.
func TestManifestEqual(t *testing.T) {
	a := mustCanonical(t, certificate)[0]
	b, err := Parse(a.Path, a.Data)
	if err != nil || !a.Equal(b) {
		t.Errorf("%v differs from what it was written to: %v", a, err)
	}
	b.Data = append([]byte("# x\n"), b.Data...)
	if a.Equal(b) {
		t.Error("equal with other bytes")
	}
}

func TestIdentityIn(t *testing.T) {
	tests := []struct {
		id   Identity
		want string
	}{
		{Identity{"apps", "Deployment", "", "a"}, "Deployment shop/a"},
		{Identity{"apps", "Deployment", "other", "a"}, "Deployment other/a"},
		{Identity{"", "Namespace", "other", "a"}, "Namespace a"},
		{Identity{"example.com", "Namespace", "", "a"}, "Namespace.example.com shop/a"},
	}
	for _, test := range tests {
		if got := test.id.In("shop").String(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}
