package template_test

import (
	"bytes"
	"strings"
	"testing"
	gotemplate "text/template"
	"text/template/parse"

	"github.com/ferry-cd/ferry/render/helm/template"
)

const page = `kind: Deployment
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
  labels:
    {{- range $key, $value := .Values.labels }}
    {{ $key }}: {{ $value | upper | indent 2 }}
    {{- end }}
spec:
  {{- if and .Values.enabled (eq .Values.kind "web") }}
  replicas: {{ .Values.replicas | default 1 }}
  {{- end }}
  {{- with .Values.image }}
  image: {{ .repository }}:{{ .tag | default $.Chart.Version }}
  {{- end }}
{{ define "labels" }}app: {{ .Release.Name }}{{ end }}{{ template "labels" . }}
`

func pageData() map[string]any {
	return map[string]any{
		"Release": map[string]any{"Name": "web"}, "Chart": struct{ Name, Version string }{"shop", "1.2.3"},
		"Values": map[string]any{
			"labels": map[string]any{"a": "x", "b": "y", "c": "z"}, "enabled": true, "kind": "web", "replicas": 3,
			"image": map[string]any{"repository": "example.com/shop", "tag": ""},
		},
	}
}

// BenchmarkPage executes what a chart's template looks like, here and with text/template.
func BenchmarkPage(b *testing.B) {
	funcs := library()
	var out bytes.Buffer
	b.Run("ours", func(b *testing.B) {
		l := template.NewLanguage(funcs)
		set := template.NewSet("x", l, funcs, template.MissingZero)
		trees, err := parse.Parse("x", page, "", "", funcs, builtins)
		if err != nil {
			b.Fatal(err)
		}
		for name, tree := range trees {
			set.Add(l.New(name, tree), false)
		}
		measure(b, func() error { out.Reset(); return set.ExecuteTemplate(&out, "x", pageData()) })
	})
	b.Run("text-template", func(b *testing.B) {
		t := gotemplate.Must(gotemplate.New("x").Funcs(funcs).Parse(page))
		measure(b, func() error { out.Reset(); return t.Execute(&out, pageData()) })
	})
	if !strings.Contains(out.String(), "app: web") {
		b.Errorf("got %s", out.String())
	}
}

func measure(b *testing.B, execute func() error) {
	b.ReportAllocs()
	for b.Loop() {
		if err := execute(); err != nil {
			b.Fatal(err)
		}
	}
}
