package template_test

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Values of every shape that a template could meet.
type (
	named   map[string]any
	word    string
	count   int
	level   int8
	inner   struct{ Deep, Name string }
	base    struct{ Promoted string }
	outer   struct{ *inner }
	hidden  struct{ secret string }
	spoken  struct{ Text string }
	pointed struct{ Text string }
	failing struct{}
	tree    struct {
		Left, Right *tree
		Label       string
	}
	thing struct {
		base
		inner
		Name    string
		Number  int
		Small   int8
		Any     any
		Nil     any
		Map     map[string]any
		NilMap  map[string]any
		List    []any
		Words   []string
		Things  []thing
		Spoken  []spoken
		Pointed []pointed
		Pointer *thing
		Err     error
		Func    func(string) string
		NilFunc func()
		Time    time.Time
		unseen  string
	}
)

func (n named) YAML() string                     { return fmt.Sprint(len(n)) }
func (n named) Has(key string) bool              { _, ok := n[key]; return ok }
func (n named) Fail() (string, error)            { return "", errors.New("failed on purpose") }
func (s spoken) String() string                  { return "spoken " + s.Text }
func (p *pointed) String() string                { return "pointed " + p.Text }
func (failing) Error() string                    { return "an error" }
func (w word) Loud() string                      { return strings.ToUpper(string(w)) }
func (t *thing) Rename(to string) string         { t.Name = to; return to }
func (t thing) Hello(who ...string) string       { return "hello " + strings.Join(who, "+") }
func (t thing) Add(a int, b int8) int            { return a + int(b) + t.Number }
func (t thing) Fails(how string) (string, error) { return how, fmt.Errorf("fails %s", how) }
func (t thing) Panics() string                   { panic("at once") }
func (t thing) PanicsError() string              { panic(errors.New("with an error")) }
func (t thing) Takes(p *thing) string            { return p.Name }
func (t thing) TakesMap(m map[string]any) int    { return len(m) }
func (t thing) TakesAny(v any) string            { return fmt.Sprintf("%T", v) }
func (t thing) TakesStringer(v fmt.Stringer) string {
	if v == nil {
		return "none"
	}
	return v.String()
}
func (t thing) TakesFloat(f float32, c complex128, u uint8, b bool) string {
	return fmt.Sprint(f, c, u, b)
}
func (t thing) Stringer() fmt.Stringer       { return spoken{t.Name} }
func (t thing) NoStringer() fmt.Stringer     { return nil }
func (t thing) Self() *thing                 { return &t }
func (t thing) NoSelf() *thing               { return nil }
func (t thing) Two() (int, int)              { return 1, 2 }
func (t thing) Value(v reflect.Value) string { return v.Kind().String() }
func (t thing) Reflected() reflect.Value     { return reflect.ValueOf(t.Map) }
func (t thing) Seq() iter.Seq[int]           { return slices.Values([]int{7, 8, 9}) }
func (t thing) Seq2() iter.Seq2[string, int] { return maps.All(map[string]int{"only": 1}) }
func (t thing) NoSeq() iter.Seq[int]         { return func(func(int) bool) {} }
func (t thing) Channel(n int) <-chan int     { return channel(n) }
func (t thing) Strange() (string, string)    { return "", "" }
func (t thing) Nothing()                     {}

func channel(n int) <-chan int {
	c := make(chan int, n)
	for i := range n {
		c <- i
	}
	close(c)
	return c
}

