package cluster

import (
	"cmp"
	"strings"
	"unique"

	"github.com/fluxcd/pkg/apis/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ferry-cd/ferry/connector"
)

// Kustomization reads one of Flux. Where its source is and what it holds, the source says: resolve brings them together.
func Kustomization(o *unstructured.Unstructured) connector.Unit {
	v := value{o.Object}
	u := fluxUnit(o)
	u.Checks = v.at("spec", "wait").flag() || len(v.at("spec", "healthChecks").list()) > 0
	u.Healthy = condition(v, meta.HealthyCondition)
	source := sourceRef(v.at("spec", "sourceRef"), o.GetNamespace())
	attempted := v.at("status", "lastAttemptedRevision").name()
	applied := v.at("status", "lastAppliedRevision").name()
	origin := connector.Origin{
		Path:      v.at("spec", "path").name(),
		Source:    source,
		Attempted: revision(source.Kind, attempted),
		Applied:   revision(source.Kind, applied),
	}
	origin.Commit = cmp.Or(commit(v.at("status", "lastAppliedOriginRevision").name()), origin.Applied.Commit())
	origin.Attempting = origin.Attempted.Commit()
	u.Origins = []connector.Origin{origin}
	u.Resources, u.Omitted = inventory(v.at("status", "inventory", "entries"))
	u.Changed = latest(u.Changed, u.Healthy.Since)
	return u
}

// fluxUnit reads what all of Flux's objects have.
func fluxUnit(o *unstructured.Unstructured) connector.Unit {
	v := value{o.Object}
	u := named(o, connector.Flux)
	u.Parent = owner(v)
	u.Observed = max(0, v.at("status", "observedGeneration").number())
	u.Suspended = v.at("spec", "suspend").flag()
	u.Remote = v.at("spec", "kubeConfig").exists()
	u.Ready = condition(v, meta.ReadyCondition)
	u.Reconciling = condition(v, meta.ReconcilingCondition)
	u.Stalled = condition(v, meta.StalledCondition)
	u.Changed = latest(u.Ready.Since, u.Reconciling.Since, u.Stalled.Since)
	return u
}

// named reads what all objects have.
func named(o *unstructured.Unstructured, engine string) connector.Unit {
	v := value{o.Object}
	m := v.at("metadata")
	return connector.Unit{
		Engine: engine, Kind: v.at("kind").name(),
		Namespace: m.at("namespace").name(), Name: m.at("name").name(), UID: m.at("uid").name(),
		Generation: m.at("generation").number(),
		Deleting:   m.at("deletionTimestamp").exists(),
	}
}

// owner is the Kustomization or HelmRelease that applied an object, by the labels that Flux puts on whatever it applies.
func owner(v value) connector.Ref {
	labels := v.at("metadata", "labels")
	for _, by := range []struct{ prefix, kind string }{{"kustomize.toolkit.fluxcd.io", "Kustomization"}, {"helm.toolkit.fluxcd.io", "HelmRelease"}} {
		if name := labels.at(by.prefix + "/name").name(); name != "" {
			return connector.Ref{Kind: by.kind, Namespace: labels.at(by.prefix + "/namespace").name(), Name: name}
		}
	}
	return connector.Ref{}
}

// condition reads one of an object's conditions. Of several with one type, which no API server lets pass, the first counts.
func condition(v value, kind string) connector.Condition {
	for _, c := range v.at("status", "conditions").list() {
		if c.at("type").name() == kind {
			return connector.Condition{
				State: state(c.at("status").name()), Reason: c.at("reason").name(), Message: c.at("message").message(),
				Since: c.at("lastTransitionTime").time(), Observed: max(0, c.at("observedGeneration").number()),
			}
		}
	}
	return connector.Condition{}
}

// state takes what is neither true nor false as unknown.
func state(s string) string {
	if s == connector.True || s == connector.False {
		return s
	}
	return connector.Unclear
}

// sourceRef reads the reference to a source; without a namespace it is in the unit's own.
func sourceRef(v value, namespace string) connector.Ref {
	return connector.Ref{Kind: v.at("kind").name(), Namespace: cmp.Or(v.at("namespace").name(), namespace), Name: v.at("name").name()}
}

// kinds says what the revisions of a source are of. An ExternalArtifact is made of anything.
var revisionKinds = map[string]string{
	"GitRepository": connector.Git, "OCIRepository": connector.OCI, "Bucket": connector.Bucket, "HelmChart": connector.Chart, "HelmRepository": connector.Chart,
}

// revision reads a revision of a source of this kind. What cannot be read is not there: it is equal to nothing.
func revision(source, s string) connector.Revision {
	r, err := connector.ParseRevision(revisionKinds[source], s)
	if err != nil {
		return connector.Revision{}
	}
	return r
}

// commit reads the Git revision that an artifact was made from.
func commit(origin string) string {
	r, err := connector.ParseRevision(connector.Git, origin)
	if err != nil {
		return ""
	}
	return r.Value
}

// inventory reads what Flux applied: each id is namespace_name_group_kind, of which only a name may hold more of the
// underscores: the name of a role may have colons, written as two.
func inventory(v value) (resources []connector.Resource, omitted int) {
	for _, e := range v.list() {
		r, ok := inventoryID(e.at("id").name())
		if !ok {
			continue
		}
		if len(resources) == maxResources {
			omitted++
			continue
		}
		r.Version = once(e.at("v").name())
		resources = append(resources, r)
	}
	return resources, omitted
}

func inventoryID(id string) (connector.Resource, bool) {
	namespace, rest, ok := strings.Cut(id, "_")
	kind := strings.LastIndexByte(rest, '_')
	if !ok || kind <= 0 {
		return connector.Resource{}, false
	}
	group := strings.LastIndexByte(rest[:kind], '_')
	if group <= 0 || kind+1 == len(rest) {
		return connector.Resource{}, false
	}
	return connector.Resource{
		Group: once(rest[group+1 : kind]), Kind: once(rest[kind+1:]), Namespace: once(namespace),
		Name: strings.ReplaceAll(rest[:group], "__", ":"),
	}, true
}

// once keeps words that thousands of resources share in memory once.
func once(s string) string { return unique.Make(s).Value() }
