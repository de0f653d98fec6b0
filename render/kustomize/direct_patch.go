package kustomize

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
)

// patch applies a patch of either kind to the items that it is for, and gives those that are left.
func (d *direct) patch(k *kustomization, p types.Patch, items []*item) []*item {
	text := []byte(strings.TrimSpace(p.Patch)) // as the library does, which cuts the end of a block of lines off
	if p.Path != "" {
		d.leaveIf(p.Patch != "")
		text = d.own(k, p.Path)
	}
	d.leaveIf(p.Options != nil || !isPlainStream(text) || d.ctx.Err() != nil)
	if d.strange {
		return nil
	}
	text = bytes.TrimPrefix(text, []byte("---\n"))
	if start := firstOf(text); start == '[' || start == '-' {
		d.patchJSON(p.Target, text, start, items)
		return items
	}
	change := d.decoded(d.tree(text))
	patch := itemOf(change)
	if patch == nil { // even where a target says what it is for
		d.leave()
		return nil
	}
	var selected []*item
	if p.Target != nil {
		selected = d.selected(p.Target, items)
	} else {
		selected = d.named(patch, items)
	}
	if change["$patch"] == "delete" {
		return slices.DeleteFunc(slices.Clone(items), func(it *item) bool { return slices.Contains(selected, it) })
	}
	d.mergeInto(selected, change)
	return items
}

// firstOf gives the first byte of a text that is neither space nor comment.
func firstOf(text []byte) byte {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return line[0]
		}
	}
	return 0
}

// named gives the one item that a patch names itself.
func (d *direct) named(patch *item, items []*item) []*item {
	for _, it := range items {
		if it.kind == patch.kind && it.name == patch.name {
			d.leaveIf(it.apiVersion != patch.apiVersion || it.namespace != patch.namespace || it.moved)
			return []*item{it}
		}
	}
	d.leave()
	return nil
}

// selected gives the items that a target is about: of this kind, name, group and version, as far as they are given.
func (d *direct) selected(t *types.Selector, items []*item) (found []*item) {
	for _, word := range []string{t.Kind, t.Name, t.Group, t.Version} {
		d.leaveIf(word != "" && !isPlainName(word, "-"))
	}
	d.leaveIf(t.Namespace+t.LabelSelector+t.AnnotationSelector != "")
	for _, it := range items {
		group, version := splitVersion(it.apiVersion)
		if is(t.Kind, it.kind) && is(t.Name, it.name) && is(t.Group, group) && is(t.Version, version) {
			found = append(found, it)
		}
	}
	return found
}

func is(want, have string) bool { return want == "" || want == have }

// identity are the fields of a patch that say what it is for.
var identity = []string{"apiVersion", "kind"}

// mergeInto merges a patch into items, which keep their kinds and names.
func (d *direct) mergeInto(items []*item, patch map[string]any) {
	change := make(map[string]any, len(patch))
	for key, v := range patch {
		change[key] = v
	}
	for _, key := range identity {
		delete(change, key)
	}
	d.keepTexts(change)
	for _, it := range items {
		if d.strange || d.ctx.Err() != nil {
			d.leave()
			return
		}
		d.leaveIf(it.hollow || !isTheirOwn(it.apiVersion) && !mergesWithItself("", "", it.values)) // lists that the patch does not touch are merged, too
		m := merger{direct: d, item: it}
		m.mapping(it.values, change, "")
	}
}

// keepTexts leaves of the metadata of a patch what it may change.
func (d *direct) keepTexts(change map[string]any) {
	metadata, ok := change["metadata"].(map[string]any)
	if _, there := change["metadata"]; !ok {
		d.leaveIf(there)
		return
	}
	kept := map[string]any{}
	for key, v := range metadata {
		switch key {
		case "labels", "annotations":
			kept[key] = v
			d.leaveIf(!areTexts(metadata, key))
		case "name", "namespace":
		default:
			d.leave()
		}
	}
	if change["metadata"] = kept; len(kept) == 0 {
		delete(change, "metadata")
	}
}

// merger merges one patch into one item.
type merger struct {
	*direct
	item *item
}

