package render

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Most of what renderers print is YAML of the simplest kind: blocks, plain and quoted scalars on one line, literal blocks,
// text that goes on in the next line, braces and brackets on one. quick reads that, to the very nodes that the library makes of it, in a fraction of
// the time, and leaves everything else to the library: anchors, tags, flow, folded blocks, whatever is not YAML at all. A
// fuzz target holds the two against each other.

// maxQuick is how deep blocks go here; nothing real is that deep.
const maxQuick = 100

// ReadPlain reads a document of the simplest kind of YAML, and only that: each value stands in lines of its own, which mean
// the same whatever is around them. Lines and columns count from 1; keys are in the order of the text. false for all else.
func ReadPlain(data []byte) (*yaml.Node, bool) { return quick(data) }

// quick reads one document whose root is a mapping; false where the library has to.
func quick(data []byte) (*yaml.Node, bool) {
	q := &quickReader{text: string(data)}
	if !q.isTame() {
		return nil, false
	}
	q.next()
	if q.ended || q.column != 0 || isEntry(q.rest) {
		return nil, false
	}
	root := q.mapping(0, 0)
	return root, !q.strange && q.ended
}

// quickReader stands in the first line that has content and was not read yet.
type quickReader struct {
	text    string
	at      int    // where the line after this one begins
	line    int    // from 1
	column  int    // where rest begins, from 0
	rest    string // of the line
	ended   bool
	strange bool // something that is not for here

	nodes   []yaml.Node // to be given out
	found   []*yaml.Node
	scratch []byte
}

// isTame tells text without what readers of YAML take for line breaks, refuse, or mean by a tab.
func (q *quickReader) isTame() bool {
	for i := 0; i < len(q.text); i++ {
		switch c := q.text[i]; {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(q.text[i:])
			if size == 1 || r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r >= 0xfffe {
				return false
			}
			i += size - 1
		case c < ' ' && c != '\n', c == 0x7f:
			return false
		}
	}
	return true
}

// next goes to the next line that is neither empty nor a comment.
func (q *quickReader) next() {
	for {
		line, ok := q.raw()
		if !ok {
			q.ended, q.rest, q.column = true, "", -1
			return
		}
		q.rest = strings.TrimLeft(line, " ")
		q.column = len(line) - len(q.rest)
		q.rest = strings.TrimRight(q.rest, " ")
		if q.rest != "" && q.rest[0] != '#' {
			if q.column == 0 && (strings.HasPrefix(q.rest, "---") || strings.HasPrefix(q.rest, "...")) {
				q.strange = true
			}
			return
		}
	}
}

// raw takes a line as it is.
func (q *quickReader) raw() (line string, ok bool) {
	if q.at >= len(q.text) {
		return "", false
	}
	line = q.peek()
	q.at += len(line) + 1
	q.line++
	return line, true
}

func (q *quickReader) peek() string {
	if i := strings.IndexByte(q.text[q.at:], '\n'); i >= 0 {
		return q.text[q.at : q.at+i]
	}
	return q.text[q.at:]
}

func (q *quickReader) node(kind yaml.Kind, line, column int) *yaml.Node {
	if len(q.nodes) == 0 {
		q.nodes = make([]yaml.Node, min(max(len(q.text)/64, 8), 128))
	}
	n := &q.nodes[0]
	q.nodes = q.nodes[1:]
	n.Kind, n.Line, n.Column = kind, line, column+1
	return n
}

// fill gives a node what was found since a mark.
func (q *quickReader) fill(n *yaml.Node, mark int) {
	n.Content = append(make([]*yaml.Node, 0, len(q.found)-mark), q.found[mark:]...)
	q.found = q.found[:mark]
}

// isEntry tells a line that begins an item of a list.
func isEntry(rest string) bool { return rest == "-" || strings.HasPrefix(rest, "- ") }

// block reads the mapping or list that begins here.
func (q *quickReader) block(depth int) *yaml.Node {
	if depth > maxQuick {
		q.strange = true
	}
	if q.strange {
		return nil
	}
	if isEntry(q.rest) {
		return q.list(q.column, depth)
	}
	return q.mapping(q.column, depth)
}

func (q *quickReader) mapping(column, depth int) *yaml.Node {
	n, mark := q.node(yaml.MappingNode, q.line, column), len(q.found)
	for !q.strange && q.column == column && !isEntry(q.rest) {
		key, after := q.key()
		if q.strange {
			break
		}
		q.found = append(q.found, key)
		value := strings.TrimLeft(q.rest[after:], " ")
		begin := column + len(q.rest) - len(value)
		if value == "" || value[0] == '#' {
			q.found = append(q.found, q.below(q.line, column+after, column, depth, true))
		} else {
			q.found = append(q.found, q.scalar(value, begin, column))
		}
	}
	q.strange = q.strange || q.column > column
	q.fill(n, mark)
	return n
}

