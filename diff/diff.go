// Package diff compares two sets of manifests as Kubernetes would read them: which resources come, go and change, field by
// field; which images move which way; and what in all that is a risk. It does no I/O, and shows no value of a Secret.
//
// The map: pair.go and similar.go find what belongs together, walk.go and lists.go compare two resources, meaning.go and
// noise.go say what counts as a difference, secret.go what may be shown, images.go and risk.go judge; unified.go makes text.
package diff

import "github.com/ferry-cd/ferry/render"

// Kind says what happened to a resource or to a field.
type Kind string

// The kinds of change. Resources are added, removed, changed or renamed; fields never renamed.
const (
	Added     Kind = "added"
	Removed   Kind = "removed"
	Changed   Kind = "changed"
	Renamed   Kind = "renamed"   // a generated resource under its next name: another hash suffix, another Job
	Reordered Kind = "reordered" // the same items of a list in another order
	Respelled Kind = "respelled" // the same value written in another way: 500m and 0.5
)

// Diff is everything that differs between two sets of manifests. No slice in it is nil.
type Diff struct {
	Resources []Change      `json:"resources"` // sorted by resource; unchanged ones and moves between files are left out
	Images    []ImageChange `json:"images"`    // sorted by name
	Risks     []Risk        `json:"risks"`     // highest first
	Totals    Totals        `json:"totals"`
}

// Resource names one resource of a cluster.
type Resource struct {
	Group     string `json:"group,omitempty"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// String gives the resource as people write it: Deployment shop/web.
func (r Resource) String() string { return render.Identity(r).String() }

// Change is what happened to one resource.
type Change struct {
	Resource   Resource    `json:"resource"`
	Was        *Resource   `json:"was,omitempty"` // of renamed ones, the old name
	Kind       Kind        `json:"kind"`
	OldPath    string      `json:"oldPath,omitempty"` // file in the environment's folder
	NewPath    string      `json:"newPath,omitempty"`
	Fields     []Field     `json:"fields,omitempty"`     // of changed and renamed ones, parents before children
	Keys       *SecretKeys `json:"keys,omitempty"`       // of Secrets
	NoiseOnly  bool        `json:"noiseOnly,omitempty"`  // nothing but labels, annotations, checksums, spelling and the order of what has none
	Restarts   bool        `json:"restarts,omitempty"`   // the pods of this workload are replaced
	Unreadable bool        `json:"unreadable,omitempty"` // a side is no valid YAML; all that can be said is that the bytes differ
}

// Field is what happened to one value. Old and New are nil, string, bool, json.Number, []any or map[string]any; where a
// value may be secret both are nil and Masked is set. Removed items of a list that has no keys are counted in the old list,
// all other items in the new one.
type Field struct {
	Path     string `json:"path"` // spec.template.spec.containers[web].image, metadata.annotations["checksum/config"], args[2]
	Kind     Kind   `json:"kind"`
	Old      any    `json:"old,omitempty"`
	New      any    `json:"new,omitempty"`
	Position int    `json:"position,omitempty"` // of an added item of a keyed list: its place in the new list, from 1
	Noise    bool   `json:"noise,omitempty"`
	Masked   bool   `json:"masked,omitempty"`
}

// SecretKeys are the keys of a Secret, data and stringData taken together, each list sorted.
type SecretKeys struct {
	Added     []string `json:"added,omitempty"`
	Removed   []string `json:"removed,omitempty"`
	Changed   []string `json:"changed,omitempty"`
	Unchanged []string `json:"unchanged,omitempty"`
}

// Totals count resources. Noise counts those of Changed and Renamed where only noise changed.
type Totals struct {
	Counts
	Kinds []KindTotal `json:"kinds"` // kinds with a change, sorted by kind and group
}

// Counts are numbers of resources.
type Counts struct {
	Added     int `json:"added"`
	Removed   int `json:"removed"`
	Changed   int `json:"changed"`
	Renamed   int `json:"renamed"`
	Noise     int `json:"noise"`
	Unchanged int `json:"unchanged"`
}

// KindTotal counts the resources of one kind.
type KindTotal struct {
	Kind  string `json:"kind"`
	Group string `json:"group,omitempty"`
	Counts
}

// Empty tells whether nothing differs.
func (d Diff) Empty() bool { return len(d.Resources) == 0 }

// NoiseOnly tells whether something differs, and nothing but noise.
func (d Diff) NoiseOnly() bool {
	return len(d.Resources) > 0 && d.Totals.Noise == len(d.Resources)
}
