package render

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Limits of one document. A real resource is below 2 MB (what a cluster stores) and about forty levels deep.
const (
	maxDocument = 64 << 20 // bytes as rendered
	maxDepth    = 200
	maxAliased  = 8 << 20        // bytes that aliases may add
	mostAliased = 8 * maxAliased // the same, to all documents of a render
	maxKey      = 1000           // bytes; YAML readers find no key longer than 1024
	maxProblems = 20             // that are told
)

// nodeCost is what an expanded node counts against maxAliased besides its text.
const nodeCost = 64

// tree is one document as Kubernetes reads it: aliases and merge keys expanded, scalars tagged with what they mean, keys in
// canonical order. It is parsed at most once, however many rooms ask.
type tree struct {
	once sync.Once
	root *yaml.Node // nil where the document is empty
	bad  Problems   // without a source

	aliased int // bytes that aliases have added

	graft func() *yaml.Node // another way to the root; nil where there is none

	writing sync.Once
	written []byte // the canonical form

	made sync.Map // what rooms above have made of it, by their keys
}

// canonical gives the canonical form of a tree that has been read.
func (t *tree) canonical() []byte {
	t.writing.Do(func() {
		buf := spare.Get().(*[]byte)
		*buf = write((*buf)[:0], t.root)
		if t.written = bytes.Clone(*buf); cap(*buf) <= maxSpare {
			spare.Put(buf)
		}
	})
	return t.written
}

// spare are buffers in which trees are written, so that what is kept is as long as it need be.
var spare = sync.Pool{New: func() any { return new([]byte) }}

func (t *tree) read(data []byte) (*yaml.Node, Problems) {
	t.once.Do(func() {
		if t.graft != nil {
			t.root, t.graft = t.graft(), nil
		}
		if t.root == nil {
			t.root, t.aliased, t.bad = parse(data)
			if t.aliased > 0 {
				forget(data)
			}
		}
	})
	return t.root, t.bad
}

// parse reads exactly one document, and tells what its aliases added.
func parse(data []byte) (root *yaml.Node, aliased int, bad Problems) {
	if len(data) > maxDocument {
		return nil, 0, Problems{{Text: "the document is larger than " + strconv.Itoa(maxDocument>>20) + " MB"}}
	}
	node, bad := decodeOne(data)
	if bad != nil || node == nil {
		return nil, 0, bad
	}
	r := reader{open: map[*yaml.Node]bool{}}
	root = r.value(node, atTop, 0)
	if r.untold > 0 {
		r.problems = append(r.problems, Problem{Text: "and " + strconv.Itoa(r.untold) + " more of this kind"})
	}
	if len(r.problems) > 0 {
		return nil, 0, r.problems
	}
	return root, r.aliased, nil
}

func decodeOne(data []byte) (*yaml.Node, Problems) {
	if node, ok := quick(data); ok {
		return node, nil
	}
	return decodeAny(data)
}

func decodeAny(data []byte) (*yaml.Node, Problems) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := d.Decode(&first); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, syntaxProblem(data, err)
	}
	switch err := d.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, syntaxProblem(data, err)
	case !isEmpty(second.Content[0]):
		return nil, Problems{{Line: second.Content[0].Line, Text: "a second document begins here; Kubernetes would read only the first"}}
	}
	if isEmpty(first.Content[0]) {
		return nil, nil
	}
	return first.Content[0], nil
}

func isEmpty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style == 0 && n.Value == ""
}

// reader turns parsed nodes into a tree, in place.
type reader struct {
	problems Problems
	untold   int
	open     map[*yaml.Node]bool // anchors whose value is being read
	aliased  int                 // bytes that aliases have added
}

func (r *reader) complain(n *yaml.Node, text string) {
	if len(r.problems) == maxProblems {
		r.untold++
		return
	}
	r.problems = append(r.problems, Problem{Line: n.Line, Column: n.Column, Text: text})
}

const tooDeep = "nested too deeply: no resource has so many levels"

