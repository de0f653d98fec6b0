package helm

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/render"
)

// Each limit can be lowered and lifted; what it ends names the file and the limit, and the hint names the key.
func TestLimitsAreConfigurable(t *testing.T) {
	nested := strings.Repeat(`{{ $x = dict "a" $x }}`, 60)
	for name, c := range map[string]struct {
		text      string
		low, high render.Limits
		place     string
		want      string
		key       render.Limit
	}{
		"memory": {`a: {{ repeat 3000 "0123456789" | len }}`, render.Limits{Memory: 200 << 10}, render.Limits{Memory: 2 << 20},
			"chart/templates/a.yaml:1:", "a value of more than 25 KB", render.MemoryLimit},
		"work": {`{{ range until 100 }}{{ $x := repeat 100 "0123456789" }}{{ end }}a: b`, render.Limits{Memory: 64 << 10}, render.Limits{Memory: 1 << 20},
			"chart/templates/a.yaml:1:", "the templates make more than 64 KB", render.MemoryLimit},
		"documents": {strings.Repeat("---\nkind: A\n", 12), render.Limits{Documents: 11}, render.Limits{Documents: 30}, "chart: ", "more than 11 documents", render.DocumentsLimit},
		"depth": {`{{ $x := dict }}` + nested + `a: {{ toJson $x | len }}`, render.Limits{Depth: 50}, render.Limits{Depth: 90},
			"chart/templates/a.yaml:1:", "nested deeper than 50 levels", render.DepthLimit},
		"recursion": {`{{ define "r" }}{{ if lt (int .) 30 }}{{ include "r" (add1 .) }}{{ end }}{{ end }}a: b{{ include "r" 0 }}`, render.Limits{Depth: 10}, render.Limits{Depth: 40},
			"chart/templates/a.yaml:1:", `template "r" includes itself more than 20 times`, render.DepthLimit},
		"file": {`a: b`, render.Limits{File: 999}, render.Limits{File: 1001}, "chart/notes.txt: ", "a file of more than 999 bytes", render.FileLimit},
		"time": {`{{ range until 100000 }}{{ range until 10 }}{{ end }}{{ end }}a: b`, render.Limits{Time: time.Millisecond}, render.Limits{Time: time.Minute}, "chart", "took longer than 1ms", render.TimeLimit},
	} {
		t.Run(name, func(t *testing.T) {
			r := chartOf(c.text)
			r.Files["chart/notes.txt"] = bytes.Repeat([]byte("n"), 1000)
			r.Limits = c.low
			_, err := New().Render(context.Background(), r)
			if err == nil || !strings.Contains(err.Error(), c.place) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			var next interface{ Hint() string }
			if !errors.As(err, &next) || !strings.Contains(next.Hint(), "limits."+string(c.key)+" in ferry.yaml") {
				t.Errorf("the hint of %v does not name the key", err)
			}
			r.Limits = c.high
			if _, err := New().Render(context.Background(), r); err != nil {
				t.Errorf("with higher limits: %v", err)
			}
		})
	}
}
