package diff

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ferry-cd/ferry/render"
	"github.com/google/go-cmp/cmp"
)

// generator makes resources out of the fields that the comparison treats in ways of their own, and of others.
type generator struct{ *rand.Rand }

var (
	fieldNames = []string{"spec", "template", "metadata", "labels", "annotations", "containers", "initContainers", "env", "args", "ports",
		"volumes", "volumeMounts", "rules", "verbs", "resources", "limits", "items", "steps", "matrix", "odd key", "8080", "image", "interval"}
	words = []string{"alpha", "beta", "gamma", "500m", "1Gi", "", "two words", "60s"}
)

func (g generator) pick(from []string) string { return from[g.IntN(len(from))] }

func (g generator) value(depth int) *node {
	switch n := g.IntN(10); {
	case n < 3 && depth > 0:
		return g.object(depth - 1)
	case n < 6 && depth > 0:
		return g.list(depth - 1)
	case n < 8:
		return &node{shape: text, text: g.pick(words)}
	case n == 8:
		return &node{shape: number, text: g.pick([]string{"0", "1", "1", "2", "8080", "0.5"})}
	}
	return g.pickNode(&node{shape: null}, &node{shape: boolean, text: "true"}, &node{shape: boolean, text: "false"})
}

func (g generator) pickNode(nodes ...*node) *node { return nodes[g.IntN(len(nodes))] }

func (g generator) object(depth int) *node {
	m := map[string]*node{}
	for range g.IntN(6) {
		m[g.pick(fieldNames)] = g.value(depth)
	}
	return mapNode(m)
}

func mapNode(m map[string]*node) *node {
	n := &node{shape: mapping}
	for key, value := range m {
		n.pairs = append(n.pairs, pair{key, value})
	}
	sortPairs(n.pairs)
	return n
}

// list makes lists of scalars, of anything, and of items with the fields that serve as keys.
func (g generator) list(depth int) *node {
	n := &node{shape: sequence}
	kind := g.IntN(4)
	for range g.IntN(6) {
		switch kind {
		case 0:
			n.items = append(n.items, &node{shape: text, text: g.pick(words)})
		case 1:
			n.items = append(n.items, g.value(depth))
		default:
			item := g.object(depth)
			m := map[string]*node{}
			for _, p := range item.pairs {
				m[p.key] = p.value
			}
			m[g.pick([]string{"name", "name", "mountPath", "containerPort"})] = &node{shape: text, text: string(rune('a' + g.IntN(8)))}
			n.items = append(n.items, mapNode(m))
		}
	}
	return n
}

// mutated changes a value here and there.
func (g generator) mutated(n *node, depth int) *node {
	if g.IntN(12) == 0 {
		return g.value(depth)
	}
	if n.shape == number && n.text == "1" && g.IntN(2) == 0 {
		return &node{shape: number, text: "1.0"}
	}
	c := *n
	c.pairs, c.items = nil, nil
	for _, p := range n.pairs {
		if g.IntN(10) > 0 {
			c.pairs = append(c.pairs, pair{p.key, g.mutated(p.value, depth-1)})
		}
	}
	if n.shape == mapping && g.IntN(5) == 0 {
		if key := g.pick(fieldNames); c.get(key) == nil {
			c.pairs = append(c.pairs, pair{key, g.value(depth)})
			sortPairs(c.pairs)
		}
	}
	for _, item := range n.items {
		if g.IntN(8) > 0 {
			c.items = append(c.items, g.mutated(item, depth-1))
		}
	}
	if len(c.items) > 1 && g.IntN(2) == 0 {
		i, j := g.IntN(len(c.items)), g.IntN(len(c.items))
		c.items[i], c.items[j] = c.items[j], c.items[i]
	}
	if n.shape == sequence && g.IntN(4) == 0 {
		c.items = slices.Insert(c.items, g.IntN(len(c.items)+1), g.value(depth))
	}
	return &c
}

