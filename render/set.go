package render

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxIndex bounds what a setting may make of a list: a[1000]=x fills it up to there.
const maxIndex = 1000

// apply sets a value as Helm's flags do: a.b[0].c is the path, a backslash takes the next character as it is, {x,y} is a
// list, and a comma begins the next path=value. A literal value has none of this.
func (s Set) apply(values map[string]any) error {
	if s.Literal {
		return assign(values, s.Path, s.Value)
	}
	path, rest := s.Path, s.Value
	for {
		var v any
		var err error
		if v, rest, err = s.take(rest); err != nil {
			return err
		}
		if err := assign(values, path, v); err != nil {
			return err
		}
		if rest == "" {
			return nil
		}
		var ok bool
		if path, rest, ok = cutPlain(rest[1:], '='); !ok {
			return fmt.Errorf("%q after a comma is no path=value; write \\, for a comma in the value", path)
		}
		rest = rest[1:]
	}
}

// take reads one value; rest is empty or begins with the comma after it.
func (s Set) take(text string) (v any, rest string, err error) {
	if !strings.HasPrefix(text, "{") {
		one, rest, _ := cutPlain(text, ',')
		return s.typed(unescape(one)), rest, nil
	}
	inside, rest, ok := cutPlain(text[1:], '}')
	if !ok {
		return nil, "", errors.New("a list needs a closing }")
	}
	if rest = rest[1:]; rest != "" && rest[0] != ',' {
		return nil, "", fmt.Errorf("%q after a list", rest)
	}
	items := []any{}
	for inside != "" {
		one, after, more := cutPlain(inside, ',')
		items = append(items, s.typed(unescape(one)))
		if inside = after; more {
			inside = after[1:]
		}
	}
	return items, rest, nil
}

func (s Set) typed(text string) any {
	if !s.Typed {
		return text
	}
	switch strings.ToLower(text) {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	case "0":
		return int64(0)
	}
	if text != "" && text[0] != '0' {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i
		}
	}
	return text
}

// cutPlain cuts before the first separator that no backslash precedes; rest begins with it.
func cutPlain(s string, separator byte) (before, rest string, ok bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case separator:
			return s[:i], s[i:], true
		}
	}
	return s, "", false
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// place to set: a key of a map, or an index of a list.
type valueStep struct {
	key   string
	index int // -1 where it is a key
}

func valuePath(path string) ([]valueStep, error) {
	var steps []valueStep
	for rest := path; rest != ""; {
		text, after, _ := cutPlain(rest, '.')
		key, brackets, _ := cutPlain(text, '[')
		if key == "" {
			return nil, fmt.Errorf("the path %q misses a key", path)
		}
		steps = append(steps, valueStep{unescape(key), -1})
		for brackets != "" {
			inside, next, ok := strings.Cut(brackets[1:], "]")
			i, err := strconv.Atoi(inside)
			if !ok || err != nil || i < 0 || i > maxIndex || next != "" && next[0] != '[' {
				return nil, fmt.Errorf("the path %q: want an index from 0 to %d in brackets", path, maxIndex)
			}
			steps, brackets = append(steps, valueStep{"", i}), next
		}
		if rest = after; rest != "" {
			if rest = rest[1:]; rest == "" {
				return nil, fmt.Errorf("the path %q ends with a dot", path)
			}
		}
	}
	if len(steps) == 0 {
		return nil, errors.New("the path is empty")
	}
	return steps, nil
}

func assign(values map[string]any, path string, v any) error {
	steps, err := valuePath(path)
	if err != nil {
		return err
	}
	if len(steps) > maxDepth {
		return fmt.Errorf("the path is deeper than %d", maxDepth)
	}
	_ = put(values, steps, v)
	return nil
}

// put gives what stands at the first step's parent after setting v below it. Null deletes a key.
func put(at any, steps []valueStep, v any) any {
	if len(steps) == 0 {
		return v
	}
	s := steps[0]
	if s.index >= 0 {
		items, _ := at.([]any)
		items = append([]any(nil), items...)
		for len(items) <= s.index {
			items = append(items, nil)
		}
		items[s.index] = put(items[s.index], steps[1:], v)
		return items
	}
	m, ok := at.(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	if len(steps) == 1 && v == nil {
		delete(m, s.key)
		return m
	}
	m[s.key] = put(m[s.key], steps[1:], v)
	return m
}
