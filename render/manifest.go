package render

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Identity tells resources of one cluster apart. The API version is not part of it: v1beta1 and v1 are one resource.
type Identity struct {
	Group, Kind, Namespace, Name string
}

// String gives the identity as people write it: Deployment podinfo/web, Certificate.cert-manager.io web.
func (i Identity) String() string {
	s := i.Kind
	if i.Group != "" && !i.IsBuiltIn() {
		s += "." + i.Group
	}
	if i.Namespace != "" {
		return s + " " + i.Namespace + "/" + i.Name
	}
	return s + " " + i.Name
}

// Manifest is one Kubernetes resource in canonical form.
type Manifest struct {
	Identity   // as the document says: an empty namespace means that of the app
	APIVersion string
	Path       string // file name inside the environment's folder
	Data       []byte // canonical YAML, one document; a document encrypted with SOPS as the renderer gave it
	Source     string // template or file it came from, for messages
	tree       *tree
}

// Manifests are the resources of one app in one environment, sorted by Path.
type Manifests []Manifest

// Equal compares what a manifest says and where it lies, not where it came from.
func (m Manifest) Equal(o Manifest) bool {
	return m.Identity == o.Identity && m.APIVersion == o.APIVersion && m.Path == o.Path && bytes.Equal(m.Data, o.Data)
}

// Parse reads one resource from a file, such as one that is in Git now. Data stays as it is, canonical or not.
// The error is Problems.
func Parse(path string, data []byte) (Manifest, error) {
	m := Manifest{Path: path, Data: data, Source: path, tree: &tree{}}
	root, bad := m.tree.read(data)
	switch {
	case bad != nil:
		return m, bad.inFile(path)
	case root == nil:
		return m, Problems{{Source: path, Text: "no resource in it"}}
	}
	if m.Identity, m.APIVersion, bad = identify(root); bad != nil {
		return m, bad.inFile(path)
	}
	return m, nil
}

// Node gives the resource as a mapping whose aliases and merge keys are expanded, whose keys are strings in canonical order
// and whose scalars carry the tag (!!str, !!int, !!float, !!bool, !!null) that Kubernetes reads in them; nil where Data is no
// YAML. It is shared: do not change it.
func (m Manifest) Node() *yaml.Node {
	t := m.tree
	if t == nil {
		t = &tree{}
	}
	root, _ := t.read(m.Data)
	return root
}

// Known gives what Node gives where the resource has been parsed; nil where it would have to be.
func (m Manifest) Known() *yaml.Node {
	if m.tree == nil {
		return nil
	}
	root, _ := m.tree.read(m.Data)
	return root
}

// Once gives what was made of the resource before under a key, in this environment or in another that has the same bytes;
// else it is made now. It must follow from the resource's bytes and the key alone, and nobody may change it. Keys are of a
// type of their own, like those of a context.
func (m *Manifest) Once(key any, make func() any) any {
	if m.tree == nil {
		return make()
	}
	if made, ok := m.tree.made.Load(key); ok {
		return made
	}
	made, _ := m.tree.made.LoadOrStore(key, make())
	return made
}

// Value gives the resource as plain Go values, as Kubernetes holds it: map[string]any, []any, string, int64, float64 (only
// where int64 cannot hold the number), bool and nil. Two resources mean the same where these are deeply equal.
func (m Manifest) Value() (map[string]any, error) {
	root := m.Node()
	if root == nil || root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: not a YAML mapping", m.Path)
	}
	return value(root).(map[string]any), nil
}

func value(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = value(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		s := make([]any, len(n.Content))
		for i, item := range n.Content {
			s[i] = value(item)
		}
		return s
	}
	return scalarValue(n)
}

func scalarValue(n *yaml.Node) any {
	switch n.Tag {
	case tagNull:
		return nil
	case tagBool:
		return n.Value == "true"
	case tagInt:
		if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
			return i
		}
		fallthrough
	case tagFloat:
		f, _ := strconv.ParseFloat(n.Value, 64)
		if f == math.Trunc(f) && math.Abs(f) < 1<<63 {
			return int64(f) // the API has no 1.0 apart from 1
		}
		return f
	}
	return n.Value
}

// identify reads who a resource is, and refuses what no cluster would take or no file could hold.
func identify(root *yaml.Node) (id Identity, apiVersion string, ps Problems) {
	if root.Kind != yaml.MappingNode {
		return Identity{}, "", Problems{{Line: root.Line, Column: root.Column, Text: "not a Kubernetes resource: not a mapping"}}
	}
	text := func(n *yaml.Node, key, path string) string {
		v := field(n, key)
		switch {
		case v == nil || v.Tag == tagNull:
			return ""
		case v.Tag != tagString:
			ps = append(ps, Problem{Line: v.Line, Column: v.Column, Text: path + " is " + kindOf(v) + " where a string is needed", Next: "put " + path + " in quotes"})
			return ""
		}
		return v.Value
	}
	apiVersion = text(root, "apiVersion", "apiVersion")
	meta := field(root, "metadata")
	id = Identity{Group: groupOf(apiVersion), Kind: text(root, "kind", "kind"), Namespace: text(meta, "namespace", "metadata.namespace"), Name: text(meta, "name", "metadata.name")}
	if len(ps) == 0 {
		ps = incomplete(root, id, apiVersion, text(meta, "generateName", "metadata.generateName"))
	}
	return id, apiVersion, ps
}

func incomplete(root *yaml.Node, id Identity, apiVersion, generateName string) (ps Problems) {
	complain := func(text, next string) {
		ps = append(ps, Problem{Line: root.Line, Column: root.Column, Text: text, Next: next})
	}
	what := strings.TrimSpace(id.Kind + " " + id.Name)
	if what == "" {
		what = "the resource"
	}
	if apiVersion == "" {
		complain(what+" has no apiVersion", "")
	}
	if id.Kind == "" {
		complain(what+" has no kind", "")
	}
	switch {
	case id.Name != "":
	case generateName != "":
		complain(what+" has only a generateName ("+generateName+"): the cluster would make another one at each sync", "give it a metadata.name")
	default:
		complain(what+" has no metadata.name", "")
	}
	return ps
}

func groupOf(apiVersion string) string {
	group, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		return ""
	}
	return group
}

func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == tagBool:
		return "a boolean"
	case n.Tag == tagNull:
		return "null"
	}
	return "a number"
}

// field gives the value of a key; nil where there is none or n is no mapping.
func field(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
