package helm

import (
	"strings"
	"text/template"
	"text/template/parse"

	"helm.sh/helm/v3/pkg/chart"
)

// parsedTemplate is a text after it was parsed and hardened: itself, and what it defines. Executing it changes nothing in it.
type parsedTemplate struct {
	own     parsedTree
	defined []parsedTree
	asRoot  bool // it speaks of rootName
	err     error
}

type parsedTree struct {
	name  string
	tree  *parse.Tree
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

// parseText parses as template.Parse does.
func parseText(name, text string, funcs template.FuncMap) *parsedTemplate {
	trees, err := parse.Parse(name, text, "", "", funcs, builtins)
	p := &parsedTemplate{err: err, asRoot: strings.Contains(text, rootName)}
	for key, tree := range trees {
		t := parsedTree{key, tree, parse.IsEmptyTree(tree.Root)}
		harden(tree)
		if key == name {
			p.own = t
		} else {
			p.defined = append(p.defined, t)
		}
	}
	return p
}

// parse parses a template file of the chart once. All engines know the same functions.
func (b *blueprint) parse(file *chart.File, name string, funcs template.FuncMap) *parsedTemplate {
	key := templateKey{file, name}
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.parsed[key]
	if !ok {
		p = parseText(name, string(file.Data), funcs)
		b.parsed[key] = p
	}
	return p
}

// add makes a parsed text a member of a set, as template.Parse would have, and gives it back as a template.
func add(set *template.Template, p *parsedTemplate) (*template.Template, error) {
	for _, t := range p.defined {
		if _, err := addTree(set, t); err != nil {
			return nil, err
		}
	}
	return addTree(set, p.own)
}

func addTree(set *template.Template, t parsedTree) (*template.Template, error) {
	own := set.New(t.name)
	if old := set.Lookup(t.name); t.empty && old != nil && old.Tree != nil {
		own.Tree = t.tree
		return own, nil
	}
	return own.AddParseTree(t.name, t.tree)
}
