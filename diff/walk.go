package diff

import (
	"strconv"
	"strings"
)

// walker compares two values of a resource and collects what differs.
type walker struct {
	root    string            // kind of the resource
	renamed map[string]string // old name -> new name of generated resources
	path    []byte
	fields  []Field
}

// place is where in a resource a value stands.
type place struct {
	key, above string // the nearest field name and the one above it
	noise      bool
	quantity   bool
	pod        bool // in a pod template, or another embedded one
}

// enter goes down to a field; what it gives comes back up.
func (w *walker) enter(key string) func() {
	before := len(w.path)
	w.path = appendKey(w.path, key)
	return func() { w.path = w.path[:before] }
}

// enterItem goes down to an item of a list, by key or by index as written.
func (w *walker) enterItem(item string) func() {
	before := len(w.path)
	w.path = append(append(append(w.path, '['), item...), ']')
	return func() { w.path = w.path[:before] }
}

// appendKey writes a field name so that a path can be read in one way only.
func appendKey(path []byte, key string) []byte {
	if !isBare(key) {
		path = append(path, '[')
		path = strconv.AppendQuote(path, key)
		return append(path, ']')
	}
	if len(path) > 0 {
		path = append(path, '.')
	}
	return append(path, key...)
}

func isBare(key string) bool {
	if key == "" {
		return false
	}
	for i := 0; i < len(key); i++ {
		if c := key[i] | 0x20; (c < 'a' || c > 'z') && (i == 0 || key[i] < '0' || key[i] > '9') && key[i] != '_' && (i == 0 || key[i] != '-') {
			return false
		}
	}
	return true
}

func (w *walker) emit(f Field) {
	f.Path = string(w.path)
	w.fields = append(w.fields, f)
}

// compare reports how b differs from a; nil is a value that is not there.
func (w *walker) compare(a, b *node, at place) {
	switch {
	case a == nil:
		w.emit(Field{Kind: Added, New: plain(b), Noise: w.isNoisy(b, at)})
	case b == nil:
		w.emit(Field{Kind: Removed, Old: plain(a), Noise: w.isNoisy(a, at)})
	case a.shape == mapping && b.shape == mapping:
		w.mapping(a, b, at)
	case a.shape == sequence && b.shape == sequence:
		w.list(a.items, b.items, at)
	default:
		w.values(a, b, at)
	}
}

// values compares two scalars, or things of different shape.
func (w *walker) values(a, b *node, at place) {
	if a.shape == b.shape && a.text == b.text {
		return
	}
	f := Field{Kind: Changed, Old: plain(a), New: plain(b), Noise: at.noise || w.followsRename(a, b, at)}
	if w.sameMeaning(a, b, at) {
		f.Kind, f.Noise = Respelled, true
	}
	w.emit(f)
}

// followsRename recognises a reference that only follows a generated resource to its next name.
func (w *walker) followsRename(a, b *node, at place) bool {
	if a.shape != text || b.shape != text || !strings.HasSuffix(strings.ToLower(at.key), "name") {
		return false
	}
	now, ok := w.renamed[a.text]
	return ok && now == b.text
}

func (w *walker) isNoisy(n *node, at place) bool {
	return at.noise || at.above == "metadata" && isMetadata(at.key) && isNoisyMap(w.root, at.key, n, at.pod)
}

func isMetadata(key string) bool { return key == "labels" || key == "annotations" }

func (w *walker) mapping(a, b *node, at place) {
	secret := isSecret(a) || isSecret(b)
	if secret {
		w.secretData(a, b, at)
	}
	i, j := 0, 0
	for i < len(a.pairs) || j < len(b.pairs) {
		var key string
		var x, y *node
		switch {
		case j == len(b.pairs) || i < len(a.pairs) && a.pairs[i].key < b.pairs[j].key:
			key, x = a.pairs[i].key, a.pairs[i].value
			i++
		case i == len(a.pairs) || b.pairs[j].key < a.pairs[i].key:
			key, y = b.pairs[j].key, b.pairs[j].value
			j++
		default:
			key, x, y = a.pairs[i].key, a.pairs[i].value, b.pairs[j].value
			i, j = i+1, j+1
		}
		if !secret || key != "data" && key != "stringData" {
			w.field(a, b, pairOf{key, x, y}, at)
		}
	}
}

type pairOf struct {
	key  string
	a, b *node
}

// field compares the values of one key of two mappings.
func (w *walker) field(a, b *node, p pairOf, at place) {
	if p.a != nil && p.b != nil && p.a.shape == p.b.shape && p.a.shape < mapping && p.a.text == p.b.text {
		return
	}
	defer w.enter(p.key)()
	below := w.below(p.key, at)
	if isMasked(a, p.key) || isMasked(b, p.key) {
		w.masked(p.a, p.b, below)
		return
	}
	w.compare(p.a, p.b, below)
}

func (w *walker) below(key string, at place) place {
	p := place{key: key, above: at.key, noise: at.noise, quantity: at.quantity || isQuantityField(w.root, key), pod: at.pod || key == "spec"}
	if at.above == "metadata" && isMetadata(at.key) {
		p.noise = p.noise || isNoise(w.root, at.key, key, at.pod)
	}
	return p
}

func (w *walker) masked(a, b *node, at place) {
	f := Field{Kind: Changed, Masked: true, Noise: at.noise}
	switch {
	case same(a, b):
		return
	case a == nil:
		f.Kind = Added
	case b == nil:
		f.Kind = Removed
	}
	w.emit(f)
}
