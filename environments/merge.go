package environments

import "slices"

// How layers of settings become one: built in, defaults, environment, the app, its override of the environment. Mappings
// merge key by key and a later scalar wins. A later list replaces an earlier one, except where an app's override adds to
// its environment: there people say what an app needs beside what everyone has.
var (
	// added are the lists an override adds to. windows, clusters and approvals.from are not among them: more of these
	// would loosen a gate.
	added = []string{"values", "patches", "extra", "drop", "labels", "kubernetes.apis", "gates.checks", "gates.freezes", "gates.approvals.exclude"}
	// whole are the mappings that only make sense in one piece.
	whole = []string{"health"}
)

// layer puts over on top of base; lists add up where adds is set. Neither is changed.
func layer(base, over *node, adds bool) *node { return lay(base, over, "", adds) }

func lay(base, over *node, path string, adds bool) *node {
	switch {
	case over == nil:
		return base
	case base == nil || base.kind != over.kind || slices.Contains(whole, path):
		return over
	case over.kind == list && adds && slices.Contains(added, path) && len(over.items) > 0:
		return appended(base, over)
	case over.kind != mapping:
		return over
	}
	out := &node{Position: over.Position, kind: mapping, keys: slices.Clone(base.keys), items: slices.Clone(base.items)}
	for i, key := range over.keys {
		at := out.index(key.text)
		if at < 0 {
			out.keys, out.items = append(out.keys, key), append(out.items, over.items[i])
			continue
		}
		out.keys[at] = key
		out.items[at] = lay(base.items[at], over.items[i], join(path, key.text), adds)
	}
	return out
}

// appended adds one list to another. What is in both is kept once, at the end, where a values file wins.
func appended(base, over *node) *node {
	out := &node{Position: over.Position, kind: list}
	for _, item := range base.items {
		if !slices.ContainsFunc(over.items, func(o *node) bool { return same(o, item) }) {
			out.items = append(out.items, item)
		}
	}
	out.items = append(out.items, over.items...)
	return out
}

func same(a, b *node) bool { return a.kind == scalar && b.kind == scalar && a.text == b.text }

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
