package release

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// node is a value as it was written, with its place. Release documents (JSON) and records (YAML) are both read into
// nodes, so that one strict reader serves both and knows line and column.
type node struct {
	kind         nodeKind
	line, column int
	text         string // of a text; the literal of a number or word
	keys, items  []*node
}

type nodeKind int

const (
	text nodeKind = iota
	number
	word // true, false, null
	mapping
	list
)

func (k nodeKind) String() string {
	return [...]string{"a string", "a number", "a word", "an object", "a list"}[k]
}

// reader turns nodes into values and collects every problem with its place.
type reader struct{ problems Problems }

func (r *reader) report(n *node, p *Problem) {
	if p != nil {
		p.Line, p.Column = n.line, n.column
		r.problems = append(r.problems, p)
	}
}

// field is one key of an object.
type field struct {
	name     string
	required bool
	read     func(*node)
}

// object reads an object with exactly these keys.
func (r *reader) object(n *node, what string, fields ...field) {
	if !r.is(n, mapping, what) {
		return
	}
	seen := map[string]bool{}
	for i, key := range n.keys {
		r.member(key, n.items[i], what, fields, seen)
	}
	for _, f := range fields {
		if f.required && !seen[f.name] {
			r.report(n, problem("", "%s has no %q", what, f.name))
		}
	}
}

func (r *reader) member(key, value *node, what string, fields []field, seen map[string]bool) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == key.text })
	switch {
	case i < 0:
		r.report(key, problem("it may have "+names(fields), "%s has an unknown key %q", what, clip(key.text)))
	case seen[key.text]:
		r.report(key, problem("", "%s has %q twice", what, key.text))
	default:
		seen[key.text] = true
		fields[i].read(value)
	}
}

func names(fields []field) string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.name
	}
	return strings.Join(all, ", ")
}

// pairs reads an object whose keys are data.
func (r *reader) pairs(n *node, what string, each func(key, value *node)) {
	if !r.is(n, mapping, what) {
		return
	}
	for i, key := range n.keys {
		each(key, n.items[i])
	}
}

func (r *reader) elements(n *node, what string, each func(*node)) {
	if !r.is(n, list, what) {
		return
	}
	for _, item := range n.items {
		each(item)
	}
}

// text stores a string that passes its check. A number is refused, never converted: 1.10 would come out as 1.1.
func (r *reader) text(into *string, what string, check func(string) *Problem) func(*node) {
	return func(n *node) {
		if !r.is(n, text, what) {
			return
		}
		p := problem("leave the key out", "%s is empty", what)
		if n.text != "" {
			p = check(n.text)
		}
		if p != nil {
			r.report(n, p)
			return
		}
		*into = n.text
	}
}

// number stores a whole number that passes its check.
func (r *reader) number(into *int64, what string, check func(int64) *Problem) func(*node) {
	return func(n *node) {
		if !r.is(n, number, what) {
			return
		}
		v, err := strconv.ParseInt(n.text, 10, 64)
		if err != nil {
			r.report(n, problem("", "%s is %s, which is no whole number of at most 63 bits", what, clip(n.text)))
			return
		}
		if p := check(v); p != nil {
			r.report(n, p)
			return
		}
		*into = v
	}
}

func (r *reader) is(n *node, want nodeKind, what string) bool {
	if n.kind == want {
		return true
	}
	found, next := n.kind.String(), ""
	switch {
	case n.kind == word:
		found = n.text
	case n.kind == number && want == text:
		next = fmt.Sprintf("quote it: %q", clip(n.text))
	}
	r.report(n, problem(next, "%s must be %s, not %s", what, want, found))
	return false
}
