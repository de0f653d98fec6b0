package helm

import (
	"strings"
	"text/template/parse"

	"helm.sh/helm/v3/pkg/chart"

	"github.com/ferry-cd/ferry/render/helm/template"
)

// parsedTemplate is a text after it was parsed and hardened: itself, and what it defines.
type parsedTemplate struct {
	own     member
	defined []member
	asRoot  bool // it speaks of rootName
	code    int  // its weight
	err     error
}

// member is a template that may become part of a set.
type member struct {
	*template.Template
	empty bool // before it was hardened: one without content replaces no other
}

// builtins are the functions that Go gives every template. Only their names count here.
var builtins = func() template.FuncMap {
	funcs := template.FuncMap{}
	for name := range named(`and call html index slice js len not or print printf println urlquery eq ge gt le lt ne`) {
		funcs[name] = strings.ToLower
	}
	return funcs
}()

// parseText parses as template.Parse of Go does.
func (e *engine) parseText(name, text string) *parsedTemplate {
	code, err := parsable(name, text)
	if err != nil {
		return &parsedTemplate{err: err}
	}
	trees, err := parse.Parse(name, text, "", "", e.funcs, builtins)
	p := &parsedTemplate{code: code, err: err, asRoot: strings.Contains(text, rootName)}
	for key, tree := range trees {
		t := member{e.language.New(key, tree), parse.IsEmptyTree(tree.Root)}
		harden(tree)
		if key == name {
			p.own = t
		} else {
			p.defined = append(p.defined, t)
		}
	}
	return p
}

// parse parses a template file of the chart once. All engines speak the same language.
func (b *blueprint) parse(e *engine, file *chart.File, name string) *parsedTemplate {
	key := templateKey{file, name}
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.parsed[key]
	if !ok {
		p = e.parseText(name, string(file.Data))
		b.parsed[key] = p
	}
	return p
}

// maxGiven is the bytes of texts given to tpl that are remembered for a chart: their trees are up to a hundred times as large.
const maxGiven = 64 << 10

// parseGiven parses a text that tpl was given, once: it often comes from the values that all environments share.
func (b *blueprint) parseGiven(e *engine, text string) *parsedTemplate {
	if len(text) > maxGiven {
		return e.parseText(rootName, text)
	}
	b.mu.Lock()
	p, ok := b.given[text]
	b.mu.Unlock()
	if ok {
		return p
	}
	p = e.parseText(rootName, text)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.givenSize += len(text); b.given == nil || b.givenSize > maxGiven {
		b.given, b.givenSize = map[string]*parsedTemplate{}, len(text)
	}
	b.given[text] = p
	return p
}

// addTo makes a parsed text a member of a set, as template.Parse of Go would have.
func (p *parsedTemplate) addTo(set *template.Set) {
	for _, t := range p.defined {
		set.Add(t.Template, t.empty)
	}
	set.Add(p.own.Template, p.own.empty)
}
