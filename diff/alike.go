package diff

import (
	"reflect"
	"slices"
)

// Alike tells whether two diffs are the same change: the same resources come, go and change, in the same fields from the
// same values to the same values. Namespaces and noise do not count, since environments differ in them; what may not be
// shown is never called the same.
func Alike(a, b Diff) bool {
	return slices.EqualFunc(a.loud(), b.loud(), func(x, y Change) bool {
		x.Resource.Namespace, y.Resource.Namespace = "", ""
		return x.Resource == y.Resource && x.Kind == y.Kind && slices.EqualFunc(loudFields(x), loudFields(y), sameField)
	})
}

// loud leaves out what is noise.
func (d Diff) loud() []Change {
	return slices.DeleteFunc(slices.Clone(d.Resources), func(c Change) bool { return c.NoiseOnly })
}

func loudFields(c Change) []Field {
	return slices.DeleteFunc(slices.Clone(c.Fields), func(f Field) bool { return f.Noise })
}

func sameField(a, b Field) bool {
	return !a.Masked && !b.Masked && a.Path == b.Path && a.Kind == b.Kind && reflect.DeepEqual(a.Old, b.Old) && reflect.DeepEqual(a.New, b.New)
}
