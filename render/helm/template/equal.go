package template

import (
	"errors"
	"fmt"
	"reflect"
)

// equal is Go's eq, except that its errors do not print what they could not compare: the text of a map may have no end.
func equal(first any, others ...any) (bool, error) {
	if len(others) == 0 {
		return false, errors.New("missing argument for comparison")
	}
	for _, other := range others {
		if same, err := sameAny(first, other); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

func unequal(a, b any) (bool, error) {
	same, err := sameAny(a, b)
	return !same, err
}

func sameAny(a, b any) (bool, error) {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return a == b, nil
		}
	case int:
		if b, ok := b.(int); ok {
			return a == b, nil
		}
	case bool:
		if b, ok := b.(bool); ok {
			return a == b, nil
		}
	}
	return samePair(reflect.ValueOf(a), reflect.ValueOf(b))
}

func samePair(a, b reflect.Value) (bool, error) {
	switch {
	case a.CanInt() && b.CanUint():
		return a.Int() >= 0 && uint64(a.Int()) == b.Uint(), nil
	case a.CanUint() && b.CanInt():
		return b.Int() >= 0 && a.Uint() == uint64(b.Int()), nil
	case family(a) != family(b):
		if a.IsValid() && b.IsValid() {
			return false, incompatible(a, b)
		}
		return false, nil
	case family(a) != noFamily:
		return sameBasic(a, b), nil
	}
	return sameOther(a, b)
}

// noFamily is that of everything that is no bool, number or string.
const noFamily = reflect.Invalid

// family puts the sizes of one type of number together.
func family(v reflect.Value) reflect.Kind {
	switch {
	case v.CanInt():
		return reflect.Int
	case v.CanUint():
		return reflect.Uint
	case v.CanFloat():
		return reflect.Float64
	case v.CanComplex():
		return reflect.Complex128
	case v.Kind() == reflect.Bool, v.Kind() == reflect.String:
		return v.Kind()
	}
	return noFamily
}

func sameBasic(a, b reflect.Value) bool {
	switch family(a) {
	case reflect.Bool:
		return a.Bool() == b.Bool()
	case reflect.Int:
		return a.Int() == b.Int()
	case reflect.Uint:
		return a.Uint() == b.Uint()
	case reflect.Float64:
		return a.Float() == b.Float()
	case reflect.Complex128:
		return a.Complex() == b.Complex()
	}
	return a.String() == b.String()
}

// sameOther compares what may be nil; beyond that only what Go can compare.
func sameOther(a, b reflect.Value) (bool, error) {
	switch {
	case a.IsValid() && b.IsValid() && a.Kind() != b.Kind():
		return false, fmt.Errorf("non-comparable types %v and %v", a.Type(), b.Type())
	case isNil(a) || isNil(b):
		return isNil(a) == isNil(b), nil
	case !b.Type().Comparable():
		return false, fmt.Errorf("non-comparable type %v", b.Type())
	}
	return a.Interface() == b.Interface(), nil
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
		return v.IsNil()
	}
	return false
}
