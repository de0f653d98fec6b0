package template_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"text/template/parse"

	"github.com/ferry-cd/ferry/render/helm/template"
)

// TestDepth calls a template in itself until it is refused.
func TestDepth(t *testing.T) {
	agree(t, template.NewLanguage(nil), "x", `{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}`, nil, func() any { return nil })
}

// TestStrangeNames has templates whose names mean something to those who format messages.
func TestStrangeNames(t *testing.T) {
	l := template.NewLanguage(nil)
	for _, name := range []string{"100%", "%d%s%!", "a\"b", "a:b:c", "", "日本"} {
		agree(t, l, name, `{{ .x.y }}{{ printf "%d%%" .x }}`, nil, func() any { return map[string]any{"x": 1} })
		agree(t, l, name, ``, nil, func() any { return nil })
	}
}

func parsed(t *testing.T, l *template.Language, name, text string, funcs template.FuncMap) *template.Template {
	t.Helper()
	trees, err := parse.Parse(name, text, "", "", funcs, builtins)
	if err != nil {
		t.Fatal(err)
	}
	return l.New(name, trees[name])
}

func execute(t *testing.T, s *template.Set, name string, data any) string {
	t.Helper()
	var b strings.Builder
	if err := s.ExecuteTemplate(&b, name, data); err != nil {
		return err.Error()
	}
	return b.String()
}

// TestSets adds to sets and copies them.
func TestSets(t *testing.T) {
	funcs := template.FuncMap{"who": func() (string, error) { return "first", nil }}
	l := template.NewLanguage(funcs)
	set := template.NewSet("root", l, funcs, template.MissingZero)
	set.Add(parsed(t, l, "a", `{{ who }} {{ template "b" }}`, funcs), false)
	set.Add(parsed(t, l, "b", `b`, funcs), false)
	set.Add(parsed(t, l, "b", ``, funcs), true)
	own := set.Clone(template.FuncMap{"who": func() (string, error) { return "second", nil }})
	own.Add(parsed(t, l, "b", `other`, funcs), false)
	for _, c := range []struct{ name, got, want string }{
		{"the set", execute(t, set, "a", nil), "first b"},
		{"its copy", execute(t, own, "a", nil), "second other"},
		{"one that is not there", execute(t, set, "c", nil), `template: no template "c" associated with template "root"`},
		{"an empty set", execute(t, set.Empty(), "a", nil), `template: no template "a" associated with template "root"`},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
}

// TestOtherTypes binds a function of another type than the language knows.
func TestOtherTypes(t *testing.T) {
	defer func() {
		if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "who is of another type") {
			t.Errorf("got %v", p)
		}
	}()
	l := template.NewLanguage(template.FuncMap{"who": func() string { return "" }})
	template.NewSet("root", l, template.FuncMap{"who": func() int { return 1 }}, template.MissingZero)
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error)       { return 0, w.err }
func (w brokenWriter) WriteString(string) (int, error) { return 0, w.err }

// TestWriterFails gives back what a writer says, as it says it.
func TestWriterFails(t *testing.T) {
	l := template.NewLanguage(nil)
	full := errors.New("full")
	for _, text := range []string{"text", "{{ 1 }}", "{{ 1.5 }}", "{{ true }}", "{{ . }}", `{{ "a" }}`, `{{ print nil }}`, "{{ range 3 }}x{{ end }}"} {
		set := template.NewSet("x", l, nil, template.MissingZero)
		if err := set.Execute(brokenWriter{full}, parsed(t, l, "x", text, nil), []int{1}); !errors.Is(err, full) || err.Error() != "full" {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// TestChecks looks at what is printed and at what an argument is, and hands on the very same.
func TestChecks(t *testing.T) {
	var seen []string
	funcs := template.FuncMap{"check": template.Check(func(v any) error {
		seen = append(seen, fmt.Sprintf("%T", v))
		if v == "bad" {
			return errors.New("refused")
		}
		return nil
	})}
	l := template.NewLanguage(funcs)
	for text, want := range map[string]string{
		`{{ .Pointed | check }}`:                       "[pointed p]",
		`{{ range .Pointed }}{{ . | check }}{{ end }}`: "pointed p",
		`{{ (check .Map).a }}`:                         "1",
		`{{ .Nil | check }}`:                           "<no value>",
		`{{ "bad" | check }}`:                          `template: x:1:11: executing "x" at <check>: error calling check: refused`,
	} {
		set := template.NewSet("x", l, funcs, template.MissingZero)
		set.Add(parsed(t, l, "x", text, funcs), false)
		thing := aThing()
		got := execute(t, set, "x", &thing)
		if text == `{{ .Pointed | check }}` {
			got, want = got[:1], want[:1]
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	if len(seen) != 5 {
		t.Errorf("saw %v", seen)
	}
}

// TestTogether executes one template with values of different types at once; the race detector watches.
func TestTogether(t *testing.T) {
	funcs := library()
	l := template.NewLanguage(funcs)
	shared := parsed(t, l, "x", `{{ .Name }}{{ range .List }}{{ . | kind | upper }}{{ end }}{{ $x := .Any }}{{ $x }}`, funcs)
	first, second := aThing(), map[string]any{"Name": "m", "List": []any{1}, "Any": 2}
	want := map[bool]string{true: "it" + "INTSTRING<NIL>FLOAT64[]INTERFACE {}" + "any", false: "mINT2"}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			set := template.NewSet("x", l, funcs, template.MissingZero)
			var data any = second
			if i%2 == 0 {
				data = &first
			}
			for range 200 {
				var b bytes.Buffer
				if err := set.Execute(&b, shared, data); err != nil || b.String() != want[i%2 == 0] {
					t.Errorf("got %q, %v", b.String(), err)
				}
			}
		})
	}
	group.Wait()
}
