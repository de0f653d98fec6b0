package render

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// canonicalOf reads a stream of documents as if a file all.yaml held them.
func canonicalOf(t *testing.T, stream string) (Manifests, error) {
	t.Helper()
	return Canonical(Output{Documents: Split(Document{Source: "all.yaml", Line: 1, Data: []byte(stream)})}, "shop")
}

func mustCanonical(t *testing.T, stream string) Manifests {
	t.Helper()
	ms, err := canonicalOf(t, stream)
	if err != nil {
		t.Fatal(err)
	}
	return ms
}

// archive puts manifests one under the other, each below its file name.
func archive(ms Manifests) []byte {
	var b bytes.Buffer
	for _, m := range ms {
		fmt.Fprintf(&b, "-- %s --\n%s", m.Path, m.Data)
	}
	return b.Bytes()
}

// golden compares with a file, which UPDATE=1 rewrites.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestCanonicalForm(t *testing.T) {
	files, err := filepath.Glob("testdata/canonical/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		ms := mustCanonical(t, string(data))
		golden(t, strings.TrimSuffix(name, ".yaml")+".golden", archive(ms))
		again := mustCanonical(t, join(ms))
		if diff := cmp.Diff(archive(ms), archive(again)); diff != "" {
			t.Errorf("%s: the canonical form of the canonical form differs:\n%s", name, diff)
		}
	}
}

func join(ms Manifests) string {
	var b strings.Builder
	for _, m := range ms {
		b.WriteString("---\n" + string(m.Data))
	}
	return b.String()
}

