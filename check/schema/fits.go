package schema

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// fits tells that a value can surely be read into a type, with every field known. Most can, and this finds out without
// reading: false leaves the question to the library, which also knows what is wrong.
func fits(n *yaml.Node, t reflect.Type) bool { return shapeOf(t).holds(n) }

// shape is what a type asks of a value. Its parts are made when they are first needed.
type shape struct {
	kind   reflect.Kind
	bits   int
	own    func(*yaml.Node) bool    // of types that read themselves
	below  func() *shape            // of pointers, lists and mappings
	fields func() map[string]*shape // of structs
}

var shapes sync.Map // of *shape, by reflect.Type

func shapeOf(t reflect.Type) *shape {
	if known, ok := shapes.Load(t); ok {
		return known.(*shape)
	}
	made, _ := shapes.LoadOrStore(t, newShape(t))
	return made.(*shape)
}

func newShape(t reflect.Type) *shape {
	s := &shape{kind: t.Kind()}
	below := func() *shape { return shapeOf(t.Elem()) }
	switch own, special := specials[t]; {
	case special:
		s.own = own
	case readsItself(t), s.kind == reflect.Map && (t.Key().Kind() != reflect.String || readsItself(t.Key())), s.kind == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		s.own = func(*yaml.Node) bool { return false }
	case s.kind == reflect.Pointer, s.kind == reflect.Map, s.kind == reflect.Slice:
		s.below = sync.OnceValue(below)
	case s.kind == reflect.Struct:
		s.fields = sync.OnceValue(func() map[string]*shape { return fieldsOf(t) })
	case s.kind >= reflect.Int && s.kind <= reflect.Int64:
		s.bits = t.Bits()
	}
	return s
}

func (s *shape) holds(n *yaml.Node) bool {
	switch {
	case s.own != nil:
		return s.own(n)
	case s.fields != nil:
		return n.Kind == yaml.MappingNode && haveAll(s.fields(), n)
	case s.below == nil:
		return s.holdsScalar(n)
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return true
	}
	switch s.kind {
	case reflect.Map:
		return n.Kind == yaml.MappingNode && s.below().holdsAll(n, 1, 2)
	case reflect.Slice:
		return n.Kind == yaml.SequenceNode && s.below().holdsAll(n, 0, 1)
	}
	return s.below().holds(n)
}

func (s *shape) holdsScalar(n *yaml.Node) bool {
	switch {
	case n.Kind != yaml.ScalarNode:
		return false
	case s.kind == reflect.String:
		return n.Tag == "!!str"
	case s.kind == reflect.Bool:
		return n.Tag == "!!bool"
	}
	_, err := strconv.ParseInt(n.Value, 10, max(s.bits, 1))
	return s.bits > 0 && n.Tag == "!!int" && err == nil
}

func haveAll(fields map[string]*shape, n *yaml.Node) bool {
	for i := 0; i < len(n.Content); i += 2 {
		s, known := fields[n.Content[i].Value]
		if !known || !s.holds(n.Content[i+1]) {
			return false
		}
	}
	return true
}

func (s *shape) holdsAll(n *yaml.Node, first, step int) bool {
	for i := first; i < len(n.Content); i += step {
		if !s.holds(n.Content[i]) {
			return false
		}
	}
	return true
}

// specials are types that read themselves, in ways that are known here.
var specials = map[reflect.Type]func(*yaml.Node) bool{
	reflect.TypeFor[intstr.IntOrString](): func(n *yaml.Node) bool {
		_, err := strconv.ParseInt(n.Value, 10, 32)
		return n.Tag == "!!str" || n.Tag == "!!int" && err == nil
	},
	reflect.TypeFor[resource.Quantity](): func(n *yaml.Node) bool {
		_, err := resource.ParseQuantity(n.Value)
		return (n.Tag == "!!str" || n.Tag == "!!int") && err == nil
	},
	reflect.TypeFor[metav1.Time](): func(n *yaml.Node) bool { return n.Tag == "!!null" },
}

// readsItself tells types that say themselves how they are read.
func readsItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t.Kind() != reflect.Pointer && (p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()))
}

// fieldsOf gives the fields of a struct by their names in JSON; those about which there may be a doubt are left out.
func fieldsOf(t reflect.Type) map[string]*shape {
	fields, doubtful := map[string]*shape{}, map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" || !isInline(t, f.Index) {
			continue // a struct that lends its fields, or one of a struct that does not
		}
		doubtful[name] = doubtful[name] || fields[name] != nil || !f.IsExported() || strings.Contains(options, "string")
		fields[name] = shapeOf(f.Type)
	}
	for name, is := range doubtful {
		if is {
			delete(fields, name)
		}
	}
	return fields
}

// isInline tells whether all structs on the way to a field lend it their fields: one with a name of its own keeps them.
func isInline(t reflect.Type, index []int) bool {
	for i := 1; i < len(index); i++ {
		f := t.FieldByIndex(index[:i])
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" || f.Type.Kind() != reflect.Struct {
			return false
		}
	}
	return true
}
