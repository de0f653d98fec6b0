package template

import "reflect"

// Check is a function that looks at what it is given and hands on the same, or an error.
type Check func(v any) error

// caller evaluates the arguments of a function whose type it knows, and calls it.
type caller func(s *state, c *call, f any, final value) (value, error)

// nth is the argument in this place; the last may come down the pipeline.
func (c *call) nth(s *state, i int, final value) value {
	if i < len(c.args) {
		return c.args[i].value(s)
	}
	return final
}

func (c *call) any(s *state, i int, final value) any     { return c.nth(s, i, final).any() }
func (c *call) text(s *state, i int, final value) string { return as[string](s, c.nth(s, i, final)) }
func (c *call) dict(s *state, i int, final value) map[string]any {
	return as[map[string]any](s, c.nth(s, i, final))
}

// rest are all arguments from this place on.
func (c *call) rest(s *state, i int, final value) []any {
	n := len(c.args) - i
	if final.is != absent {
		n++
	}
	all := make([]any, n)
	for j := range all {
		all[j] = c.any(s, i+j, final)
	}
	return all
}

// places are the same for functions that want to see values by reflection.
func (c *call) places(s *state, i int, final value) []reflect.Value {
	n := len(c.args) - i
	if final.is != absent {
		n++
	}
	all := make([]reflect.Value, n)
	for j := range all {
		all[j] = c.nth(s, i+j, final).place()
	}
	return all
}

func textOf(text string, err error) (value, error) { return value{text, plain}, err }
func truthOf(b bool, err error) (value, error)     { return value{b, plain}, err }
func anyOf(v any, err error) (value, error)        { return value{v, boxed}, err }

