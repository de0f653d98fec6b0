package charts

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// whole reads an index at once, as Helm does: what ours must agree with.
func whole(index []byte, name string) ([]Version, error) {
	var all struct{ Entries map[string][]Version }
	if json.Valid(index) {
		err := json.Unmarshal(index, &all)
		return all.Entries[name], err
	}
	err := yaml.Unmarshal(index, &all)
	return all.Entries[name], err
}

func TestVersionsOf(t *testing.T) {
	for name, index := range map[string]string{
		"helm":             "apiVersion: v1\nentries:\n  other:\n  - version: 9.9.9\n    urls:\n    - o.tgz\n  shop:\n  - apiVersion: v2\n    version: 1.1.0\n    urls:\n    - a.tgz\n    digest: abc\n  - version: 1.0.0\n    urls: [b.tgz]\n  zoo:\n  - version: 3.0.0\ngenerated: now\n",
		"deeper lists":     "entries:\n    other:\n        - version: 9.9.9\n    shop:\n        - version: 1.1.0\n        - version: 1.0.0\napiVersion: v1\n",
		"text like a key":  "entries:\n  shop:\n  - version: 1.0.0\n    description: |\n      shop:\n      - version: 6.6.6\n    urls: [a]\n",
		"comments":         "# index\nentries: # all\n\n  # ours\n  \"shop\": # quoted\n\n  # one\n  - version: 1.0.0\n\n    urls: [a]\n  other:\n  - version: 2.0.0\n",
		"quoted over line": "entries:\n  shop:\n  - version: 1.0.0\n    description: \"a\n      shop:\n      b\"\n    urls: [a]\n  other:\n  - version: 2.0.0\n",
		"last":             "entries:\n  other: []\n  shop:\n  - version: 1.0.0",
		"none":             "entries:\n  other:\n  - version: 1.0.0\n",
		"empty":            "entries: {}\n",
		"flow style":       "apiVersion: v1\nentries: {other: [{version: 9.9.9}], shop: [{version: 1.0.0, urls: [a]}]}\n",
		"flow style below": "entries:\n  other: []\n  shop: [{version: 1.0.0, urls: [a]}]\n",
		"json":             `{"apiVersion":"v1","entries":{"other":[{"version":"9.9.9"}],"shop":[{"version":"1.0.0","urls":["a"],"digest":"x"}]}}`,
		"json, none":       `{"entries":{"other":[{"version":"9.9.9"}]}}`,
		"windows":          "entries:\r\n  shop:\r\n  - version: 1.0.0\r\n    urls:\r\n    - a\r\n",
	} {
		want, err := whole([]byte(index), "shop")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := versionsOf([]byte(index), "shop")
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: %v\n%s", name, err, d)
		}
	}
}

// TestLargeIndex: the index of a large public repository costs one pass over its bytes.
func TestLargeIndex(t *testing.T) {
	var b strings.Builder
	b.WriteString("apiVersion: v1\nentries:\n")
	for chart := range 300 {
		fmt.Fprintf(&b, "  chart-%03d:\n", chart)
		for v := range 300 {
			fmt.Fprintf(&b, "  - apiVersion: v2\n    name: chart-%03d\n    version: 1.%d.0\n    description: %s\n    urls:\n    - https://example.com/%d.tgz\n", chart, v, strings.Repeat("words ", 20), v)
		}
	}
	if b.Len() < 20<<20 {
		t.Fatalf("only %d bytes", b.Len())
	}
	got, err := versionsOf([]byte(b.String()), "chart-150")
	if err != nil || len(got) != 300 || got[7].Version != "1.7.0" {
		t.Errorf("%d versions, %v", len(got), err)
	}
}

func FuzzVersionsOf(f *testing.F) {
	f.Add([]byte("entries:\n  shop:\n  - version: 1.0.0\n    urls:\n    - a.tgz\n"))
	f.Add([]byte(`{"entries":{"shop":[{"version":"1.0.0"}]}}`))
	f.Add([]byte("entries:\n- shop:\n  - version: &a 1.0.0\n"))
	f.Fuzz(func(t *testing.T, index []byte) {
		got, err := versionsOf(index, "shop")
		if err == nil {
			for _, v := range got {
				if v.Version == "" {
					t.Fatal("a version without one")
				}
			}
		}
	})
}
