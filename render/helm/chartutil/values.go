// Package chartutil has the types of what templates see, by the names and with the methods that Helm's have: templates can
// print a type and call a method. Helm's package of this name would bring all types of Kubernetes along, which cost each start of
// ferry a tenth of it.
//
//	values.go        Values: a map with methods
//	capabilities.go  Capabilities: of the cluster that is rendered for
package chartutil

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"sigs.k8s.io/yaml"
)

// Values are values of a chart.
type Values map[string]any

// YAML writes the values out.
func (v Values) YAML() (string, error) {
	data, err := yaml.Marshal(v)
	return string(data), err
}

// Encode writes the values out to w.
func (v Values) Encode(w io.Writer) error {
	data, err := yaml.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// AsMap gives the plain map, an empty one for none.
func (v Values) AsMap() map[string]any {
	if len(v) == 0 {
		return map[string]any{}
	}
	return v
}

// Table gives the values below a path such as image.pullSecrets; the error is an ErrNoTable where there is no map.
func (v Values) Table(path string) (Values, error) {
	at := v
	for name := range strings.SplitSeq(path, ".") {
		below, ok := tableOf(at[name])
		if !ok {
			return at, ErrNoTable{name}
		}
		at = below
	}
	return at, nil
}

func tableOf(v any) (Values, bool) {
	switch v := v.(type) {
	case map[string]any:
		return v, true
	case Values:
		return v, true
	}
	return nil, false
}

// PathValue gives what stands at a path such as image.tag; the error is an ErrNoValue where there is nothing, or a map.
func (v Values) PathValue(path string) (any, error) {
	if path == "" {
		return nil, errors.New("YAML path cannot be empty")
	}
	at, name := v, path
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		var err error
		name = path[i+1:]
		if at, err = v.Table(path[:i]); err != nil {
			return nil, ErrNoValue{name}
		}
	}
	found, ok := at[name]
	if _, isMap := found.(map[string]any); isMap || !ok {
		return nil, ErrNoValue{name}
	}
	return found, nil
}

// ErrNoTable is a name under which there is no map.
type ErrNoTable struct{ Key string }

func (e ErrNoTable) Error() string { return fmt.Sprintf("%q is not a table", e.Key) }

// ErrNoValue is a name under which there is nothing, or a map.
type ErrNoValue struct{ Key string }

func (e ErrNoValue) Error() string { return fmt.Sprintf("%q is not a value", e.Key) }
