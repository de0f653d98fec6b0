package helm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	gotemplate "text/template"

	"github.com/BurntSushi/toml"
	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
	goyaml "sigs.k8s.io/yaml/goyaml.v3"

	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm/chartutil"
	"github.com/ferry-cd/ferry/render/helm/template"
)

// library is sprig, which Helm gives its templates, without what Helm takes out.
var library = sync.OnceValue(func() template.FuncMap {
	lib := sprig.TxtFuncMap()
	delete(lib, "env")
	delete(lib, "expandenv")
	return lib
})

// functions are all that a template may call besides what Go gives every template. include and tpl depend on the set of
// templates they are called in and come later.
func (e *engine) functions() template.FuncMap {
	lib := library()
	funcs := maps.Clone(lib)
	for _, some := range []template.FuncMap{encodings(), sorted(), e.entropy.functions(lib), e.times(lib), stringers()} {
		maps.Copy(funcs, some)
	}
	for name, f := range funcs {
		funcs[name] = e.paid(name, f)
	}
	funcs["dict"] = e.dict(funcs["dict"].(func(...any) map[string]any))
	maps.Copy(funcs, template.FuncMap{
		stepName:        func() (string, error) { return "", e.step() },
		printedName:     template.Check(e.bounded),
		keptName:        template.Check(e.kept),
		"fail":          func(text string) (string, error) { return "", &messageError{text} },
		"required":      required,
		"lookup":        func(string, string, string, string) (map[string]any, error) { return map[string]any{}, nil },
		"getHostByName": func(string) string { return "" },
	})
	return funcs
}

// dict takes keys of any type and writes them out.
func (e *engine) dict(build func(...any) map[string]any) any {
	return func(pairs ...any) (map[string]any, error) {
		for i := 0; i < len(pairs); i += 2 {
			if err := e.bounded(pairs[i]); err != nil {
				return nil, err
			}
		}
		return build(pairs...), nil
	}
}

// messageError is what a chart says to the person who installs it.
type messageError struct{ text string }

func (e *messageError) Error() string { return e.text }

func required(text string, v any) (any, error) {
	if v == nil || v == "" {
		return v, &messageError{text}
	}
	return v, nil
}

// stringers are Go's own, named here so that they are paid for like the others.
func stringers() template.FuncMap {
	return template.FuncMap{
		"print": fmt.Sprint, "printf": fmt.Sprintf, "println": fmt.Sprintln,
		"html": gotemplate.HTMLEscaper, "js": gotemplate.JSEscaper, "urlquery": gotemplate.URLQueryEscaper,
	}
}

// sorted are the functions of the library whose order is that of a map. Ours is that of the keys.
func sorted() template.FuncMap {
	return template.FuncMap{
		"keys": func(dicts ...map[string]any) []string {
			all := []string{}
			for _, d := range dicts {
				all = append(all, slices.Sorted(maps.Keys(d))...)
			}
			return all
		},
		"values": func(d map[string]any) []any {
			all := []any{}
			for _, k := range slices.Sorted(maps.Keys(d)) {
				all = append(all, d[k])
			}
			return all
		},
	}
}

// encodings turn values into text and back. A template cannot handle an error, so text stands in for it, as in Helm.
func encodings() template.FuncMap {
	return template.FuncMap{
		"toYaml":        toYAML,
		"toYamlPretty":  toYAMLPretty,
		"toJson":        toJSON,
		"toToml":        toTOML,
		"fromYaml":      func(s string) map[string]any { return decode(s, unmarshalYAML) },
		"fromJson":      func(s string) map[string]any { return decode(s, json.Unmarshal) },
		"fromToml":      func(s string) map[string]any { return decode(s, toml.Unmarshal) },
		"fromYamlArray": func(s string) []any { return decodeList(s, unmarshalYAML) },
		"fromJsonArray": func(s string) []any { return decodeList(s, json.Unmarshal) },
	}
}

func unmarshalYAML(data []byte, v any) error { return yaml.Unmarshal(data, v) }

func toYAML(v any) string {
	if values, ok := v.(chartutil.Values); ok {
		v = map[string]any(values)
	}
	if data, ok := render.PrintValues(v); ok {
		return strings.TrimSuffix(string(data), "\n")
	}
	return libraryYAML(v)
}

func libraryYAML(v any) string {
	data, err := yaml.Marshal(v)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(data), "\n")
}

func toYAMLPretty(v any) string {
	var b bytes.Buffer
	encoder := goyaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func toJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data)
}

func toTOML(v any) string {
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(v); err != nil {
		return err.Error()
	}
	return b.String()
}

func decode(s string, unmarshal func([]byte, any) error) map[string]any {
	m := map[string]any{}
	if err := unmarshal([]byte(s), &m); err != nil {
		m["Error"] = err.Error()
	}
	return m
}

func decodeList(s string, unmarshal func([]byte, any) error) []any {
	l := []any{}
	if err := unmarshal([]byte(s), &l); err != nil {
		return []any{err.Error()}
	}
	return l
}

// said gives what a chart itself says in an error, where it does.
func said(err error) (string, bool) {
	var m *messageError
	if errors.As(err, &m) {
		return m.text, true
	}
	return "", false
}
