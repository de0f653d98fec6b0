package environments

import (
	"bytes"
	"path"
	"reflect"
	"time"
)

// Document is another file of configuration while it is read as strictly as ferry.yaml: one YAML document, decoded into
// types with the tags of file.go, every mistake with its place.
type Document struct {
	reporter
	file  string
	nodes int
	root  *node
}

// Decode reads a document into a pointer to a struct. What it finds wrong is gathered; Err gives it, together with what the
// caller reports after it.
func Decode(file string, data []byte, into any) *Document {
	d := &Document{file: file}
	d.root = (&parser{reporter: &d.reporter, file: file, nodes: &d.nodes}).parse(data)
	if d.root != nil {
		decoder{&d.reporter}.decode(d.root, reflect.ValueOf(into).Elem(), path.Base(file))
	}
	return d
}

// Has tells whether something was written at a place: keys of mappings and numbers of list entries.
func (d *Document) Has(at ...any) bool {
	n, found := d.find(at)
	return found && n.kind != broken
}

// Report notes a mistake at a place, or at what is nearest to it. Where something there was reported already, another word
// would not help, and nothing is noted.
func (d *Document) Report(at []any, hint, format string, args ...any) {
	n, _ := d.find(at)
	if n == nil || n.spoilt() {
		return
	}
	d.add(n.Position, hint, format, args...)
}

func (d *Document) find(at []any) (*node, bool) {
	n := d.root
	for _, step := range at {
		next := n.step(step)
		if next == nil {
			return n, false
		}
		n = next
	}
	return n, n != nil
}

func (n *node) step(to any) *node {
	if key, ok := to.(string); ok {
		return n.child(key)
	}
	return n.item(to.(int))
}

// Err gives all mistakes as Problems, nil where there are none.
func (d *Document) Err() error { return d.err() }

// Rule is what a kind of text of another file must look like.
type Rule struct {
	Name    string   // for messages and the reference: a duration
	Pattern string   // regular expression, anchored, where one can tell
	Enum    []string // or the words there are
	Check   func(string) error
}

// Kind is a kind of text of another file, a type over string.
type Kind interface{ Rule() Rule }

// Secretive is a mapping in whose place people write a secret by mistake: no message repeats it.
type Secretive interface {
	Instead() string // what to write instead
}

// Kinds of text that other files have in common with ferry.yaml: Name of an app or an environment, Span of time (ParseSpan reads
// it), RepositoryURL of Git, WebURL of a server, ForgeKind, and any Line.
//
//nolint:revive // one sentence for all
type (
	Name          = appName
	Span          = duration
	RepositoryURL = repository
	WebURL        = webURL
	ForgeKind     = forgeKind
	Line          = text
)

// ParseSpan reads a duration as ferry.yaml writes it: 90m, 36h, 2d.
func ParseSpan(s string) (time.Duration, error) { return parseDuration(s) }

// DidYouMean is the hint for a name that is nearly one of those known; "" where none is near.
func DidYouMean(name string, known []string) string { return didYouMean(name, known) }

// ruleOf gives the rule of a kind of text, ours or another file's.
func ruleOf(v reflect.Value) (rule, bool) {
	switch kind := v.Interface().(type) {
	case ruled:
		return kind.rule(), true
	case Kind:
		r := kind.Rule()
		name := r.Name
		if r.Enum != nil {
			name = words(r.Enum...).name
		}
		return rule{name: name, pattern: r.Pattern, enum: r.Enum, check: r.Check}, true
	}
	return rule{}, false
}

// SchemaOf gives the JSON Schema of a file that Decode reads into this type.
func SchemaOf(file any, id, title string) ([]byte, error) { return schemaOf(file, id, title) }

// Tables writes the reference of a file that Decode reads into this type: a table of its keys for each mapping.
func Tables(file any) []byte {
	var out bytes.Buffer
	for _, s := range sections(below(reflect.TypeOf(file), "")) {
		writeSection(&out, s)
	}
	return out.Bytes()
}
