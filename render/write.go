package render

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// write appends a tree in canonical form; see FormatVersion.
func write(buf []byte, root *yaml.Node) []byte {
	w := writer{buf}
	if isLeaf(root) {
		w.leaf(root, 0, false)
	} else {
		w.block(root, 0, true)
	}
	return w.buf
}

type writer struct{ buf []byte }

func (w *writer) text(s string) { w.buf = append(w.buf, s...) }

const spaces = "                                                                "

func (w *writer) indent(n int) {
	for ; n > len(spaces); n -= len(spaces) {
		w.text(spaces)
	}
	w.text(spaces[:n])
}

// isLeaf tells what stands on the line of its key.
func isLeaf(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode || len(n.Content) == 0 }

// block writes a mapping or list whose lines start at an indent; begun says that the first of them has been indented.
func (w *writer) block(n *yaml.Node, indent int, begun bool) {
	if n.Kind == yaml.SequenceNode {
		w.sequence(n, indent, begun)
		return
	}
	for i := 0; i < len(n.Content); i += 2 {
		if i > 0 || !begun {
			w.indent(indent)
		}
		w.scalar(n.Content[i].Value)
		w.text(":")
		switch v := n.Content[i+1]; {
		case isLeaf(v):
			w.text(" ")
			w.leaf(v, indent, false)
		case v.Kind == yaml.SequenceNode:
			w.text("\n")
			w.block(v, indent, false)
		default:
			w.text("\n")
			w.block(v, indent+2, false)
		}
	}
}

func (w *writer) sequence(n *yaml.Node, indent int, begun bool) {
	for i, v := range n.Content {
		if i > 0 || !begun {
			w.indent(indent)
		}
		w.text("- ")
		if isLeaf(v) {
			w.leaf(v, indent, true)
		} else {
			w.block(v, indent+2, true)
		}
	}
}

// leaf writes what stands on one line, or a literal block below the line, and ends the line.
func (w *writer) leaf(n *yaml.Node, indent int, listed bool) {
	switch {
	case n.Kind == yaml.MappingNode:
		w.text("{}")
	case n.Kind == yaml.SequenceNode:
		w.text("[]")
	case n.Tag != tagString:
		w.text(n.Value)
	case isLiteral(n.Value, listed):
		w.literal(n.Value, indent+2)
		return
	default:
		w.scalar(n.Value)
	}
	w.text("\n")
}

// scalar writes a string on one line.
func (w *writer) scalar(s string) {
	switch style(s) {
	case yaml.SingleQuotedStyle:
		w.text("'")
		w.text(strings.ReplaceAll(s, "'", "''"))
		w.text("'")
	case yaml.DoubleQuotedStyle:
		w.quoted(s)
	default:
		w.text(s)
	}
}

const hex = "0123456789abcdef"

func (w *writer) quoted(s string) {
	w.text(`"`)
	for i, r := range s {
		switch {
		case r == '"':
			w.text(`\"`)
		case r == '\\':
			w.text(`\\`)
		case r == '\n':
			w.text(`\n`)
		case r == '\t':
			w.text(`\t`)
		case r == '\r':
			w.text(`\r`)
		case !isHidden(r):
			w.text(s[i : i+utf8.RuneLen(r)])
		case r < 0x100:
			w.buf = append(w.buf, '\\', 'x', hex[r>>4], hex[r&15])
		case r < 0x10000:
			w.buf = append(w.buf, '\\', 'u', hex[r>>12], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		default:
			w.text(`\U00`)
			w.buf = append(w.buf, hex[r>>20&15])
			w.buf = append(w.buf, hex[r>>16&15], hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		}
	}
	w.text(`"`)
}

// literal writes a block. Its header says how many newlines the text ends with, and the indent where the text starts with a
// space and readers could not find out.
func (w *writer) literal(s string, indent int) {
	w.text("|")
	if first := strings.TrimLeft(s, "\n"); first[0] == ' ' || first[0] == '\t' {
		w.text("2")
	}
	body := strings.TrimSuffix(s, "\n")
	switch {
	case body == s:
		w.text("-")
	case strings.HasSuffix(body, "\n"):
		w.text("+")
	}
	w.text("\n")
	for line := range strings.SplitSeq(body, "\n") {
		if line != "" {
			w.indent(indent)
			w.text(line)
		}
		w.text("\n")
	}
}
