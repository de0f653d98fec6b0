package template

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"
)

// maxDepth is how deep templates may call each other.
const maxDepth = 100_000

// state is one execution.
type state struct {
	set     *Set
	out     Writer
	t       *Template  // that is being executed
	at      parse.Node // what is being evaluated, for messages
	dot     value
	vars    []variable // the innermost one last
	base    int        // where those of t begin
	depth   int
	scratch []byte
}

// variable is one that was declared. Names are numbers within a template.
type variable struct {
	name int
	value
}

// topName is the name of $.
const topName = 0

var states = sync.Pool{New: func() any { return &state{} }}

// finish takes what an execution failed with, and makes the state fit for the next. Before it, so much of the stack was in use.
func (s *state) finish(err *error, used int) {
	s.set.nesting.used = used
	if p := recover(); p != nil {
		failed, ok := p.(failure)
		if !ok {
			panic(p)
		}
		*err = failed.err
	}
	if cap(s.vars) > maxKept {
		s.vars = nil
	}
	clear(s.vars[:cap(s.vars)])
	*s = state{vars: s.vars[:0], scratch: s.scratch[:0]}
	states.Put(s)
}

// maxKept is how many variables a state may have room for to be used again.
const maxKept = 64

// failure is what evaluation panics with; it ends in finish, always.
type failure struct{ err error }

// failf ends the execution with a message that says where it was.
func (s *state) failf(format string, args ...any) {
	where := "template: " + escape(s.t.name) + ": "
	if s.at != nil {
		location, context := s.t.tree.ErrorContext(s.at)
		where = fmt.Sprintf("template: %s: executing %q at <%s>: ", location, escape(s.t.name), escape(context))
	}
	panic(failure{template.ExecError{Name: s.t.name, Err: fmt.Errorf(where+format, args...)}})
}

// maxMessage bounds what messages grow to.
const maxMessage = 64 << 10

// failIn ends the execution with what a function said. Where that is the failure of another execution, and long already, its
// place says enough: each template around it would copy it once more.
func (s *state) failIn(node parse.Node, function string, err error) {
	var inner template.ExecError
	if errors.As(err, &inner) && len(err.Error()) > maxMessage {
		panic(failure{err})
	}
	s.at = node
	s.failf("error calling %s: %w", function, err)
}

func escape(text string) string { return strings.ReplaceAll(text, "%", "%%") }

// write passes on a failure of the writer as it is.
func (s *state) write(text string) {
	if _, err := s.out.WriteString(text); err != nil {
		panic(failure{err})
	}
}

func (s *state) push(name int, v value) { s.vars = append(s.vars, variable{name, v}) }

// lookup finds the innermost variable of the name, nil where it was never declared.
func (s *state) lookup(name int) *variable {
	for i := len(s.vars) - 1; i >= s.base; i-- {
		if s.vars[i].name == name {
			return &s.vars[i]
		}
	}
	return nil
}

// pop ends the scope that began when there were so many variables.
func (s *state) pop(mark int) { s.vars = s.vars[:mark] }
