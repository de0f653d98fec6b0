package kustomize

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
)

// operation is one of a JSON patch (RFC 6902).
type operation struct {
	op    string
	path  []string
	value any
}

// patchJSON applies a JSON patch. One that does not fit is an error, and so for the library.
func (d *direct) patchJSON(target *types.Selector, text []byte, start byte, items []*item) {
	if target == nil {
		d.leave()
		return
	}
	operations := d.operations(text, start)
	for _, it := range d.selected(target, items) {
		d.leaveIf(d.ctx.Err() != nil || !survivesJSON(it.values))
		for _, o := range operations {
			if d.strange || d.ctx.Err() != nil {
				d.leave()
				return
			}
			if !o.apply(it.values, o.path, d) {
				d.leave()
			}
		}
	}
}

// pointer reads the parts of a path (RFC 6901).
var pointer = strings.NewReplacer("~1", "/", "~0", "~")

// operations reads a patch written as a list of YAML, or as JSON.
func (d *direct) operations(text []byte, start byte) []operation {
	var list []any
	if start == '[' {
		list = d.listOf(text)
	} else {
		root := d.tree(append([]byte("patch:\n"), text...))
		d.leaveIf(len(root.Content) != 2 || hasOldBool(root))
		list, _ = d.decoded(root)["patch"].([]any)
	}
	d.leaveIf(len(list) == 0)
	operations := make([]operation, len(list))
	for i, v := range list {
		operations[i] = d.operation(v)
	}
	return operations
}

// listOf reads JSON; remarks before it are none of it.
func (d *direct) listOf(text []byte) (list []any) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	d.leaveIf(!json.Valid(text) || decoder.Decode(&list) != nil)
	return list
}

// maxPath is longer than any path that is meant: each part of one takes memory.
const maxPath = 10_000

func (d *direct) operation(v any) (o operation) {
	fields, _ := v.(map[string]any)
	value, valued := fields["value"]
	path, _ := fields["path"].(string)
	o.op, _ = fields["op"].(string)
	o.value = value
	want := 3
	switch o.op {
	case "add", "replace":
		d.leaveIf(!valued)
	case "remove":
		want = 2
	default:
		d.leave()
	}
	d.leaveIf(len(fields) != want || !strings.HasPrefix(path, "/") || len(path) > maxPath || !survivesJSON(value))
	if d.strange {
		return o
	}
	for _, part := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		d.leaveIf(part == "")
		o.path = append(o.path, pointer.Replace(part))
	}
	d.leaveIf(!leavesIdentity(o) || d.given[o.path[len(o.path)-1]])
	return o
}

// leavesIdentity tells operations after which a resource is still the same one.
func leavesIdentity(o operation) bool {
	switch o.path[0] {
	case "apiVersion", "kind":
		return false
	case "metadata":
		_, isText := o.value.(string)
		return isText && len(o.path) == 3 && (o.path[1] == "labels" || o.path[1] == "annotations") && isWord(o.path[2]) && !strings.Contains(o.path[2], "config.k")
	}
	return true
}

// survivesJSON tells values that come back from JSON as they went.
func survivesJSON(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, below := range v {
			if isTabbed(key) || !survivesJSON(below) {
				return false
			}
		}
		return true
	case []any:
		return !slices.ContainsFunc(v, func(below any) bool { return !survivesJSON(below) })
	case string:
		return !isTabbed(v)
	case bool:
		return true
	case int:
		return -1<<53 < v && v < 1<<53
	case json.Number:
		i, err := strconv.Atoi(v.String())
		return err == nil && survivesJSON(i)
	}
	return false
}

// apply goes down to the mapping or the list that holds the last part of the path; false where the way ends before.
func (o *operation) apply(v any, path []string, d *direct) bool {
	switch v := v.(type) {
	case map[string]any:
		below, there := v[path[0]]
		if len(path) == 1 {
			return o.inMapping(v, path[0], there, d)
		}
		if list, ok := below.([]any); ok && len(path) == 2 {
			changed, ok := o.inList(list, path[1], d)
			v[path[0]] = changed
			return ok
		}
		return there && o.apply(below, path[1:], d)
	case []any:
		i, ok := place(path[0], len(v))
		if !ok || len(path) == 1 {
			return false // a list in a list, which has to be put back into it
		}
		return o.apply(v[i], path[1:], d)
	}
	return false
}

func (o *operation) inMapping(v map[string]any, key string, there bool, d *direct) bool {
	switch {
	case o.op == "add":
		v[key] = d.fresh(o.value)
	case !there:
		return false
	case o.op == "replace":
		v[key] = d.fresh(o.value)
	default:
		delete(v, key)
	}
	return true
}

func (o *operation) inList(list []any, key string, d *direct) ([]any, bool) {
	if o.op == "add" {
		if key == "-" {
			return append(list, d.fresh(o.value)), true
		}
		i, ok := place(key, len(list)+1)
		if !ok {
			return list, false
		}
		return slices.Insert(list, i, d.fresh(o.value)), true
	}
	i, ok := place(key, len(list))
	switch {
	case !ok:
		return list, false
	case o.op == "replace":
		list[i] = d.fresh(o.value)
		return list, true
	}
	return slices.Delete(list, i, i+1), true
}

// place reads a place in a list that is not longer than it should be.
func place(key string, length int) (int, bool) {
	i, err := strconv.Atoi(key)
	return i, err == nil && i >= 0 && i < length && strconv.Itoa(i) == key
}
