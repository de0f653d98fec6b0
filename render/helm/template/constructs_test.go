package template_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/render/helm/template"
)

// TestAsGo executes every construct there is, right and wrong, here and with text/template.
func TestAsGo(t *testing.T) {
	funcs := library()
	l := template.NewLanguage(funcs)
	for group, texts := range constructs {
		t.Run(group, func(t *testing.T) {
			for _, text := range texts {
				agree(t, l, "chart/templates/x.yaml", text, funcs, func() any { return world() })
			}
		})
	}
}

// TestProducts crosses values with the places where they can stand.
func TestProducts(t *testing.T) {
	funcs := library()
	l := template.NewLanguage(funcs)
	cross(t, l, funcs, places, values)
}

// cross puts each value in each place; what missing keys mean goes by turns.
func cross(t *testing.T, l *template.Language, funcs template.FuncMap, places, values []string) {
	options := []string{"zero", "default", "error"}
	for i, place := range places {
		for j, v := range values {
			if !skipped(place, v) {
				agreeWith(t, options[(i+j)%3], l, "x.yaml", fmt.Sprintf(place, v), funcs, func() any { return world() })
			}
		}
	}
}

// skipped are loops that would go on for years.
func skipped(place, v string) bool {
	return strings.Contains(place, "range") && slices.Contains([]string{".u64", ".dur"}, v)
}
