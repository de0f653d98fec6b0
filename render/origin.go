package render

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Layer is one file of values, or a setting, in the order in which they are merged.
type Layer struct {
	File
	Under string // key below which it stands: the name of a subchart; "" for all others
}

// Origin is one layer's word on a value.
type Origin struct {
	Place string // file:line:column, or the setting
	Value string // one line of YAML; "" where it is a mapping, into which others are merged
	Null  bool   // it takes the value away
}

// Origins names the layers that say something of a value, in their order: the last one holds, and of mappings all do. The
// path is that of --set: image.tag, hosts[0]. The error is about the path or a file.
func Origins(layers []Layer, set []Set, path string) ([]Origin, error) {
	steps, err := valuePath(path)
	if err != nil {
		return nil, err
	}
	var all []Origin
	for _, l := range layers {
		own := steps
		if l.Under != "" {
			if steps[0].key != l.Under {
				continue
			}
			own = steps[1:]
		}
		root, _, bad := parse(l.Data)
		if bad != nil {
			return nil, bad.inFile(l.Path)
		}
		if o, ok := originIn(root, own, l.Path); ok {
			all = append(all, o)
		}
	}
	for _, s := range set {
		if s.Path == path || strings.HasPrefix(path, s.Path+".") || strings.HasPrefix(s.Path, path+".") {
			all = append(all, Origin{Place: "set: " + s.Path, Value: s.Value})
		}
	}
	return all, nil
}

// originIn finds what a layer says at a path: also where it puts something else than a mapping above it.
func originIn(root *yaml.Node, steps []valueStep, file string) (Origin, bool) {
	at := root
	for _, s := range steps {
		next := below(at, s)
		if next == nil {
			if at != nil && at != root && at.Kind == yaml.ScalarNode {
				return originOf(at, file), true
			}
			return Origin{}, false
		}
		at = next
	}
	if at == nil || at == root && len(steps) > 0 {
		return Origin{}, false
	}
	return originOf(at, file), true
}

func below(n *yaml.Node, s valueStep) *yaml.Node {
	switch {
	case n == nil:
		return nil
	case s.index < 0:
		return field(n, s.key)
	case n.Kind == yaml.SequenceNode && s.index < len(n.Content):
		return n.Content[s.index]
	}
	return nil
}

func originOf(n *yaml.Node, file string) Origin {
	o := Origin{Place: fmt.Sprintf("%s:%d:%d", file, n.Line, n.Column), Null: n.Tag == tagNull}
	switch {
	case n.Kind == yaml.SequenceNode:
		o.Value = fmt.Sprintf("a list of %d", len(n.Content))
	case n.Kind == yaml.ScalarNode:
		o.Value = strings.TrimSpace(string(write(nil, n)))
	}
	return o
}

// Asked is an API version that a template asks for.
type Asked struct {
	Place   string // template:line
	Version string
}
