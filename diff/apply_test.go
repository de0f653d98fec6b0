package diff

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// apply does to a copy of a resource what the fields of a change say, in their order; it is the other half of the promise
// that a diff leaves nothing out.
func apply(n *node, fields []Field) (*node, error) {
	p := patcher{gone: map[*node]bool{}}
	n = copied(n)
	for _, f := range fields {
		if err := p.field(n, f); err != nil {
			return nil, fmt.Errorf("%s %s: %w", f.Kind, f.Path, err)
		}
	}
	p.settleAll(n)
	return n, nil
}

func copied(n *node) *node {
	c := *n
	c.pairs, c.items = nil, nil
	for _, p := range n.pairs {
		c.pairs = append(c.pairs, pair{p.key, copied(p.value)})
	}
	for _, item := range n.items {
		c.items = append(c.items, copied(item))
	}
	return &c
}

// patcher keeps removed items of lists without keys in place until something else is done to the list: removals count in
// the old list, everything else in the new one.
type patcher struct{ gone map[*node]bool }

func (p *patcher) settle(list *node) {
	list.items = slices.DeleteFunc(list.items, func(n *node) bool { return p.gone[n] })
}

func (p *patcher) settleAll(n *node) {
	p.settle(n)
	for _, item := range n.items {
		p.settleAll(item)
	}
	for _, pair := range n.pairs {
		p.settleAll(pair.value)
	}
}

func (p *patcher) field(n *node, f Field) error {
	tokens, err := split(f.Path)
	if err != nil {
		return err
	}
	var at place
	for len(tokens) > 1 || f.Kind == Reordered && len(tokens) > 0 {
		if n, at, err = p.down(n, tokens[0], at); err != nil {
			return err
		}
		tokens = tokens[1:]
	}
	if f.Kind == Reordered {
		return p.reorder(n, f, at)
	}
	if n.shape == mapping {
		return setField(n, tokens[0].text, f)
	}
	return p.setItem(n, tokens[0], f, at)
}

type token struct {
	text    string
	quoted  bool
	bracket bool
}

func (t token) isIndex() bool {
	return t.bracket && !t.quoted && t.text != "" && strings.Trim(t.text, "0123456789") == ""
}

// split takes a path apart as anyone would who reads its documentation.
func split(path string) ([]token, error) {
	var tokens []token
	for path != "" {
		switch {
		case strings.HasPrefix(path, `["`):
			quoted, err := strconv.QuotedPrefix(path[1:])
			if err != nil || !strings.HasPrefix(path[1+len(quoted):], "]") {
				return nil, fmt.Errorf("quotes in %s", path)
			}
			text, _ := strconv.Unquote(quoted)
			tokens, path = append(tokens, token{text, true, true}), path[2+len(quoted):]
		case path[0] == '[':
			text, rest, ok := strings.Cut(path[1:], "]")
			if !ok {
				return nil, fmt.Errorf("brackets in %s", path)
			}
			tokens, path = append(tokens, token{text: text, bracket: true}), rest
		default:
			path = strings.TrimPrefix(path, ".")
			i := strings.IndexAny(path, ".[")
			if i < 0 {
				i = len(path)
			}
			tokens, path = append(tokens, token{text: path[:i]}), path[i:]
		}
	}
	return tokens, nil
}

func (p *patcher) down(n *node, t token, at place) (*node, place, error) {
	if n.shape == mapping {
		if v := n.get(t.text); v != nil {
			return v, place{key: t.text, above: at.key}, nil
		}
		return nil, at, fmt.Errorf("no key %q", t.text)
	}
	p.settle(n)
	i, err := find(n.items, t, at)
	if err != nil {
		return nil, at, err
	}
	return n.items[i], at, nil
}

func find(items []*node, t token, at place) (int, error) {
	if t.isIndex() {
		i, err := strconv.Atoi(t.text)
		if err != nil || i >= len(items) {
			return 0, fmt.Errorf("no item %s", t.text)
		}
		return i, nil
	}
	for _, l := range listingsFor(at) {
		for i, item := range items {
			if l.key(item) == t.text {
				return i, nil
			}
		}
	}
	return 0, fmt.Errorf("no item with key %q", t.text)
}

func setField(n *node, key string, f Field) error {
	i, known := sort.Find(len(n.pairs), func(i int) int { return strings.Compare(key, n.pairs[i].key) })
	switch {
	case known == (f.Kind == Added):
		return fmt.Errorf("the key is there: %v", known)
	case f.Kind == Removed:
		n.pairs = slices.Delete(n.pairs, i, i+1)
	case f.Kind == Added:
		n.pairs = slices.Insert(n.pairs, i, pair{key, parsed(f.New)})
	default:
		n.pairs[i].value = parsed(f.New)
	}
	return nil
}

func (p *patcher) setItem(n *node, t token, f Field, at place) error {
	if f.Kind == Added {
		p.settle(n)
		i := f.Position - 1
		if t.isIndex() {
			i, _ = strconv.Atoi(t.text)
		}
		if i < 0 || i > len(n.items) {
			return fmt.Errorf("no place %d in %d items", i, len(n.items))
		}
		n.items = slices.Insert(n.items, i, parsed(f.New))
		return nil
	}
	if f.Kind != Removed {
		p.settle(n)
	}
	i, err := find(n.items, t, at)
	if err != nil {
		return err
	}
	if f.Kind == Removed {
		p.gone[n.items[i]] = true
	} else {
		n.items[i] = parsed(f.New)
	}
	return nil
}

func (p *patcher) reorder(n *node, f Field, at place) error {
	p.settle(n)
	var items []*node
	for _, key := range f.New.([]any) {
		i, err := find(n.items, token{text: key.(string), quoted: true, bracket: true}, at)
		if err != nil {
			return err
		}
		items = append(items, n.items[i])
	}
	if len(items) != len(n.items) {
		return fmt.Errorf("orders %d of %d items", len(items), len(n.items))
	}
	n.items = items
	return nil
}

// parsed is the way back from plain.
func parsed(v any) *node {
	switch v := v.(type) {
	case string:
		return &node{shape: text, text: v}
	case json.Number:
		return &node{shape: number, text: string(v)}
	case bool:
		return &node{shape: boolean, text: strconv.FormatBool(v)}
	case []any:
		n := &node{shape: sequence}
		for _, item := range v {
			n.items = append(n.items, parsed(item))
		}
		return n
	case map[string]any:
		n := &node{shape: mapping}
		for key, value := range v {
			n.pairs = append(n.pairs, pair{key, parsed(value)})
		}
		sortPairs(n.pairs)
		return n
	}
	return &node{shape: null}
}