func (q *quickReader) list(column, depth int) *yaml.Node {
	n, mark := q.node(yaml.SequenceNode, q.line, column), len(q.found)
	for !q.strange && q.column == column && isEntry(q.rest) {
		item := strings.TrimLeft(q.rest[1:], " ")
		begin := column + len(q.rest) - len(item)
		switch {
		case item == "" || item[0] == '#':
			q.found = append(q.found, q.below(q.line, column+1, column, depth, false))
		case isEntry(item) || colon(item) >= 0:
			q.column, q.rest = begin, item
			q.found = append(q.found, q.block(depth+1))
		default:
			q.found = append(q.found, q.scalar(item, begin, column))
		}
	}
	q.strange = q.strange || q.column > column
	q.fill(n, mark)
	return n
}

// below reads what stands in the lines after a key or a dash. A list may stand level with its key.
func (q *quickReader) below(line, column, outer, depth int, keyed bool) *yaml.Node {
	q.next()
	if q.column > outer || keyed && q.column == outer && isEntry(q.rest) {
		return q.block(depth + 1)
	}
	return q.node(yaml.ScalarNode, line, column)
}

// key reads a key and says where behind its colon the rest of the line begins.
func (q *quickReader) key() (n *yaml.Node, after int) {
	end := colon(q.rest)
	if end <= 0 || end > 500 {
		q.strange = true
		return nil, 0
	}
	n = q.node(yaml.ScalarNode, q.line, q.column)
	n.Value = q.rest[:end]
	if c := n.Value[0]; c == '"' || c == '\'' {
		if q.quoted(n, n.Value) != "" {
			q.strange = true
		}
	} else if n.Value[end-1] == ' ' {
		q.strange = true
	}
	return n, end + 1
}

// colon finds the end of a key that is plain, or quoted without a quote in it; -1 where there is none.
func colon(s string) int {
	switch c := s[0]; {
	case c == '"' || c == '\'':
		end := strings.IndexByte(s[1:], c) + 2
		if end < 2 || !isASCII(s[:end]) || end >= len(s) || s[end] != ':' || end+1 < len(s) && s[end+1] != ' ' {
			return -1
		}
		return end
	case !isWordStart(c):
		return -1
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == ':' && (i+1 == len(s) || s[i+1] == ' '):
			return i
		case c == '#' && s[i-1] == ' ', c >= utf8.RuneSelf:
			return -1
		}
	}
	return -1
}

// isWordStart tells characters with which nothing but plain text begins.
func isWordStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '/' || c == '$' || c == '(' || c == '+'
}

// scalar reads a value that begins in this line.
func (q *quickReader) scalar(text string, column, outer int) *yaml.Node {
	n := q.node(yaml.ScalarNode, q.line, column)
	switch c := text[0]; {
	case c == '|':
		q.literal(n, text, outer)
		return n
	case c == '"' || c == '\'':
		if rest := q.quoted(n, q.wholeQuote(text, outer)); strings.TrimLeft(rest, " ") != "" && !strings.HasPrefix(strings.TrimLeft(rest, " "), "#") || strings.HasPrefix(rest, "#") {
			q.strange = true
		}
	case c == '{' || c == '[':
		n = q.inBraces(text, column)
	case isWordStart(c) || c >= utf8.RuneSelf || c == '-' && len(text) > 1 && text[1] != ' ', c == ':' && len(text) > 1 && text[1] != ' ':
		q.plain(n, text, outer)
		return n
	default:
		q.strange = true
	}
	q.next()
	return n
}

