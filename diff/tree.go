package diff

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/ferry-cd/ferry/render"
	"go.yaml.in/yaml/v3"
)

// shape tells what a node holds.
type shape uint8

const (
	null shape = iota
	text
	number
	boolean
	mapping
	sequence
)

// node is one value of a manifest, as Kubernetes reads it. A nil node is a value that is not there.
type node struct {
	shape shape
	text  string // of scalars: the string, the number in decimal, true or false
	pairs []pair // of mappings, sorted by key
	items []*node
}

type pair struct {
	key   string
	value *node
}

// parse reads a manifest; nil where it is no YAML mapping, or one that render refuses. Most have been parsed before they are
// compared.
func parse(m *render.Manifest) *node {
	if n := m.Known(); n != nil && n.Kind == yaml.MappingNode {
		return new(converter).value(n)
	}
	if n := readCanonical(m.Data); n != nil {
		return n
	}
	n := m.Node()
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	return new(converter).value(n)
}

func shapeOf(tag string) shape {
	switch tag {
	case "!!null":
		return null
	case "!!bool":
		return boolean
	case "!!int", "!!float":
		return number
	}
	return text
}

// converter makes nodes of render's. They are handed out one by one, allocated together, as are pairs and items.
type converter struct {
	nodes []node
	pairs []pair
	items []*node
}

// together is how many of a kind are allocated at a time.
const together = 64

func (c *converter) value(n *yaml.Node) *node {
	if len(c.nodes) == 0 {
		c.nodes = make([]node, together)
	}
	made := &c.nodes[0]
	c.nodes = c.nodes[1:]
	switch n.Kind {
	case yaml.MappingNode:
		made.shape, made.pairs = mapping, take(&c.pairs, len(n.Content)/2)
		for i := range made.pairs {
			made.pairs[i] = pair{n.Content[2*i].Value, c.value(n.Content[2*i+1])}
		}
		sortPairs(made.pairs)
	case yaml.SequenceNode:
		made.shape, made.items = sequence, take(&c.items, len(n.Content))
		for i, item := range n.Content {
			made.items[i] = c.value(item)
		}
	default:
		if made.shape = shapeOf(n.Tag); made.shape != null {
			made.text = n.Value
		}
	}
	return made
}

// take cuts n off the spare ones, and makes more where there are too few.
func take[T any](spare *[]T, n int) []T {
	if len(*spare) < n {
		*spare = make([]T, max(n, together))
	}
	taken := (*spare)[:n:n]
	*spare = (*spare)[n:]
	return taken
}

func sortPairs(pairs []pair) {
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.key, b.key) })
}

// get gives the value of a key; nil where there is none or n is no mapping.
func (n *node) get(key string) *node {
	if n == nil || n.shape != mapping {
		return nil
	}
	i, ok := slices.BinarySearchFunc(n.pairs, key, func(p pair, key string) int { return cmp.Compare(p.key, key) })
	if !ok {
		return nil
	}
	return n.pairs[i].value
}

// at follows keys down.
func (n *node) at(keys ...string) *node {
	for _, key := range keys {
		n = n.get(key)
	}
	return n
}

// str gives the text of a string; "" where n is none.
func (n *node) str() string {
	if n == nil || n.shape != text {
		return ""
	}
	return n.text
}

// scalar gives the text of a string, number or boolean.
func (n *node) scalar() string {
	if n == nil {
		return ""
	}
	return n.text
}

func (n *node) isTrue() bool { return n != nil && n.shape == boolean && n.text == "true" }

// isSet tells whether there is a value at all; null means none to Kubernetes.
func (n *node) isSet() bool { return n != nil && n.shape != null }

// list gives the items of a sequence.
func (n *node) list() []*node {
	if n == nil || n.shape != sequence {
		return nil
	}
	return n.items
}

// fields gives the pairs of a mapping.
func (n *node) fields() []pair {
	if n == nil || n.shape != mapping {
		return nil
	}
	return n.pairs
}

// strings gives the scalars of a sequence.
func (n *node) strings() []string {
	var s []string
	for _, item := range n.list() {
		s = append(s, item.scalar())
	}
	return s
}

// same compares two values to the letter.
func same(a, b *node) bool {
	if a == nil || b == nil || a.shape != b.shape || a.text != b.text {
		return a == b
	}
	return slices.EqualFunc(a.items, b.items, same) &&
		slices.EqualFunc(a.pairs, b.pairs, func(x, y pair) bool { return x.key == y.key && same(x.value, y.value) })
}

// plain gives a value for JSON and for printing: nil, string, bool, json.Number, []any and map[string]any. Values that may
// be secret are left out of it.
func plain(n *node) any {
	if n == nil {
		return nil
	}
	switch n.shape {
	case text:
		return n.text
	case number:
		return json.Number(n.text)
	case boolean:
		return n.text == "true"
	case sequence:
		items := make([]any, len(n.items))
		for i, item := range n.items {
			items[i] = plain(item)
		}
		return items
	case mapping:
		m := make(map[string]any, len(n.pairs))
		for _, p := range n.pairs {
			m[p.key] = plainField(n, p)
		}
		return m
	}
	return nil
}

func plainField(parent *node, p pair) any {
	if !isMasked(parent, p.key) {
		return plain(p.value)
	}
	return maskedShape(p.value)
}
