package plain

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// text gives a scalar as YAML would have it: numbers without exponents, null as nothing.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// isEmpty tells null, false, zero, and the string, mapping or list with nothing in it.
func isEmpty(v any) bool {
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Map, reflect.Slice, reflect.String:
		return r.Len() == 0
	}
	return r.IsZero()
}

// get gives the value at a dotted path, or the default where there is none. A backslash keeps a dot in a key.
func get(m map[string]any, path string, otherwise any) any {
	var at any = m
	for _, key := range splitPath(path) {
		below, _ := at.(map[string]any)
		v, ok := below[key]
		if !ok {
			return otherwise
		}
		at = v
	}
	return at
}

func splitPath(path string) []string {
	const kept = "\x00"
	keys := strings.Split(strings.ReplaceAll(path, `\.`, kept), ".")
	for i := range keys {
		keys[i] = strings.ReplaceAll(keys[i], kept, ".")
	}
	return keys
}

func required(explanation string, v any) (any, error) {
	if v == nil || v == "" {
		return nil, errors.New(explanation)
	}
	return v, nil
}

func (t *templates) dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("a key without a value: dict takes pairs")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("the key %v is no string", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, t.weigh(m)
}

func keys(m map[string]any) []any {
	all := []any{}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		all = append(all, key)
	}
	return all
}

func has(v any, list []any) bool {
	return slices.ContainsFunc(list, func(item any) bool { return reflect.DeepEqual(item, v) })
}

func (t *templates) toYAML(v any) (string, error) {
	if err := t.weigh(v); err != nil {
		return "", err
	}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	s := strings.TrimSuffix(b.String(), "\n")
	return s, t.spend(len(s))
}

func (t *templates) toJSON(v any) (string, error) {
	if err := t.weigh(v); err != nil {
		return "", err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	s := strings.TrimSuffix(b.String(), "\n")
	return s, t.spend(len(s))
}

func decodeBase64(s string) (string, error) {
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "", errors.New("not base64")
	}
	return string(data), nil
}

// integer reads a number, or a string of decimal digits.
func integer(v any) (int64, error) {
	switch r := reflect.ValueOf(v); {
	case r.IsValid() && r.CanInt():
		return r.Int(), nil
	case r.IsValid() && r.CanFloat():
		return int64(r.Float()), nil
	}
	s, ok := v.(string)
	i, err := strconv.ParseInt(s, 10, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("%q is no number", text(v))
	}
	return i, nil
}

func fold(numbers []any, f func(a, b int64) int64) (int64, error) {
	if len(numbers) == 0 {
		return 0, errors.New("no numbers")
	}
	var total int64
	for i, v := range numbers {
		n, err := integer(v)
		switch {
		case err != nil:
			return 0, err
		case i == 0:
			total = n
		default:
			total = f(total, n)
		}
	}
	return total, nil
}

func divide(a, b any, f func(a, b int64) int64) (int64, error) {
	if n, err := integer(b); err == nil && n == 0 {
		return 0, errors.New("division by zero")
	}
	return fold([]any{a, b}, f)
}
