package render

import (
	"strconv"

	"go.yaml.in/yaml/v3"
)

// merge expands the merge keys of a mapping whose values have been read.
func (r *reader) merge(n *yaml.Node) {
	have := map[string]bool{}
	var content []*yaml.Node
	var merged *yaml.Node
	for i := 0; i < len(n.Content); i += 2 {
		if key := n.Content[i]; !isMerge(key) {
			have[key.Value] = true
			content = append(content, key, n.Content[i+1])
		}
	}
	before := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case !isMerge(key):
			before[key.Value] = true
			continue
		case merged != nil:
			r.complain(key, "the merge key << appears twice, first in line "+strconv.Itoa(merged.Line))
			continue
		}
		merged = key
		content = append(content, r.mergedPairs(key, n.Content[i+1], have, before)...)
	}
	n.Content = content
}

// mergedPairs gives what a merge key adds: of several mappings the first wins, and a key of the mapping itself wins over all.
// Readers disagree about the latter where that key stands above the merge key, so this is refused.
func (r *reader) mergedPairs(key, value *yaml.Node, have, before map[string]bool) (pairs []*yaml.Node) {
	sources := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		sources = value.Content
	}
	for _, source := range sources {
		if source.Kind != yaml.MappingNode {
			r.complain(key, "the merge key << needs a mapping or a list of mappings")
			return nil
		}
		for i := 0; i < len(source.Content); i += 2 {
			name := source.Content[i].Value
			if before[name] {
				r.complain(key, "the merge key << also brings "+strconv.Quote(name)+", which stands above it, and YAML readers disagree which of the two counts; move << to the top")
			}
			if !have[name] {
				have[name] = true
				pairs = append(pairs, source.Content[i], source.Content[i+1])
			}
		}
	}
	return pairs
}
