package environments

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Limits of what is read. A repository of 2,000 apps stays far below them; a file made to hurt does not get further.
const (
	maxFile  = 1 << 20 // bytes of one file
	maxTotal = 16 << 20
	maxNodes = 250_000 // values in all files, aliases unfolded
	maxDepth = 32
)

// node is a value as written, with its place. Configuration is merged as nodes, so each value keeps where it came from.
type node struct {
	Position
	kind  kind
	tag   string // of a scalar: !!str, !!int, !!float, !!bool, !!null, !!timestamp
	text  string // of a scalar, as written: 1.30 stays 1.30
	items []*node
	keys  []*node // of a mapping, as written; items are their values
	bad   bool    // reported: what follows from this value is not worth another word
}

// spoilt tells whether a value or one below it was reported.
func (n *node) spoilt() bool {
	found := false
	n.walk(func(n *node) { found = found || n.bad || n.kind == broken })
	return found
}

type kind uint8

const (
	scalar kind = iota
	list
	mapping
	broken // already reported; whoever meets it says nothing more
)

// get follows keys down; nil where one is not there.
func (n *node) get(keys ...string) *node {
	for _, key := range keys {
		n = n.child(key)
	}
	return n
}

func (n *node) child(key string) *node {
	if i := n.index(key); i >= 0 {
		return n.items[i]
	}
	return nil
}

// index finds a key of a mapping, -1 where it is not there.
func (n *node) index(key string) int {
	if n == nil || n.kind != mapping {
		return -1
	}
	for i, k := range n.keys {
		if k.text == key {
			return i
		}
	}
	return -1
}

// at gives the place of a value below n, or of n where there is none.
func (n *node) at(keys ...string) Position {
	for _, key := range keys {
		next := n.child(key)
		if next == nil {
			break
		}
		n = next
	}
	if n == nil {
		return Position{}
	}
	return n.Position
}

// item gives the i-th value of a list or mapping.
func (n *node) item(i int) *node {
	if n == nil || i >= len(n.items) {
		return nil
	}
	return n.items[i]
}

// pairs gives the keys and values of a mapping; none of anything else.
func (n *node) pairs() iter.Seq2[*node, *node] {
	return func(yield func(key, value *node) bool) {
		if n == nil || n.kind != mapping {
			return
		}
		for i, key := range n.keys {
			if !yield(key, n.items[i]) {
				return
			}
		}
	}
}

// what names a value's type for a message.
func (n *node) what() string {
	switch {
	case n.kind == list:
		return "a list"
	case n.kind == mapping:
		return "a mapping"
	}
	switch n.tag {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + quote(n.text)
	case "!!bool":
		return "the truth value " + n.text
	}
	return strconv.Quote(quote(n.text))
}

// quote makes what a stranger wrote fit for a message: short, printable, and without the credentials of a URL.
func quote(text string) string {
	text = printable(text)
	text = credentials().ReplaceAllStringFunc(text, func(url string) string {
		scheme, _, _ := strings.Cut(url, "://")
		return scheme + "://***@"
	})
	if len(text) <= 80 {
		return text
	}
	cut := 77
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}

// printable replaces what would move the cursor, turn the writing or hide.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, text)
}

// parser turns YAML into nodes.
type parser struct {
	*reporter
	file  string
	lines int
	nodes *int                // read so far, in all files
	open  map[*yaml.Node]bool // nodes around the one at hand
	full  bool
}

// parse reads one document; nil where nothing can be read of it.
func (p *parser) parse(data []byte) *node {
	start := Position{File: p.file, Line: 1, Column: 1}
	p.lines = countLines(data)
	if len(data) > maxFile {
		p.add(start, "", "the file has %d bytes; at most %d are read", len(data), maxFile)
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) {
		p.add(start, "", "the file is empty")
		return nil
	}
	if err != nil {
		p.syntax(data, err)
		return nil
	}
	if err := decoder.Decode(&second); err == nil {
		p.add(p.place(&second), "", "the file has a second document; one is read")
	} else if !errors.Is(err, io.EOF) {
		p.syntax(data, err)
	}
	p.open = map[*yaml.Node]bool{}
	out := p.convert(doc.Content[0], 0)
	if p.full {
		return nil
	}
	return out
}

