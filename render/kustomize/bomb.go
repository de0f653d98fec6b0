package kustomize

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// maxNodes bounds what a YAML text may unfold to: the library copies what an alias stands for wherever it stands, so
// ten lines can ask for more memory than there is.
const maxNodes = 1_000_000

// nesting is how deep YAML text inside YAML text is looked into: an inline plugin may hold an inline patch.
const nesting = 4

// unfolds reports text whose aliases unfold to too much. Whether it is YAML at all is for others to say.
func unfolds(text []byte, depth int) error {
	if depth > nesting || bytes.IndexByte(text, '&') < 0 || bytes.IndexByte(text, '*') < 0 {
		return nil
	}
	docs := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		if docs.Decode(&doc) != nil { // the end, or broken YAML, which is for others to report
			return nil
		}
		m := measure{sizes: map[*yaml.Node]int{}, depth: depth}
		if m.size(&doc) > maxNodes {
			return fmt.Errorf("its aliases unfold to more than %d values", maxNodes)
		}
		if m.inner != nil {
			return m.inner
		}
	}
}

// measure counts the values below nodes as if every alias were written out.
type measure struct {
	sizes map[*yaml.Node]int
	depth int
	inner error // of text inside the text
}

func (m *measure) size(n *yaml.Node) int {
	if size, seen := m.sizes[n]; seen {
		return size
	}
	m.sizes[n] = maxNodes + 1 // an alias to what is being written never ends
	size := 1
	if n.Kind == yaml.AliasNode {
		size = m.size(n.Alias)
	}
	if n.Kind == yaml.ScalarNode && m.inner == nil {
		m.inner = unfolds([]byte(n.Value), m.depth+1)
	}
	for _, child := range n.Content {
		size = min(size+m.size(child), maxNodes+1)
	}
	m.sizes[n] = size
	return size
}
