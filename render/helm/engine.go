package helm

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"helm.sh/helm/v3/pkg/chart"

	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm/chartutil"
	helmengine "github.com/ferry-cd/ferry/render/helm/engine"
	"github.com/ferry-cd/ferry/render/helm/template"
)

// engine executes the templates of one chart, once. Helm's own cannot be used: it hands the clock and chance to templates,
// cannot be stopped, and lets one that calls tpl in a circle end the whole process.
type engine struct {
	*budget
	*entropy
	funcs     template.FuncMap
	language  *template.Language
	base      *template.Set        // with the functions and no templates
	set       *template.Set        // the chart's
	loaded    []templateKey        // the files in the set, in Helm's order
	including map[string]int       // how often each name is being included at the moment
	depth     int                  // of tpl in tpl
	texts     []*template.Template // that tpl is rendering, innermost last; nil for one with a set of its own
	asRoot    bool                 // some template speaks of rootName, so that each text needs a set of its own
	chart     *blueprint
	outputs   []*output // that nobody uses
}

// engines are those that no render uses at the moment: to make one costs more than a small chart.
var engines = sync.Pool{New: func() any { return newEngine() }}

func newEngine() *engine {
	e := &engine{budget: &budget{}, entropy: &entropy{}}
	e.funcs = e.functions()
	maps.Copy(e.funcs, template.FuncMap{
		"include": func(name string, data any) (string, error) { return e.include(e.set, name, data) },
		"tpl":     func(text string, data any) (string, error) { return e.tpl(e.set, text, data) },
	})
	learn.Do(func() { language = template.NewLanguage(e.funcs) })
	e.language = language
	e.base = template.NewSet(rootName, e.language, e.funcs, template.MissingZero)
	e.base.Guard("YAML", e.bounded) // the one method of what templates see that writes out what may have no end
	return e
}

// The language is that of all engines: their functions have the same names and types. The first one tells it.
var (
	learn    sync.Once
	language *template.Language
)

// begin makes an engine as good as new.
func (e *engine) begin(ctx context.Context, limits render.Limits, world *entropy) {
	*e.budget, *e.entropy = budget{ctx: ctx, limits: limits}, *world
	e.including, e.depth, e.texts = map[string]int{}, 0, nil
}

// includesPerLevel makes of the built-in depth what Helm has: a template is included inside itself a thousand times.
const includesPerLevel = 2

// rootName is the template that all others belong to, and whose name a text given to tpl has in messages.
const rootName = "gotpl"

// source is one template file with what its dot shows.
type source struct {
	file *chart.File
	base string // folder of the chart's templates
	data chartutil.Values
}

// render executes the template files that are not partials, in Helm's order, for one may change values that the next sees.
// Where only names some, the others are left out.
func (e *engine) render(b *blueprint, sources map[string]source, only func(name string) bool) (map[string]string, error) {
	e.chart = b
	names := slices.SortedFunc(maps.Keys(sources), deepestFirst)
	if err := e.load(b, sources, names); err != nil {
		return nil, err
	}
	rendered := map[string]string{}
	for _, name := range names {
		if strings.HasPrefix(path.Base(name), "_") || !only(name) {
			continue
		}
		s := sources[name]
		s.data["Template"] = chartutil.Values{"Name": name, "BasePath": s.base}
		e.enter(name)
		text, err := e.execute(e.set, name, s.data)
		if err != nil {
			return nil, err
		}
		rendered[name] = present(text)
	}
	return rendered, nil
}

// load makes the set of all templates, unless the render before was one of the same files.
func (e *engine) load(b *blueprint, sources map[string]source, names []string) error {
	files := make([]templateKey, len(names))
	for i, name := range names {
		files[i] = templateKey{sources[name].file, name}
	}
	if e.set != nil && slices.Equal(files, e.loaded) {
		return nil
	}
	e.set, e.loaded, e.asRoot = nil, files, false
	set, code := e.base.Empty(), 0
	for _, name := range names {
		p := b.parse(e, sources[name].file, name)
		if p.err != nil {
			return p.err
		}
		if code += p.code; code > maxCode {
			return &LimitError{What: "the templates have more code than " + render.Size(maxCode)}
		}
		p.addTo(set)
		e.asRoot = e.asRoot || p.asRoot
	}
	e.set = set
	return nil
}

// deepestFirst orders templates as Helm does: of two definitions of one name the one that is parsed last holds.
func deepestFirst(a, b string) int {
	return cmp.Or(cmp.Compare(strings.Count(b, "/"), strings.Count(a, "/")), cmp.Compare(b, a))
}