// wholeQuote takes the lines that a string in quotes goes on in, if it does: one line break is a space, of several one is none.
func (q *quickReader) wholeQuote(text string, outer int) string {
	breaks := 1
	for chunk := text[1:]; !closes(chunk, text[0]); breaks++ {
		line := q.peekMore(outer)
		if q.strange || strings.HasSuffix(text, `\`) {
			q.strange = true
			break
		}
		if chunk = strings.Trim(line, " "); chunk == "" {
			continue
		}
		if breaks == 1 {
			text += " " + chunk
		} else {
			text += strings.Repeat("\n", breaks-1) + chunk
		}
		breaks = 0
	}
	return text
}

// peekMore takes a line that must be empty or stand further in than what is around it.
func (q *quickReader) peekMore(outer int) string {
	line, ok := q.raw()
	in := len(line) - len(strings.TrimLeft(line, " "))
	q.strange = q.strange || !ok || in < len(line) && in <= outer
	return line
}

// closes tells whether a quote ends in a line.
func closes(s string, quote byte) bool {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quote == '"':
			i++
		case s[i] != quote:
		case quote == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
		default:
			return true
		}
	}
	return false
}

// quoted reads a string in quotes that ends in this text, and gives what is left of the line.
func (q *quickReader) quoted(n *yaml.Node, text string) (rest string) {
	if text[0] == '\'' {
		n.Style = yaml.SingleQuotedStyle
		return q.single(n, text)
	}
	n.Style = yaml.DoubleQuotedStyle
	end := strings.IndexAny(text[1:], `"\`) + 1
	if end > 0 && text[end] == '"' {
		n.Value = text[1:end]
		return text[end+1:]
	}
	return q.double(n, text)
}

func (q *quickReader) single(n *yaml.Node, text string) (rest string) {
	for i := 1; i < len(text); i++ {
		if text[i] != '\'' {
			continue
		}
		if i+1 < len(text) && text[i+1] == '\'' {
			i++
			continue
		}
		n.Value = strings.ReplaceAll(text[1:i], "''", "'")
		return text[i+1:]
	}
	q.strange = true
	return ""
}

// double reads a string with escapes in it.
func (q *quickReader) double(n *yaml.Node, text string) (rest string) {
	escapes := map[byte]byte{'n': '\n', 't': '\t', '"': '"', '\\': '\\', '/': '/'}
	var out []byte
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			n.Value = string(out)
			return text[i+1:]
		case '\\':
			i++
			if i == len(text) || escapes[text[i]] == 0 {
				q.strange = true
				return ""
			}
			out = append(out, escapes[text[i]])
		default:
			out = append(out, text[i])
		}
	}
	q.strange = true
	return ""
}

// plain reads unquoted text, which goes on in lines that stand further in than what is around it.
func (q *quickReader) plain(n *yaml.Node, text string, outer int) {
	n.Value = text
	if i := strings.Index(text, " #"); i >= 0 {
		n.Value = strings.TrimRight(text[:i], " ")
	}
	q.strange = q.strange || opensMapping(n.Value)
	commented, breaks := len(n.Value) < len(text), 1
	for q.at < len(q.text) {
		line := q.peek()
		rest := strings.Trim(line, " ")
		if rest != "" {
			if len(line)-len(strings.TrimLeft(line, " ")) <= outer || rest[0] == '#' {
				break
			}
			q.strange = q.strange || commented
			q.goOn(n, rest, breaks)
			breaks = 0
		}
		breaks++
		_, _ = q.raw()
	}
	q.next()
}

// goOn adds a line to a plain text: one line break is a space, and of several one is none.
func (q *quickReader) goOn(n *yaml.Node, rest string, breaks int) {
	if opensMapping(rest) || isEntry(rest) || rest[0] == '?' || rest[0] == ':' || strings.Contains(rest, " #") {
		q.strange = true
		return
	}
	if breaks == 1 {
		n.Value += " " + rest
		return
	}
	n.Value += strings.Repeat("\n", breaks-1) + rest
}

// opensMapping tells text that YAML would take for a key and its value.
func opensMapping(s string) bool {
	return strings.HasSuffix(s, ":") || strings.Contains(s, ": ")
}

// literal reads a block that keeps its lines. Its first line that is not empty says how far in it stands.
func (q *quickReader) literal(n *yaml.Node, header string, outer int) {
	n.Style = yaml.LiteralStyle
	q.strange = q.strange || header != "|" && header != "|-" && header != "|+"
	indent, breaks := -1, 0 // breaks are the line feeds since the last line with something in it
	out := q.scratch[:0]
	for q.at < len(q.text) {
		line := q.peek()
		in := len(line) - len(strings.TrimLeft(line, " "))
		switch blank := in == len(line); {
		case blank && in <= indent || blank && line == "":
		case blank && indent < 0:
			q.strange = true // spaces before the first line count, in ways of their own
		case !blank && indent < 0 && in > outer:
			indent = in
			fallthrough
		case indent >= 0 && in >= indent:
			out = append(appendBreaks(out, breaks), line[indent:]...)
			breaks = 0
		default:
			q.endLiteral(n, header, out, breaks)
			return
		}
		breaks++
		_, _ = q.raw()
	}
	if q.at > len(q.text) {
		breaks-- // the text ends without a line feed
	}
	q.endLiteral(n, header, out, breaks)
}

func (q *quickReader) endLiteral(n *yaml.Node, header string, out []byte, breaks int) {
	switch {
	case len(out) == 0:
		q.strange = true
	case header == "|":
		breaks = min(breaks, 1)
	case header == "|-":
		breaks = 0
	}
	q.scratch = appendBreaks(out, breaks)
	n.Value = string(q.scratch)
	q.next()
}

func appendBreaks(out []byte, breaks int) []byte {
	for range breaks {
		out = append(out, '\n')
	}
	return out
}
