package connector

import (
	"regexp"
	"strings"
	"sync"
)

// version is what a tag or a range of tags begins with: v1.2, >=1.0, 1.x.
var version = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[<>=^~ ]*v?[0-9]+(\.([0-9]+|x|\*))*([-+ ,<>=|.0-9A-Za-z*]*)$`)
})

const maxPattern = 512

// matches tells whether Argo CD's include or exclude names a file. * stands for anything, slashes too, ? for one character, and
// {a,b} for alternatives. A pattern that is too long or broken names nothing.
func matches(pattern, name string) bool {
	if len(pattern) > maxPattern {
		return false
	}
	expression, ok := translate(pattern)
	if !ok {
		return false
	}
	re, err := regexp.Compile(expression)
	return err == nil && re.MatchString(name)
}

// translate writes a pattern as a regular expression, which is matched in linear time whatever the pattern is.
func translate(pattern string) (string, bool) {
	var out strings.Builder
	depth := 0
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			out.WriteString(".*")
		case '?':
			out.WriteByte('.')
		case '{':
			depth++
			out.WriteString("(?:")
		case '}':
			if depth--; depth < 0 {
				return "", false
			}
			out.WriteByte(')')
		case ',':
			out.WriteString(map[bool]string{true: "|", false: ","}[depth > 0])
		case '[':
			end := strings.IndexByte(pattern[i:], ']')
			if end < 2 {
				return "", false
			}
			out.WriteString(class(pattern[i+1 : i+end]))
			i += end
		case '\\':
			if i++; i == len(pattern) {
				return "", false
			}
			out.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		default:
			out.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return `(?s)\A(?:` + out.String() + `)\z`, depth == 0
}

// class writes [abc], [a-z] and [!a-z].
func class(inner string) string {
	not := ""
	if strings.HasPrefix(inner, "!") {
		not, inner = "^", inner[1:]
	}
	return "[" + not + strings.NewReplacer(`\`, `\\`, `[`, `\[`, `^`, `\^`).Replace(inner) + "]"
}
