package environments

import (
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// field is a key of a mapping, as its struct tags tell.
type field struct {
	key      string
	index    []int
	kind     reflect.Type
	required bool
	min, max int64  // of a number
	standard string // default, where it is not in builtIn
	doc      string
	example  string
}

var fieldCache sync.Map // of []field, by struct type

// fieldsOf lists the keys of a mapping, as written in its type; those of an embedded struct come in its place.
func fieldsOf(t reflect.Type) []field {
	if cached, ok := fieldCache.Load(t); ok {
		return cached.([]field)
	}
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				out = append(out, inner)
			}
			continue
		}
		out = append(out, readField(f, i))
	}
	fieldCache.Store(t, out)
	return out
}

func readField(f reflect.StructField, index int) field {
	out := field{key: f.Tag.Get("yaml"), index: []int{index}, kind: f.Type,
		standard: f.Tag.Get("default"), doc: f.Tag.Get("doc"), example: f.Tag.Get("example")}
	for part := range strings.SplitSeq(f.Tag.Get("jsonschema"), ",") {
		name, value, _ := strings.Cut(part, "=")
		number, _ := strconv.ParseInt(value, 10, 64)
		switch name {
		case "required":
			out.required = true
		case "minimum":
			out.min = number
		case "maximum":
			out.max = number
		}
	}
	return out
}

func fieldOf(t reflect.Type, key string) (field, bool) {
	for _, f := range fieldsOf(t) {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}

func keysOf(t reflect.Type) []string {
	var out []string
	for _, f := range fieldsOf(t) {
		out = append(out, f.key)
	}
	return out
}
