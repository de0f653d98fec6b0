package diff

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/render"
)

// Compare tells what has to happen to a cluster that has old so that it has new, with every risk rule as it is built in.
func Compare(old, new render.Manifests) Diff { return CompareWith(old, new, Options{}) }

// CompareWith is Compare with rules switched off or raised, and with what only the caller knows.
func CompareWith(old, new render.Manifests, o Options) Diff {
	pairs := couples(old, new, o.Namespace)
	c := comparison{
		images:  newImageMoves(old, new),
		renamed: renamedNames(pairs),
		judge:   newJudge(o, new),
		counts:  map[[2]string]*KindTotal{},
	}
	for _, pair := range pairs {
		c.resource(pair)
	}
	return Diff{Resources: append([]Change{}, c.changes...), Images: c.images.list(), Risks: c.judge.ranked(), Totals: c.totals()}
}

// comparison collects a Diff, resource by resource, so that no more than one is held as a tree.
type comparison struct {
	images  *imageMoves
	renamed map[string]string
	judge   *judge
	changes []Change
	counts  map[[2]string]*KindTotal
}

// renamedNames gives the new name of each generated resource.
func renamedNames(pairs []couple) map[string]string {
	names := map[string]string{}
	for _, p := range pairs {
		if p.isRenamed() {
			names[p.old.Name] = p.new.Name
		}
	}
	return names
}

func (c *comparison) resource(p couple) {
	if p.old != nil && p.new != nil && !p.isRenamed() && bytes.Equal(p.old.Data, p.new.Data) {
		c.count(p, Change{})
		return
	}
	s := newScene(p)
	change := c.change(p, s)
	c.count(p, change)
	if change.Kind == "" {
		return
	}
	c.changes = append(c.changes, change)
	c.images.add(change.Resource, s.images)
	c.judge.see(change, s)
}

// change describes a pair; its Kind is empty where nothing differs.
func (c *comparison) change(p couple, s *scene) Change {
	change := Change{Resource: Resource(p.shown().Identity), Unreadable: s.unreadable}
	if p.old != nil {
		change.OldPath = p.old.Path
	}
	if p.new != nil {
		change.NewPath = p.new.Path
	}
	if isSecret(s.old) || isSecret(s.new) {
		change.Keys = compareKeys(s.old, s.new)
	}
	switch {
	case p.old == nil:
		change.Kind = Added
	case p.new == nil:
		change.Kind = Removed
	case s.unreadable:
		change.Kind = Changed
	default:
		c.compareFields(p, s, &change)
	}
	return change
}

func (c *comparison) compareFields(p couple, s *scene, change *Change) {
	w := walker{root: p.new.Kind, renamed: c.renamed}
	w.compare(s.old, s.new, place{})
	settleNamespace(w.fields)
	if p.isRenamed() {
		was := Resource(p.old.Identity)
		change.Kind, change.Was = Renamed, &was
		w.fields = slices.DeleteFunc(w.fields, func(f Field) bool { return f.Path == "metadata.name" })
	} else if len(w.fields) > 0 {
		change.Kind = Changed
	}
	change.Fields = w.fields
	change.NoiseOnly = change.Kind != "" && p.new.Kind != "Job" && !slices.ContainsFunc(w.fields, func(f Field) bool { return !f.Noise })
	change.Restarts = restarts(p.new.Identity, w.fields)
}

// settleNamespace calls it noise when a resource of the same identity names its namespace, or leaves it to the app.
func settleNamespace(fields []Field) {
	for i := range fields {
		if fields[i].Path == "metadata.namespace" {
			fields[i].Noise = true
		}
	}
}

// rolling are the kinds that replace their pods when the template changes.
var rolling = map[string]bool{"apps/Deployment": true, "apps/StatefulSet": true, "apps/DaemonSet": true, "argoproj.io/Rollout": true}

func restarts(id render.Identity, fields []Field) bool {
	return rolling[id.Group+"/"+id.Kind] && slices.ContainsFunc(fields, func(f Field) bool {
		return f.Kind != Respelled && strings.HasPrefix(f.Path, "spec.template")
	})
}

func (c *comparison) count(p couple, change Change) {
	id := p.shown().Identity
	key := [2]string{id.Kind, id.Group}
	k := c.counts[key]
	if k == nil {
		k = &KindTotal{Kind: id.Kind, Group: id.Group}
		c.counts[key] = k
	}
	switch change.Kind {
	case Added:
		k.Added++
	case Removed:
		k.Removed++
	case Changed:
		k.Changed++
	case Renamed:
		k.Renamed++
	default:
		k.Unchanged++
	}
	if change.NoiseOnly {
		k.Noise++
	}
}

func (c *comparison) totals() Totals {
	t := Totals{Kinds: []KindTotal{}}
	for _, k := range c.counts {
		t.Added += k.Added
		t.Removed += k.Removed
		t.Changed += k.Changed
		t.Renamed += k.Renamed
		t.Noise += k.Noise
		t.Unchanged += k.Unchanged
		if k.Added+k.Removed+k.Changed+k.Renamed > 0 {
			t.Kinds = append(t.Kinds, *k)
		}
	}
	slices.SortFunc(t.Kinds, func(a, b KindTotal) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Group, b.Group))
	})
	return t
}
