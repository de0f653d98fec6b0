package render

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// step is one step of a field path: into a key, or into every item of a list.
type step struct {
	key  string
	each bool
}

// fieldPath leads from a resource of a kind to fields of it.
type fieldPath struct {
	kind  string
	steps []step
}

// parseFieldPath reads Kind.key.list[].key; [*] is the same as [], and a key that holds dots stands in brackets and quotes:
// Kind.metadata.annotations["example.com/image"].
func parseFieldPath(s string) (fieldPath, error) {
	kind, rest, ok := strings.Cut(s, ".")
	if !ok || kind == "" || rest == "" {
		return fieldPath{}, fmt.Errorf("field %q: want a kind and a path, as in Workflow.spec.templates[].image", s)
	}
	p := fieldPath{kind: kind}
	for rest != "" {
		next, after, err := nextStep(rest)
		if err != nil {
			return fieldPath{}, fmt.Errorf("field %q: %w", s, err)
		}
		p.steps, rest = append(p.steps, next), after
	}
	return p, nil
}

func nextStep(s string) (step, string, error) {
	if !strings.HasPrefix(s, "[") {
		end := strings.IndexAny(s, ".[")
		switch {
		case end < 0:
			end = len(s)
		case end == 0:
			return step{}, "", fmt.Errorf("a key is missing before %q", s)
		}
		rest, err := afterStep(s[end:])
		return step{key: s[:end]}, rest, err
	}
	inside, rest, ok := strings.Cut(s[1:], "]")
	if !ok {
		return step{}, "", fmt.Errorf("the bracket in %q is not closed", s)
	}
	rest, err := afterStep(rest)
	switch {
	case err != nil:
		return step{}, "", err
	case inside == "" || inside == "*":
		return step{each: true}, rest, nil
	}
	key, err := strconv.Unquote(inside)
	if err != nil || !strings.HasPrefix(inside, `"`) {
		return step{}, "", fmt.Errorf("[%s]: want [] for every item or [\"key\"]", inside)
	}
	return step{key: key}, rest, nil
}

// afterStep takes the dot between two keys.
func afterStep(s string) (string, error) {
	switch {
	case s == "" || s[0] == '[':
		return s, nil
	case s[0] != '.' || s == ".":
		return "", fmt.Errorf("a key is missing at %q", s)
	}
	return s[1:], nil
}

// site is a scalar that a path leads to: where it is among the contents of nodes, and how people would say it.
type site struct {
	node  *yaml.Node
	at    []int
	field string
}

func (p fieldPath) sites(root *yaml.Node) []site {
	found := []site{{node: root}}
	for _, s := range p.steps {
		var next []site
		for _, at := range found {
			next = append(next, s.from(at)...)
		}
		found = next
	}
	return found
}

func (s step) from(at site) (found []site) {
	n := at.node
	switch {
	case s.each && n.Kind == yaml.SequenceNode:
		for i, item := range n.Content {
			found = append(found, at.below(item, i, "["+itemName(item, i)+"]"))
		}
	case !s.each && n.Kind == yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			if n.Content[i].Value == s.key {
				found = append(found, at.below(n.Content[i+1], i+1, keyName(at.field, s.key)))
			}
		}
	}
	return found
}

func (s site) below(n *yaml.Node, i int, name string) site {
	return site{node: n, at: append(s.at[:len(s.at):len(s.at)], i), field: s.field + name}
}

func keyName(before, key string) string {
	switch {
	case strings.ContainsAny(key, ".[]"):
		return "[" + strconv.Quote(key) + "]"
	case before == "":
		return key
	}
	return "." + key
}

// itemName calls an item of a list by its name where it has one.
func itemName(item *yaml.Node, i int) string {
	if name := field(item, "name"); name != nil && name.Tag == tagString && name.Value != "" {
		return name.Value
	}
	return strconv.Itoa(i)
}

// replaced gives the tree with other text at a site. It copies what leads there and shares the rest.
func replaced(n *yaml.Node, at []int, text string) *yaml.Node {
	c := *n
	if len(at) == 0 {
		c.Value = text
		return &c
	}
	c.Content = append([]*yaml.Node(nil), n.Content...)
	c.Content[at[0]] = replaced(n.Content[at[0]], at[1:], text)
	return &c
}