func aThing() thing {
	return thing{base: base{"up"}, inner: inner{"down", "shadowed"}, Name: "it", Number: 3, Small: 4, Any: "any", Map: map[string]any{"a": 1},
		List: []any{1, "b", nil, 2.5, []any{"x"}}, Words: []string{"one", "two"}, Things: []thing{{Name: "first"}}, Spoken: []spoken{{"s"}}, Pointed: []pointed{{"p"}},
		Pointer: &thing{Name: "far"}, Func: strings.ToUpper, unseen: "hidden", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

// world makes what a template is executed with, anew each time: templates can change it.
func world() map[string]any {
	t, value := aThing(), aThing()
	number := 7
	text := "pointed at"
	var none *thing
	deep := map[string]any{"b": map[string]any{"c": "deep", "n": nil, "list": []any{map[string]any{"x": 1}, nil, "s"}}}
	return map[string]any{
		"s": "text", "empty": "", "i": 5, "zero": 0, "i64": int64(64), "f": 2.5, "whole": 3.0, "big": 1e21, "tiny": 1e-7, "minus": -4, "u": uint(9), "i8": int8(8), "neg": 1 / negInf(),
		"t": true, "no": false, "nil": nil, "list": []any{"x", 1, nil, true, 2.5}, "none": []any{}, "words": []string{"p", "q"}, "ints": []int{3, 1, 2},
		"m": map[string]any{"one": 1, "two": "zwei", "null": nil, "a": map[string]any{}}, "em": map[string]any{}, "nm": map[string]any(nil),
		"deep": deep, "named": named{"a": 1, "n": nil, "sub": named{"x": "y"}}, "word": word("low"), "count": count(4), "thing": value, "p": &t, "pp": ref(&t), "np": none,
		"pn": &number, "ps": &text, "array": [3]int{4, 5, 6}, "bytes": []byte("raw"), "runes": []rune("ab"), "sm": map[string]string{"k": "v"}, "im": map[int]string{2: "b", 1: "a", 10: "j"},
		"am": map[any]any{"x": 1, 2: "y", true: 3, 1.5: 4, nil: 5}, "bm": map[bool]int{true: 1, false: 0}, "fm": map[float64]int{2: 2, -1: 1}, "wm": map[word]int{"w": 1}, "stm": map[inner]int{{"b", "a"}: 1, {"a", "z"}: 2},
		"arm": map[[2]int]int{{2, 1}: 1, {1, 9}: 2}, "u8m": map[uint8]int{200: 1, 3: 2}, "cm": map[complex64]int{2i: 1, 1: 2},
		"err": failing{}, "error": errors.New("wrong"), "spoken": spoken{"a"}, "pointed": pointed{"a"}, "ppointed": &pointed{"b"}, "hidden": hidden{"h"}, "outer": outer{}, "full": outer{&inner{"d", "n"}},
		"fn": strings.ToLower, "vf": func(v ...int) int { return len(v) }, "ef": func(fail bool) (int, error) {
			if fail {
				return 0, errors.New("asked for")
			}
			return 1, nil
		},
		"pf": func() int { panic("function panics") }, "bad": func() {}, "bad2": func() (int, int) { return 1, 2 }, "nf": (func() int)(nil), "ch": channel(3), "nch": (chan int)(nil), "send": make(chan<- int),
		"seq": iter.Seq[int](slices.Values([]int{1, 2})), "seq2": maps.All(map[string]int{"k": 2}), "tree": &tree{Left: &tree{Label: "l"}, Label: "root"}, "dur": 90 * time.Second,
		"when": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "rv": reflect.ValueOf("reflected"), "matrix": []any{[]any{1, 2}, []any{3}}, "structs": []thing{{Name: "q"}, {Name: "r"}}, "level": level(2),
		"c": 2 + 3i, "html": "<a href='x'>&\"</a>", "nils": []any{nil}, "st": struct{ A, B any }{1, nil}, "u64": uint64(1 << 63), "f32": float32(0.1), "pslice": &[]any{1, 2}, "pmap": &map[string]any{"k": "v"},
	}
}

func negInf() float64 { x := 0.0; return -1 / x }

func ref[T any](v T) *T { return &v }

// library has a function of each type that is called without reflection, and of some others.
func library() map[string]any {
	return map[string]any{
		"upper": strings.ToUpper, "trim": func(s string) (string, error) {
			if s == "" {
				return "", errors.New("nothing to trim")
			}
			return strings.TrimSpace(s), nil
		},
		"str": func(v any) string { return fmt.Sprintf("<%v>", v) }, "kind": func(v any) (string, error) { return fmt.Sprintf("%T", v), nil }, "isNil": func(v any) bool { return v == nil },
		"same": func(v any) any { return v }, "size": func(v any) int { return len(fmt.Sprint(v)) }, "int64": func(v any) int64 { return int64(len(fmt.Sprint(v))) },
		"indent": func(n int, s string) (string, error) {
			if n > 20 {
				return "", errors.New("too far")
			}
			return strings.Repeat(" ", n) + s, nil
		},
		"both": func(a, b string) (string, error) { return a + "&" + b, nil }, "has": strings.Contains, "three": func(a, b, c string) (string, error) { return a + b + c, nil },
		"with2": func(a string, v any) (string, error) { return fmt.Sprint(a, v), nil }, "required": func(a string, v any) (any, error) {
			if v == nil {
				return nil, errors.New(a)
			}
			return v, nil
		},
		"cmp": func(a, b any) (bool, error) { return fmt.Sprint(a) < fmt.Sprint(b), nil }, "ternary": func(a, b any, c bool) any {
			if c {
				return a
			}
			return b
		},
		"cat": func(v ...any) (string, error) { return fmt.Sprint(v...), nil }, "dict": func(v ...any) (map[string]any, error) {
			m := map[string]any{}
			for i := 0; i+1 < len(v); i += 2 {
				m[fmt.Sprint(v[i])] = v[i+1]
			}
			return m, nil
		},
		"list": func(v ...any) ([]any, error) { return v, nil }, "one": func(v any) ([]any, error) { return []any{v}, nil }, "coalesce": func(v ...any) any {
			for _, x := range v {
				if x != nil {
					return x
				}
			}
			return nil
		},
		"default": func(d any, v ...any) any {
			if len(v) == 0 || v[0] == nil || v[0] == "" {
				return d
			}
			return v[0]
		},
		"either": func(a any, more ...any) (bool, error) { return len(more) > 1, nil }, "form": func(f string, v ...any) (string, error) { return fmt.Sprintf(f, v...), nil },
		"hasKey": func(m map[string]any, k string) bool { _, ok := m[k]; return ok }, "get": func(m map[string]any, k string) any { return m[k] },
		"set": func(m map[string]any, k string, v any) (map[string]any, error) { m[k] = v; return m, nil },
		// From here on, types that are called by reflection.
		"noargs": func() string { return "none" }, "answer": func() any { return 42 }, "nothing": func() any { return nil }, "noMap": func() map[string]any { return nil }, "fails": func() (string, error) { return "", errors.New("it fails: 100%") },
		"panics": func() string { panic("it panics: 100%") }, "panicsWith": func(v any) string { panic(fmt.Errorf("error %v", v)) }, "nilMap": func(m map[string]int) int { m["a"] = 1; return 1 },
		"u8": func(u uint8) uint8 { return u }, "i8": func(i int8) int8 { return i }, "f32": func(f float32) float32 { return f }, "cplx": func(c complex64) complex64 { return c }, "boolean": func(b bool) bool { return b },
		"uptr": func(u uintptr) uintptr { return u }, "wordy": func(w word) word { return w }, "bytes": func(b []byte) string { return string(b) }, "ptr": func(t *thing) string { return t.Name }, "byValue": func(t thing) string { return t.Name },
		"stringer": func(s fmt.Stringer) string { return s.String() }, "err": func(e error) string { return fmt.Sprint(e) }, "fn": func(f func(string) string) string { return f("In") }, "ch": func(c chan int) int { return cap(c) },
		"rv": func(v reflect.Value) string { return v.Kind().String() }, "rvs": func(v ...reflect.Value) int { return len(v) }, "rvid": func(v reflect.Value) reflect.Value { return v }, "ints": func(v ...int) int { return len(v) },
		"strs": func(a string, v ...string) string { return a + strings.Join(v, ",") }, "two": func(a int, v ...word) int { return a + len(v) }, "noStringer": func() fmt.Stringer { return nil }, "aStringer": func() fmt.Stringer { return spoken{"f"} },
		"anError": func() error { return failing{} }, "noError": func() error { return nil }, "pthing": func() *thing { t := aThing(); return &t }, "noThing": func() *thing { return nil }, "until": func(n int) []int {
			l := make([]int, n)
			for i := range l {
				l[i] = i
			}
			return l
		},
		"structv": func(s struct{ A int }) int { return s.A }, "arr": func(a [2]int) int { return a[0] },
	}
}
