package helm

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/render"
)

// FuzzTemplate renders whatever a stranger writes into a template and the values: an error, or the same bytes each time.
func FuzzTemplate(f *testing.F) {
	for name, file := range readFiles(f, "../../testdata/charts/storefront") {
		if bytes.HasPrefix([]byte(name), []byte("templates/")) {
			f.Add(string(file), "replicas: 1\nimage: {repository: a}\n")
		}
	}
	r, _ := readCase(f, "testdata/cases/functions.txtar")
	for _, name := range []string{"strings", "numbers", "values", "dates", "printing"} {
		f.Add(string(r.Files["templates/"+name+".yaml"]), string(r.Files["values.yaml"]))
	}
	f.Add(`{{ $x := dict }}{{ $_ := set $x "x" $x }}{{ range until 9 }}{{ toYaml $x }}{{ end }}`, "a: &a [*a]")
	f.Fuzz(func(t *testing.T, text, values string) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		r := chartOf(text)
		r.KeepHooks = true
		r.Values = []render.File{{Path: "values.yaml", Data: []byte(values)}}
		first, err := New().Render(ctx, r)
		if ctx.Err() != nil {
			return
		}
		again, errAgain := New().Render(ctx, r)
		if ctx.Err() == nil && ((err == nil) != (errAgain == nil) || !bytes.Equal(first.Raw, again.Raw)) {
			t.Errorf("not the same twice: %v, %v\n%s\n%s", err, errAgain, first.Raw, again.Raw)
		}
	})
}

// FuzzValues merges whatever strangers write into values and settings.
func FuzzValues(f *testing.F) {
	f.Add("a: {b: 1, c: null}", "a: {b: null, d: [1]}", "a.b", "x,y=1")
	f.Add("a: [1, 2]", "a: {}", "a[1].b", "{x,y}")
	f.Add("<<: &a {x: 1}", "b: *a", `a\.b[0]`, "null")
	f.Add("1: a\ntrue: b", "? [x]\n: y", "a[65536]", "")
	f.Fuzz(func(t *testing.T, one, two, path, value string) {
		files := []render.File{{Path: "one.yaml", Data: []byte(one)}, {Path: "two.yaml", Data: []byte(two)}}
		for _, set := range [][]render.Set{nil, {{Path: path, Value: value, Typed: true}}, {{Path: path, Value: value}}, {{Path: path, Value: value, Literal: true}}} {
			first, err := mergeValues(files, set, render.BuiltIn)
			again, errAgain := mergeValues(files, set, render.BuiltIn)
			if (err == nil) != (errAgain == nil) || toYAML(first) != toYAML(again) {
				t.Errorf("not the same twice: %v, %v", err, errAgain)
			}
		}
	})
}
