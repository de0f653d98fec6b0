package release

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// The records are YAML of the simplest kind, which every reader of YAML 1.1 and 1.2 understands alike: block mappings
// and lists, indented by two, one scalar a line, plain where nothing could read it otherwise and double-quoted
// elsewhere. yamlTree reads exactly that. A full YAML reader would be a wider door (aliases, tags, merge keys, flow)
// for files that anyone with push access can write, and many times slower over thousands of records.

var (
	// What some reader takes for a number or a date: 1.10, 12e4567, 0x10, 010, 1_000, 190:20:30, 2026-01-01.
	numberForm = form(`^[-+]?([0-9._:]*([eE][-+]?[0-9._]*)?|0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*)$|^[0-9]{4}-[0-9]`)
	words      = []string{"y", "yes", "n", "no", "on", "off", "true", "false", "null", "nil", "none", "nan", "inf", ".nan", ".inf"}
)

// maxKey is the length where YAML readers stop to look for the colon behind a key.
const maxKey = 1024

// plain tells whether a string may stand in YAML without quotes: not where any reader, of YAML 1.1 or 1.2, would see
// anything else than this string.
func plain(s string) bool {
	if s == "" || strings.IndexByte("~:@+-", s[0]) >= 0 || strings.HasSuffix(s, ":") || strings.ContainsFunc(s, notPlain) {
		return false
	}
	return !mayBeNumber(s) && !isWord(s)
}

func notPlain(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/_.:@~+-", r)
}

// mayBeNumber asks the form only where a number could begin.
func mayBeNumber(s string) bool {
	return strings.IndexByte("0123456789._eE", s[0]) >= 0 && numberForm().MatchString(s)
}

// isWord tells what some reader takes for a truth value or for nothing.
func isWord(s string) bool {
	return len(s) <= len("false") && slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(s, w) })
}

