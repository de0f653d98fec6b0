package helm

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// engine executes the templates of one chart, once. Helm's own cannot be used: it hands the clock and chance to templates,
// cannot be stopped, and lets one that calls tpl in a circle end the whole process.
type engine struct {
	*budget
	*entropy
	including map[string]int // how often each name is being included at the moment
	depth     int            // of tpl in tpl
	hardened  map[*parse.Tree]bool
}

// maxIncluded is how often Helm lets a template be included inside itself.
const maxIncluded = 1000

// rootName is the template that all others belong to, and whose name a text given to tpl has in messages.
const rootName = "gotpl"

// source is one template file with what its dot shows.
type source struct {
	text string
	base string // folder of the chart's templates
	data chartutil.Values
}

// render executes all template files that are not partials, in Helm's order, for one may change values that the next sees.
func (e *engine) render(sources map[string]source) (map[string]string, error) {
	e.including, e.hardened = map[string]int{}, map[*parse.Tree]bool{}
	set := template.New(rootName).Option("missingkey=zero").Funcs(e.functions())
	e.bind(set)
	names := slices.SortedFunc(maps.Keys(sources), deepestFirst)
	for _, name := range names {
		if _, err := set.New(name).Parse(sources[name].text); err != nil {
			return nil, err
		}
	}
	e.hardenAll(set)
	rendered := map[string]string{}
	for _, name := range names {
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		s := sources[name]
		s.data["Template"] = chartutil.Values{"Name": name, "BasePath": s.base}
		e.in = name
		text, err := e.execute(set, name, s.data)
		if err != nil {
			return nil, err
		}
		rendered[name] = present(text)
	}
	return rendered, nil
}

// deepestFirst orders templates as Helm does: of two definitions of one name the one that is parsed last holds.
func deepestFirst(a, b string) int {
	return cmp.Or(cmp.Compare(strings.Count(b, "/"), strings.Count(a, "/")), cmp.Compare(b, a))
}

// bind gives a set of templates the two functions that call back into it.
func (e *engine) bind(set *template.Template) {
	set.Funcs(template.FuncMap{
		"include": func(name string, data any) (string, error) { return e.include(set, name, data) },
		"tpl":     func(text string, data any) (string, error) { return e.tpl(set, text, data) },
	})
}

func (e *engine) hardenAll(set *template.Template) {
	for _, t := range set.Templates() {
		e.hardenOne(t)
	}
}

func (e *engine) hardenOne(t *template.Template) {
	if t.Tree != nil && !e.hardened[t.Tree] {
		e.hardened[t.Tree] = true
		harden(t.Tree)
	}
}

// present takes out what Go prints where a value is missing.
func present(text string) string { return strings.ReplaceAll(text, "<no value>", "") }

func (e *engine) execute(set *template.Template, name string, data any) (string, error) {
	out := &output{budget: e.budget}
	err := set.ExecuteTemplate(out, name, data)
	return out.String(), err
}

func (e *engine) include(set *template.Template, name string, data any) (string, error) {
	if e.including[name] > maxIncluded {
		return "", &LimitError{What: fmt.Sprintf("template %q includes itself more than %d times", name, maxIncluded)}
	}
	e.including[name]++
	defer func() { e.including[name]-- }()
	return e.execute(set, name, data)
}

// tpl renders a text with the templates around it. What it defines is seen by itself and by what it includes only.
func (e *engine) tpl(outer *template.Template, text string, data any) (string, error) {
	if e.depth++; e.depth > maxNested {
		return "", &LimitError{What: fmt.Sprintf("tpl calls itself more than %d times", maxNested)}
	}
	defer func() { e.depth-- }()
	set, err := outer.Clone()
	if err != nil {
		return "", err
	}
	set.Option("missingkey=zero")
	e.bind(set)
	t, err := set.New(outer.Name()).Parse(text)
	if err != nil {
		return "", err
	}
	e.hardenAll(set)
	e.hardenOne(t) // one without any content of its own is no member of the set
	out := &output{budget: e.budget}
	err = t.Execute(out, data)
	return present(out.String()), err
}

// collect lists the templates of a chart and its subcharts by path, each with the values of its chart. The dot of a chart
// is one map for all its templates.
func collect(ch *chart.Chart, top map[string]any, all map[string]source) map[string]any {
	subcharts := map[string]any{}
	dot := map[string]any{
		"Chart": struct {
			chart.Metadata
			IsRoot bool
		}{*ch.Metadata, ch.IsRoot()},
		"Files":        filesOf(ch.Files),
		"Release":      top["Release"],
		"Capabilities": top["Capabilities"],
		"Values":       valuesOf(ch, top),
		"Subcharts":    subcharts,
	}
	for _, sub := range ch.Dependencies() {
		subcharts[sub.Name()] = collect(sub, dot, all)
	}
	folder := ch.ChartFullPath()
	for _, t := range ch.Templates {
		if strings.EqualFold(ch.Metadata.Type, "library") && !strings.HasPrefix(path.Base(t.Name), "_") {
			continue
		}
		all[path.Join(folder, t.Name)] = source{text: string(t.Data), base: path.Join(folder, "templates"), data: dot}
	}
	return dot
}

// valuesOf are all values for the outermost chart, and for a subchart those under its name.
func valuesOf(ch *chart.Chart, above chartutil.Values) any {
	if ch.IsRoot() {
		return above["Values"]
	}
	own, err := above.Table("Values." + ch.Name())
	if err != nil {
		return chartutil.Values{}
	}
	return own
}
