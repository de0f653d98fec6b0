package template

import (
	"fmt"
	"reflect"
	"text/template/parse"
)

// call is a call of a function.
type call struct {
	name     string
	number   int        // in the language
	ident    parse.Node // the name
	node     parse.Node // what errors of the function are about
	args     []argument
	last     reflect.Type // the parameter of what comes down the pipeline
	mistaken string       // why it cannot be called
	direct   caller       // nil where the type of the function is not known
}

func (c *call) value(s *state) value { return c.run(s, value{is: absent}) }

func (c *call) run(s *state, final value) value {
	s.at = c.ident
	if c.mistaken != "" {
		s.failf("%s", c.mistaken)
	}
	defer s.caught(c.node, c.name)
	f := s.set.functions[c.number]
	if c.direct != nil {
		v, err := c.direct(s, c, f, final)
		if err != nil {
			s.failIn(c.node, c.name, err)
		}
		return v
	}
	return s.call(reflect.ValueOf(f), c.name, c.node, c.reflected(s, final))
}

// caught makes of a function that panics an error. What fails in evaluation goes on to the top.
func (s *state) caught(node parse.Node, name string) {
	p := recover()
	if p == nil {
		return
	}
	if _, ok := p.(failure); ok {
		panic(p)
	}
	err, ok := p.(error)
	if !ok {
		err = fmt.Errorf("%v", p)
	}
	s.failIn(node, name, err)
}

// reflected evaluates the arguments.
func (c *call) reflected(s *state, final value) []reflect.Value {
	typ := s.set.language.types[c.number]
	in := make([]reflect.Value, 0, len(c.args)+1)
	for i := range c.args {
		in = append(in, s.assign(c.args[i].value(s), parameter(typ, i)))
	}
	if final.is != absent {
		in = append(in, s.assign(final, c.last))
	}
	return in
}

// call calls a function in the general way.
func (s *state) call(f reflect.Value, name string, node parse.Node, in []reflect.Value) value {
	out := f.Call(in)
	if len(out) == 2 && !out[1].IsNil() {
		s.failIn(node, name, out[1].Interface().(error))
	}
	if out[0].Type() == valueType {
		return fromReflect(out[0].Interface().(reflect.Value))
	}
	return fromReflect(out[0])
}

// callMethod calls a method, or a function that is a value. Its type is known only now.
func (s *state) callMethod(f reflect.Value, name string, node parse.Node, args []argument, final value) value {
	if mistaken := arity(f.Type(), name, len(args), final.is != absent); mistaken != "" {
		s.failf("%s", mistaken)
	}
	in := make([]reflect.Value, 0, len(args)+1)
	for i := range args {
		t := parameter(f.Type(), i)
		arg := args[i].as(t)
		in = append(in, s.assign(arg.value(s), t))
	}
	if final.is != absent {
		in = append(in, s.assign(final, parameter(f.Type(), len(args))))
	}
	defer s.caught(node, name)
	return s.call(f, name, node, in)
}

// parameter is the type of the argument in this place.
func parameter(f reflect.Type, i int) reflect.Type {
	if last := f.NumIn() - 1; f.IsVariadic() && i >= last {
		return f.In(last).Elem()
	}
	return f.In(i)
}

var errorType = reflect.TypeFor[error]()

// arity says why a function cannot be called with so many arguments.
func arity(f reflect.Type, name string, args int, final bool) string {
	given := args
	if final {
		given++
	}
	switch {
	case f.IsVariadic() && given < f.NumIn()-1:
		return fmt.Sprintf("wrong number of args for %s: want at least %d got %d", name, f.NumIn()-1, args)
	case !f.IsVariadic() && given != f.NumIn():
		return fmt.Sprintf("wrong number of args for %s: want %d got %d", name, f.NumIn(), given)
	}
	return results(f, name)
}

// results says what is wrong with what a function gives back.
func results(f reflect.Type, name string) string {
	switch {
	case f.NumOut() == 1, f.NumOut() == 2 && f.Out(1) == errorType:
		return ""
	case f.NumOut() == 2:
		return fmt.Sprintf("invalid function signature for %s: second return value should be error; is %s", name, f.Out(1))
	}
	return fmt.Sprintf("function %s has %d return values; should be 1 or 2", name, f.NumOut())
}

// choice is and, or: what comes behind the argument that decides is not evaluated.
type choice struct {
	ident    parse.Node
	args     []argument
	stop     bool // the truth that decides
	mistaken string
}

func (c *choice) value(s *state) value { return c.run(s, value{is: absent}) }

func (c *choice) run(s *state, final value) (v value) {
	s.at = c.ident
	if c.mistaken != "" {
		s.failf("%s", c.mistaken)
	}
	for i := range c.args {
		if v = c.args[i].value(s); v.truth() == c.stop {
			return v
		}
	}
	if final.is != absent {
		return final
	}
	return v
}
