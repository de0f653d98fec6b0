package render

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// flow reads mappings and lists in braces and brackets, on one line and of plain words and simple quotes.
type flow struct {
	*quickReader
	text   string
	at     int
	column int // of the text
}

// inBraces reads a value that begins with a brace or bracket and is all that stands in the line.
func (q *quickReader) inBraces(text string, column int) *yaml.Node {
	f := &flow{quickReader: q, text: text, column: column}
	n := f.value(0)
	q.strange = q.strange || f.at < len(text)
	return n
}

func (f *flow) skip() {
	for f.at < len(f.text) && f.text[f.at] == ' ' {
		f.at++
	}
}

// next is the character that comes next; 0 at the end.
func (f *flow) next() byte {
	if f.at < len(f.text) {
		return f.text[f.at]
	}
	return 0
}

func (f *flow) value(depth int) *yaml.Node {
	f.strange = f.strange || depth > maxQuick
	switch c := f.next(); {
	case f.strange:
	case c == '{':
		return f.items(yaml.MappingNode, '}', depth)
	case c == '[':
		return f.items(yaml.SequenceNode, ']', depth)
	case c == '"' || c == '\'':
		return f.quote(c)
	}
	return f.word(" ")
}

func (f *flow) items(kind yaml.Kind, closing byte, depth int) *yaml.Node {
	n, mark := f.node(kind, f.line, f.column+f.at), len(f.found)
	n.Style = yaml.FlowStyle
	for f.at++; !f.strange; f.at++ {
		f.skip()
		if f.next() == closing && len(f.found) == mark {
			break
		}
		if kind == yaml.MappingNode {
			f.found = append(f.found, f.word(""))
			f.strange = f.strange || !strings.HasPrefix(f.text[f.at:], ": ")
			f.at++
			f.skip()
		}
		f.found = append(f.found, f.value(depth+1))
		f.skip()
		if f.next() == closing {
			break
		}
		f.strange = f.strange || f.next() != ','
	}
	f.at++
	f.fill(n, mark)
	return n
}

func (f *flow) quote(c byte) *yaml.Node {
	n := f.node(yaml.ScalarNode, f.line, f.column+f.at)
	n.Style = yaml.DoubleQuotedStyle
	if c == '\'' {
		n.Style = yaml.SingleQuotedStyle
	}
	end := strings.IndexByte(f.text[f.at+1:], c)
	if end < 0 {
		f.strange = true
		return n
	}
	n.Value = f.text[f.at+1 : f.at+1+end]
	f.at += end + 2
	f.strange = f.strange || strings.ContainsRune(n.Value, '\\') || f.next() == c || !isASCII(n.Value)
	return n
}

// word reads plain text of harmless characters, and of those in also.
func (f *flow) word(also string) *yaml.Node {
	n := f.node(yaml.ScalarNode, f.line, f.column+f.at)
	if f.strange {
		return n
	}
	begin := f.at
	for f.at < len(f.text) && (isWordStart(f.text[f.at]) || f.text[f.at] == '-' || strings.IndexByte(also, f.text[f.at]) >= 0) {
		f.at++
	}
	n.Value = strings.TrimRight(f.text[begin:f.at], " ")
	f.strange = f.strange || n.Value == "" || n.Value[0] == '-'
	return n
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
