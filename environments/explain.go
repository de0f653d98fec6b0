package environments

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Field explains one key of ferry.yaml.
type Field struct {
	Key      string   `json:"key"`               // environments.gates.soak
	Type     string   `json:"type"`              // what its value is: a duration, list: a name
	Required bool     `json:"required"`          // it must not be left out
	Default  string   `json:"default,omitempty"` // what holds without it
	Meaning  string   `json:"meaning"`
	Example  string   `json:"example"`
	Adds     bool     `json:"adds"`           // in an app's override, the list is added to the environment's
	Keys     []string `json:"keys,omitempty"` // what may stand below it
}

// Fields explains every key, in the order of the reference. What defaults and an app's override of an environment may
// say is explained once, as environments.
func Fields() []Field {
	return below(reflect.TypeFor[rootFile](), "")
}

func below(t reflect.Type, path string) []Field {
	var out []Field
	for _, f := range fieldsOf(t) {
		key := join(path, f.key)
		out = append(out, explained(f, key))
		if inner := mappingOf(f.kind); inner != nil && inner != reflect.TypeFor[settings]() {
			out = append(out, below(inner, key)...)
		}
	}
	return out
}

// mappingOf gives the struct that a key's value is or holds; nil for anything else.
func mappingOf(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Map || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct {
		return t
	}
	return nil
}

func explained(f field, key string) Field {
	out := Field{Key: key, Type: typeName(f.kind), Required: f.required, Default: f.standard, Meaning: f.doc, Example: f.example}
	if inside, ok := strings.CutPrefix(key, "environments."); ok {
		if n := builtInNode().get(strings.Split(inside, ".")...); n != nil && n.kind == scalar {
			out.Default = n.text
		}
		out.Adds = slices.Contains(added, inside)
	}
	if inner := mappingOf(f.kind); inner != nil {
		out.Keys = keysOf(inner)
	}
	return out
}

// typeName says in words what a value is.
func typeName(t reflect.Type) string {
	if r, ok := ruleOf(reflect.Zero(t)); ok {
		return r.name
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Slice:
		return "list: " + typeName(t.Elem())
	case reflect.Map:
		return "mapping: " + typeName(t.Key()) + " to " + typeName(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	default:
		return "a mapping"
	}
}

// Explain finds the keys that a dotted name may mean: a full one as Fields gives it, its end (soak, gates.soak), or one
// as it would stand in a file (defaults.gates.soak, apps[0].environments.prod.values). An empty name gives the top level.
func Explain(name string) ([]Field, error) {
	all := Fields()
	if name == "" {
		return slices.DeleteFunc(all, func(f Field) bool { return strings.Contains(f.Key, ".") }), nil
	}
	wanted := canonical(name)
	if i := slices.IndexFunc(all, func(f Field) bool { return f.Key == wanted }); i >= 0 {
		return all[i : i+1], nil
	}
	found := slices.DeleteFunc(slices.Clone(all), func(f Field) bool { return !strings.HasSuffix(f.Key, "."+wanted) })
	if len(found) == 0 {
		return nil, &unknownField{name: name, nearest: nearestField(wanted, all)}
	}
	return found, nil
}

// canonical turns a key as it stands in a file into the one that is explained.
func canonical(name string) string {
	parts := strings.Split(name, ".")
	for i := range parts {
		parts[i], _, _ = strings.Cut(parts[i], "[")
	}
	switch {
	case parts[0] == "defaults" && len(parts) > 1:
		parts[0] = "environments"
	case len(parts) > 2 && parts[0] == "apps" && parts[1] == "environments":
		rest := parts[2:]
		if _, isKey := fieldOf(reflect.TypeFor[settings](), rest[0]); !isKey {
			rest = rest[1:] // the environment's name
		}
		if len(rest) > 0 {
			parts = append([]string{"environments"}, rest...)
		} else {
			parts = parts[:2]
		}
	}
	return strings.Join(parts, ".")
}

// nearestField compares with full names and with their ends.
func nearestField(name string, all []Field) string {
	var names []string
	for _, f := range all {
		for key := f.Key; key != ""; {
			names = append(names, key)
			_, key, _ = strings.Cut(key, ".")
		}
	}
	return nearest(name, names)
}

type unknownField struct{ name, nearest string }

func (e *unknownField) Error() string {
	return fmt.Sprintf("%s has no key %q", RootFile, quote(e.name))
}

// ExitCode is the row for a wrong command line.
func (e *unknownField) ExitCode() int { return 2 }

func (e *unknownField) Hint() string {
	if e.nearest == "" {
		return "ferry explain lists the keys"
	}
	return fmt.Sprintf("did you mean %q?", e.nearest)
}