// mapping merges the change into to; the path is of keys, without places in lists.
func (m *merger) mapping(to, change map[string]any, path string) {
	for key, v := range change {
		if key == "" || strings.HasPrefix(key, "$") || m.given[key] || m.strange {
			m.leave()
			return
		}
		had, there := to[key]
		below := path + "/" + key
		switch v := v.(type) {
		case nil:
			delete(to, key)
		case map[string]any:
			m.below(to, key, v, had, there, below)
		case []any:
			m.list(to, key, v, had, there, below)
		default:
			m.leaveIf(there && !isSameScalar(had, v))
			to[key] = v
		}
	}
}

// isSameScalar tells whether a scalar may take the place of a value: where it is of another kind, the library may go by the schema.
func isSameScalar(had, v any) bool {
	switch v.(type) {
	case string:
		_, ok := had.(string)
		return ok
	case int:
		_, ok := had.(int)
		return ok
	case bool:
		_, ok := had.(bool)
		return ok
	}
	return false
}

func (m *merger) below(to map[string]any, key string, v map[string]any, had any, there bool, path string) {
	next, isMapping := had.(map[string]any)
	switch {
	case !there:
		to[key] = m.own(path, v)
	case !isMapping || len(next) == 0 || len(v) == 0:
		m.leave()
	default:
		m.mapping(next, v, path)
	}
}

func (m *merger) list(to map[string]any, key string, v []any, had any, there bool, path string) {
	by, known := m.item.listKey(path)
	list, isList := had.([]any)
	switch {
	case !known || there && (!isList || len(list) == 0) || len(v) == 0:
		m.leave()
	case by == "" || !there:
		to[key] = m.own(path, v)
		m.leaveIf(by != "" && m.keyed(v, by) == nil)
	default:
		to[key] = m.keyedLists(list, v, by, path)
	}
}

// keyedLists merges lists by a key of their items: those of the patch come first, in its order.
func (m *merger) keyedLists(list, change []any, by, path string) []any {
	had, changed := m.keyed(list, by), m.keyed(change, by)
	if had == nil || changed == nil {
		m.leave()
		return nil
	}
	var out []any
	for _, c := range change {
		c := c.(map[string]any) // says keyed
		to, there := had[c[by].(string)]
		if !there {
			out = append(out, m.own(path, c))
			continue
		}
		m.mapping(to, c, path)
		out = append(out, to)
	}
	for _, l := range list {
		if _, again := changed[l.(map[string]any)[by].(string)]; !again {
			out = append(out, l)
		}
	}
	return out
}

// keyed gives items by their keys; nil where one has none, or two have the same.
func (m *merger) keyed(list []any, by string) map[string]map[string]any {
	found := make(map[string]map[string]any, len(list))
	for _, v := range list {
		it, _ := v.(map[string]any)
		key, _ := it[by].(string)
		if _, twice := found[key]; twice || key == "" {
			return nil
		}
		found[key] = it
	}
	return found
}

// own copies a value of a merge patch that is new where it goes. The library merges even that, with itself.
func (m *merger) own(path string, v any) any {
	parent, key := lastTwo(path)
	m.leaveIf(!isTheirOwn(m.item.apiVersion) && !mergesWithItself(parent, key, v))
	return m.fresh(v)
}

// lastTwo gives the last two keys of a path, which begins with a slash.
func lastTwo(path string) (parent, key string) {
	keys := strings.Split(path, "/")
	return keys[len(keys)-2], keys[len(keys)-1]
}

// fresh copies a value of a patch. What says to take something away has nothing to take where all is new.
func (d *direct) fresh(v any) any {
	switch v := v.(type) {
	case nil:
		d.leave()
	case json.Number: // of which is known that it is a small integer
		i, err := strconv.Atoi(v.String())
		d.leaveIf(err != nil)
		return i
	case map[string]any:
		own := make(map[string]any, len(v))
		for key, below := range v {
			d.leaveIf(key == "" || strings.HasPrefix(key, "$"))
			own[key] = d.fresh(below)
		}
		return own
	case []any:
		own := make([]any, len(v))
		for i, below := range v {
			own[i] = d.fresh(below)
		}
		return own
	}
	return v
}
