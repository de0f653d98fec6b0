package render

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Patch is one change of resources.
type Patch struct {
	Source string // file, for messages
	Line   int    // of Source where Data begins
	Data   []byte // a strategic merge patch or, where it is a list, a JSON 6902 patch
	Target Target
	root   *yaml.Node
}

// Patcher applies a patch to one resource, in YAML. It gives nil where the patch deletes the resource, and the resource as
// it was where the selectors of the target leave it out.
type Patcher interface {
	Patch(ctx context.Context, resource []byte, p Patch) ([]byte, error)
}

// ReadPatches reads the patches in a file. A strategic merge patch without a target is for the resource that it names. The
// error is Problems, all of them.
func ReadPatches(file File, target Target) ([]Patch, error) {
	var all []Patch
	var problems Problems
	for d, number := range numbered(Split(Document{Source: file.Path, Line: 1, Data: file.Data})) {
		p, bad := readPatch(d, target)
		problems = append(problems, bad.in(d, number)...)
		all = append(all, p)
	}
	if len(all) == 0 {
		problems = append(problems, Problem{Source: file.Path, Text: "there is no patch in it"})
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return all, nil
}

func readPatch(d Document, target Target) (Patch, Problems) {
	t := d.read()
	if t.bad != nil || t.root == nil {
		return Patch{}, t.bad
	}
	p := Patch{Source: d.Source, Line: d.Line, Target: target, root: t.root}
	switch {
	case t.root.Kind == yaml.SequenceNode && target == Target{}:
		return p, Problems{{Line: t.root.Line, Column: t.root.Column, Text: "a JSON 6902 patch names no resource", Next: "say in ferry.yaml which it is for: target: {kind: Deployment, name: ...}"}}
	case t.root.Kind == yaml.SequenceNode:
		p.Data = write(nil, t.root)
		return p, nil
	case t.root.Kind != yaml.MappingNode:
		return p, Problems{{Line: t.root.Line, Column: t.root.Column, Text: "neither a strategic merge patch (a mapping) nor a JSON 6902 patch (a list)"}}
	case target == Target{}:
		var bad Problems
		p.Target, bad = named(t.root)
		return p, bad
	}
	return p, nil
}

// named gives the resource that a strategic merge patch itself names.
func named(root *yaml.Node) (Target, Problems) {
	id, apiVersion, bad := identify(root)
	if bad != nil {
		return Target{}, bad
	}
	version := apiVersion[strings.LastIndexByte(apiVersion, '/')+1:]
	return Target{Group: id.Group, Version: version, Kind: id.Kind, Name: id.Name, Namespace: id.Namespace}, nil
}

// For gives a strategic merge patch the identity of the resource it is applied to, which its target has already found.
func (p Patch) forResource(m *Manifest) Patch {
	if p.root.Kind != yaml.MappingNode {
		return p
	}
	root := *p.root
	root.Content = without(root.Content, "apiVersion", "kind", "metadata")
	metadata := &yaml.Node{Kind: yaml.MappingNode}
	if own := field(p.root, "metadata"); own != nil && own.Kind == yaml.MappingNode {
		metadata.Content = without(own.Content, "name", "namespace")
	}
	put := func(n *yaml.Node, key, value string) {
		n.Content = append(n.Content, str(key, 0), str(value, 0))
	}
	put(metadata, "name", m.Name)
	if m.Namespace != "" {
		put(metadata, "namespace", m.Namespace)
	}
	put(&root, "apiVersion", m.APIVersion)
	put(&root, "kind", m.Kind)
	root.Content = append(root.Content, str("metadata", 0), metadata)
	p.Data = write(nil, &root)
	return p
}

func without(pairs []*yaml.Node, keys ...string) []*yaml.Node {
	var left []*yaml.Node
	for i := 0; i+1 < len(pairs); i += 2 {
		keep := true
		for _, key := range keys {
			keep = keep && pairs[i].Value != key
		}
		if keep {
			left = append(left, pairs[i], pairs[i+1])
		}
	}
	return left
}

func (p Patch) place() string { return fmt.Sprintf("%s:%d", p.Source, max(p.Line, 1)) }

// PatchError is a patch that does not fit what was rendered.
type PatchError struct {
	Patch string // file:line
	Text  string
	Next  string
	Err   error
}

func (e *PatchError) Error() string {
	text := "patch " + e.Patch + ": " + e.Text
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *PatchError) Unwrap() error { return e.Err }

// Hint is the next step; may be empty.
func (e *PatchError) Hint() string {
	var limit *LimitError
	if e.Next == "" && errors.As(e.Err, &limit) {
		return limit.Hint()
	}
	return e.Next
}

// ExitCode is that of wrong configuration.
func (e *PatchError) ExitCode() int { return 2 }
