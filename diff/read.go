package diff

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Ferry compares what it wrote itself, thousands of resources at a time, and a general YAML reader takes most of that time.
// readCanonical reads the narrow YAML that the canonical form consists of, and leaves whatever it has the slightest doubt
// about to render's reader, which decides what a document means. A fuzz test holds the two together.

// deepest is far below where render's reader stops.
const deepest = 150

// readCanonical gives nil where it does not understand a document.
func readCanonical(data []byte) *node {
	if !bytes.HasSuffix(data, []byte("\n")) || !isVisible(data) {
		return nil
	}
	r := lineReader{rest: strings.TrimPrefix(string(data), "---\n")}
	r.next()
	if r.done || r.indent != 0 {
		return nil
	}
	n := r.mapping(0, 0)
	if r.failed || !r.done {
		return nil
	}
	return n
}

// isVisible refuses everything that a YAML reader could take for a line break or refuse itself.
func isVisible(data []byte) bool {
	for i := 0; i < len(data); {
		c := data[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError, r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
			return false
		}
		i += size
	}
	return true
}

// lineReader stands on one line that is not blank; content is that line after indent columns.
type lineReader struct {
	rest    string
	indent  int
	content string
	done    bool
	failed  bool
	nodes   []node // handed out one by one, allocated together
}

func (r *lineReader) new(k shape, s string) *node {
	if len(r.nodes) == 0 {
		r.nodes = make([]node, 48)
	}
	n := &r.nodes[0]
	r.nodes = r.nodes[1:]
	n.shape, n.text = k, s
	return n
}

func (r *lineReader) fail() *node {
	r.failed, r.done = true, true
	return nil
}

func (r *lineReader) cut() string {
	line, rest, _ := strings.Cut(r.rest, "\n")
	r.rest = rest
	return line
}

// next goes to the next line that is not blank.
func (r *lineReader) next() {
	for r.rest != "" {
		line := r.cut()
		content := strings.TrimLeft(line, " ")
		if content == "" {
			continue
		}
		r.indent, r.content = len(line)-len(content), content
		if strings.IndexByte(content, '\t') >= 0 || r.indent == 0 && (strings.HasPrefix(content, "---") || strings.HasPrefix(content, "...")) {
			r.fail()
		}
		return
	}
	r.done = true
}

func isItem(content string) bool { return content == "-" || strings.HasPrefix(content, "- ") }

// block reads the mapping or sequence that begins on this line.
func (r *lineReader) block(depth int) *node {
	if depth > deepest {
		return r.fail()
	}
	if isItem(r.content) {
		return r.sequence(r.indent, depth)
	}
	return r.mapping(r.indent, depth)
}

func (r *lineReader) mapping(indent, depth int) *node {
	n := r.new(mapping, "")
	n.pairs = make([]pair, 0, 4)
	for !r.done && r.indent == indent && !isItem(r.content) {
		key, rest, ok := cutKey(r.content)
		if !ok {
			return r.fail()
		}
		n.pairs = append(n.pairs, pair{key, r.value(rest, indent, depth, true)})
	}
	return r.sealed(n)
}

// sealed sorts a mapping's pairs and refuses a key that is there twice.
func (r *lineReader) sealed(n *node) *node {
	sortPairs(n.pairs)
	for i := 1; i < len(n.pairs); i++ {
		if n.pairs[i-1].key == n.pairs[i].key {
			return r.fail()
		}
	}
	if len(n.pairs) == 0 {
		return r.fail()
	}
	return n
}

func (r *lineReader) sequence(indent, depth int) *node {
	n := r.new(sequence, "")
	n.items = make([]*node, 0, 4)
	for !r.done && r.indent == indent && isItem(r.content) {
		n.items = append(n.items, r.item(indent, depth))
	}
	return n
}

func (r *lineReader) item(indent, depth int) *node {
	rest := strings.TrimLeft(r.content[1:], " ")
	if _, _, isKey := cutKey(rest); isKey || isItem(rest) {
		r.indent += len(r.content) - len(rest)
		r.content = rest
		return r.block(depth + 1)
	}
	return r.value(rest, indent, depth, false)
}

// value reads what follows a key or a dash: a scalar on this line, a literal block, or a block on the next lines.
func (r *lineReader) value(rest string, indent, depth int, keyed bool) *node {
	if header, ok := strings.CutPrefix(rest, "|"); ok {
		return r.literal(header, indent)
	}
	if rest != "" {
		n := r.scalar(rest)
		r.next() // to a line that some block above expects; where the scalar goes on, none does
		return n
	}
	r.next()
	switch {
	case r.done:
		return r.new(null, "")
	case r.indent > indent:
		return r.block(depth + 1)
	case keyed && r.indent == indent && isItem(r.content):
		return r.sequence(indent, depth+1)
	}
	return r.new(null, "")
}
