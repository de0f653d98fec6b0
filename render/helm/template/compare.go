package template

import (
	"errors"
	"fmt"
	"reflect"
)

var errNoOrder = errors.New("invalid type for comparison")

// less is lt: numbers of one sort, and text, have an order.
func less(first, second any) (bool, error) {
	if a, ok := first.(int); ok {
		if b, ok := second.(int); ok {
			return a < b, nil
		}
	}
	a, b := reflect.ValueOf(first), reflect.ValueOf(second)
	switch {
	case family(a) == noFamily || family(b) == noFamily:
		return false, errNoOrder
	case a.CanInt() && b.CanUint():
		return a.Int() < 0 || uint64(a.Int()) < b.Uint(), nil
	case a.CanUint() && b.CanInt():
		return b.Int() >= 0 && a.Uint() < uint64(b.Int()), nil
	case family(a) != family(b):
		return false, incompatible(a, b)
	}
	return lessBasic(a, b)
}

func incompatible(a, b reflect.Value) error {
	return fmt.Errorf("incompatible types for comparison: %v and %v", a.Type(), b.Type())
}

// lessBasic compares two of one family.
func lessBasic(a, b reflect.Value) (bool, error) {
	switch family(a) {
	case reflect.Int:
		return a.Int() < b.Int(), nil
	case reflect.Uint:
		return a.Uint() < b.Uint(), nil
	case reflect.Float64:
		return a.Float() < b.Float(), nil
	case reflect.String:
		return a.String() < b.String(), nil
	}
	return false, errNoOrder
}

func lessOrEqual(a, b any) (bool, error) {
	if is, err := less(a, b); is || err != nil {
		return is, err
	}
	return equal(a, b)
}

func greater(a, b any) (bool, error) {
	is, err := lessOrEqual(a, b)
	return !is && err == nil, err
}

func greaterOrEqual(a, b any) (bool, error) {
	is, err := less(a, b)
	return !is && err == nil, err
}
