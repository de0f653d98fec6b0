package template

import (
	"fmt"
	"reflect"
	"strings"
	"text/template/parse"
)

// argument is one of a function or a method. Constants take the type of the parameter they are given for.
type argument struct {
	node     parse.Node
	from     expression // nil for constants
	fixed    value      // the constant
	mistaken string     // why it cannot be given
}

func (a *argument) value(s *state) value {
	if a.from != nil {
		return a.from.value(s)
	}
	s.at = a.node
	if a.mistaken != "" {
		s.failf("%s", a.mistaken)
	}
	return a.fixed
}

// as settles an argument for a parameter of type t.
func (a argument) as(t reflect.Type) argument {
	if a.from == nil {
		a.fixed, a.mistaken = constantOf(a.node, t)
	}
	return a
}

// constantOf gives the constant as a value of type t, or says why it is none.
func constantOf(n parse.Node, t reflect.Type) (v value, mistaken string) {
	if n.Type() == parse.NodeNil {
		if !nilable(t) {
			return value{}, fmt.Sprintf("cannot assign nil to %s", t)
		}
		return value{}, ""
	}
	if t == anyType || t == valueType {
		return untyped(n)
	}
	typed := reflect.New(t).Elem()
	wanted := setConstant(typed, n)
	switch {
	case wanted == "":
		return value{typed.Interface(), plain}, ""
	case wanted == unknown:
		return value{}, fmt.Sprintf("can't handle %s for arg of type %s", n, t)
	}
	return value{}, fmt.Sprintf("expected %s; found %s", wanted, n)
}

// unknown are types that have no constants.
const unknown = "?"

// setConstant sets v, or says what was wanted instead.
func setConstant(v reflect.Value, n parse.Node) (wanted string) {
	number, _ := n.(*parse.NumberNode)
	if number == nil {
		number = &parse.NumberNode{}
	}
	switch {
	case v.CanInt():
		wanted = setIf(number.IsInt, "integer", func() { v.SetInt(number.Int64) })
	case v.CanUint():
		wanted = setIf(number.IsUint, "unsigned integer", func() { v.SetUint(number.Uint64) })
	case v.CanFloat():
		wanted = setIf(number.IsFloat, "float", func() { v.SetFloat(number.Float64) })
	case v.CanComplex():
		wanted = setIf(number.IsComplex, "complex", func() { v.SetComplex(number.Complex128) })
	case v.Kind() == reflect.Bool:
		b, ok := n.(*parse.BoolNode)
		wanted = setIf(ok, "bool", func() { v.SetBool(b.True) })
	case v.Kind() == reflect.String:
		text, ok := n.(*parse.StringNode)
		wanted = setIf(ok, "string", func() { v.SetString(text.Text) })
	default:
		wanted = unknown
	}
	return wanted
}

func setIf(fits bool, wanted string, set func()) string {
	if !fits {
		return wanted
	}
	set()
	return ""
}

// untyped gives a constant the type it has where nothing asks for another.
func untyped(n parse.Node) (v value, mistaken string) {
	switch n := n.(type) {
	case *parse.BoolNode:
		return value{n.True, plain}, ""
	case *parse.StringNode:
		return value{n.Text, plain}, ""
	case *parse.NumberNode:
		return untypedNumber(n)
	}
	return value{}, fmt.Sprintf("can't evaluate command %q", n)
}

func untypedNumber(n *parse.NumberNode) (v value, mistaken string) {
	switch {
	case n.IsComplex:
		return value{n.Complex128, plain}, ""
	case n.IsFloat && looksFloat(n.Text):
		return value{n.Float64, plain}, ""
	case n.IsInt:
		return value{int(n.Int64), plain}, ""
	case n.IsUint:
		return value{}, n.Text + " overflows int"
	}
	return value{}, ""
}

// looksFloat tells 1.0 and 1e3 from 1 and 0xe and 'e'.
func looksFloat(text string) bool {
	hex := len(text) > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && !strings.ContainsAny(text, "pP")
	return !hex && text[0] != '\'' && strings.ContainsAny(text, ".eEpP")
}
