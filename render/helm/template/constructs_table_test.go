package template_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/render/helm/template"
)

func cross(t *testing.T, l *template.Language, funcs template.FuncMap, places, values []string) {
	for _, place := range places {
		for _, v := range values {
			if skipped(place, v) {
				continue
			}
			agree(t, l, "x.yaml", fmt.Sprintf(place, v), funcs, func() any { return world() })
		}
	}
}

// skipped are loops that would go on for years.
func skipped(place, v string) bool {
	return strings.Contains(place, "range") && slices.Contains([]string{".u64", ".dur", ".f"}, v)
}

var constructs = map[string][]string{
	"text": {"", "plain", "{{/* comment */}}", "a {{- /* c */ -}} b", "{{ \"{{\" }}", "%d %s 100%", "{{ 1 }}%!d{{ .missing }}", "\n{{ .s }}\n"},
}
