package template

import "reflect"

// value is what an expression gives.
type value struct {
	v  any
	is form
}

// form says how a value was come by. It shows where a value is nil, and in messages.
type form uint8

const (
	invalid form = iota // there is none: a missing key, nil
	plain               // v, which is not nil
	boxed               // v, which may be nil, out of an interface{}
	held                // v is a reflect.Value: a place with an address, or an interface with methods
	absent              // a pipeline that has not begun
)

var (
	anyType   = reflect.TypeFor[any]()
	valueType = reflect.TypeFor[reflect.Value]()
)

// fromReflect keeps of a value all that can be seen of it.
func fromReflect(r reflect.Value) value {
	switch {
	case !r.IsValid():
		return value{}
	case !r.CanInterface():
		return value{r, held}
	case r.Kind() == reflect.Interface:
		if r.NumMethod() == 0 {
			return value{r.Interface(), boxed}
		}
		return value{r, held}
	case r.CanAddr() && !isBasic(r.Type()):
		return value{r, held}
	}
	return value{r.Interface(), plain}
}

// isBasic tells string, int and the like, which have no methods.
func isBasic(t reflect.Type) bool {
	return t.PkgPath() == "" && (t.Kind() <= reflect.Complex128 || t.Kind() == reflect.String)
}

// reflect gives the value as reflection sees it. What came out of an interface{} is out of it, unless it is nil.
func (v value) reflect() reflect.Value {
	switch {
	case v.is == invalid:
		return reflect.Value{}
	case v.is == held:
		return v.v.(reflect.Value)
	case v.v == nil:
		return reflect.Zero(anyType)
	}
	return reflect.ValueOf(v.v)
}

// place is the value for a function that looks at it by reflection: what came out of an interface{} is in one again.
func (v value) place() reflect.Value {
	if v.is != boxed || v.v == nil {
		return v.reflect()
	}
	box := reflect.New(anyType).Elem()
	box.Set(reflect.ValueOf(v.v))
	return box
}

// typ is the type that messages name.
func (v value) typ() reflect.Type {
	if v.is == boxed {
		return anyType
	}
	return v.reflect().Type()
}

// any is the value for a function that takes anything.
func (v value) any() any {
	if v.is == held {
		return v.v.(reflect.Value).Interface()
	}
	return v.v
}

// unboxed is what a command gives: never an interface{}.
func (v value) unboxed() value {
	if v.is == boxed {
		if v.v == nil {
			return value{}
		}
		v.is = plain
	}
	return v
}

// indirect follows pointers and interfaces to what they point to, or to the first that is nil.
func indirect(r reflect.Value) (end reflect.Value, isNil bool) {
	for r.Kind() == reflect.Pointer || r.Kind() == reflect.Interface {
		if r.IsNil() {
			return r, true
		}
		r = r.Elem()
	}
	return r, false
}

// concrete looks through an interface; the value in an empty one is invalid.
func concrete(r reflect.Value) reflect.Value {
	if r.Kind() == reflect.Interface {
		return r.Elem()
	}
	return r
}

// truth is what conditions make of a value.
func (v value) truth() bool {
	switch x := v.v.(type) {
	case nil:
		return false
	case bool:
		return x
	case string:
		return x != ""
	case map[string]any:
		return len(x) > 0
	case []any:
		return len(x) > 0
	case int:
		return x != 0
	}
	return isTrue(concrete(v.reflect()))
}

func isTrue(r reflect.Value) bool {
	switch r.Kind() {
	case reflect.Invalid:
		return false
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return r.Len() > 0
	case reflect.Chan, reflect.Func, reflect.Pointer, reflect.UnsafePointer, reflect.Interface:
		return !r.IsNil()
	case reflect.Struct:
		return true
	}
	return !r.IsZero()
}
