package render

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// After is what ferry.yaml changes in what a renderer gave: resources are left out, then patched, then others are added,
// and last of all those that name no namespace get one.
type After struct {
	Drop            []Target
	Patches         []Patch
	Extra           []Document
	Namespace       string // that the app is installed into
	InjectNamespace bool
}

// Apply gives the manifests afterwards, and notices for people. None of those handed in is changed.
func (a After) Apply(ctx context.Context, ms Manifests, by Patcher) (Manifests, []string, error) {
	left, notices := a.drop(ms)
	docs, err := a.patch(ctx, left, by)
	if err != nil {
		return nil, nil, err
	}
	if len(a.Patches)+len(a.Extra) > 0 {
		docs = append(docs, a.Extra...)
		if left, err = Canonical(Output{Documents: docs}, a.Namespace); err != nil {
			return nil, nil, err
		}
	}
	if a.InjectNamespace && a.Namespace != "" {
		unknown := a.inject(left)
		notices = append(notices, unknown...)
	}
	return left, notices, nil
}

func (a After) drop(ms Manifests) (left Manifests, notices []string) {
	used := make([]bool, len(a.Drop))
	for i := range ms {
		gone := false
		for j, t := range a.Drop {
			if t.selects(&ms[i], a.Namespace) {
				gone, used[j] = true, true
			}
		}
		if !gone {
			left = append(left, ms[i])
		}
	}
	for j, t := range a.Drop {
		if !used[j] && t.exact() {
			notices = append(notices, fmt.Sprintf("drop: there is no %s in the render", t))
		}
	}
	return left, notices
}

// patch gives the documents of all resources, patched; none where there is nothing to patch or add.
func (a After) patch(ctx context.Context, ms Manifests, by Patcher) ([]Document, error) {
	if len(a.Patches)+len(a.Extra) == 0 {
		return nil, nil
	}
	docs := make([]Document, len(ms))
	for i := range ms {
		docs[i] = ms[i].document()
	}
	var problems []error
	for _, p := range a.Patches {
		found := false
		for i := range ms {
			if docs[i].Data == nil || !p.Target.selects(&ms[i], a.Namespace) {
				continue
			}
			found = true
			changed, err := p.apply(ctx, &ms[i], docs[i], by)
			if err != nil && ctx.Err() != nil {
				return nil, err // so would all others
			}
			if err != nil {
				problems = append(problems, err)
				continue
			}
			docs[i] = changed
		}
		if !found && p.Target.exact() {
			problems = append(problems, &PatchError{Patch: p.place(), Text: fmt.Sprintf("there is no %s in the render", p.Target), Next: "look at what there is with ferry render; a target with a pattern or a selector may match nothing"})
		}
	}
	return slices.DeleteFunc(docs, func(d Document) bool { return d.Data == nil }), errors.Join(problems...)
}

func (p Patch) apply(ctx context.Context, m *Manifest, d Document, by Patcher) (Document, error) {
	if isEncrypted(m.Node()) {
		return d, &PatchError{Patch: p.place(), Text: fmt.Sprintf("%s is encrypted with SOPS, and cannot be edited", m.Identity)}
	}
	data, err := by.Patch(ctx, d.Data, p.forResource(m))
	if err != nil {
		return d, &PatchError{Patch: p.place(), Text: m.Identity.String(), Err: err}
	}
	if data == nil {
		return Document{Source: d.Source}, nil
	}
	return NewDocument(d.Source, 0, data), nil
}

// document gives a manifest as a document that need not be parsed again.
func (m Manifest) document() Document {
	d := NewDocument(m.Source, 0, m.Data)
	if m.tree != nil {
		d.parsed = m.tree
	}
	return d
}

// inject writes the namespace into resources of namespaced kinds that name none, and tells of the kinds nobody knows.
func (a After) inject(ms Manifests) []string {
	scopes := scopesOf(ms)
	var unknown []string
	for i := range ms {
		m := &ms[i]
		if m.Namespace != "" {
			continue
		}
		switch namespaced, known := scopes.of(m.Identity); {
		case !known:
			unknown = append(unknown, fmt.Sprintf("injectNamespace: %s is left as it is: its CustomResourceDefinition is not in the render, so nobody knows whether it belongs to a namespace; say it in the template or with a patch", m.Identity))
		case namespaced && isEncrypted(m.Node()):
			unknown = append(unknown, fmt.Sprintf("injectNamespace: %s is left as it is: it is encrypted with SOPS", m.Identity))
		case namespaced:
			m.Identity.Namespace = a.Namespace
			root := withNamespace(m.Node(), a.Namespace)
			m.tree, m.Data = readTree(root), write(nil, root)
		}
	}
	return unknown
}

// withNamespace copies what leads to metadata and shares the rest.
func withNamespace(root *yaml.Node, namespace string) *yaml.Node {
	c := *root
	c.Content = slices.Clone(root.Content)
	for i := 0; i < len(c.Content); i += 2 {
		if c.Content[i].Value == "metadata" {
			metadata := *c.Content[i+1]
			metadata.Content = append(without(metadata.Content, "namespace"), str("namespace", 0), str(namespace, 0))
			sortPairs(&metadata, inMetadata)
			c.Content[i+1] = &metadata
		}
	}
	return &c
}

// scopes say of kinds of custom resources, by group and kind, whether they belong to a namespace.
type scopes map[[2]string]bool

func (s scopes) of(id Identity) (namespaced, known bool) {
	if id.IsBuiltIn() {
		return !builtIn[id.Kind].cluster, true
	}
	namespaced, known = s[[2]string{id.Group, id.Kind}]
	return namespaced, known
}

func scopesOf(ms Manifests) scopes {
	s := scopes{}
	for i := range ms {
		if !ms[i].IsDefinition() {
			continue
		}
		spec := field(ms[i].Node(), "spec")
		group, kind, scope := field(spec, "group"), field(field(spec, "names"), "kind"), field(spec, "scope")
		if group != nil && kind != nil && scope != nil {
			s[[2]string{group.Value, kind.Value}] = strings.EqualFold(scope.Value, "Namespaced")
		}
	}
	return s
}

// IsDefinition tells a CustomResourceDefinition.
func (i Identity) IsDefinition() bool {
	return i.Kind == "CustomResourceDefinition" && i.Group == "apiextensions.k8s.io"
}
