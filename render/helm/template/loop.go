package template

import (
	"reflect"
	"text/template/parse"
)

// loop is range.
type loop struct {
	node *parse.RangeNode
	pipe *pipe
	body list
	els  list
}

func (l *loop) exec(s *state) flow {
	mark, dot := len(s.vars), s.dot
	v := l.pipe.value(s)
	turned := l.over(s, v)
	s.dot = dot
	f := next
	if !turned {
		f = l.els.exec(s)
	}
	s.pop(mark)
	return f
}

// over goes through a collection and tells whether there was anything in it.
func (l *loop) over(s *state, v value) (turned bool) {
	switch c := v.v.(type) {
	case nil:
		return false
	case []any:
		for i, elem := range c {
			if l.turn(s, number(i), value{elem, boxed}) {
				break
			}
		}
		return len(c) > 0
	case []string:
		for i, elem := range c {
			if l.turn(s, number(i), value{elem, plain}) {
				break
			}
		}
		return len(c) > 0
	case map[string]any:
		for _, entry := range sortedEntries(c) {
			if l.turn(s, func() value { return value{entry.key, plain} }, value{entry.value, boxed}) {
				break
			}
		}
		return len(c) > 0
	}
	return l.overReflect(s, v.reflect())
}

// label gives the first of two variables, which most loops do not have.
type label func() value

func number(i int) label { return func() value { return value{i, plain} } }

// turn executes the body once, and tells whether it ended the loop.
func (l *loop) turn(s *state, index label, elem value) (ended bool) {
	mark := len(s.vars)
	names := l.pipe.names
	switch {
	case l.pipe.assigns && len(names) > 1:
		s.assignTo(l.pipe, 0, index())
		s.assignTo(l.pipe, 1, elem)
	case l.pipe.assigns:
		s.assignTo(l.pipe, 0, elem)
	case len(names) > 1:
		s.vars[mark-1].value = elem
		s.vars[mark-2].value = index()
	case len(names) == 1:
		s.vars[mark-1].value = elem
	}
	s.dot = elem
	f := l.body.exec(s)
	s.pop(mark)
	return f == breaks
}

func (l *loop) overReflect(s *state, r reflect.Value) bool {
	r, _ = indirect(r)
	switch r.Kind() {
	case reflect.Invalid:
		return false
	case reflect.Array, reflect.Slice:
		return l.overList(s, r)
	case reflect.Map:
		return l.overMap(s, r)
	case reflect.Chan:
		return l.overChannel(s, r)
	}
	if r.CanInt() || r.CanUint() {
		return l.overNumber(s, r)
	}
	if r.Kind() == reflect.Func && r.Type().CanSeq() {
		l.onlyOne(s, r, "can't use %v iterate over more than one variable")
		return l.overSeq(s, r)
	}
	if r.Kind() == reflect.Func && r.Type().CanSeq2() {
		return l.overSeq2(s, r)
	}
	s.failf("range can't iterate over %v", r)
	return false
}

func (l *loop) overList(s *state, r reflect.Value) bool {
	n := r.Len()
	for i := range n {
		if l.turn(s, number(i), fromReflect(r.Index(i))) {
			break
		}
	}
	return n > 0
}

func (l *loop) overMap(s *state, r reflect.Value) bool {
	for _, entry := range sortedMap(r) {
		if l.turn(s, func() value { return fromReflect(entry.key) }, fromReflect(entry.value)) {
			break
		}
	}
	return r.Len() > 0
}

func (l *loop) overChannel(s *state, r reflect.Value) (turned bool) {
	if r.IsNil() {
		return false
	}
	if r.Type().ChanDir() == reflect.SendDir {
		s.failf("range over send-only channel %v", r)
	}
	for i := 0; ; i++ {
		elem, ok := r.Recv()
		if !ok || l.turn(s, number(i), fromReflect(elem)) {
			return turned || ok
		}
		turned = true
	}
}

// onlyOne refuses a second variable.
func (l *loop) onlyOne(s *state, r reflect.Value, message string) {
	if len(l.pipe.names) > 1 {
		s.failf(message, r)
	}
}

func (l *loop) overNumber(s *state, r reflect.Value) bool {
	l.onlyOne(s, r, "can't use %v to iterate over more than one variable")
	return l.overSeq(s, r)
}

func noIndex() value { return value{} }

func (l *loop) overSeq(s *state, r reflect.Value) (turned bool) {
	for elem := range r.Seq() {
		turned = true
		if l.turn(s, noIndex, fromReflect(elem)) {
			break
		}
	}
	return turned
}

func (l *loop) overSeq2(s *state, r reflect.Value) (turned bool) {
	for key, elem := range r.Seq2() {
		turned = true
		if len(l.pipe.names) < 2 {
			elem = key
		}
		if l.turn(s, func() value { return fromReflect(key) }, fromReflect(elem)) {
			break
		}
	}
	return turned
}