// TestCanonicalMeaning looks with Kubernetes' own eyes for every document of a stream among the manifests.
func TestCanonicalMeaning(t *testing.T) {
	data, err := os.ReadFile("testdata/canonical/kinds.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ms := mustCanonical(t, string(data))
	for _, d := range Split(Document{Data: data}) {
		var want map[string]any
		if err := yaml.Unmarshal(d.Data, &want); err != nil {
			t.Fatal(err)
		}
		if want["kind"] == "List" {
			continue
		}
		found := false
		for _, m := range ms {
			var got map[string]any
			if err := yaml.UnmarshalStrict(m.Data, &got); err != nil {
				t.Fatal(err)
			}
			found = found || reflect.DeepEqual(got, want)
		}
		if !found {
			t.Errorf("no manifest means\n%s", d.Data)
		}
	}
}

func TestCanonicalUnfoldsLists(t *testing.T) {
	tests := []struct {
		name, stream string
		want         []string
	}{
		{"list", "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod, metadata: {name: a}}, {apiVersion: v1, kind: Pod, metadata: {name: b}}]", []string{"pod-a.yaml", "pod-b.yaml"}},
		{"empty list", "apiVersion: v1\nkind: List\nitems: []", nil},
		{"list without items", "apiVersion: v1\nkind: List", nil},
		{"typed list", "apiVersion: apps/v1\nkind: DeploymentList\nitems: [{metadata: {name: a}}]", []string{"deployment-a.yaml"}},
		{"list in a list", "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, metadata: {name: a}}]}]", []string{"pod-a.yaml"}},
		{"a resource called list", "apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: a}\nitems: [x]", []string{"allowlist-a_example.com.yaml"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			docs := Split(Document{Data: []byte(test.stream)})
			before, _ := docs[0].Node()
			text := write(nil, before)
			ms, err := Canonical(Output{Documents: docs}, "")
			if err != nil || !bytes.Equal(write(nil, before), text) {
				t.Errorf("%v, or the document has changed", err)
			}
			for _, m := range ms {
				got = append(got, m.Path)
				if bytes.Contains(m.Data, []byte("items")) != (test.name == "a resource called list") {
					t.Errorf("%s", m.Data)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCanonicalRefuses(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for _, c := range []string{"b", "c", "d", "e", "f", "g", "h"} {
		before := string(c[0] - 1)
		bomb += c + ": &" + c + " [" + strings.Repeat("*"+before+",", 10) + "]\n"
	}
	tests := []struct{ name, stream, want string }{
		{"no mapping", "- a", "all.yaml:1:1: not a Kubernetes resource: not a mapping"},
		{"nothing", "a: b", "all.yaml:1:1: the resource has no apiVersion\nall.yaml:1:1: the resource has no kind\nall.yaml:1:1: the resource has no metadata.name"},
		{"no kind", "apiVersion: v1\nmetadata: {name: a}", "all.yaml:1:1: a has no kind"},
		{"no apiVersion", "kind: Pod\nmetadata: {name: a}", "all.yaml:1:1: Pod a has no apiVersion"},
		{"no name", "apiVersion: v1\nkind: Pod\nmetadata: {}", "all.yaml:1:1: Pod has no metadata.name"},
		{"no metadata", "apiVersion: v1\nkind: Pod", "all.yaml:1:1: Pod has no metadata.name"},
		{"generateName", "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}", "all.yaml:1:1: Pod has only a generateName (a-): the cluster would make another one at each sync"},
		{"number for a name", "apiVersion: v1\nkind: Pod\nmetadata: {name: 12}", "all.yaml:3:18: metadata.name is a number where a string is needed"},
		{"boolean for a namespace", "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: on}", "all.yaml:3:32: metadata.namespace is a boolean where a string is needed"},
		{"mapping for a kind", "apiVersion: v1\nkind: {}\nmetadata: {name: a}", "all.yaml:2:7: kind is a mapping where a string is needed"},
		{"same key", pod + "spec: {a: 1, b: 2, a: 3}", `all.yaml:4:20: the key "a" appears twice, first in line 4`},
		{"same key in other words", pod + "spec: {1: a, '1': b}", `all.yaml:4:14: the key "1" appears twice, first in line 4`},
		{"same resource", pod + "---\n" + pod, "all.yaml:5: Pod a is rendered twice, first in all.yaml:1"},
		{"same resource, namespace spelled out", pod + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\n", "all.yaml:5: Pod shop/a is rendered twice, first in all.yaml:1"},
		{"same resource, other version", "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\n---\napiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: a}\n", "all.yaml:5: CronJob a is rendered twice, first in all.yaml:1"},
		{"same cluster-wide resource", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: x}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", "all.yaml:5: Namespace a is rendered twice, first in all.yaml:1"},
		{"alias bomb", pod + bomb, "all.yaml:9:8: the aliases of this document expand beyond all measure"},
		{"anchor in itself", pod + "spec: &a [*a]", "all.yaml:4:11: the anchor &a contains itself"},
		{"deep", pod + "spec: " + strings.Repeat("[", 300) + strings.Repeat("]", 300), "all.yaml:4:207: nested too deeply: no resource has so many levels"},
		{"merge key below", pod + "x: &x {a: 1}\nspec: {a: 2, <<: *x}", `all.yaml:5:14: the merge key << also brings "a", which stands above it, and YAML readers disagree which of the two counts; move << to the top`},
		{"two merge keys", pod + "x: &x {a: 1}\nspec: {<<: *x, <<: *x}", "all.yaml:5:16: the merge key << appears twice, first in line 5"},
		{"merge of no mapping", pod + "spec: {<<: [a]}", "all.yaml:4:8: the merge key << needs a mapping or a list of mappings"},
		{"infinity", pod + "spec: [.inf]", "all.yaml:4:8: Kubernetes cannot hold .inf, for JSON has no such number"},
		{"binary", pod + "spec: [!!binary /w==]", "all.yaml:4:8: Kubernetes has no binary strings and would damage this !!binary value; put the base64 text under binaryData or data"},
		{"false tag", pod + "spec: [!!int a]", "all.yaml:4:8: the value does not fit its tag !!int"},
		{"null key", pod + "spec: {~: a}", "all.yaml:4:8: a key is empty or null"},
		{"list key", pod + "spec: {[a]: b}", "all.yaml:4:8: a key is a mapping or a list"},
		{"long key", pod + "? " + strings.Repeat("k", 1001) + "\n: a", "all.yaml:4:3: a key is longer than 1000 bytes"},
		{"list that is none", "apiVersion: example.com/v1\nkind: AllowList", "all.yaml:1:1: AllowList has no metadata.name"},
		{"broken", pod + "spec: a: b", "all.yaml:4: broken YAML: mapping values are not allowed in this context"},
		{"unknown anchor", pod + "spec: [a,\n*b]", "all.yaml:5: broken YAML: unknown anchor 'b' referenced"},
		{"no text", pod + "spec: \xff", "all.yaml:4: broken YAML: invalid leading UTF-8 octet"},
		{"item of a list", "apiVersion: v1\nkind: List\nitems: [a]", "all.yaml:3:9: items[0] of the list is not a resource: not a mapping"},
		{"encrypted item", "apiVersion: v1\nkind: List\nitems: [{sops: {mac: x}}]", "all.yaml:3:9: items[0] of the list is encrypted with SOPS, which cannot be taken out of a list"},
		{"several at once", "a: b: c\n---\nkind: Pod\n", "all.yaml:1: broken YAML: mapping values are not allowed in this context\nall.yaml:3:1: Pod has no apiVersion\nall.yaml:3:1: Pod has no metadata.name"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ms, err := canonicalOf(t, test.stream)
			if err == nil || ms != nil {
				t.Fatalf("accepted as\n%s", archive(ms))
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCanonicalNamesDocuments: what a template printed has no line in the template, so the document is counted.
func TestCanonicalNamesDocuments(t *testing.T) {
	docs := []Document{
		{Source: "templates/a.yaml", Data: []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n")},
		{Source: "templates/b.yaml", Data: []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: b}\n")},
		{Source: "templates/a.yaml", Data: []byte("\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n")},
		{Source: "templates/b.yaml", Data: []byte("kind: Pod\nmetadata:\n  name: c\n  name: d\n")},
	}
	_, err := Canonical(Output{Documents: docs}, "shop")
	const want = "templates/a.yaml, document 2, line 2: Pod b is rendered twice, first in templates/b.yaml, document 1, line 1\n" +
		`templates/b.yaml, document 2, line 4: the key "name" appears twice, first in line 3`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestCanonicalTellsOnlySoMany(t *testing.T) {
	_, err := canonicalOf(t, "a: [{}]\n"+strings.Repeat("a: 1\n", 1000))
	var ps Problems
	if !errors.As(err, &ps) || len(ps) != maxProblems+1 {
		t.Fatalf("%d problems: %v", len(ps), err)
	}
	if got, want := ps[maxProblems].Text, "and 980 more of this kind"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCanonicalCarriesSOPS: the checksum of an encrypted document covers the order of its keys.
func TestCanonicalCarriesSOPS(t *testing.T) {
	const sealed = "kind: Secret\napiVersion: v1\nmetadata: {namespace: shop,   name: db}\ndata:\n    z: ENC[AES256_GCM,data:x]\n    a: ENC[AES256_GCM,data:y]\nsops:\n    mac: ENC[AES256_GCM,data:z]\n    version: 3.9.0"
	ms := mustCanonical(t, "---\n"+sealed)
	if len(ms) != 1 || string(ms[0].Data) != sealed || ms[0].Path != "secret-db.yaml" {
		t.Errorf("got\n%s", archive(ms))
	}
}

func TestCanonicalExpandsAliases(t *testing.T) {
	ms := mustCanonical(t, `
apiVersion: v1
kind: ConfigMap
metadata: {name: a, labels: &labels {b: x, a: y}}
data:
  <<: [{one: first, two: second}, {one: lost, three: third}]
  two: own
  ? &key 8080
  : text
items:
- *labels
- <<: *labels
  a: own
- *key
env: &env {b: x, name: a}
list: [*env]
`)
	// To Kubernetes a plain y is a boolean.
	const want = `apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  labels:
    a: true
    b: x
data:
  "8080": text
  one: first
  three: third
  two: own
env:
  b: x
  name: a
items:
- a: true
  b: x
- a: own
  b: x
- 8080
list:
- name: a
  b: x
`
	if diff := cmp.Diff(want, string(ms[0].Data)); diff != "" {
		t.Error(diff)
	}
}

// bombs are documents of a few hundred bytes, each of which may unfold to what one may.
func bombs(n int) []Document {
	ten := func(item string) string { return "[" + strings.TrimSuffix(strings.Repeat(item+", ", 10), ", ") + "]" }
	var all []Document
	for i := range n {
		all = append(all, NewDocument("all.yaml", 1, fmt.Appendf(nil, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d}\na: &a %s\nb: &b %s\nc: &c %s\nd: &d %s\ne: %s\n",
			i, ten("x"), ten("*a"), ten("*b"), ten("*c"), ten("*d"))))
	}
	return all
}

// Each of many documents may unfold to what one may; all together may not, and none of them is kept for later.
func TestManyAliasBombs(t *testing.T) {
	for name, read := range map[string]func([]Document) error{
		"canonical": func(docs []Document) error { _, err := Canonical(Output{Documents: docs}, ""); return err },
		"syntax":    CheckSyntax,
	} {
		if err := read(bombs(5)); err != nil {
			t.Errorf("%s: a few: %v", name, err)
		}
		if err := read(bombs(50)); err == nil || !strings.Contains(err.Error(), "all documents up to this one expand beyond all measure") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, d := range bombs(5) {
		if d.parsed.root != nil {
			t.Error("the tree of a document with aliases is kept")
		}
	}
}
