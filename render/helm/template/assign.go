package template

import "reflect"

// assign gives v as a function with a parameter of type t takes it, or fails.
func (s *state) assign(v value, t reflect.Type) reflect.Value {
	if v.is == invalid {
		if nilable(t) {
			return reflect.Zero(t)
		}
		s.failf("invalid value; expected %s", t)
	}
	r := v.reflect()
	if t == valueType && (v.is == boxed || r.Type() != t) {
		return reflect.ValueOf(v.place())
	}
	if r.Type().AssignableTo(t) {
		return r
	}
	if r.Kind() == reflect.Interface && !r.IsNil() {
		if r = r.Elem(); r.Type().AssignableTo(t) {
			return r
		}
	}
	switch { // once through a pointer, one way or the other
	case r.Kind() == reflect.Pointer && r.Type().Elem().AssignableTo(t):
		if r.IsNil() {
			s.failf("dereference of nil pointer of type %s", t)
		}
		return r.Elem()
	case r.CanAddr() && reflect.PointerTo(r.Type()).AssignableTo(t):
		return r.Addr()
	}
	s.failf("wrong type for value; expected %s; got %s", t, r.Type())
	return r
}

// nilable tells whether nil stands for a value of the type.
func nilable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
		return true
	}
	return t == valueType
}

// as is v for a parameter of a type that is no interface.
func as[T any](s *state, v value) T {
	if x, ok := v.v.(T); ok {
		return x
	}
	var x T
	reflect.ValueOf(&x).Elem().Set(s.assign(v, reflect.TypeFor[T]()))
	return x
}
