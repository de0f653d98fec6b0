package template

import (
	"reflect"
	"sync/atomic"
	"text/template/parse"
)

// step takes a field, a key or a method of a value. It remembers what its name means in values of the type it saw last.
type step struct {
	name string
	last atomic.Pointer[member]
}

// member is what a name means in values of a type: a method, a field, a key, or nothing.
type member struct {
	typ       reflect.Type
	addressed bool // the value is a place, which has the methods of its address too
	method    int  // number, -1 for none
	field     *reflect.StructField
	key       bool
	dict      bool // as a map[string]any has it
}

// take gives what the name means in v. Arguments are for methods.
func (f *step) take(s *state, v value, node parse.Node, args []argument, final value) value {
	if m, ok := v.v.(map[string]any); ok && len(args) == 0 && final.is == absent {
		if elem, ok := m[f.name]; ok {
			return value{elem, boxed}
		}
		return f.missing(s, anyType)
	}
	if v.is == invalid {
		if s.set.missing == MissingError {
			s.failf("nil data; no entry for key %q", f.name)
		}
		return v
	}
	return f.takeReflect(s, v, node, args, final)
}

// missing is the value of a key that a map does not have.
func (f *step) missing(s *state, elem reflect.Type) value {
	switch s.set.missing {
	case MissingZero:
		if elem == anyType {
			return value{is: boxed}
		}
		return fromReflect(reflect.Zero(elem))
	case MissingError:
		s.failf("map has no entry for key %q", f.name)
	}
	return value{}
}

func (f *step) takeReflect(s *state, v value, node parse.Node, args []argument, final value) value {
	r, isNil := indirect(v.reflect())
	if isNil && r.Kind() == reflect.Interface {
		s.failf("nil pointer evaluating %s.%s", v.typ(), f.name)
	}
	m := f.of(r.Type(), r.Kind() != reflect.Pointer && r.CanAddr())
	if m.method >= 0 && m.addressed {
		r = r.Addr()
	}
	if m.method >= 0 {
		s.guarded(r, f.name, node)
		return s.callMethod(r.Method(m.method), f.name, node, args, final)
	}
	given := len(args) > 0 || final.is != absent
	switch {
	case m.field != nil:
		return f.takeField(s, v, r, m.field, given)
	case m.key:
		if given {
			s.failf("%s is not a method but has arguments", f.name)
		}
		return f.takeKey(s, r, m)
	case r.Kind() == reflect.Pointer && f.mayBeField(r.Type().Elem()):
		s.failf("nil pointer evaluating %s.%s", v.typ(), f.name)
	}
	s.failf("can't evaluate field %s in type %s", f.name, v.typ())
	return value{}
}

// guarded fails where the value may not be given to the method.
func (s *state) guarded(r reflect.Value, method string, node parse.Node) {
	if check := s.set.guards[method]; check != nil {
		if err := check(r.Interface()); err != nil {
			s.failIn(node, method, err)
		}
	}
}

// mayBeField tells whether a nil pointer is what is wrong.
func (f *step) mayBeField(elem reflect.Type) bool {
	if elem.Kind() != reflect.Struct {
		return true
	}
	_, ok := elem.FieldByName(f.name)
	return ok
}

func (f *step) takeField(s *state, v value, r reflect.Value, field *reflect.StructField, given bool) value {
	found, err := r.FieldByIndexErr(field.Index)
	switch {
	case !field.IsExported():
		s.failf("%s is an unexported field of struct type %s", f.name, v.typ())
	case err != nil:
		s.failf("%v", err)
	case given:
		s.failf("%s has arguments but cannot be invoked as function", f.name)
	}
	return fromReflect(found)
}

func (f *step) takeKey(s *state, r reflect.Value, m *member) value {
	if m.dict {
		if elem, ok := r.Convert(dictType).Interface().(map[string]any)[f.name]; ok {
			return value{elem, boxed}
		}
		return f.missing(s, anyType)
	}
	elem := r.MapIndex(reflect.ValueOf(f.name))
	if !elem.IsValid() {
		return f.missing(s, r.Type().Elem())
	}
	return fromReflect(elem)
}

var (
	stringType = reflect.TypeFor[string]()
	dictType   = reflect.TypeFor[map[string]any]()
)

// of finds out what the name means in values of the type.
func (f *step) of(t reflect.Type, addressed bool) *member {
	if m := f.last.Load(); m != nil && m.typ == t && m.addressed == addressed {
		return m
	}
	m := &member{typ: t, addressed: addressed, method: -1}
	owner := t
	if addressed {
		owner = reflect.PointerTo(t)
	}
	if method, ok := owner.MethodByName(f.name); ok {
		m.method = method.Index
	}
	switch t.Kind() {
	case reflect.Struct:
		if field, ok := t.FieldByName(f.name); ok {
			m.field = &field
		}
	case reflect.Map:
		m.key = stringType.AssignableTo(t.Key())
		m.dict = t.ConvertibleTo(dictType)
	}
	f.last.Store(m)
	return m
}
