package template

import (
	"errors"
	"fmt"
	"reflect"
	"text/template"
	"text/template/parse"
)

// builtins are the functions that Go gives every template. and, or and call are compiled to something of their own: of
// those here, only the types count.
var builtins = FuncMap{
	"and":      func(first reflect.Value, _ ...reflect.Value) reflect.Value { return first },
	"or":       func(first reflect.Value, _ ...reflect.Value) reflect.Value { return first },
	"call":     func(f reflect.Value, _ ...reflect.Value) reflect.Value { return f },
	"not":      func(v any) bool { return !value{v, boxed}.truth() },
	"len":      length,
	"index":    index,
	"slice":    slice,
	"eq":       equal,
	"ne":       unequal,
	"lt":       less,
	"le":       lessOrEqual,
	"gt":       greater,
	"ge":       greaterOrEqual,
	"print":    fmt.Sprint,
	"printf":   fmt.Sprintf,
	"println":  fmt.Sprintln,
	"html":     template.HTMLEscaper,
	"js":       template.JSEscaper,
	"urlquery": template.URLQueryEscaper,
}

func length(v reflect.Value) (int, error) {
	v, isNil := indirect(v)
	if isNil {
		return 0, errors.New("len of nil pointer")
	}
	switch v.Kind() {
	case reflect.String, reflect.Chan, reflect.Map, reflect.Slice, reflect.Array:
		return v.Len(), nil
	}
	return 0, fmt.Errorf("len of type %s", v.Type())
}

// index looks up one key or number after the other.
func index(v reflect.Value, keys ...reflect.Value) (reflect.Value, error) {
	v = concrete(v)
	if !v.IsValid() {
		return v, errors.New("index of untyped nil")
	}
	for _, key := range keys {
		var isNil bool
		if v, isNil = indirect(v); isNil {
			return reflect.Value{}, errors.New("index of nil pointer")
		}
		var err error
		if v, err = indexOne(v, concrete(key)); err != nil {
			return reflect.Value{}, err
		}
	}
	return v, nil
}

func indexOne(v, key reflect.Value) (reflect.Value, error) {
	switch v.Kind() {
	case reflect.Array, reflect.Slice, reflect.String:
		i, err := position(key, v.Len())
		if err != nil {
			return v, err
		}
		return v.Index(i), nil
	case reflect.Map:
		key, err := fit(key, v.Type().Key())
		if err != nil {
			return v, err
		}
		if elem := v.MapIndex(key); elem.IsValid() {
			return elem, nil
		}
		return reflect.Zero(v.Type().Elem()), nil
	}
	return v, fmt.Errorf("can't index item of type %s", v.Type())
}

// position is a number from 0 up to and including most. What is one too large fails where it is used.
func position(i reflect.Value, most int) (int, error) {
	var n int64
	switch {
	case i.CanInt():
		n = i.Int()
	case i.CanUint():
		n = int64(i.Uint())
	case !i.IsValid():
		return 0, errors.New("cannot index slice/array with nil")
	default:
		return 0, fmt.Errorf("cannot index slice/array with type %s", i.Type())
	}
	if n < 0 || n > int64(most) {
		return 0, fmt.Errorf("index out of range: %d", n)
	}
	return int(n), nil
}

// fit gives a value for a key or a parameter of type t; unlike assign it makes one kind of integer of another.
func fit(v reflect.Value, t reflect.Type) (reflect.Value, error) {
	if !v.IsValid() {
		if !nilable(t) {
			return v, fmt.Errorf("value is nil; should be of type %s", t)
		}
		v = reflect.Zero(t)
	}
	if v.Type().AssignableTo(t) {
		return v, nil
	}
	if isInteger(v.Kind()) && isInteger(t.Kind()) && v.Type().ConvertibleTo(t) {
		return v.Convert(t), nil
	}
	return v, fmt.Errorf("value has type %s; should be %s", v.Type(), t)
}

