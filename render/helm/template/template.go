// Package template executes Go templates as text/template does: the same output, the same errors word by word. It takes the
// trees that text/template/parse makes, compiles each of them once, and looks at values of the types that charts have
// without reflection; everything else goes a longer way round, to the same end.
//
//	language.go   the functions that templates may call, by name and type
//	template.go   a template, and the sets in which templates call each other
//	compile.go    trees to what is executed
//	statement.go  text, actions, conditions, calls of templates
//	loop.go       range; order.go the order of a map's keys
//	pipeline.go   pipelines and their commands, variables, constants
//	field.go      fields, keys and methods of values
//	call.go       calls of functions; direct.go those whose Go type is known; argument.go what they are given
//	value.go      a value as templates see it; assign.go what may stand for what
//	builtin.go    the functions that Go gives every template; compare.go and equal.go those that compare
//	print.go      what values look like
//	state.go      one execution, and how it fails; depth.go how deep it may go
//
// One thing is different: the elements of a []string and its like are values here, not places, so that a function that wants
// a *string does not get the address of one.
package template

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"sync"
	"text/template/parse"
)

// Writer takes the output of templates.
type Writer interface {
	io.Writer
	io.StringWriter
}

// Missing says what the value of a key is that a map does not have.
type Missing uint8

// The three behaviours that text/template calls missingkey=default, zero and error.
const (
	MissingInvalid Missing = iota
	MissingZero
	MissingError
)

// Template is one parsed template. Nothing of it changes once it is compiled.
type Template struct {
	name     string
	tree     *parse.Tree
	language *Language

	once   sync.Once
	root   list
	height int // of the stack, in bytes
}

// Name is what other templates call it by.
func (t *Template) Name() string { return t.name }

func (t *Template) compiled() list {
	t.once.Do(func() { t.root, t.height = compile(t.language, t.tree), height(t.tree.Root) })
	return t.root
}

// Set is templates that may call each other, and the functions they call. It must not be changed while one of them is
// executed, and only one goroutine at a time may use it or a copy of it.
type Set struct {
	name      string
	language  *Language
	functions []any
	missing   Missing
	templates map[string]*Template
	guards    map[string]Check
	nesting   *nesting // of all copies: one may be executed inside another
}

// NewSet gives an empty set whose own name shows in messages. The functions are those of the language.
func NewSet(name string, l *Language, funcs FuncMap, missing Missing) *Set {
	return &Set{name: name, language: l, functions: l.bind(funcs), missing: missing, templates: map[string]*Template{}, nesting: &nesting{}}
}

// Add makes a template a member. It replaces one of the same name, unless it is empty.
func (s *Set) Add(t *Template, empty bool) {
	if empty && s.templates[t.name] != nil {
		return
	}
	s.templates[t.name] = t
}

// Guard lets a check look at values before a method of this name is called on them.
func (s *Set) Guard(method string, check Check) {
	if s.guards = maps.Clone(s.guards); s.guards == nil {
		s.guards = map[string]Check{}
	}
	s.guards[method] = check
}

// Clone gives a set with the same templates and with some functions replaced; adding to one adds nothing to the other.
func (s *Set) Clone(funcs FuncMap) *Set {
	own := *s
	own.templates = maps.Clone(s.templates)
	own.functions = slices.Clone(s.functions)
	for name, f := range funcs {
		own.functions[s.language.index[name]] = f
	}
	return &own
}

// Empty gives a set with the same functions and no templates.
func (s *Set) Empty() *Set {
	own := *s
	own.templates = map[string]*Template{}
	return &own
}

// ExecuteTemplate executes the member of this name.
func (s *Set) ExecuteTemplate(w Writer, name string, data any) error {
	t := s.templates[name]
	if t == nil {
		return fmt.Errorf("template: no template %q associated with template %q", name, s.name)
	}
	return s.Execute(w, t, data)
}

// Execute executes a template that sees those of the set. An error of the writer comes back as it is; every other one is a
// text/template.ExecError.
func (s *Set) Execute(w Writer, t *Template, data any) (err error) {
	st := states.Get().(*state)
	st.set, st.out, st.t = s, w, t
	st.dot = valueOf(data)
	st.vars = append(st.vars, variable{topName, st.dot})
	defer st.finish(&err, s.nesting.used)
	if t.tree == nil || t.tree.Root == nil {
		st.failf("%q is an incomplete or empty template", t.name)
	}
	root := t.compiled()
	st.enter(t, frameExecution+t.height)
	root.exec(st)
	return nil
}

// valueOf takes what Execute was given.
func valueOf(data any) value {
	if r, ok := data.(reflect.Value); ok {
		return fromReflect(r)
	}
	if data == nil {
		return value{}
	}
	return value{data, plain}
}