func TestChangesLeadFromOldToNew(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(7, 8))}
	kinds := map[Kind]int{}
	for i := range 6_000 {
		old := g.object(4)
		new := g.mutated(old, 4)
		if new.shape != mapping {
			continue
		}
		w := walker{root: g.pick([]string{"Deployment", "ConfigMap", "Thing"})}
		w.compare(old, new, place{})
		for _, f := range w.fields {
			kinds[f.Kind]++
		}
		got, err := apply(old, w.fields)
		if err != nil || !same(got, new) {
			t.Fatalf("case %d: %v\nold  %s\nnew  %s\ngot  %s\nby %v", i, err, shown(old), shown(new), shown(got), lined(w.fields))
		}
		if (len(w.fields) == 0) != same(old, new) {
			t.Fatalf("case %d: %d changes between %s and %s", i, len(w.fields), shown(old), shown(new))
		}
	}
	for _, kind := range []Kind{Added, Removed, Changed, Reordered, Respelled} {
		if kinds[kind] < 50 {
			t.Errorf("%d fields were %s: the generator is too tame", kinds[kind], kind)
		}
	}
}

func shown(n *node) string {
	if n == nil {
		return "nothing"
	}
	data, _ := json.Marshal(plain(n))
	return string(data)
}

func lined(fields []Field) (lines []string) {
	for _, f := range fields {
		lines = append(lines, "\n  "+toldField(f))
	}
	return lines
}

// sets makes two sets of resources that share most of their identities.
func (g generator) sets() (old, new render.Manifests) {
	for i := range g.IntN(12) {
		id := render.Identity{Kind: g.pick([]string{"ConfigMap", "Secret", "Deployment", "Job"}), Name: fmt.Sprintf("%s-%d", g.pick([]string{"web", "db"}), i)}
		body := g.object(3)
		if g.IntN(6) > 0 {
			old = append(old, resource(id, body, i))
		}
		if g.IntN(6) == 0 {
			id.Name += "-5d8f6c9b7k"
		}
		if g.IntN(6) > 0 {
			new = append(new, resource(id, g.mutated(body, 3), i))
		}
	}
	return old, new
}

func resource(id render.Identity, body *node, i int) render.Manifest {
	doc := map[string]any{"apiVersion": "v1", "kind": id.Kind, "metadata": map[string]any{"name": id.Name}, "spec": plain(body)}
	data, _ := json.Marshal(doc)
	return render.Manifest{Identity: id, Path: fmt.Sprintf("%d.yaml", i), Data: append(data, '\n')}
}

func TestOrderOfInputDoesNotMatter(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(9, 10))}
	for range 100 {
		old, new := g.sets()
		want := Compare(old, new)
		g.Shuffle(len(old), func(i, j int) { old[i], old[j] = old[j], old[i] })
		g.Shuffle(len(new), func(i, j int) { new[i], new[j] = new[j], new[i] })
		if diff := cmp.Diff(want, Compare(old, new)); diff != "" {
			t.Fatal(diff)
		}
		if d := Compare(old, slices.Clone(old)); !d.Empty() || len(d.Images)+len(d.Risks) > 0 || d.Totals.Unchanged != len(old) {
			t.Fatalf("a set differs from itself: %v", told(d.Resources))
		}
	}
}

// Every resource of both sides is in exactly one pair, and counted once.
func TestPairsLeaveNothingOut(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(11, 12))}
	for range 100 {
		old, new := g.sets()
		checkPairs(t, old, new)
	}
}

func checkPairs(t *testing.T, old, new render.Manifests) {
	t.Helper()
	seen := map[*render.Manifest]int{}
	for _, p := range couples(old, new, "") {
		if p.old == nil && p.new == nil {
			t.Fatal("a pair of nothing")
		}
		if p.old != nil {
			seen[p.old.Manifest]++
		}
		if p.new != nil {
			seen[p.new.Manifest]++
		}
		if p.isRenamed() && familyOf(p.old) != familyOf(p.new) {
			t.Errorf("%s became %s", p.old.id, p.new.id)
		}
	}
	for _, ms := range []render.Manifests{old, new} {
		for i := range ms {
			if seen[&ms[i]] != 1 {
				t.Errorf("%s is in %d pairs", ms[i].Identity, seen[&ms[i]])
			}
		}
	}
	c := Compare(old, new).Totals.Counts
	if c.Removed+c.Changed+c.Renamed+c.Unchanged != len(old) || c.Added+c.Changed+c.Renamed+c.Unchanged != len(new) {
		t.Errorf("%d and %d resources make %+v", len(old), len(new), c)
	}
}
