package plain

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
)

// functions are all that templates may call besides Go's and, or, not, eq, ne, lt, le, gt, ge, index, slice and len. Those
// that Helm has too mean the same here.
func (t *templates) functions() template.FuncMap {
	funcs := template.FuncMap{
		boundedName: t.bounded,
		calledName:  t.called,
		printedName: t.printed,
		"include":   t.include,
	}
	for _, some := range []template.FuncMap{t.strings(), t.encodings(), t.collections(), choices(), numbers()} {
		maps.Copy(funcs, some)
	}
	return funcs
}

// paid makes a function of strings that pays for its result.
func (t *templates) paid(f func(s string) string) func(any) (string, error) {
	return func(v any) (string, error) {
		s := f(text(v))
		return s, t.spend(len(s))
	}
}

func (t *templates) strings() template.FuncMap {
	return template.FuncMap{
		"lower":      t.paid(strings.ToLower),
		"upper":      t.paid(strings.ToUpper),
		"trim":       t.paid(strings.TrimSpace),
		"quote":      t.paid(func(s string) string { return fmt.Sprintf("%q", s) }),
		"squote":     t.paid(func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }),
		"toString":   t.paid(func(s string) string { return s }),
		"trimPrefix": func(prefix string, v any) string { return strings.TrimPrefix(text(v), prefix) },
		"trimSuffix": func(suffix string, v any) string { return strings.TrimSuffix(text(v), suffix) },
		"hasPrefix":  func(prefix string, v any) bool { return strings.HasPrefix(text(v), prefix) },
		"hasSuffix":  func(suffix string, v any) bool { return strings.HasSuffix(text(v), suffix) },
		"contains":   func(part string, v any) bool { return strings.Contains(text(v), part) },
		"trunc":      truncate,
		"replace":    t.replace,
		"split":      t.split,
		"join":       t.join,
		"indent":     t.indent,
		"nindent":    func(n int, s string) (string, error) { in, err := t.indent(n, s); return "\n" + in, err },
		"print":      t.print,
		"println":    func(args ...any) (string, error) { s, err := t.print(args...); return s + "\n", err },
		"printf":     t.printf,
	}
}

func (t *templates) encodings() template.FuncMap {
	return template.FuncMap{
		"toYaml":    t.toYAML,
		"toJson":    t.toJSON,
		"b64enc":    t.paid(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }),
		"b64dec":    decodeBase64,
		"sha256sum": t.paid(func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }),
	}
}

func (t *templates) collections() template.FuncMap {
	return template.FuncMap{
		"dict":   t.dict,
		"list":   func(items ...any) ([]any, error) { return slices.Clone(items), t.weigh(items) },
		"append": func(l []any, v any) ([]any, error) { l = append(slices.Clone(l), v); return l, t.weigh(l) },
		"keys":   func(m map[string]any) ([]any, error) { k := keys(m); return k, t.weigh(k) },
		"hasKey": func(m map[string]any, key string) bool { _, ok := m[key]; return ok },
		"has":    has,
		"get":    get,
	}
}

func choices() template.FuncMap {
	return template.FuncMap{
		"required": required,
		"empty":    isEmpty,
		"default": func(otherwise, v any) any {
			if isEmpty(v) {
				return otherwise
			}
			return v
		},
		"coalesce": func(values ...any) any {
			if i := slices.IndexFunc(values, func(v any) bool { return !isEmpty(v) }); i >= 0 {
				return values[i]
			}
			return nil
		},
		"ternary": func(yes, no any, condition bool) any {
			if condition {
				return yes
			}
			return no
		},
	}
}

func numbers() template.FuncMap {
	return template.FuncMap{
		"int": integer,
		"add": func(numbers ...any) (int64, error) { return fold(numbers, func(a, b int64) int64 { return a + b }) },
		"mul": func(numbers ...any) (int64, error) { return fold(numbers, func(a, b int64) int64 { return a * b }) },
		"sub": func(a, b any) (int64, error) { return fold([]any{a, b}, func(a, b int64) int64 { return a - b }) },
		"div": func(a, b any) (int64, error) { return divide(a, b, func(a, b int64) int64 { return a / b }) },
		"mod": func(a, b any) (int64, error) { return divide(a, b, func(a, b int64) int64 { return a % b }) },
	}
}
