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

// parse reads a manifest; nil where it is no YAML mapping, or one that render refuses.
func parse(m *render.Manifest) *node {
	if n := readCanonical(m.Data); n != nil {
		return n
	}
	n := m.Node()
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	return convert(n)
}

var scalarShapes = map[string]shape{"!!null": null, "!!bool": boolean, "!!int": number, "!!float": number}

func convert(n *yaml.Node) *node {
	switch n.Kind {
	case yaml.MappingNode:
		c := &node{shape: mapping, pairs: make([]pair, 0, len(n.Content)/2)}
		for i := 0; i+1 < len(n.Content); i += 2 {
			c.pairs = append(c.pairs, pair{n.Content[i].Value, convert(n.Content[i+1])})
		}
		sortPairs(c.pairs)
		return c
	case yaml.SequenceNode:
		c := &node{shape: sequence, items: make([]*node, len(n.Content))}
		for i, item := range n.Content {
			c.items[i] = convert(item)
		}
		return c
	}
	k, known := scalarShapes[n.Tag]
	switch {
	case !known:
		return &node{shape: text, text: n.Value}
	case k == null:
		return &node{shape: null}
	}
	return &node{shape: k, text: n.Value}
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
