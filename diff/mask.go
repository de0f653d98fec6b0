package diff

import (
	"fmt"

	"github.com/ferry-cd/ferry/render"
	"go.yaml.in/yaml/v3"
)

// nowhere is the name of a file that is not there.
const nowhere = "/dev/null"

// Values that differ differ in what stands in their place, too; nothing else of them shows.
const (
	hiddenOld = "*** (old)"
	hiddenNew = "*** (new)"
)

// UnifiedManifest compares the files of one resource line by line; a side is nil where it is not there. What may be secret
// is masked, and a file that cannot be read, so that nobody knows what is in it, is not shown.
func UnifiedManifest(old, new *render.Manifest) string {
	before, a, ok := openFile(old)
	after, b, also := openFile(new)
	if !ok || !also {
		return fmt.Sprintf("--- %s\n+++ %s\n(not shown: it is no valid YAML and may hold secrets)\n", before.name, after.name)
	}
	if holdsSecrets(a) || holdsSecrets(b) {
		before.data, after.data = masked(old, a, b, hiddenOld), masked(new, b, a, hiddenNew)
	}
	return Unified(before.name, after.name, before.data, after.data)
}

type file struct {
	name string
	data []byte
}

func openFile(m *render.Manifest) (f file, n *node, ok bool) {
	if m == nil {
		return file{name: nowhere}, nil, true
	}
	n = parse(m)
	return file{m.Path, m.Data}, n, n != nil
}

// holdsSecrets tells whether anything in a value has to be masked.
func holdsSecrets(n *node) bool {
	if n == nil {
		return false
	}
	for _, p := range n.pairs {
		if isMasked(n, p.key) || holdsSecrets(p.value) {
			return true
		}
	}
	for _, item := range n.items {
		if holdsSecrets(item) {
			return true
		}
	}
	return false
}

// masked gives a manifest as canonical text without what may be secret. mark stands where the other side has another value.
func masked(m *render.Manifest, n, other *node, mark string) []byte {
	if m == nil {
		return nil
	}
	data, err := yaml.Marshal(writable(cover(n, other, mark)))
	if err != nil { // only of nodes that no document makes
		return []byte("# not shown: it holds secrets\n")
	}
	ms, err := render.Canonical(render.Output{Documents: []render.Document{{Source: m.Path, Data: data}}}, "")
	if err != nil || len(ms) != 1 {
		return data
	}
	return ms[0].Data
}

// cover copies a value and hides what may be secret in it.
func cover(n, other *node, mark string) *node {
	c := &node{shape: n.shape, text: n.text}
	for _, p := range n.pairs {
		value := other.get(p.key)
		if isMasked(n, p.key) {
			c.pairs = append(c.pairs, pair{p.key, hide(p.value, value, mark)})
		} else {
			c.pairs = append(c.pairs, pair{p.key, cover(p.value, value, mark)})
		}
	}
	for i, item := range n.items {
		var value *node
		if others := other.list(); i < len(others) {
			value = others[i]
		}
		c.items = append(c.items, cover(item, value, mark))
	}
	return c
}

// hide keeps the keys of a value.
func hide(n, other *node, mark string) *node {
	if n.shape == mapping {
		c := &node{shape: mapping}
		for _, p := range n.pairs {
			c.pairs = append(c.pairs, pair{p.key, hideValue(p.value, other.get(p.key), mark)})
		}
		return c
	}
	return hideValue(n, other, mark)
}

func hideValue(n, other *node, mark string) *node {
	if other == nil || same(n, other) {
		return &node{shape: text, text: hidden}
	}
	return &node{shape: text, text: mark}
}

// writable turns a value back into YAML.
func writable(n *node) *yaml.Node {
	y := &yaml.Node{Kind: yaml.ScalarNode, Value: n.text}
	switch n.shape {
	case mapping:
		y.Kind = yaml.MappingNode
		for _, p := range n.pairs {
			y.Content = append(y.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: p.key}, writable(p.value))
		}
	case sequence:
		y.Kind = yaml.SequenceNode
		for _, item := range n.items {
			y.Content = append(y.Content, writable(item))
		}
	case text:
		y.Tag, y.Style = "!!str", yaml.DoubleQuotedStyle
	case null:
		y.Tag, y.Value = "!!null", "null"
	}
	return y
}
