package report

import "testing"

func TestListsAndMappingsReadAsYAML(t *testing.T) {
	for want, v := range map[string]any{
		`{"port":80}`:              map[string]any{"port": 80},
		`["a","b <c>"]`:            []any{"a", "b <c>"},
		"true":                     true,
		"shop@sha256:111111111111": "shop@sha256:1111111111111111111111111111111111111111111111111111111111111111",
		`[{"image":"x & y"}]`:      []any{map[string]any{"image": "x & y"}},
	} {
		if got := value(v).Line(); got != want {
			t.Errorf("%v reads as %s, not %s", v, got, want)
		}
	}
}
