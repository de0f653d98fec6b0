package environments

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// decoder fills the types of file.go from nodes, strictly, and reports every mistake it meets.
type decoder struct{ *reporter }

// blame reports a value and marks it.
func (r *reporter) blame(n *node, hint, format string, args ...any) {
	n.bad = true
	r.add(n.Position, hint, format, args...)
}

// decode fills v, a struct, list, map or scalar, from n. name is the key, for messages.
func (d decoder) decode(n *node, v reflect.Value, name string) {
	if n.kind == broken {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v, name)
	case reflect.Slice:
		d.slice(n, v, name)
	case reflect.Map:
		d.table(n, v, name)
	case reflect.String:
		d.text(n, v, name)
	case reflect.Bool:
		d.truth(n, v, name)
	case reflect.Int:
		d.number(n, v, name)
	}
}

func (d decoder) wants(n *node, k kind, name, want string) bool {
	if n.kind == k && n.tag != "!!null" {
		return true
	}
	d.refuse(n, name, want)
	return false
}

func (d decoder) refuse(n *node, name, want string) {
	hint := ""
	if n.tag == "!!null" {
		hint = "leave the key out or give it a value"
	}
	d.blame(n, hint, "%s must be %s, not %s", name, want, n.what())
}

func (d decoder) structure(n *node, v reflect.Value, name string) {
	if d.gaveAway(n, v.Type(), name, "a mapping") || !d.wants(n, mapping, name, "a mapping") {
		return
	}
	excused := map[string]bool{}
	for i, key := range n.keys {
		f, ok := fieldOf(v.Type(), key.text)
		if !ok {
			excused[d.unknown(v.Type(), key)] = true
			continue
		}
		d.decode(n.items[i], v.FieldByIndex(f.index), key.text)
		d.bounds(n.items[i], v.FieldByIndex(f.index), f)
	}
	for _, f := range fieldsOf(v.Type()) {
		if f.required && n.index(f.key) < 0 && !excused[f.key] && !excused[anyKey] {
			d.blame(n, "", "%s has no %s", name, f.key)
		}
	}
}

// gaveAway reports a secret that was written in the place of what names it, without repeating it.
func (d decoder) gaveAway(n *node, t reflect.Type, name, want string) bool {
	secretive, ok := reflect.Zero(t).Interface().(Secretive)
	if !ok || n.kind != scalar || n.tag == "!!null" {
		return false
	}
	d.blame(n, secretive.Instead(), "%s must be %s; what is written there is not shown", name, want)
	return true
}

// anyKey stands for every key of a mapping.
const anyKey = "*"

// unknown reports a key that is not there: because it comes later, is misplaced, or is a typo. It gives the key that was
// meant, whose absence is not worth another word.
func (d decoder) unknown(t reflect.Type, key *node) (meant string) {
	if later(t, key.text) {
		d.add(key.Position, "", "%s is not supported yet", key.text)
		return anyKey
	}
	if _, ok := fieldOf(reflect.TypeFor[rootFile](), key.text); ok && t == reflect.TypeFor[teamFile]() {
		d.add(key.Position, "", "%s belongs into %s; an included file only defines apps", key.text, RootFile)
		return ""
	}
	d.add(key.Position, didYouMean(key.text, keysOf(t)), "there is no key %q here", quote(key.text))
	return nearest(key.text, keysOf(t))
}

// bounds reports a number out of its range.
func (d decoder) bounds(n *node, v reflect.Value, f field) {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() == reflect.Int && n.kind == scalar && n.tag == "!!int" && (v.Int() < f.min || v.Int() > f.max) {
		d.blame(n, "", "%s must be between %d and %d, not %s", f.key, f.min, f.max, quote(n.text))
	}
}

func (d decoder) slice(n *node, v reflect.Value, name string) {
	if d.gaveAway(n, v.Type().Elem(), name, "a list") || !d.wants(n, list, name, "a list") {
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
	seen := map[string]bool{}
	for i, item := range n.items {
		d.decode(item, v.Index(i), entry(item, name))
		if item.kind != scalar {
			continue
		}
		if seen[item.text] {
			d.blame(item, "", "%s has %q twice", name, quote(item.text))
		}
		seen[item.text] = true
	}
}

// entry names a list's value for messages.
func entry(n *node, list string) string {
	if name := n.child("name"); name != nil && name.kind == scalar {
		return strconv.Quote(quote(name.text)) + " of " + list
	}
	return "an entry of " + list
}

func (d decoder) table(n *node, v reflect.Value, name string) {
	if !d.wants(n, mapping, name, "a mapping") {
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.keys)))
	for i, key := range n.keys {
		k, item := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		d.text(key, k, "a key of "+name)
		d.decode(n.items[i], item, name+"."+quote(key.text))
		v.SetMapIndex(k, item)
	}
}

func (d decoder) text(n *node, v reflect.Value, name string) {
	r, _ := ruleOf(v)
	if !d.wants(n, scalar, name, r.name) {
		return
	}
	if n.tag != "!!str" && n.tag != "!!timestamp" {
		d.blame(n, "write it in quotes: "+strconv.Quote(quote(n.text)), "%s must be text, not %s", name, n.what())
		return
	}
	// Kept even where it breaks its rule: a badly named environment is still the one that others come after.
	v.SetString(n.text)
	d.follows(n, r, name)
}

// follows reports text that breaks its rule.
func (d decoder) follows(n *node, r rule, name string) {
	if r.enum != nil {
		if !slices.Contains(r.enum, n.text) {
			d.blame(n, didYouMean(n.text, r.enum), "%s must be %s, not %q", name, r.name, quote(n.text))
		}
		return
	}
	if r.check != nil {
		if err := r.check(n.text); err != nil {
			d.blame(n, hintOf(err), "%s %q is not %s: %v", name, quote(n.text), r.name, err)
			return
		}
	}
	if r.pattern != "" && !compiled(r.pattern).MatchString(n.text) {
		d.blame(n, "", "%s %q is not %s", name, quote(n.text), r.name)
	}
}

func (d decoder) truth(n *node, v reflect.Value, name string) {
	if n.kind != scalar || n.tag != "!!bool" {
		d.refuse(n, name, "true or false")
		return
	}
	v.SetBool(strings.EqualFold(n.text, "true"))
}

func (d decoder) number(n *node, v reflect.Value, name string) {
	number, err := strconv.Atoi(n.text)
	if n.kind != scalar || n.tag != "!!int" || err != nil {
		d.refuse(n, name, "a whole number")
		return
	}
	v.SetInt(int64(number))
}

func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

var patterns sync.Map // of compiled patterns, by their text

func compiled(pattern string) *regexp.Regexp {
	if re, ok := patterns.Load(pattern); ok {
		return re.(*regexp.Regexp)
	}
	re := regexp.MustCompile(pattern)
	patterns.Store(pattern, re)
	return re
}
