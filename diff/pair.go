package diff

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/ferry-cd/ferry/render"
)

// couple is one resource on both sides; a side is nil where it is not there.
type couple struct {
	old, new *render.Manifest
}

// identity is that of the side that will be, or else of the one that was.
func (c couple) identity() render.Identity {
	if c.new != nil {
		return c.new.Identity
	}
	return c.old.Identity
}

func (c couple) isRenamed() bool {
	return c.old != nil && c.new != nil && c.old.Identity != c.new.Identity
}

// couples pairs two sets: by identity first, then generated resources by likeness. The order of either set does not matter.
func couples(old, new render.Manifests) []couple {
	before, after := sorted(old), sorted(new)
	var pairs []couple
	var gone, come []*render.Manifest
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
	slices.SortStableFunc(pairs, func(a, b couple) int { return compareIdentities(a.identity(), b.identity()) })
	return pairs
}

// compareSides orders the first of two sorted lists; an empty one comes last.
func compareSides(a, b []*render.Manifest) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	}
	return compareIdentities(a[0].Identity, b[0].Identity)
}

// sorted orders a set by what it says alone.
func sorted(ms render.Manifests) []*render.Manifest {
	s := make([]*render.Manifest, len(ms))
	for i := range ms {
		s[i] = &ms[i]
	}
	slices.SortFunc(s, func(a, b *render.Manifest) int {
		return cmp.Or(compareIdentities(a.Identity, b.Identity), cmp.Compare(a.Path, b.Path), bytes.Compare(a.Data, b.Data))
	})
	return s
}

func compareIdentities(a, b render.Identity) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}
