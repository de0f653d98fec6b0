package environments

import (
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

var (
	syntaxError = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
	})
	unknownAnchor = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
	})
)

// syntax reports what is not YAML. The library names the line where the mapping or list around the mistake begins, often
// the first of the file; what it read until it gave up says more.
func (p *parser) syntax(data []byte, err error) {
	around, message := 0, err.Error()
	if found := syntaxError().FindStringSubmatch(message); found != nil {
		around, _ = strconv.Atoi(found[1])
		message = found[2]
	}
	read := string(data[:readUntilError(data)])
	lines := strings.Split(strings.TrimRight(read, "\r\n"), "\n")
	all := strings.Split(string(data), "\n")
	line, column, hint := len(lines), 0, ""
	anchor := unknownAnchor().FindStringSubmatch(message)
	switch {
	case anchor != nil:
		line, column = lastUse(lines, "*"+anchor[1])
	case strings.HasPrefix(message, "did not find expected ',' or"):
		line = noticed(lines)
		hint = bracketHint(lines[line-1], around+1, line) // in front of brackets the library counts lines from 0
	case len(read) == len(data) && around > 0 && !strings.HasPrefix(message, "did not find expected"):
		line = around // a quote left open swallows the rest
	}
	line = min(line, len(all)) // YAML has more line ends than Go
	if column == 0 {
		column = indent(all[line-1]) + 1
	}
	p.add(Position{File: p.file, Line: line, Column: column}, hint, "this is not YAML: %s", quote(message))
}

// noticed is the last line that says something: to see that a bracket is no key, the library looks into the next one.
func noticed(lines []string) int {
	line := len(lines)
	if len(strings.TrimSpace(lines[line-1])) > 1 {
		return line
	}
	for line > 1 {
		line--
		if text := strings.TrimSpace(lines[line-1]); text != "" && !strings.HasPrefix(text, "#") {
			break
		}
	}
	return line
}

func bracketHint(text string, opened, line int) string {
	switch {
	case strings.ContainsAny(text, "{}"):
		return `inside brackets, text with braces needs quotes: ["values/{app}.yaml"]`
	case opened > 1 && opened < line:
		return "the bracket is opened in line " + strconv.Itoa(opened)
	}
	return ""
}

// lastUse finds a text, which the library met last.
func lastUse(lines []string, text string) (line, column int) {
	for line = len(lines); line > 1; line-- {
		if i := strings.LastIndex(lines[line-1], text); i >= 0 {
			return line, len([]rune(lines[line-1][:i])) + 1
		}
	}
	return 1, strings.Index(lines[0], text) + 1
}

func indent(text string) int { return len(text) - len(strings.TrimLeft(text, " ")) }

// readUntilError tells how many bytes the library reads before it gives up.
func readUntilError(data []byte) int {
	r := &slowReader{data: data}
	decoder := yaml.NewDecoder(r)
	for {
		var n yaml.Node
		if err := decoder.Decode(&n); err != nil {
			return r.read
		}
	}
}

// slowReader hands out one byte at a time, so that what was read is what was looked at.
type slowReader struct {
	data []byte
	read int
}

func (r *slowReader) Read(p []byte) (int, error) {
	if r.read == len(r.data) {
		return 0, io.EOF
	}
	p[0] = r.data[r.read]
	r.read++
	return 1, nil
}
