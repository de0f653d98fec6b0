package helm

import (
	"math"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/ferry-cd/ferry/render/helm/chartutil"
)

// sameYAML holds our toYaml against the library's.
func sameYAML(t *testing.T, v any) {
	t.Helper()
	if got, want := toYAML(v), libraryYAML(v); got != want {
		t.Fatalf("%#v\nours:\n%s\nHelm's:\n%s", v, got, want)
	}
}

func TestToYAML(t *testing.T) {
	var noMap map[string]any
	var noList []any
	for _, v := range []any{nil, true, 7, int64(-7), uint64(math.MaxUint64), 1.5, 1e6, 1e21, 1e-7, 0.0, math.Copysign(0, -1), 123456789012345678.0, math.Inf(1), math.NaN(), float32(0.1),
		"", "a", "yes", "0x1F", "1e3", "2024-01-01", "a: b", "a\nb", "a\n", "<&>", "\u2028", "\u0085", "\U0001F600", "\xff", "=", "<<", strings.Repeat("long words ", 20), strings.Repeat("long words, \"quoted\": ", 20),
		noMap, noList, map[string]any{}, []any{}, map[string]any{"a": noMap, "b": []any{1.0, nil, "x"}, "": 1, "true": 2, "10": 3, "9": 4, "a b": 5, "é": 6, strings.Repeat("k", 600): 7},
		chartutil.Values{"a": chartutil.Values{"b": 1}}, map[string]string{"b": "1", "a": "2"}, []string{"a"}, []byte("x"), struct{ A int }{1}, map[any]any{1: 2},
		map[string]any{"list": []any{map[string]any{"a": []any{[]any{}, map[string]any{}}}}}} {
		sameYAML(t, v)
	}
}

// Values that templates print must not change by being printed.
func TestToYAMLChangesNothing(t *testing.T) {
	v := map[string]any{"a": 1.0, "b": []any{2.0, map[string]any{"c": 3.0}}}
	toYAML(v)
	if _, ok := v["b"].([]any)[1].(map[string]any)["c"].(float64); !ok {
		t.Errorf("%#v", v)
	}
}

func FuzzToYAML(f *testing.F) {
	for _, text := range []string{"a: 1\nb: [x, 1.0, 1e3, null, {c: |-\n  d\n}]", "{a: 2024-01-01, b: 'yes', c: \"\\u0085\", 1: 2}", "- a\n- >-\n  b c\n- 0.10", "a: '1:30'\nb: 0o14\nc: 12345678901234567890123"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var v any
		if len(text) > 1<<14 || yaml.Unmarshal([]byte(text), &v) != nil {
			return
		}
		sameYAML(t, v)
	})
}