// callers are for the types that most functions have. A type that is not here is called by reflection.
var callers = map[reflect.Type]caller{
	reflect.TypeFor[Check](): func(s *state, c *call, f any, final value) (value, error) {
		v := c.nth(s, 0, final)
		return v, f.(Check)(v.any())
	},
	reflect.TypeFor[func() (string, error)](): func(_ *state, _ *call, f any, _ value) (value, error) {
		return textOf(f.(func() (string, error))())
	},

	reflect.TypeFor[func(string) string](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.text(s, 0, final)
		return textOf(f.(func(string) string)(a), nil)
	},
	reflect.TypeFor[func(string) (string, error)](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.text(s, 0, final)
		return textOf(f.(func(string) (string, error))(a))
	},
	reflect.TypeFor[func(any) string](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.any(s, 0, final)
		return textOf(f.(func(any) string)(a), nil)
	},
	reflect.TypeFor[func(any) (string, error)](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.any(s, 0, final)
		return textOf(f.(func(any) (string, error))(a))
	},
	reflect.TypeFor[func(any) bool](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.any(s, 0, final)
		return truthOf(f.(func(any) bool)(a), nil)
	},
	reflect.TypeFor[func(any) any](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.any(s, 0, final)
		return anyOf(f.(func(any) any)(a), nil)
	},
	reflect.TypeFor[func(any) int](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.any(s, 0, final)
		return value{f.(func(any) int)(a), plain}, nil
	},
	reflect.TypeFor[func(any) int64](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.any(s, 0, final)
		return value{f.(func(any) int64)(a), plain}, nil
	},

	reflect.TypeFor[func(int, string) (string, error)](): func(s *state, c *call, f any, final value) (value, error) {
		a := as[int](s, c.nth(s, 0, final))
		b := c.text(s, 1, final)
		return textOf(f.(func(int, string) (string, error))(a, b))
	},
	reflect.TypeFor[func(string, string) (string, error)](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.text(s, 0, final)
		b := c.text(s, 1, final)
		return textOf(f.(func(string, string) (string, error))(a, b))
	},
	reflect.TypeFor[func(string, string) bool](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.text(s, 0, final)
		b := c.text(s, 1, final)
		return truthOf(f.(func(string, string) bool)(a, b), nil)
	},
	reflect.TypeFor[func(string, string, string) (string, error)](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.text(s, 0, final)
		b := c.text(s, 1, final)
		d := c.text(s, 2, final)
		return textOf(f.(func(string, string, string) (string, error))(a, b, d))
	},
	reflect.TypeFor[func(string, any) (string, error)](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.text(s, 0, final)
		b := c.any(s, 1, final)
		return textOf(f.(func(string, any) (string, error))(a, b))
	},
	reflect.TypeFor[func(string, any) (any, error)](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.text(s, 0, final)
		b := c.any(s, 1, final)
		return anyOf(f.(func(string, any) (any, error))(a, b))
	},
	reflect.TypeFor[func(any, any) (bool, error)](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.any(s, 0, final)
		b := c.any(s, 1, final)
		return truthOf(f.(func(any, any) (bool, error))(a, b))
	},
	reflect.TypeFor[func(any, any, bool) any](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.any(s, 0, final)
		b := c.any(s, 1, final)
		d := as[bool](s, c.nth(s, 2, final))
		return anyOf(f.(func(any, any, bool) any)(a, b, d), nil)
	},

	reflect.TypeFor[func(...any) (string, error)](): func(s *state, c *call, f any, final value) (value, error) {
		all := c.rest(s, 0, final)
		return textOf(f.(func(...any) (string, error))(all...))
	},
	reflect.TypeFor[func(...any) (map[string]any, error)](): func(s *state, c *call, f any, final value) (value, error) {
		all := c.rest(s, 0, final)
		made, err := f.(func(...any) (map[string]any, error))(all...)
		return value{made, plain}, err
	},
	reflect.TypeFor[func(...any) ([]any, error)](): func(s *state, c *call, f any, final value) (value, error) {
		all := c.rest(s, 0, final)
		made, err := f.(func(...any) ([]any, error))(all...)
		return value{made, plain}, err
	},
	reflect.TypeFor[func(any) ([]any, error)](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.any(s, 0, final)
		made, err := f.(func(any) ([]any, error))(a)
		return value{made, plain}, err
	},
	reflect.TypeFor[func(...any) any](): func(s *state, c *call, f any, final value) (value, error) {
		all := c.rest(s, 0, final)
		return anyOf(f.(func(...any) any)(all...), nil)
	},
	reflect.TypeFor[func(any, ...any) any](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.any(s, 0, final)
		return anyOf(f.(func(any, ...any) any)(a, c.rest(s, 1, final)...), nil)
	},
	reflect.TypeFor[func(any, ...any) (bool, error)](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.any(s, 0, final)
		return truthOf(f.(func(any, ...any) (bool, error))(a, c.rest(s, 1, final)...))
	},
	reflect.TypeFor[func(string, ...any) (string, error)](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.text(s, 0, final)
		return textOf(f.(func(string, ...any) (string, error))(a, c.rest(s, 1, final)...))
	},

	reflect.TypeFor[func(reflect.Value) (int, error)](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.nth(s, 0, final).place()
		n, err := f.(func(reflect.Value) (int, error))(a)
		return value{n, plain}, err
	},
	reflect.TypeFor[func(reflect.Value, ...reflect.Value) (reflect.Value, error)](): func(s *state, c *call, f any, final value) (value, error) {
		a := c.nth(s, 0, final).place()
		found, err := f.(func(reflect.Value, ...reflect.Value) (reflect.Value, error))(a, c.places(s, 1, final)...)
		return fromReflect(found), err
	},

	reflect.TypeFor[func(map[string]any, string) bool](): func(s *state, c *call, f any, final value) (value, error) {
		m := c.dict(s, 0, final)
		a := c.text(s, 1, final)
		return truthOf(f.(func(map[string]any, string) bool)(m, a), nil)
	},
	reflect.TypeFor[func(map[string]any, string) any](): func(s *state, c *call, f any, final value) (value, error) {
		m := c.dict(s, 0, final)
		a := c.text(s, 1, final)
		return anyOf(f.(func(map[string]any, string) any)(m, a), nil)
	},
	reflect.TypeFor[func(map[string]any, string, any) (map[string]any, error)](): func(s *state, c *call, f any, final value) (value, error) {
		m := c.dict(s, 0, final)
		a := c.text(s, 1, final)
		b := c.any(s, 2, final)
		made, err := f.(func(map[string]any, string, any) (map[string]any, error))(m, a, b)
		return value{made, plain}, err
	},
}
