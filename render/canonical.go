package render

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxTotal bounds the canonical bytes of one render.
const maxTotal = 256 << 20

// Canonical turns what a renderer wrote into manifests: lists unfolded, one resource each, in the form that FormatVersion
// describes, under stable file names. Whoever reads YAML as Kubernetes does finds the same in both. namespace is the one the
// app is installed into, which an empty metadata.namespace means; it is not written anywhere. The error is Problems, all of them.
func Canonical(out Output, namespace string) (Manifests, error) {
	c := canonical{namespace: namespace, seen: map[Identity]place{}}
	if err := CheckAliases(out.Documents); err != nil {
		return nil, err
	}
	for d, number := range numbered(out.Documents) {
		c.document(d, number)
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	nameFiles(c.manifests, namespace)
	slices.SortFunc(c.manifests, func(a, b Manifest) int { return strings.Compare(a.Path, b.Path) })
	return c.manifests, distinctFiles(c.manifests)
}

// place is where a resource was rendered.
type place struct {
	doc    Document
	number int
	line   int
}

func (p place) String() string {
	located := Problems{{Line: p.line}}.in(p.doc, p.number)[0]
	return strings.TrimSuffix(located.place(), ": ")
}

type canonical struct {
	namespace string
	manifests Manifests
	problems  Problems
	seen      map[Identity]place
	scratch   []byte
	total     int
}

func (c *canonical) document(d Document, number int) {
	t := d.read()
	root := t.root
	if root == nil {
		c.problems = append(c.problems, t.bad.in(d, number)...)
		return
	}
	if isEncrypted(root) {
		c.add(root, place{d, number, root.Line}, d.Data, t)
		return
	}
	items, ps := unfold(root, 0)
	c.problems = append(c.problems, ps.in(d, number)...)
	if len(items) == 1 && items[0] == root {
		c.add(root, place{d, number, root.Line}, t.canonical(), t)
		return
	}
	for _, item := range items {
		c.scratch = write(c.scratch[:0], item)
		c.add(item, place{d, number, item.Line}, bytes.Clone(c.scratch), readTree(item))
	}
}

func (c *canonical) add(root *yaml.Node, at place, data []byte, t *tree) {
	complain := func(p Problem) { c.problems = append(c.problems, Problems{p}.in(at.doc, at.number)...) }
	id, apiVersion, bad := identify(root)
	if bad != nil {
		c.problems = append(c.problems, bad.in(at.doc, at.number)...)
		return
	}
	same := id.In(c.namespace)
	if before, twice := c.seen[same]; twice {
		complain(Problem{Line: at.line, Text: fmt.Sprintf("%s is rendered twice, first in %s", id, before), Next: "rename or drop one of the two"})
		return
	}
	c.seen[same] = at
	if c.total += len(data); c.total > maxTotal {
		if c.total-len(data) <= maxTotal {
			complain(Problem{Text: fmt.Sprintf("the render is larger than %d MB", maxTotal>>20)})
		}
		return
	}
	c.manifests = append(c.manifests, Manifest{Identity: id, APIVersion: apiVersion, Data: data, Source: at.doc.Source, tree: t})
}

// readTree is a tree that needs no reading any more.
func readTree(root *yaml.Node) *tree {
	t := &tree{root: root}
	t.once.Do(func() {})
	return t
}

// isEncrypted tells whether SOPS has sealed a document: its checksum covers the order of keys, so it is carried as it is.
func isEncrypted(root *yaml.Node) bool {
	return field(field(root, "sops"), "mac") != nil
}

// unfold gives the resources of a list, of lists in it too, or the resource itself.
func unfold(root *yaml.Node, depth int) ([]*yaml.Node, Problems) {
	items, ok := listItems(root)
	if !ok {
		return []*yaml.Node{root}, nil
	}
	var all []*yaml.Node
	var problems Problems
	for i, item := range items {
		at := Problem{Line: item.Line, Column: item.Column}
		switch {
		case item.Kind != yaml.MappingNode:
			at.Text = fmt.Sprintf("items[%d] of the list is not a resource: not a mapping", i)
		case isEncrypted(item):
			at.Text = fmt.Sprintf("items[%d] of the list is encrypted with SOPS, which cannot be taken out of a list", i)
		case depth > 10:
			at.Text = "lists in lists, too deep"
		default:
			below, ps := unfold(resource(item, root), depth+1)
			all, problems = append(all, below...), append(problems, ps...)
			continue
		}
		problems = append(problems, at)
	}
	return all, problems
}

// listItems tells a list, which is no resource of its own and has no name, from a resource whose kind happens to end in List.
func listItems(n *yaml.Node) ([]*yaml.Node, bool) {
	kind := field(n, "kind")
	if kind == nil || kind.Tag != tagString || !strings.HasSuffix(kind.Value, "List") || field(field(n, "metadata"), "name") != nil {
		return nil, false
	}
	items := field(n, "items")
	switch {
	case items == nil || items.Tag == tagNull:
		return nil, kind.Value == "List"
	case items.Kind != yaml.SequenceNode:
		return nil, false
	}
	return items.Content, true
}

// resource makes an item of a list stand for itself. An item of a DeploymentList may leave out its kind and version.
func resource(item, list *yaml.Node) *yaml.Node {
	own := *item
	own.Content = slices.Clone(item.Content)
	add := func(key, value string) {
		own.Content = append(own.Content, str(key, item.Line), str(value, item.Line))
	}
	kind, version := field(list, "kind"), field(list, "apiVersion")
	if kind.Value != "List" && version != nil && field(item, "kind") == nil {
		add("kind", strings.TrimSuffix(kind.Value, "List"))
		if field(item, "apiVersion") == nil {
			add("apiVersion", version.Value)
		}
	}
	sortPairs(&own, atTop)
	return &own
}

func str(value string, line int) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tagString, Value: value, Line: line}
}
