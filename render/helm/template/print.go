package template

import (
	"fmt"
	"reflect"
	"strconv"
	"text/template/parse"
)

// print writes what a pipeline gave.
func (s *state) print(n parse.Node, v value) {
	switch x := v.v.(type) {
	case string:
		s.write(x)
	case int:
		s.writeBytes(strconv.AppendInt(s.scratch[:0], int64(x), 10))
	case int64:
		s.writeBytes(strconv.AppendInt(s.scratch[:0], x, 10))
	case bool:
		s.write(strconv.FormatBool(x))
	case float64:
		s.writeBytes(fmt.Append(s.scratch[:0], x))
	case map[string]any, []any:
		s.writeFormatted(x)
	default:
		if v.is == invalid {
			s.write("<no value>")
			return
		}
		s.printReflect(n, v.reflect())
	}
}

func (s *state) writeBytes(text []byte) {
	s.scratch = text
	if _, err := s.out.Write(text); err != nil {
		panic(failure{err})
	}
}

func (s *state) writeFormatted(v any) {
	if _, err := fmt.Fprint(s.out, v); err != nil {
		panic(failure{err})
	}
}

var stringerType = reflect.TypeFor[fmt.Stringer]()

// speaks tells types that say themselves how they look.
func speaks(t reflect.Type) bool { return t.Implements(errorType) || t.Implements(stringerType) }

// printReflect prints what pointers point to, by its own methods or those of its address.
func (s *state) printReflect(n parse.Node, r reflect.Value) {
	if r.Kind() == reflect.Pointer {
		r, _ = indirect(r)
	}
	switch {
	case speaks(r.Type()):
	case r.CanAddr() && speaks(reflect.PointerTo(r.Type())):
		r = r.Addr()
	case r.Kind() == reflect.Chan || r.Kind() == reflect.Func:
		s.failf("can't print %s of type %s", n, r.Type())
	}
	s.writeFormatted(r.Interface())
}
