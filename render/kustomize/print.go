package kustomize

import (
	"fmt"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/resource"

	"github.com/ferry-cd/ferry/render"
)

// asYAML prints a resource as the library does, which goes from its tree to YAML, from there to values, to JSON, to values
// again and to YAML. Where the tree is of the usual kind its values are printed at once; differential tests hold the two
// against each other.
func asYAML(res *resource.Resource) (data []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("not printable: %v", p)
		}
	}()
	if data, ok := printTree(res.YNode()); ok {
		return data, nil
	}
	return res.AsYAML()
}

func printTree(n *yaml.Node) ([]byte, bool) {
	if n == nil || n.Kind != yaml.MappingNode || !isPlainTree(n, false) {
		return nil, false
	}
	values, ok := valueOf(n)
	if !ok {
		return nil, false
	}
	return render.PrintValues(values)
}

// valueOf is what the library decodes a tree to. Most of it are strings, which need no decoder.
func valueOf(n *yaml.Node) (v any, ok bool) {
	switch {
	case n.Kind == yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			below, ok := valueOf(n.Content[i+1])
			if _, twice := m[key.Value]; !ok || twice || !isString(key) || isBroken(key) {
				return nil, false
			}
			m[key.Value] = below
		}
		return m, true
	case n.Kind == yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			if list[i], ok = valueOf(item); !ok {
				return nil, false
			}
		}
		return list, true
	case isBroken(n):
		return nil, false
	case isString(n):
		return n.Value, true
	}
	err := n.Decode(&v)
	return v, err == nil
}

// isBroken tells text that the library writes so that it cannot read it again.
func isBroken(n *yaml.Node) bool { return isTabbed(n.Value) && n.Style&yaml.DoubleQuotedStyle == 0 }

func isString(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.Tag == "!!str" || n.Tag == "" && n.ShortTag() == "!!str" || n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle) != 0)
}

// isPlainTree tells trees without aliases, merge keys and tags of their own, without folded text, which the library writes
// with other line breaks than it read, and without a value that is left out in braces or brackets, of which it makes an
// empty string.
func isPlainTree(n *yaml.Node, flow bool) bool {
	flow = flow || n.Style&yaml.FlowStyle != 0
	switch {
	case n.Kind == yaml.AliasNode, n.Anchor != "", n.Style&(yaml.TaggedStyle|yaml.FoldedStyle) != 0:
		return false
	case n.Kind == yaml.ScalarNode:
		return n.Value != "<<" && (n.Value != "" || n.Style != 0 || !flow)
	}
	for i, child := range n.Content {
		if !isPlainTree(child, flow) || child.Kind != yaml.ScalarNode && len(child.Content) == 0 && (hasComment(child) || hasComment(n.Content[max(i-1, 0)])) {
			return false
		}
	}
	return true
}

// hasComment is asked beside an empty list or mapping: there the library may print what it cannot read.
func hasComment(n *yaml.Node) bool {
	return n.HeadComment != "" || n.LineComment != "" || n.FootComment != ""
}