// complainOnce is for what is found again and again once it is found.
func (r *reader) complainOnce(n *yaml.Node, text string) {
	if !slices.ContainsFunc(r.problems, func(p Problem) bool { return p.Text == text }) {
		r.complain(n, text)
	}
}

func (r *reader) value(n *yaml.Node, o order, depth int) *yaml.Node {
	if depth > maxDepth {
		r.complainOnce(n, tooDeep)
		return n
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.alias(n, o, depth)
	case yaml.ScalarNode:
		return r.scalar(n)
	}
	if n.Anchor != "" {
		r.open[n] = true
		defer delete(r.open, n)
	}
	if n.Kind == yaml.SequenceNode {
		for i, item := range n.Content {
			n.Content[i] = r.value(item, inList, depth+1)
		}
	} else {
		r.mapping(n, o, depth)
	}
	n.Tag, n.Style = "", 0
	return n
}

func (r *reader) scalar(n *yaml.Node) *yaml.Node {
	tag, text, complaint := meaning(n)
	if complaint != "" {
		r.complain(n, complaint)
	}
	n.Tag, n.Value, n.Style = tag, text, 0
	return n
}

// alias gives a copy of what the alias names, sorted for the place where it now stands.
func (r *reader) alias(n *yaml.Node, o order, depth int) *yaml.Node {
	if r.open[n.Alias] {
		r.complain(n, "the anchor &"+n.Value+" contains itself")
		return n
	}
	c := r.clone(n.Alias, n, o, depth)
	if c == nil {
		return n
	}
	return c
}

// clone copies a tree that has been read; nil once aliases add more than they may.
func (r *reader) clone(n, at *yaml.Node, o order, depth int) *yaml.Node {
	r.aliased += nodeCost + len(n.Value)
	switch {
	case depth > maxDepth:
		r.complainOnce(at, tooDeep)
		return nil
	case r.aliased > maxAliased:
		r.complainOnce(at, "the aliases of this document expand beyond all measure")
		return nil
	}
	c := &yaml.Node{Kind: n.Kind, Tag: n.Tag, Value: n.Value, Line: at.Line, Column: at.Column}
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		below := inList
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			below = orderBelow(n.Content[i-1].Value)
		}
		if c.Content[i] = r.clone(child, at, below, depth+1); c.Content[i] == nil {
			return nil
		}
	}
	if c.Kind == yaml.MappingNode {
		sortPairs(c, o)
	}
	return c
}

func (r *reader) mapping(n *yaml.Node, o order, depth int) {
	merges := false
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if isMerge(key) {
			merges = true
			n.Content[i+1] = r.value(n.Content[i+1], elsewhere, depth+1)
			continue
		}
		n.Content[i] = r.key(key)
		n.Content[i+1] = r.value(n.Content[i+1], orderBelow(n.Content[i].Value), depth+1)
	}
	if merges {
		r.merge(n)
	}
	sortPairs(n, o)
	for i := 2; i < len(n.Content); i += 2 {
		if a, b := n.Content[i-2], n.Content[i]; a.Value == b.Value {
			r.complain(b, "the key "+strconv.Quote(b.Value)+" appears twice, first in line "+strconv.Itoa(a.Line))
		}
	}
}

// key gives a string in place of a key, apart from the key itself where that carries an anchor.
func (r *reader) key(n *yaml.Node) *yaml.Node {
	at := n
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		r.complain(at, "a key is a mapping or a list")
		return at
	}
	text, complaint := keyText(n)
	switch {
	case complaint != "":
		r.complain(at, complaint)
	case len(text) > maxKey:
		r.complain(at, "a key is longer than "+strconv.Itoa(maxKey)+" bytes")
	}
	if n != at || n.Anchor != "" {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tagString, Value: text, Line: at.Line, Column: at.Column}
	}
	n.Tag, n.Value, n.Style = tagString, text, 0
	return n
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && key.Tag == tagMerge
}