// extend copies a set. The two functions that call back into it are the copy's.
func (e *engine) extend(outer *template.Set) *template.Set {
	var set *template.Set
	set = outer.Clone(template.FuncMap{
		"include": func(name string, data any) (string, error) { return e.include(set, name, data) },
		"tpl":     func(text string, data any) (string, error) { return e.tpl(set, text, data) },
	})
	return set
}

// present takes out what Go prints where a value is missing.
func present(text string) string { return strings.ReplaceAll(text, "<no value>", "") }

// What is kept to be used again: so many outputs, each up to this size.
const (
	maxOutputs = 32
	maxOutput  = 256 << 10
)

// open gives an output. Those of templates inside each other are given back in turn.
func (e *engine) open() *output {
	last := len(e.outputs) - 1
	if last < 0 {
		return &output{budget: e.budget}
	}
	out := e.outputs[last]
	e.outputs = e.outputs[:last]
	return out
}

func (e *engine) close(out *output) string {
	text := string(out.text)
	if out.text = out.text[:0]; cap(out.text) <= maxOutput && len(e.outputs) < maxOutputs {
		e.outputs = append(e.outputs, out)
	}
	return text
}

func (e *engine) execute(set *template.Set, name string, data any) (string, error) {
	out := e.open()
	err := set.ExecuteTemplate(out, name, data)
	return e.close(out), err
}

func (e *engine) include(set *template.Set, name string, data any) (string, error) {
	if most := e.limits.Depth * includesPerLevel; e.including[name] > most {
		return "", &LimitError{What: fmt.Sprintf("template %q includes itself more than %d times", name, most), Limit: render.DepthLimit}
	}
	e.including[name]++
	defer func() { e.including[name]-- }()
	if last := len(e.texts) - 1; name == rootName && last >= 0 && e.texts[last] != nil {
		return e.executeOne(set, e.texts[last], data)
	}
	return e.execute(set, name, data)
}

// tpl renders a text with the templates around it. What it defines is seen by itself and by what it includes only.
func (e *engine) tpl(outer *template.Set, text string, data any) (string, error) {
	if e.depth++; e.depth > e.limits.Depth {
		return "", &LimitError{What: fmt.Sprintf("tpl calls itself more than %d times", e.limits.Depth), Limit: render.DepthLimit}
	}
	defer func() { e.depth-- }()
	if !strings.Contains(text, "{{") {
		return present(text), e.spend(len(text))
	}
	p := e.chart.parseGiven(e, text)
	if err := cmp.Or(p.err, e.spend(codeWeight*p.code)); err != nil {
		return "", err
	}
	set := e.enclose(outer, p)
	defer func() { e.texts = e.texts[:len(e.texts)-1] }()
	out, err := e.executeOne(set, p.own.Template, data)
	return present(out), err
}

// enclose gives the set that a text is executed in: as a guest in the one around it, or, where it defines templates or
// somebody may call it by its name, as a member of a copy. A copy costs many times what most texts do.
func (e *engine) enclose(outer *template.Set, p *parsedTemplate) *template.Set {
	if len(p.defined) == 0 && !p.asRoot && !e.asRoot {
		e.texts = append(e.texts, p.own.Template)
		return outer
	}
	set := e.extend(outer)
	p.addTo(set)
	e.texts = append(e.texts, nil)
	return set
}

func (e *engine) executeOne(set *template.Set, t *template.Template, data any) (string, error) {
	out := e.open()
	err := set.Execute(out, t, data)
	return e.close(out), err
}

// collect lists the templates of a chart and its subcharts by path, each with the values of its chart. The dot of a chart
// is one map for all its templates; what it shows of Chart.yaml is a copy, since sortAlpha sorts the list that it is given.
func collect(ch *chart.Chart, top map[string]any, all map[string]source) map[string]any {
	subcharts := map[string]any{}
	dot := map[string]any{
		"Chart": struct {
			chart.Metadata
			IsRoot bool
		}{*copyMetadata(ch.Metadata), ch.IsRoot()},
		"Files":        helmengine.Files(contents(ch.Files)),
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
		all[path.Join(folder, t.Name)] = source{file: t, base: path.Join(folder, "templates"), data: dot}
	}
	return dot
}

func contents(files []*chart.File) map[string][]byte {
	byName := make(map[string][]byte, len(files))
	for _, f := range files {
		byName[f.Name] = f.Data
	}
	return byName
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
