package diff

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/render"
	"github.com/google/go-cmp/cmp"
)

func secretOf(data string) string {
	return "{apiVersion: v1, kind: Secret, metadata: {name: db}, type: Opaque, " + data + "}"
}

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestSecretsShowKeysOnly(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		want     []string
		keys     *SecretKeys
	}{
		"keys": {"data: {a: " + encoded("one") + ", b: " + encoded("two") + ", c: " + encoded("three") + "}", "data: {b: " + encoded("2") + ", c: " + encoded("three") + ", d: " + encoded("four") + "}",
			[]string{"removed data.a masked", "added data.d masked", "changed data.b masked"},
			&SecretKeys{Added: []string{"d"}, Removed: []string{"a"}, Changed: []string{"b"}, Unchanged: []string{"c"}}},
		"stringData wins over data": {"data: {a: " + encoded("one") + "}", "data: {a: " + encoded("one") + "}, stringData: {a: two}",
			[]string{"changed stringData.a masked"}, &SecretKeys{Changed: []string{"a"}}},
		"the same in stringData": {"data: {a: " + encoded("one") + "}", "stringData: {a: one}",
			[]string{"respelled stringData.a masked (noise)"}, &SecretKeys{Unchanged: []string{"a"}}},
		"the same in broken lines": {"data: {a: " + encoded("one two") + "}", `data: {a: "` + encoded("one two")[:4] + `\n` + encoded("one two")[4:] + `"}`,
			[]string{"respelled data.a masked (noise)"}, &SecretKeys{Unchanged: []string{"a"}}},
		"what is no base64":    {"data: {a: one!}", "stringData: {a: one!}", []string{"changed stringData.a masked"}, &SecretKeys{Changed: []string{"a"}}},
		"data of another form": {"data: {a: " + encoded("one") + "}", "data: [hunter2]", []string{"removed data.a masked", "changed data masked"}, &SecretKeys{Removed: []string{"a"}}},
		"a misspelt field":     {"dat: {a: one}", "dat: {a: two}", []string{"changed dat masked"}, &SecretKeys{}},
		"open fields":          {"immutable: false", "immutable: true", []string{"changed immutable false -> true"}, &SecretKeys{}},
		"odd keys":             {"stringData: {}", "stringData: {a b: c}", []string{`added stringData["a b"] masked`}, &SecretKeys{Added: []string{"a b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			d := Compare(set(t, secretOf(c.old)), set(t, secretOf(c.new)))
			if len(d.Resources) != 1 {
				t.Fatalf("%v", told(d.Resources))
			}
			var got []string
			for _, f := range d.Resources[0].Fields {
				got = append(got, toldField(f))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.keys, d.Resources[0].Keys); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSecretsThatComeAndGo(t *testing.T) {
	ms := set(t, secretOf("stringData: {user: shop, password: hunter2}"))
	want := &SecretKeys{Added: []string{"password", "user"}}
	if diff := cmp.Diff(want, Compare(nil, ms).Resources[0].Keys); diff != "" {
		t.Error(diff)
	}
	want = &SecretKeys{Removed: []string{"password", "user"}}
	if diff := cmp.Diff(want, Compare(ms, nil).Resources[0].Keys); diff != "" {
		t.Error(diff)
	}
}

// The places where a Secret's value can stand, each with %s for the value, in what lies in Git and passed every other check.
var hidingPlaces = map[string]string{
	"data":                      secretOf("data: {k: %[2]s}"),
	"stringData":                secretOf("stringData: {k: '%[1]s'}"),
	"a misspelt field":          secretOf("stringdata: {k: '%[1]s'}"),
	"a list in data":            secretOf("data: {k: ['%[1]s']}"),
	"data itself":               secretOf("data: '%[1]s'"),
	"a nested Secret":           "{apiVersion: example.com/v1, kind: Bundle, metadata: {name: a}, spec: {objects: [{kind: Secret, stringData: {k: '%[1]s'}}]}}",
	"a list of Secrets":         "{apiVersion: example.com/v1, kind: Bundle, metadata: {name: a}, spec: {kind: SecretList, items: [{stringData: {k: '%[1]s'}}]}}",
	"what kubectl left":         "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{\"data\": \"%[1]s\"}'}}}",
	"what kubectl left deep":    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {metadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: '%[1]s'}}}}}",
	"a sealed value":            "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: a}, spec: {encryptedData: {k: '%[1]s'}}}",
	"an anchor":                 "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nkeep: &x '%[1]s'\nstringData: {k: *x}\n",
	"a hash beside the pod":     "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {metadata: {annotations: {checksum/secret: '%[1]s'}}}}}",
	"broken YAML":               "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {k: '%[1]s'\n",
	"a key that is there twice": "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {k: '%[1]s'}\nstringData: {}\n",
}

