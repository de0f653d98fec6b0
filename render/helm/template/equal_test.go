package template_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/render/helm/template"
)

// TestEqual holds eq and ne against Go's own. Only what the errors say may differ: ours print no values.
func TestEqual(t *testing.T) {
	five := 5
	values := []any{nil, true, false, 1, int64(1), uint(1), -1, uint8(255), 1.0, 2.5, "", "a", 1i, []any{}, []any(nil), []any{1}, map[string]any{},
		map[string]any(nil), &five, (*int)(nil), struct{ A int }{1}, struct{ A int }{2}, [2]int{1, 2}, time.Time{}, fmt.Sprint, error(nil)}
	l := template.NewLanguage(nil)
	for _, a := range values {
		for _, b := range values {
			for _, text := range []string{"{{eq .a .b}}", "{{ne .a .b}}", "{{eq .a 7 .b}}", "{{eq .a}}", "{{.a | eq .b}}", "{{$x := .a}}{{eq $x .b}}"} {
				data := map[string]any{"a": a, "b": b}
				want, wantErr := withGo("x", text, "zero", nil, data)
				got, err := withOurs(l, "x", text, "zero", nil, data)
				if got != want || (err == nil) != (wantErr == nil) {
					t.Errorf("%s of %#v and %#v: got %q, %v, want %q, %v", text, a, b, got, err, want, wantErr)
				}
			}
		}
	}
}
