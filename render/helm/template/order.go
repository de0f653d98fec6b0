package template

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
)

// entry is one of a map, taken out before the loop begins: the body may change the map.
type entry[K, V any] struct {
	key   K
	value V
}

func sortedEntries(m map[string]any) []entry[string, any] {
	entries := make([]entry[string, any], 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		entries = append(entries, entry[string, any]{key, m[key]})
	}
	return entries
}

func sortedMap(m reflect.Value) []entry[reflect.Value, reflect.Value] {
	entries := make([]entry[reflect.Value, reflect.Value], 0, m.Len())
	for each := m.MapRange(); each.Next(); {
		entries = append(entries, entry[reflect.Value, reflect.Value]{each.Key(), each.Value()})
	}
	slices.SortStableFunc(entries, func(a, b entry[reflect.Value, reflect.Value]) int { return compareKeys(a.key, b.key) })
	return entries
}

// compareKeys orders the keys of one map: numbers and text as usual, false before true, what is NaN or nil first, structs and
// arrays by their parts, interfaces by their types and then by what they hold, pointers and channels by address.
func compareKeys(a, b reflect.Value) int {
	switch {
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	case a.CanComplex():
		x, y := a.Complex(), b.Complex()
		return cmp.Or(cmp.Compare(real(x), real(y)), cmp.Compare(imag(x), imag(y)))
	}
	switch a.Kind() {
	case reflect.String:
		return cmp.Compare(a.String(), b.String())
	case reflect.Bool:
		return cmp.Compare(truthNumber(a), truthNumber(b))
	case reflect.Pointer, reflect.Chan, reflect.UnsafePointer:
		return cmp.Compare(a.Pointer(), b.Pointer())
	case reflect.Struct:
		return compareParts(a.NumField(), a.Field, b.Field)
	case reflect.Array:
		return compareParts(a.Len(), a.Index, b.Index)
	}
	return compareInterfaces(a, b)
}

func truthNumber(v reflect.Value) int {
	if v.Bool() {
		return 1
	}
	return 0
}

func compareParts(n int, a, b func(int) reflect.Value) int {
	for i := range n {
		if c := compareKeys(a(i), b(i)); c != 0 {
			return c
		}
	}
	return 0
}

func compareInterfaces(a, b reflect.Value) int {
	if a.IsNil() || b.IsNil() {
		return cmp.Compare(presence(a), presence(b))
	}
	a, b = a.Elem(), b.Elem()
	types := cmp.Compare(reflect.ValueOf(a.Type()).Pointer(), reflect.ValueOf(b.Type()).Pointer())
	if types != 0 {
		return types
	}
	return compareKeys(a, b)
}

func presence(v reflect.Value) int {
	if v.IsNil() {
		return 0
	}
	return 1
}
