package diff

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/render"
	"github.com/google/go-cmp/cmp"
)

// strangers reads documents as they come, whole or broken.
func strangers(docs string) render.Manifests {
	var ms render.Manifests
	for doc := range strings.SplitSeq(docs, "\n---\n") {
		m, err := render.Parse(fmt.Sprintf("%d.yaml", len(ms)), []byte(doc))
		if err != nil {
			m = render.Manifest{Identity: render.Identity{Kind: "ConfigMap", Name: "x-5d8f6c9b7k"}, Path: m.Path, Data: []byte(doc)}
		}
		ms = append(ms, m)
	}
	return ms
}

func FuzzCompare(f *testing.F) {
	for _, rule := range table {
		f.Add(rule.Bad.Old, rule.Bad.New)
	}
	f.Add(deployment, strings.Replace(deployment, "1.4.0", "1.5.0", 3))
	f.Add(secretOf("data: {a: b}"), secretOf("stringData: {a: b, c: d}"))
	f.Add("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a-5d8f6c9b7k}\n---\nkind: x", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a-6d8f6c9b7k}\n1: {2: 3}\n")
	f.Add(custom+strings.Repeat("[", 150)+strings.Repeat("]", 150)+"}", custom+"{a: &x [*x]}}")
	f.Fuzz(func(t *testing.T, before, after string) {
		old, new := strangers(before), strangers(after)
		d := Compare(old, new)
		if _, err := json.Marshal(d); err != nil {
			t.Error(err)
		}
		checkPairs(t, old, new)
		checkApplies(t, d, old, new)
		slices.Reverse(old)
		slices.Reverse(new)
		if diff := cmp.Diff(d, Compare(old, new)); diff != "" && !hasTwins(old) && !hasTwins(new) {
			t.Errorf("the order of the input matters: %s", diff)
		}
		if d := Compare(old, old); !d.Empty() {
			t.Errorf("a set differs from itself: %v", told(d.Resources))
		}
		UnifiedManifest(&old[0], &new[0])
	})
}

// hasTwins tells whether two resources cannot be told apart, which render refuses to make.
func hasTwins(ms render.Manifests) bool {
	seen := map[render.Identity]bool{}
	for i := range ms {
		if id := ms[i].In(""); seen[id] {
			return true
		} else {
			seen[id] = true
		}
	}
	return false
}

// checkApplies holds the fields of changed resources against what they lead to, where no value is masked.
func checkApplies(t *testing.T, d Diff, old, new render.Manifests) {
	t.Helper()
	for _, c := range d.Resources {
		if c.Kind != Changed || c.Unreadable || slices.ContainsFunc(c.Fields, func(f Field) bool { return f.Masked }) || hasTwins(old) || hasTwins(new) {
			continue
		}
		find := func(ms render.Manifests, path string) *node {
			return parse(&ms[slices.IndexFunc(ms, func(m render.Manifest) bool { return m.Path == path })])
		}
		want := find(new, c.NewPath)
		got, err := apply(find(old, c.OldPath), c.Fields)
		if err != nil || holdsSecrets(want) || holdsSecrets(got) {
			if err != nil {
				t.Errorf("%v, by %v", err, lined(c.Fields))
			}
			continue
		}
		if !same(got, want) {
			t.Errorf("%s became %s by %v", shown(find(old, c.OldPath)), shown(got), lined(c.Fields))
		}
	}
}