// isCount tells a number of at most 19 digits.
func isCount(s string) bool {
	return s == "0" || s != "" && len(s) <= 19 && s[0] != '0' && strings.Trim(s, "0123456789") == ""
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// scalar writes a string as YAML. The text is printable, so that only two characters need an escape.
func scalar(s string) string {
	if plain(s) {
		return s
	}
	return `"` + escapes.Replace(s) + `"`
}

// yamlWriter writes what yamlTree reads. Empty values are left out with their keys.
type yamlWriter struct{ bytes.Buffer }

func (w *yamlWriter) key(indent int, key string) {
	fmt.Fprintf(w, "%*s%s:\n", indent, "", scalar(key))
}

func (w *yamlWriter) text(indent int, key, value string) {
	if value == "" {
		return
	}
	for range indent {
		w.WriteByte(' ')
	}
	w.WriteString(scalar(key))
	w.WriteString(": ")
	w.WriteString(scalar(value))
	w.WriteByte('\n')
}

func (w *yamlWriter) number(indent int, key string, value int64) {
	fmt.Fprintf(w, "%*s%s: %d\n", indent, "", key, value)
}

// item starts an element of a list, whose other keys follow at indent+2.
func (w *yamlWriter) item(indent int, key, value string) {
	fmt.Fprintf(w, "%*s- %s: %s\n", indent, "", key, scalar(value))
}

// yamlTree reads a mapping in the simple YAML of records.
func yamlTree(data []byte) (*node, *Problem) {
	if i := invalidUTF8(data); i >= 0 {
		return nil, placed(data, i, problem("", "the text is not UTF-8"))
	}
	lines, p := yamlLines(string(data))
	if p != nil {
		return nil, p
	}
	t := &yamlReader{lines: lines}
	root, p := t.mapping(0)
	if p == nil && t.at < len(lines) {
		p = lines[t.at].problem("the indentation fits no line above")
	}
	return root, p
}

func yamlLines(data string) ([]yamlLine, *Problem) {
	body, ended := strings.CutSuffix(data, "\n")
	if !ended {
		return nil, placed([]byte(data), len(data), problem("", "the last line has no end"))
	}
	var lines []yamlLine
	n := 0
	for line := range strings.SplitSeq(body, "\n") {
		n++
		if len(lines) == 0 && strings.HasPrefix(line, "#") && printable(line) {
			continue // the head, for people
		}
		l, p := readLine(line, n)
		if p != nil {
			return nil, p
		}
		if lines = append(lines, l); len(lines) > maxNodes {
			return nil, l.problem("there are too many lines")
		}
	}
	return lines, nil
}

// yamlLine is one line: [- ]key:[ value].
type yamlLine struct {
	number, indent int // indent is that of the key, behind the dash
	dash           bool
	key, value     *node // no value where a block follows
}

func (l yamlLine) problem(why string) *Problem {
	return &Problem{Line: l.number, Column: l.indent + 1, Text: why}
}

func readLine(line string, n int) (yamlLine, *Problem) {
	rest := strings.TrimLeft(line, " ")
	l := yamlLine{number: n, indent: len(line) - len(rest)}
	if after, dash := strings.CutPrefix(rest, "- "); dash {
		l.dash, l.indent, rest = true, l.indent+2, after
	}
	if l.indent > 2*maxDepth {
		return l, l.problem("lines are nested too deep")
	}
	key, after, ok := cutKey(rest)
	if !ok || len(rest)-len(after) > maxKey {
		return l, l.problem("a key and a colon were expected")
	}
	l.key = &node{kind: text, text: key, line: n, column: l.indent + 1}
	if after == "" {
		return l, nil
	}
	value, ok := readValue(after[1:])
	value.line, value.column = n, len(line)-len(after)+2
	if after[0] != ' ' || !ok {
		return l, &Problem{Line: n, Column: value.column, Text: "the value is no simple string or number"}
	}
	l.value = value
	return l, nil
}

// cutKey splits a line behind the colon of its key.
func cutKey(line string) (key, rest string, ok bool) {
	if strings.HasPrefix(line, `"`) {
		if key, rest, ok = cutQuoted(line); !ok {
			return "", "", false
		}
		rest, ok = strings.CutPrefix(rest, ":")
		return key, rest, ok
	}
	if i := strings.Index(line, ": "); i >= 0 {
		key, rest = line[:i], line[i+1:]
	} else if key, ok = strings.CutSuffix(line, ":"); !ok {
		return "", "", false
	}
	return key, rest, plain(key)
}

func readValue(s string) (*node, bool) {
	switch {
	case strings.HasPrefix(s, `"`):
		value, rest, ok := cutQuoted(s)
		return &node{kind: text, text: value}, ok && rest == ""
	case isCount(s):
		return &node{kind: number, text: s}, true
	}
	return &node{kind: text, text: s}, plain(s)
}

// cutQuoted reads a double-quoted string as scalar writes it.
func cutQuoted(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], printable(b.String())
		case '\\':
			if i++; i == len(s) || s[i] != '\\' && s[i] != '"' {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

type yamlReader struct {
	lines []yamlLine
	at    int
}

// next gives the coming line when its key stands at an indent, behind a dash or not.
func (t *yamlReader) next(indent int, dash bool) bool {
	return t.at < len(t.lines) && t.lines[t.at].indent == indent && t.lines[t.at].dash == dash
}

// mapping reads keys at one indent; the first may stand behind a dash.
func (t *yamlReader) mapping(indent int) (*node, *Problem) {
	n := &node{kind: mapping, line: 1, column: indent + 1}
	if t.at < len(t.lines) {
		n.line = t.lines[t.at].number
	}
	for t.next(indent, false) || len(n.keys) == 0 && t.next(indent, true) {
		l := t.lines[t.at]
		t.at++
		value := l.value
		if value == nil {
			var p *Problem
			if value, p = t.block(l); p != nil {
				return nil, p
			}
		}
		n.keys, n.items = append(n.keys, l.key), append(n.items, value)
	}
	return n, nil
}

// block reads what is indented below a key.
func (t *yamlReader) block(above yamlLine) (*node, *Problem) {
	indent := above.indent + 2
	switch {
	case t.next(indent, false):
		return t.mapping(indent)
	case t.next(indent+2, true):
		return t.list(indent + 2)
	}
	return nil, above.problem("the key has no value")
}

// list reads elements whose keys stand at one indent.
func (t *yamlReader) list(indent int) (*node, *Problem) {
	n := &node{kind: list, line: t.lines[t.at].number, column: indent - 1}
	for t.next(indent, true) {
		item, p := t.mapping(indent)
		if p != nil {
			return nil, p
		}
		n.items = append(n.items, item)
	}
	return n, nil
}
