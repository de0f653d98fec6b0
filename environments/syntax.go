package environments

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

var syntaxError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntax reports what is not YAML.
func (p *parser) syntax(data []byte, err error) {
	line, message := 0, err.Error()
	if found := syntaxError.FindStringSubmatch(message); found != nil {
		line, _ = strconv.Atoi(found[1])
		message = found[2]
	}
	flow := strings.Contains(message, "',' or")
	read := linesRead(data)
	switch atEnd := read >= bytes.Count(data, []byte("\n")); {
	case !atEnd || line == 0 || message == "did not find expected key" || strings.HasPrefix(message, "did not find expected '-'"):
		line = read
	case flow:
		line++ // where the bracket was opened; the library counts this one from 0
	}
	hint := ""
	text := lineOf(data, line)
	if flow && strings.ContainsAny(text, "{}") {
		hint = `inside brackets, text with braces needs quotes: ["values/{app}.yaml"]`
	}
	column := len(text) - len(strings.TrimLeft(text, " ")) + 1
	p.add(Position{File: p.file, Line: max(line, 1), Column: column}, hint, "this is not YAML: %s", quote(message))
}

// linesRead tells how far the library reads before it gives up. The line that it names itself is the one where the
// mapping or list around the mistake begins, which may be the first of the file.
func linesRead(data []byte) int {
	r := &slowReader{data: data}
	decoder := yaml.NewDecoder(r)
	for {
		var n yaml.Node
		if err := decoder.Decode(&n); err != nil {
			if errors.Is(err, io.EOF) {
				return 1
			}
			break
		}
	}
	return 1 + bytes.Count(bytes.TrimRight(data[:r.read], "\r\n"), []byte("\n"))
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

func lineOf(data []byte, line int) string {
	for i, text := range strings.Split(string(data), "\n") {
		if i+1 == line {
			return text
		}
	}
	return ""
}
