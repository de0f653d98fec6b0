package plain

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// truncate keeps the first n bytes, or the last where n is negative, and cuts no character in two.
func truncate(n int, s string) string {
	switch {
	case n >= 0 && len(s) > n:
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		return s[:n]
	case n < 0 && len(s) > -n:
		from := len(s) + n
		for from < len(s) && !utf8.RuneStart(s[from]) {
			from++
		}
		return s[from:]
	}
	return s
}

func (t *templates) replace(old, with string, v any) (string, error) {
	s := text(v)
	if err := t.spend(len(s) + (strings.Count(s, old)+1)*len(with)); err != nil {
		return "", err
	}
	return strings.ReplaceAll(s, old, with), nil
}

func (t *templates) split(separator, s string) ([]any, error) {
	if err := t.spend(len(s) + (strings.Count(s, separator)+1)*nodeWeight); err != nil {
		return nil, err
	}
	items := []any{}
	for part := range strings.SplitSeq(s, separator) {
		items = append(items, part)
	}
	return items, nil
}

func (t *templates) join(separator string, items []any) (string, error) {
	parts, size := make([]string, len(items)), 0
	for i, item := range items {
		parts[i] = text(item)
		size += len(parts[i]) + len(separator)
	}
	if err := t.spend(size); err != nil {
		return "", err
	}
	return strings.Join(parts, separator), nil
}

// indent puts spaces before every line, the empty ones too, as Helm does.
func (t *templates) indent(n int, s string) (string, error) {
	if n < 0 || n > 200 {
		return "", fmt.Errorf("an indent of %d; want 0 to 200", n)
	}
	if err := t.spend(len(s) + (strings.Count(s, "\n")+1)*n); err != nil {
		return "", err
	}
	pad := strings.Repeat(" ", n)
	return pad + strings.ReplaceAll(s, "\n", "\n"+pad), nil
}

func (t *templates) print(args ...any) (string, error) {
	if err := t.weigh(args...); err != nil {
		return "", err
	}
	s := fmt.Sprint(args...)
	return s, t.spend(len(s))
}

// printf is Go's, without what reads addresses (%p), takes widths from elsewhere, or has more than two digits of them.
func (t *templates) printf(format string, args ...any) (string, error) {
	if !soundFormat().MatchString(format) {
		return "", errors.New("printf takes the verbs s d v q t e f g x X c b o U with widths of two digits at most")
	}
	if err := t.weigh(append(slices.Clone(args), format)...); err != nil {
		return "", err
	}
	if err := t.spend(strings.Count(format, "%") * 200); err != nil {
		return "", err
	}
	s := fmt.Sprintf(format, args...)
	if strings.Contains(s, "%!") && !strings.Contains(fmt.Sprint(append(args, format)...), "%!") {
		return "", fmt.Errorf("the format %q does not fit its arguments", format)
	}
	return s, t.spend(len(s))
}

var soundFormat = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[^%]|%[-+# 0]*\d{0,2}(?:\.\d{0,2})?[sdvqtefgxXcboU%])*$`)
})
