package cluster

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/ferry-cd/ferry/connector"
)

// kind is something that is watched.
type kind struct {
	name, group, resource string
	versions              []string                                        // that are understood, best first
	unit                  func(*unstructured.Unstructured) connector.Unit // nil for sources
}

// String is how people who grant rights name it.
func (k kind) String() string { return k.resource + "." + k.group }

func (k kind) at(version string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: k.group, Version: version, Resource: k.resource}
}

const (
	fluxKustomize = "kustomize.toolkit.fluxcd.io"
	fluxHelm      = "helm.toolkit.fluxcd.io"
	fluxSource    = "source.toolkit.fluxcd.io"
	argo          = "argoproj.io"
)

// kinds is everything that is watched.
var kinds = []kind{
	{"Kustomization", fluxKustomize, "kustomizations", []string{"v1"}, Kustomization},
	{"HelmRelease", fluxHelm, "helmreleases", []string{"v2", "v2beta2"}, HelmRelease},
	{"Application", argo, "applications", []string{"v1alpha1"}, Application},
	{"GitRepository", fluxSource, "gitrepositories", []string{"v1"}, nil},
	{"OCIRepository", fluxSource, "ocirepositories", []string{"v1", "v1beta2"}, nil},
	{"Bucket", fluxSource, "buckets", []string{"v1", "v1beta2"}, nil},
	{"ExternalArtifact", fluxSource, "externalartifacts", []string{"v1"}, nil},
}

func kindOf(name string) (kind, bool) {
	for _, k := range kinds {
		if k.name == name {
			return k, true
		}
	}
	return kind{}, false
}

// workloads are read by name, where a unit is in trouble, to say what is the matter with them.
var workloads = map[schema.GroupKind]schema.GroupVersionResource{
	{Group: "apps", Kind: "Deployment"}:  {Group: "apps", Version: "v1", Resource: "deployments"},
	{Group: "apps", Kind: "StatefulSet"}: {Group: "apps", Version: "v1", Resource: "statefulsets"},
	{Group: "apps", Kind: "DaemonSet"}:   {Group: "apps", Version: "v1", Resource: "daemonsets"},
	{Group: "batch", Kind: "Job"}:        {Group: "batch", Version: "v1", Resource: "jobs"},
}

var pods = schema.GroupVersionResource{Version: "v1", Resource: "pods"}

var leases = schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}

// Verb is a right that this package uses.
type Verb struct {
	Group, Resource string
	Verbs           []string // as Kubernetes names them, sorted
	Use             Use
	Named           bool // on one object alone, whose name is known: the Lease
}

// Use says what a right is for.
type Use string

// The uses of rights. Watching is needed for each kind that the cluster has; without explaining, texts say less; electing is
// needed in the namespace of the Lease alone, and only where several run.
const (
	Watching   Use = "watching"
	Explaining Use = "explaining"
	Electing   Use = "electing"
)

// Verbs lists every right that this package uses, ordered by use, group and resource. The names of API groups and their
// versions are read too, which Kubernetes lets everybody do who has logged in.
func Verbs() []Verb {
	var out []Verb
	for _, k := range kinds {
		out = append(out, Verb{Group: k.group, Resource: k.resource, Verbs: []string{"get", "list", "watch"}, Use: Watching})
	}
	for _, w := range workloads {
		out = append(out, Verb{Group: w.Group, Resource: w.Resource, Verbs: []string{"get"}, Use: Explaining})
	}
	out = append(out, Verb{Group: pods.Group, Resource: pods.Resource, Verbs: []string{"list"}, Use: Explaining})
	// Nothing is named yet when it is created: Kubernetes cannot bind that right to a name.
	out = append(out, Verb{Group: leases.Group, Resource: leases.Resource, Verbs: []string{"create"}, Use: Electing},
		Verb{Group: leases.Group, Resource: leases.Resource, Verbs: []string{"get", "update"}, Use: Electing, Named: true})
	return ordered(out)
}

var uses = []Use{Watching, Explaining, Electing}

func ordered(verbs []Verb) []Verb {
	slices.SortStableFunc(verbs, func(a, b Verb) int {
		return cmp.Or(cmp.Compare(slices.Index(uses, a.Use), slices.Index(uses, b.Use)), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Resource, b.Resource))
	})
	return verbs
}
