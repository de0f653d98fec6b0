package diff

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/ferry-cd/ferry/render"
)

// member is a manifest and its identity as the cluster will see it.
type member struct {
	*render.Manifest
	id render.Identity
}

// couple is one resource on both sides; a side is nil where it is not there.
type couple struct {
	old, new *member
}

// shown is the side that will be, or else the one that was.
func (c couple) shown() *member {
	if c.new != nil {
		return c.new
	}
	return c.old
}

func (c couple) isRenamed() bool {
	return c.old != nil && c.new != nil && c.old.id != c.new.id
}

// couples pairs two sets: by identity first, then generated resources by likeness. The order of either set does not matter.
// namespace is where resources go that name none.
func couples(old, new render.Manifests, namespace string) []couple {
	before, after := sorted(old, namespace), sorted(new, namespace)
	var pairs []couple
	var gone, come []*member
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		switch order := compareSides(before[i:], after[j:]); {
		case order < 0:
			gone = append(gone, before[i])
			i++
		case order > 0:
			come = append(come, after[j])
			j++
		default:
			pairs = append(pairs, couple{before[i], after[j]})
			i, j = i+1, j+1
		}
	}
	pairs = append(pairs, renames(gone, come)...)
	slices.SortStableFunc(pairs, func(a, b couple) int { return compareIdentities(a.shown().id, b.shown().id) })
	return pairs
}

// compareSides orders the first of two sorted lists; an empty one comes last.
func compareSides(a, b []*member) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	}
	return compareIdentities(a[0].id, b[0].id)
}

// sorted orders a set by what it says alone.
func sorted(ms render.Manifests, namespace string) []*member {
	s := make([]*member, len(ms))
	for i := range ms {
		s[i] = &member{&ms[i], ms[i].In(namespace)}
	}
	slices.SortFunc(s, func(a, b *member) int {
		return cmp.Or(compareIdentities(a.id, b.id), cmp.Compare(a.Path, b.Path), bytes.Compare(a.Data, b.Data))
	})
	return s
}

func compareIdentities(a, b render.Identity) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}