// Neither the diff nor the text shows a value or its base64, whether it comes, goes, changes or stays while others change.
func TestNoValueOfASecretShows(t *testing.T) {
	const one, two = "hunter2-the-first", "hunter3-the-second"
	for name, place := range hidingPlaces {
		t.Run(name, func(t *testing.T) {
			fill := func(value string) *render.Manifest {
				doc := fmt.Sprintf(strings.ReplaceAll(place, "%[2]s", encoded(value)), value)
				if i := strings.Index(doc, "%!"); i >= 0 {
					doc = doc[:i]
				}
				return &render.Manifest{Identity: render.Identity{Kind: "X", Name: "a"}, Path: "x.yaml", Data: []byte(doc)}
			}
			labelled := func(m *render.Manifest) *render.Manifest {
				c := *m
				c.Data = []byte(strings.Replace(string(m.Data), "metadata: {", "metadata: {labels: {new: label}, ", 1))
				return &c
			}
			for _, pair := range [][2]*render.Manifest{{fill(one), fill(two)}, {nil, fill(one)}, {fill(one), nil}, {fill(one), labelled(fill(one))}} {
				checkHidden(t, pair[0], pair[1], one, two)
			}
		})
	}
}

func checkHidden(t *testing.T, old, new *render.Manifest, values ...string) {
	t.Helper()
	var before, after render.Manifests
	if old != nil {
		before = render.Manifests{*old}
	}
	if new != nil {
		after = render.Manifests{*new}
	}
	data, err := json.Marshal(Compare(before, after))
	if err != nil {
		t.Fatal(err)
	}
	unified := UnifiedManifest(old, new)
	if unified == "" || len(Compare(before, after).Resources) == 0 {
		t.Error("the change itself does not show")
	}
	for _, value := range values {
		for _, form := range []string{value, encoded(value), value[:8]} {
			if strings.Contains(string(data), form) {
				t.Errorf("%q shows in the diff: %s", form, data)
			}
			if strings.Contains(unified, form) {
				t.Errorf("%q shows in the text:\n%s", form, unified)
			}
		}
	}
}

func TestUnifiedManifest(t *testing.T) {
	ms := func(doc string) *render.Manifest { return &set(t, doc)[0] }
	secret := func(data string) *render.Manifest {
		m := ms("apiVersion: v1\nkind: Secret\nmetadata: {name: db}\ntype: Opaque\nstringData: {" + data + "}\n")
		m.Path = "secret-db.yaml"
		return m
	}
	for name, c := range map[string]struct {
		old, new *render.Manifest
		want     string
	}{
		"values": {secret("a: one, b: two, c: '3'"), secret("a: one, b: zwei, d: four"), `--- secret-db.yaml
+++ secret-db.yaml
@@ -5,5 +5,5 @@
 type: Opaque
 stringData:
   a: "***"
-  b: "*** (old)"
-  c: "***"
+  b: "*** (new)"
+  d: "***"
`},
		"nothing": {secret("a: one"), secret("a: one"), ""},
		"a file that comes": {nil, secret("a: one"), `--- /dev/null
+++ secret-db.yaml
@@ -0,0 +1,7 @@
+apiVersion: v1
+kind: Secret
+metadata:
+  name: db
+type: Opaque
+stringData:
+  a: "***"
`},
		"no secret at all": {ms(config + `{a: one}}`), ms(config + `{a: two}}`), `--- configmap-a.yaml
+++ configmap-a.yaml
@@ -3,4 +3,4 @@
 metadata:
   name: a
 data:
-  a: one
+  a: two
`},
		"what cannot be read": {secret("a: one"), &render.Manifest{Path: "secret-db.yaml", Data: []byte("{a")}, `--- secret-db.yaml
+++ secret-db.yaml
(not shown: it is no valid YAML and may hold secrets)
`},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, UnifiedManifest(c.old, c.new)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
