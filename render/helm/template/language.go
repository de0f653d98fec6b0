package template

import (
	"maps"
	"reflect"
	"slices"
	"text/template/parse"
)

// FuncMap is the functions that templates may call, by name. Each gives one result, or a result and an error.
type FuncMap = map[string]any

// Language is what the functions are called, and of which Go types they are. What is compiled in a language can be executed
// with any functions of these types: each set brings its own.
type Language struct {
	index map[string]int
	types []reflect.Type
	own   []bool // the function is one of this package: no name of FuncMap hides it
}

// NewLanguage takes the names and types from funcs. The functions that Go gives every template are there too, but for those
// that funcs hides.
func NewLanguage(funcs FuncMap) *Language {
	l := &Language{index: map[string]int{}}
	all := maps.Clone(builtins)
	maps.Copy(all, funcs)
	for i, name := range slices.Sorted(maps.Keys(all)) {
		l.index[name] = i
		l.types = append(l.types, reflect.TypeOf(all[name]))
		_, hidden := funcs[name]
		l.own = append(l.own, !hidden)
	}
	return l
}

// bind lays functions out in the order of the language. One of another type than the language knows is a mistake of the
// program.
func (l *Language) bind(funcs FuncMap) []any {
	bound := make([]any, len(l.types))
	for name, i := range l.index {
		f, ok := funcs[name]
		if !ok {
			f = builtins[name]
		}
		if reflect.TypeOf(f) != l.types[i] {
			panic("template: function " + name + " is of another type than the language says")
		}
		bound[i] = f
	}
	return bound
}

// New takes a parsed template. It is compiled when it is executed first, and can be executed by many at once.
func (l *Language) New(name string, tree *parse.Tree) *Template {
	return &Template{name: name, tree: tree, language: l}
}
