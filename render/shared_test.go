package render

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
)

// Documents of the same text share a tree, whichever render they belong to: whatever is done to one, at the same time or after,
// the others stay as they are. The race detector watches.
func TestTreesAtOnce(t *testing.T) {
	var pods strings.Builder
	for _, name := range []string{"a", "b", "c", "d"} {
		pods.WriteString("---\n" + strings.ReplaceAll("kind: Pod\napiVersion: v1\nmetadata: {name: NAME, labels: {of: NAME}}\nspec: {containers: [{name: x, image: ghcr.io/acme/shop}]}\n", "NAME", name))
	}
	patch, err := ReadPatches(File{Path: "patch.yaml", Data: []byte("kind: Pod\napiVersion: v1\nmetadata: {name: a}\nspec: {priority: 1}\n")}, Target{})
	if err != nil {
		t.Fatal(err)
	}
	build := func(namespace, digest string) []byte {
		ms, err := Canonical(Output{Documents: Split(Document{Source: "all.yaml", Data: []byte(pods.String())})}, namespace)
		if err != nil {
			t.Error(err)
			return nil
		}
		if ms, _, err = (After{Namespace: namespace, InjectNamespace: namespace != "", Patches: patch}).Apply(context.Background(), ms, marker{}); err != nil {
			t.Error(err)
		}
		p, err := Pin(ms, []Image{{Name: "ghcr.io/acme/shop", Digest: "sha256:" + strings.Repeat(digest, 64)}})
		if err != nil {
			t.Error(err)
		}
		var out []byte
		for _, m := range p.Manifests {
			out = append(out, m.Data...)
		}
		return out
	}
	kinds := [][2]string{{"", "1"}, {"shop", "2"}, {"other", "3"}}
	var want [][]byte
	for _, k := range kinds {
		want = append(want, build(k[0], k[1]))
	}
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			for range 10 {
				if k := kinds[i%3]; !bytes.Equal(build(k[0], k[1]), want[i%3]) {
					t.Errorf("other bytes than alone for %q", k[0])
				}
			}
		})
	}
	group.Wait()
}

// TestOnce: what was made of a resource in one environment holds in the next, and for no other resource.
func TestOnce(t *testing.T) {
	type key struct{}
	made := 0
	ask := func(text string) string {
		t.Helper()
		ms, err := Canonical(Output{Documents: []Document{NewDocument("a.yaml", 1, []byte(text))}}, "")
		if err != nil {
			t.Fatal(err)
		}
		return ms[0].Once(key{}, func() any { made++; return ms[0].Name }).(string)
	}
	const text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: once}\n"
	if a, b := ask(text), ask(text); a != "once" || b != "once" || made != 1 {
		t.Errorf("%q, %q, made %d times", a, b, made)
	}
	if c := ask(strings.ReplaceAll(text, "once", "twice")); c != "twice" || made != 2 {
		t.Errorf("%q, made %d times", c, made)
	}
}