func isInteger(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Uintptr }

// slice cuts a piece out of a text or a list.
func slice(v reflect.Value, bounds ...reflect.Value) (reflect.Value, error) {
	v = concrete(v)
	if !v.IsValid() {
		return v, errors.New("slice of untyped nil")
	}
	v, isNil := indirect(v)
	if isNil {
		return reflect.Value{}, errors.New("slice of nil pointer")
	}
	if len(bounds) > 3 {
		return reflect.Value{}, fmt.Errorf("too many slice indexes: %d", len(bounds))
	}
	most := 0
	switch v.Kind() {
	case reflect.String:
		if len(bounds) == 3 {
			return reflect.Value{}, errors.New("cannot 3-index slice a string")
		}
		most = v.Len()
	case reflect.Array, reflect.Slice:
		most = v.Cap()
	default:
		return reflect.Value{}, fmt.Errorf("can't slice item of type %s", v.Type())
	}
	return cut(v, bounds, most)
}

func cut(v reflect.Value, bounds []reflect.Value, most int) (reflect.Value, error) {
	at := [3]int{0, v.Len()}
	for i, bound := range bounds {
		n, err := position(bound, most)
		if err != nil {
			return reflect.Value{}, err
		}
		at[i] = n
	}
	if at[0] > at[1] {
		return v, fmt.Errorf("invalid slice index: %d > %d", at[0], at[1])
	}
	if len(bounds) < 3 {
		return v.Slice(at[0], at[1]), nil
	}
	if at[1] > at[2] {
		return v, fmt.Errorf("invalid slice index: %d > %d", at[1], at[2])
	}
	return v.Slice3(at[0], at[1], at[2]), nil
}

// calling is call: it calls a function that is a value.
type calling struct {
	*call
	nodes []parse.Node
}

func (c *calling) value(s *state) value { return c.run(s, value{is: absent}) }

func (c *calling) run(s *state, final value) value {
	s.at = c.ident
	if c.mistaken != "" {
		s.failf("%s", c.mistaken)
	}
	defer s.caught(c.node, c.name)
	in := c.reflected(s, final)
	args := make([]reflect.Value, len(in))
	for i, arg := range in {
		args[i] = concrete(arg.Interface().(reflect.Value))
	}
	v, err := callValue(c.callee(final), args[0], args[1:])
	if err != nil {
		s.failIn(c.node, c.name, err)
	}
	return fromReflect(v)
}

// callee is what messages call the function.
func (c *calling) callee(final value) string {
	if len(c.nodes) == 0 {
		return final.reflect().String()
	}
	return c.nodes[0].String()
}

func callValue(name string, f reflect.Value, args []reflect.Value) (reflect.Value, error) {
	if !f.IsValid() {
		return f, errors.New("call of nil")
	}
	t := f.Type()
	if t.Kind() != reflect.Func {
		return f, fmt.Errorf("non-function %s of type %s", name, t)
	}
	if mistaken := results(t, name); mistaken != "" {
		return f, errors.New(mistaken)
	}
	switch {
	case t.IsVariadic() && len(args) < t.NumIn()-1:
		return f, fmt.Errorf("wrong number of args for %s: got %d want at least %d", name, len(args), t.NumIn()-1)
	case !t.IsVariadic() && len(args) != t.NumIn():
		return f, fmt.Errorf("wrong number of args for %s: got %d want %d", name, len(args), t.NumIn())
	}
	for i := range args {
		var err error
		if args[i], err = fit(args[i], parameter(t, i)); err != nil {
			return f, fmt.Errorf("arg %d: %w", i, err)
		}
	}
	out := f.Call(args)
	if len(out) == 2 && !out[1].IsNil() {
		return f, out[1].Interface().(error)
	}
	if out[0].Type() == valueType {
		return out[0].Interface().(reflect.Value), nil
	}
	return out[0], nil
}
