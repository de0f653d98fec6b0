package helm

import "reflect"

// intercept puts something before and behind a function of templates. Where the function gives no error, theirs is a
// panic: templates turn it into an error.
func intercept(f any, before func(args []any) error, after func(result any) error) any {
	if after == nil {
		after = func(any) error { return nil }
	}
	switch f := f.(type) { // the usual ones, without reflection
	case func(string) string:
		return func(s string) (string, error) { return around(before, after, func() string { return f(s) }, s) }
	case func(any) string:
		return func(v any) (string, error) { return around(before, after, func() string { return f(v) }, v) }
	case func(int, string) string:
		return func(n int, s string) (string, error) {
			return around(before, after, func() string { return f(n, s) }, n, s)
		}
	case func(...any) string:
		return func(v ...any) (string, error) { return around(before, after, func() string { return f(v...) }, v...) }
	case func(string, any) string:
		return func(s string, v any) (string, error) {
			return around(before, after, func() string { return f(s, v) }, s, v)
		}
	case func(any) []any:
		return func(v any) ([]any, error) { return around(before, after, func() []any { return f(v) }, v) }
	case func(...any) []any:
		return func(v ...any) ([]any, error) { return around(before, after, func() []any { return f(v...) }, v...) }
	case func(...any) map[string]any:
		return func(v ...any) map[string]any {
			m, err := around(before, after, func() map[string]any { return f(v...) }, v...)
			must(err)
			return m
		}
	}
	return interceptAny(reflect.ValueOf(f), before, after)
}

func around[T any](before func([]any) error, after func(any) error, f func() T, args ...any) (result T, err error) {
	if err := before(args); err != nil {
		return result, err
	}
	result = f()
	return result, after(result)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func interceptAny(f reflect.Value, before func([]any) error, after func(any) error) any {
	t := f.Type()
	call := f.Call
	if t.IsVariadic() {
		call = f.CallSlice
	}
	return reflect.MakeFunc(t, func(in []reflect.Value) []reflect.Value {
		must(before(arguments(t, in)))
		out := call(in)
		must(after(out[0].Interface()))
		return out
	}).Interface()
}

// arguments are what a function was called with, the last ones of a variadic one by one.
func arguments(t reflect.Type, in []reflect.Value) []any {
	args := make([]any, 0, len(in))
	for i, v := range in {
		if t.IsVariadic() && i == len(in)-1 {
			for j := range v.Len() {
				args = append(args, v.Index(j).Interface())
			}
			break
		}
		args = append(args, v.Interface())
	}
	return args
}