// place is where a value stands; what is left out at the end of a file, the library sees in the line after it.
func (p *parser) place(n *yaml.Node) Position {
	if n.Line > p.lines {
		return Position{File: p.file, Line: p.lines, Column: 1}
	}
	return Position{File: p.file, Line: max(n.Line, 1), Column: max(n.Column, 1)}
}

// lineEnds are all that YAML takes for one.
const lineEnds = "\n\r\u0085\u2028\u2029"

func countLines(data []byte) int {
	lines := 1
	for _, r := range string(data) {
		if strings.ContainsRune(lineEnds, r) {
			lines++
		}
	}
	return lines
}

// convert copies a YAML node, aliases unfolded, within the limits.
func (p *parser) convert(n *yaml.Node, depth int) *node {
	if *p.nodes++; *p.nodes > maxNodes {
		return p.overflow(n)
	}
	if depth > maxDepth {
		return p.broken(n, "", "values are nested more than %d deep", maxDepth)
	}
	p.open[n] = true
	defer delete(p.open, n)
	switch n.Kind {
	case yaml.AliasNode:
		return p.unfold(n, depth)
	case yaml.ScalarNode:
		return p.scalar(n)
	case yaml.SequenceNode:
		return p.list(n, depth)
	default:
		return p.mapping(n, depth)
	}
}

func (p *parser) list(n *yaml.Node, depth int) *node {
	out := &node{Position: p.place(n), kind: list}
	for _, item := range n.Content {
		out.items = append(out.items, p.convert(item, depth+1))
		if p.full {
			break
		}
	}
	return out
}

func (p *parser) broken(n *yaml.Node, hint, format string, args ...any) *node {
	at := p.place(n)
	p.add(at, hint, format, args...)
	return &node{Position: at, kind: broken}
}

func (p *parser) overflow(n *yaml.Node) *node {
	if p.full {
		return &node{Position: p.place(n), kind: broken}
	}
	p.full = true
	return p.broken(n, "", "the configuration has more than %d values, counting each use of an alias", maxNodes)
}

func (p *parser) unfold(n *yaml.Node, depth int) *node {
	if p.open[n.Alias] {
		return p.broken(n, "", "alias *%s contains itself", quote(n.Value))
	}
	return p.convert(n.Alias, depth)
}

func (p *parser) scalar(n *yaml.Node) *node {
	out := &node{Position: p.place(n), tag: n.ShortTag(), text: n.Value}
	switch out.tag {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp":
		return out
	}
	return p.broken(n, "", "the tag %s has no meaning here", quote(out.tag))
}

func (p *parser) mapping(n *yaml.Node, depth int) *node {
	out := &node{Position: p.place(n), kind: mapping}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content) && !p.full; i += 2 {
		key, ok := p.key(n.Content[i])
		if !ok {
			continue
		}
		value := p.convert(n.Content[i+1], depth+1)
		if first, ok := seen[key.text]; ok {
			p.add(key.Position, "", "%q is written twice, first in line %d", quote(key.text), first)
			continue
		}
		seen[key.text] = key.Line
		out.keys, out.items = append(out.keys, key), append(out.items, value)
	}
	return out
}

func (p *parser) key(n *yaml.Node) (*node, bool) {
	at := p.place(n)
	switch {
	case n.Kind != yaml.ScalarNode:
		p.add(at, "", "a key must be a plain name")
	case n.ShortTag() == "!!merge":
		p.add(at, "write what is common under defaults", "merge keys (<<) are not supported")
	case n.ShortTag() != "!!str":
		p.add(at, fmt.Sprintf("write %q", quote(n.Value)), "a key must be text, not %s", strings.TrimPrefix(n.ShortTag(), "!!"))
	default:
		return &node{Position: at, tag: "!!str", text: n.Value}, true
	}
	return nil, false
}
