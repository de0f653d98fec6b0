package render

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// MergeValues layers values files in order and settings over them, as Helm does: maps merge, null deletes, anything else
// replaces what was there. Settings apply typed ones first, then strings, then literal ones. The error names every bad file
// (with line and column) and setting.
func MergeValues(files []File, set []Set) (map[string]any, error) {
	values := map[string]any{}
	var problems Problems
	for _, f := range files {
		layer, bad := valuesOf(f)
		problems = append(problems, bad...)
		overlay(values, layer)
	}
	for _, kind := range []func(Set) bool{
		func(s Set) bool { return s.Typed && !s.Literal },
		func(s Set) bool { return !s.Typed && !s.Literal },
		func(s Set) bool { return s.Literal },
	} {
		for _, s := range set {
			if !kind(s) {
				continue
			}
			if err := s.apply(values); err != nil {
				problems = append(problems, Problem{Text: fmt.Sprintf("set value %s: %v", s.Path, err)})
			}
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return values, nil
}

func valuesOf(f File) (map[string]any, Problems) {
	root, _, bad := parse(f.Data)
	switch {
	case bad != nil:
		return nil, bad.inFile(f.Path)
	case root == nil || root.Tag == tagNull:
		return nil, nil
	case root.Kind != yaml.MappingNode:
		return nil, Problems{{Source: f.Path, Line: root.Line, Column: root.Column, Text: "values are a mapping, this is " + kindOf(root)}}
	}
	return value(root).(map[string]any), nil
}

// overlay puts a layer over values. Maps of the layer are taken over, not shared with it.
func overlay(values, layer map[string]any) {
	for key, v := range layer {
		over, isMap := v.(map[string]any)
		switch {
		case v == nil:
			delete(values, key)
		case isMap:
			below, ok := values[key].(map[string]any)
			if !ok {
				below = map[string]any{}
				values[key] = below
			}
			overlay(below, over)
		default:
			values[key] = v
		}
	}
}
