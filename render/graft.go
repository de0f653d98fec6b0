package render

import "go.yaml.in/yaml/v3"

// Graft makes a document of which a part has been read before: data is its text, stub the same with something in place of
// the part, and part a document that holds the part alone, under the same keys.
func Graft(source string, data, stub []byte, part Document, keys ...string) Document {
	t := &tree{}
	t.graft = func() *yaml.Node { return grafted(stub, part.read().root, keys) }
	return Document{Source: source, Data: data, parsed: t}
}

// grafted gives nil where something is not as it should be.
func grafted(stub []byte, part *yaml.Node, keys []string) *yaml.Node {
	root, _, bad := parse(stub)
	if bad != nil || part == nil || len(keys) == 0 {
		return nil
	}
	n, last := root, len(keys)-1
	for _, key := range keys[:last] {
		n, part = field(n, key), field(part, key)
	}
	if part = field(part, keys[last]); n == nil || part == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == keys[last] {
			n.Content[i+1] = part
			return root
		}
	}
	return nil
}
