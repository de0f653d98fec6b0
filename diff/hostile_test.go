package diff

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/render"
)

// listed writes n items in flow style.
func listed(n int, item func(i int) string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(item(i))
	}
	return "[" + b.String() + "]"
}

func nth(prefix string) func(int) string {
	return func(i int) string { return fmt.Sprint(prefix, i) }
}

// What a template could make to keep ferry busy: each ends soon, without a panic, and is not passed over.
func TestHostileInputEnds(t *testing.T) {
	const most = 5 * time.Second // of CPU, far more than any of these takes
	rights := func(prefix string) string {
		return role + "[{apiGroups: " + listed(80, nth(prefix)) + ", resources: " + listed(80, nth(prefix)) + ", resourceNames: " + listed(80, nth(prefix)) + ", verbs: " + listed(80, nth(prefix)) + "}]}"
	}
	peers := func(prefix string) string {
		return policy + "{podSelector: {}, ingress: [{from: " + listed(1500, func(i int) string { return fmt.Sprintf("{podSelector: {matchLabels: {a: %s%d}}}", prefix, i) }) +
			", ports: " + listed(1500, func(i int) string { return fmt.Sprintf("{port: %d}", i) }) + "}]}}"
	}
	for name, c := range map[string]struct{ old, new string }{
		"a list turned round":      {custom + "{l: " + listed(30_000, nth("a")) + "}}", custom + "{l: " + listed(30_000, func(i int) string { return fmt.Sprint("a", 30_000-i) }) + "}}"},
		"another list":             {custom + "{l: " + listed(30_000, func(i int) string { return fmt.Sprint("a", i%7) }) + "}}", custom + "{l: " + listed(30_000, func(i int) string { return fmt.Sprint("a", i%11) }) + "}}"},
		"deep nesting":             {custom + "{}}", custom + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}"},
		"aliases of aliases":       {custom + "{}}", custom + "{a: &a [x, x, x, x, x, x, x, x, x], b: &b [*a, *a, *a, *a, *a, *a, *a, *a], c: &c [*b, *b, *b, *b, *b, *b, *b, *b], d: &d [*c, *c, *c, *c, *c, *c, *c, *c], e: &e [*d, *d, *d, *d, *d, *d, *d, *d], f: [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e, *e]}}"},
		"keys that are no strings": {custom + "{1: a, true: b}}", custom + "{1: b, true: c, [a]: d}}"},
		"mixed shapes": {`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: [1], selector: x, template: {spec: {containers: {a: b}, volumes: 3}}}}`,
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, labels: [a]}, spec: {replicas: {a: b}, selector: [1], template: {spec: {containers: [1, [2], null, {name: [a], image: {b: c}, resources: 4}], volumes: [x]}}}}`},
		"rights without end": {rights("a"), rights("b")},
		"peers without end":  {peers("a"), peers("b")},
		"a schema as deep as it goes": {crd + strings.Repeat("{properties: {a: ", 60) + "{type: string}" + strings.Repeat("}}", 60) + "}}]}}",
			crd + strings.Repeat("{properties: {a: ", 60) + "{type: string, maxLength: 1}" + strings.Repeat("}}", 60) + "}}]}}"},
	} {
		t.Run(name, func(t *testing.T) {
			file := func(doc string) render.Manifests {
				m := render.Manifest{Identity: identityOf(doc), Path: "a.yaml", Data: []byte(doc)}
				return render.Manifests{m}
			}
			before := cpu(t)
			d := Compare(file(c.old), file(c.new))
			text := UnifiedManifest(&file(c.old)[0], &file(c.new)[0])
			if took := cpu(t) - before; took > most {
				t.Errorf("took %s of CPU", took)
			}
			if d.Empty() || text == "" {
				t.Error("the change does not show")
			}
		})
	}
}

// identityOf reads only so much of a document as tests put at its beginning.
func identityOf(doc string) render.Identity {
	version, rest, _ := strings.Cut(strings.TrimPrefix(doc, "{apiVersion: "), ", kind: ")
	kind, _, _ := strings.Cut(rest, ",")
	group, _, found := strings.Cut(version, "/")
	if !found {
		group = ""
	}
	return render.Identity{Group: group, Kind: kind, Name: "a"}
}
