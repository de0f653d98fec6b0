package helm

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/ferry-cd/ferry/render"
)

// TestNesting calls templates in templates until the stack would be full, which no Go program survives. What comes of it is
// short, and names the file.
func TestNesting(t *testing.T) {
	within := func(begin, inside string, n int) string {
		return `{{ define "r" }}` + strings.Repeat(begin, n) + inside + strings.Repeat(`{{ end }}`, n) + `{{ end }}a: {{ include "r" . }}`
	}
	var circle strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&circle, `{{ define "t%d" }}{{ include "t%d" . }}{{ end }}`, i, (i+1)%3000)
	}
	long := strings.Repeat("n", 100_000)
	for name, c := range map[string]struct{ text, want string }{
		"template in blocks":     {within(`{{ with "a" }}`, `{{ template "r" . }}`, 5000), "inside too many"},
		"include in loops":       {within(`{{ range list 1 }}`, `{{ include "r" . }}`, 3000), "inside too many"},
		"include in parentheses": {`{{ define "r" }}{{ ` + strings.Repeat("(", 3000) + `include "r" .` + strings.Repeat(")", 3000) + ` }}{{ end }}a: {{ include "r" . }}`, "inside too many"},
		"a long circle":          {circle.String() + `a: {{ include "t0" . }}`, "inside too many"},
		"a long name":            {`{{ define "` + long + `" }}{{ include "` + long + `" . }}{{ end }}a: {{ include "` + long + `" . }}`, "more than 1000 times"},
		"a long message":         {`{{ define "r" }}{{ if lt (int .) 400 }}{{ include "r" (add1 .) }}{{ else }}{{ fail (repeat 1000000 "x") }}{{ end }}{{ end }}a: {{ include "r" 0 }}`, "xxx"},
	} {
		t.Run(name, func(t *testing.T) {
			heap := watchHeap(t)
			_, err := New().Render(context.Background(), chartOf(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "chart/templates/a.yaml: ") && !strings.HasPrefix(err.Error(), "chart/templates/a.yaml:1:") {
				t.Errorf("got %.500v", err)
			}
			if peak := heap() >> 20; peak > 512 {
				t.Errorf("%d MB in use", peak)
			}
		})
	}
}

// TestParsable weighs code as the parser of Go finds it, and counts blocks.
func TestParsable(t *testing.T) {
	for text, want := range map[string]struct{ actions, code int }{
		"":                                {0, 0},
		"text }} { {":                     {0, 0},
		"{{ a }}":                         {1, 3},
		"}}{{a}}}}{{b}}":                  {2, 2},
		`{{ "}}" }}{{ x }}`:               {2, 9},
		"{{ `}}\\` }}":                    {1, 7},
		`{{ "\"}}" }}`:                    {1, 8},
		`{{ '}' }}`:                       {1, 5},
		`{{ "{{" }}`:                      {1, 6},
		"{{/* }} {{ */}}x{{- /* a */ -}}": {2, 0},
		"{{ open":                         {1, 5},
		`{{ "open }}`:                     {1, 9},
	} {
		if got, err := parsable("x", text); err != nil || got != want.code+want.actions*actionWeight {
			t.Errorf("%q weighs %d, want %v; %v", text, got, want, err)
		}
	}
	for text, want := range map[string]int{
		"{{if 1}}{{if(1)}}{{end}}{{- with .a -}}{{end}}{{end}}":                              2,
		"{{if 1}}{{else if 2}}{{else if 3}}{{else}}{{end}}{{range .x}}{{end}}{{define `a`}}": 3,
		"{{end}}{{without 1}}{{iffy}}{{block `a` .}}{{- end -}}{{end}}":                      1,
	} {
		var b blocks
		for _, action := range strings.Split(text, "{{")[1:] {
			b.meet(strings.TrimSuffix(action, "}}"))
		}
		if b.deepest != want {
			t.Errorf("%s is %d deep, want %d", text, b.deepest, want)
		}
	}
}

// TestNothingStays renders a chart that sorts what it is shown of Chart.yaml, and changes values, many times.
func TestNothingStays(t *testing.T) {
	r := render.Request{Name: "web", Namespace: "shop", Kubernetes: render.Kubernetes{Version: "1.34"}, Dir: ".", Files: render.Files{
		"Chart.yaml": []byte("apiVersion: v2\nname: mine\nversion: 1.0.0\nkeywords: [z, b, a]\nsources: [y, x]\n" +
			"dependencies: [{name: sub, version: 1.0.0, tags: [two, one], import-values: [{child: m, parent: up}]}]\n"),
		"values.yaml":                   []byte("m: {a: {b: 1}}\nl: [{a: 1}]\n"),
		"charts/sub/Chart.yaml":         []byte("apiVersion: v2\nname: sub\nversion: 1.0.0\nkeywords: [d, c]\n"),
		"charts/sub/values.yaml":        []byte("m: {x: {y: 1}}\nglobal: {g: {h: 1}}\n"),
		"charts/sub/templates/sub.yaml": []byte(`sub: {{ list .Values .Chart.Keywords | toJson }}{{ $_ := sortAlpha .Chart.Keywords }}{{ $_ := set .Values.m.x "y" 2 }}{{ $_ := set .Values.global.g "h" 2 }}`),
		"templates/z.yaml":              []byte(`before: {{ list .Values .Chart.Keywords .Chart.Sources .Chart.Dependencies | toJson }}`),
		"templates/a.yaml": []byte(`after: {{ list .Values .Chart.Keywords .Chart.Sources .Chart.Dependencies | toJson }}` +
			`{{ range .Chart.Dependencies }}{{ $_ := sortAlpha .Tags }}{{ range .ImportValues }}{{ $_ := . }}{{ end }}{{ end }}`),
		"templates/m.yaml": []byte(`sorted: {{ sortAlpha .Chart.Keywords | join "," }}{{ sortAlpha .Chart.Sources | join "," }}{{ $_ := set .Values.m.a "b" 2 }}` +
			`{{ $_ := unset (first .Values.l) "a" }}{{ $_ := set .Values.up.x "y" 3 }}{{ $_ := mergeOverwrite .Values (dict "new" 1) }}`),
	}}
	want, err := same(t, r)
	if err != nil {
		t.Fatal(err)
	}
	r.IncludeCRDs, r.KeepHooks = true, true
	renderer := New()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 5 {
				if out, err := renderer.Render(context.Background(), r); err != nil || string(out.Raw) != string(want.Raw) {
					t.Errorf("%v, or other bytes:\n%s\nwant:\n%s", err, out.Raw, want.Raw)
				}
			}
		})
	}
	group.Wait()
}
