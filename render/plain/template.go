package plain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"text/template"

	"github.com/ferry-cd/ferry/render"
)

// maxTemplate bounds the source of one template in bytes; its parser and executor go as deep as it nests.
const maxTemplate = 256 << 10

// templates are the Go templates of one folder in one render.
type templates struct {
	*budget
	base    *template.Template // the define blocks of helper files
	data    map[string]any
	current *template.Template // what include looks in
	depth   int
}

// newTemplates reads the helper files of a folder.
func newTemplates(ctx context.Context, r render.Request, data map[string]any) (*templates, error) {
	t := &templates{budget: &budget{ctx: ctx, limits: r.Limits}, data: data}
	t.base = template.New("").Option("missingkey=error").Funcs(t.functions())
	var problems []error
	for _, name := range below(r.Files, r.Dir, isHelper) {
		if err := define(t.base, name, r.Files[name]); err != nil {
			problems = append(problems, err)
		}
	}
	return t, errors.Join(problems...)
}

func isHelper(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, "_") && path.Ext(base) == ".tpl"
}

// stream gives the YAML of a file.
func (t *templates) stream(name string, text []byte) (render.Document, error) {
	if !render.IsTemplate(name) {
		return render.Document{Source: name, Line: 1, Data: text}, nil
	}
	set, err := t.base.Clone()
	if err != nil {
		return render.Document{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := define(set, name, text); err != nil {
		return render.Document{}, err
	}
	t.current, t.calls, t.depth = set, 0, 0
	out, err := t.execute(name, t.data)
	if err != nil {
		return render.Document{}, templateError(name, err)
	}
	return render.Document{Source: name, Data: out}, nil
}

func define(set *template.Template, name string, text []byte) error {
	if len(text) > maxTemplate {
		return fmt.Errorf("%s: a template larger than %d KB", name, maxTemplate>>10)
	}
	if _, err := set.New(name).Parse(string(text)); err != nil {
		return templateError(name, err)
	}
	for _, each := range set.Templates() {
		if each.Tree == nil {
			continue
		}
		if err := harden(each.Tree); err != nil {
			return templateError(name, err)
		}
	}
	return nil
}

func (t *templates) execute(name string, data any) ([]byte, error) {
	out := &output{budget: t.budget}
	err := t.current.ExecuteTemplate(out, name, data)
	return out.Bytes(), err
}

// include renders a define block into a string, so that it can be indented.
func (t *templates) include(name string, data any) (string, error) {
	if _, err := t.called(); err != nil {
		return "", err
	}
	if t.depth++; t.depth > t.limits.Depth/includeShare {
		return "", deep("include goes deeper than %d calls; does %q include itself?", t.limits.Depth/includeShare, name)
	}
	defer func() { t.depth-- }()
	if t.current.Lookup(name) == nil {
		return "", fmt.Errorf("template %q not defined", name)
	}
	out, err := t.execute(name, data)
	return string(out), err
}

// output collects what a template prints.
type output struct {
	*budget
	bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	if err := o.spend(len(p)); err != nil {
		return 0, err
	}
	return o.Buffer.Write(p)
}
