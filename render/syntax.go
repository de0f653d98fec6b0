package render

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

var (
	yamlLine = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^line (\d+): `)
	})
	yamlAnchor = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
	})
)

// offByOne are the complaints of the library's parser, which counts lines from 0 where its scanner counts from 1.
var offByOne = []string{"did not find expected key", "did not find expected '-' indicator", "did not find expected ',' or ",
	"did not find expected node content", "did not find expected <", "found undefined tag handle", "found duplicate %", "found incompatible YAML"}

// syntaxProblem places what the YAML library complains of. The line stands only in its text, and not always.
func syntaxProblem(data []byte, err error) Problems {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	switch m := yamlLine().FindStringSubmatch(text); {
	case m != nil:
		line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
		if slices.ContainsFunc(offByOne, func(s string) bool { return strings.HasPrefix(text, s) }) {
			line++
		}
	case yamlAnchor().MatchString(text):
		line = lineOf(data, bytes.Index(data, []byte("*"+yamlAnchor().FindStringSubmatch(text)[1])))
	case strings.Contains(text, "control character") || strings.Contains(text, "UTF-8"):
		line = lineOf(data, unreadable(data))
	}
	line = min(line, lineOf(data, len(bytes.TrimRight(data, "\n"))))
	return Problems{{Line: line, Text: "broken YAML: " + text}}
}

func lineOf(data []byte, offset int) int { return bytes.Count(data[:max(offset, 0)], []byte("\n")) + 1 }

// unreadable finds the first byte that is no text.
func unreadable(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 || r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f {
			return i
		}
		i += size
	}
	return 0
}
