package kustomize

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	yamlv2 "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/resource"
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
	var values map[string]any
	if n.Decode(&values) != nil {
		return nil, false
	}
	settled, ok := settle(values)
	if !ok {
		return nil, false
	}
	data, err := yamlv2.Marshal(settled)
	return data, err == nil
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
	for _, child := range n.Content {
		if !isPlainTree(child, flow) {
			return false
		}
	}
	return true
}

// settle gives values as they come back from JSON; false where they could come back as something else.
func settle(v any) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, below := range v {
			settled, ok := settle(below)
			if !ok || !isPlainText(key) || len(key) > 500 {
				return nil, false
			}
			v[key] = settled
		}
		return v, true
	case []any:
		for i, below := range v {
			settled, ok := settle(below)
			if !ok {
				return nil, false
			}
			v[i] = settled
		}
		return v, true
	case string:
		return v, isPlainText(v)
	case float64:
		return settleNumber(v)
	case nil, bool, int, int64, uint64:
		return v, true
	case time.Time:
		return nil, false
	}
	return nil, false
}

func settleNumber(f float64) (any, bool) {
	text, err := json.Marshal(f)
	if err != nil {
		return nil, false
	}
	if i, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return int(i), true
	}
	if strings.Trim(string(text), "-0123456789") == "" {
		return nil, false // an integer larger than any
	}
	return f, true
}

// isPlainText tells text that JSON and YAML carry as it is.
func isPlainText(s string) bool {
	for _, r := range s {
		switch {
		case r == utf8.RuneError, r < ' ' && r != '\n' && r != '\t', r >= 0x7f && r <= 0xa0, r == 0x2028, r == 0x2029, r >= 0xd800 && r <= 0xffff && (r <= 0xf8ff || r >= 0xfe00), r > 0xffff:
			return false
		}
	}
	return true
}
