package kustomize

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// aliasCost is the bytes that a value which an alias stands for is counted with: the library copies it wherever it stands,
// so ten lines can ask for more memory than there is.
const aliasCost = 8

// nesting is how deep YAML text inside YAML text is looked into: an inline plugin may hold an inline patch.
const nesting = 4

// unfolds reports text whose aliases unfold to too much, by itself or with those of the files before. Whether it is YAML at all
// is for others to say.
func (w *walker) unfolds(text []byte) error {
	most := w.limits.Aliases / aliasCost
	more, err := unfolds(text, 0, most)
	if err != nil {
		return err
	}
	if w.unfolded += more; w.unfolded > most {
		return fmt.Errorf("its aliases, and those of the files before, unfold to more than %d values", most)
	}
	return nil
}

// unfolds gives the values that aliases add.
func unfolds(text []byte, depth, most int) (more int, err error) {
	if depth > nesting || bytes.IndexByte(text, '&') < 0 || bytes.IndexByte(text, '*') < 0 {
		return 0, nil
	}
	docs := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		if docs.Decode(&doc) != nil { // the end, or broken YAML, which is for others to report
			return more, nil
		}
		m := measure{sizes: map[*yaml.Node]int{}, depth: depth, most: most}
		size := m.size(&doc)
		if more += size - len(m.sizes) + m.more; size > most || more > most {
			return more, fmt.Errorf("its aliases unfold to more than %d values", most)
		}
		if m.inner != nil {
			return more, m.inner
		}
	}
}

// measure counts the values below nodes as if every alias were written out.
type measure struct {
	sizes map[*yaml.Node]int
	depth int
	most  int   // values
	more  int   // that aliases add to text inside the text
	inner error // of such text
}

func (m *measure) size(n *yaml.Node) int {
	if size, seen := m.sizes[n]; seen {
		return size
	}
	m.sizes[n] = m.most + 1 // an alias to what is being written never ends
	size := 1
	if n.Kind == yaml.AliasNode {
		size = m.size(n.Alias)
	}
	if n.Kind == yaml.ScalarNode && m.inner == nil {
		var more int
		more, m.inner = unfolds([]byte(n.Value), m.depth+1, m.most)
		m.more += more
	}
	for _, child := range n.Content {
		size = min(size+m.size(child), m.most+1)
	}
	m.sizes[n] = size
	return size
}
