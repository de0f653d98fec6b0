package render

import (
	"cmp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// FormatVersion names the canonical form. It changes whenever the same resource would be written in other bytes.
//
// The form: block style, two spaces, lists level with their key, one space after a colon, a newline at the end; no
// comments, anchors or tags. Keys are sorted by bytes, except that
//   - a resource starts with apiVersion, kind, metadata, type, immutable, spec and ends with status,
//   - metadata, wherever it stands, starts with name, generateName, namespace, labels, annotations,
//   - a mapping in a list starts with name and image.
//
// Strings of several lines are literal blocks; other strings are plain where no reader of YAML 1.1 or 1.2 takes them for
// anything else, in single quotes where they hold " or \, and in double quotes otherwise. Numbers keep their text where it is
// a JSON number, and are written as one where it is not.
const FormatVersion = 1

// order says where a mapping stands, which decides the keys that go first.
type order int

const (
	elsewhere order = iota
	atTop
	inMetadata
	inList
)

var leading = [...][]string{
	atTop:      {"apiVersion", "kind", "metadata", "type", "immutable", "spec"},
	inMetadata: {"name", "generateName", "namespace", "labels", "annotations"},
	inList:     {"name", "image"},
}

func orderBelow(key string) order {
	if key == "metadata" {
		return inMetadata
	}
	return elsewhere
}

// rank sorts the keys that have a place of their own before (or, for status, after) all others.
func rank(o order, key string) int {
	if i := slices.Index(leading[o], key); i >= 0 {
		return i
	}
	if o == atTop && key == "status" {
		return 101
	}
	return 100
}

func compareKeys(o order, a, b string) int {
	if o != elsewhere {
		if c := cmp.Compare(rank(o, a), rank(o, b)); c != 0 {
			return c
		}
	}
	return cmp.Compare(a, b)
}

// sortPairs puts the keys of a mapping in order.
func sortPairs(n *yaml.Node, o order) {
	if inOrder(n, o) {
		return
	}
	pairs := make([][2]*yaml.Node, 0, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		pairs = append(pairs, [2]*yaml.Node{n.Content[i], n.Content[i+1]})
	}
	slices.SortStableFunc(pairs, func(a, b [2]*yaml.Node) int { return compareKeys(o, a[0].Value, b[0].Value) })
	for i, p := range pairs {
		n.Content[2*i], n.Content[2*i+1] = p[0], p[1]
	}
}

func inOrder(n *yaml.Node, o order) bool {
	for i := 2; i < len(n.Content); i += 2 {
		if compareKeys(o, n.Content[i-2].Value, n.Content[i].Value) > 0 {
			return false
		}
	}
	return true
}
