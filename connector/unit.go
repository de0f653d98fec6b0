package connector

import (
	"cmp"
	"time"
)

// The engines.
const (
	Flux   = "flux"
	ArgoCD = "argocd"
)

// Unit is one object of an engine that applies manifests, in one reading: a Kustomization or HelmRelease of Flux, an
// Application of Argo CD. It holds what the decision needs in words that both engines share. Text in it is the engine's
// own, cut to size; whoever shows it to people passes it through door.Outside.
type Unit struct {
	Engine               string // flux | argocd
	Kind                 string // Kustomization, HelmRelease, Application
	Namespace, Name, UID string
	Parent               Ref      // the unit that applied this object itself, where its labels name one
	Generation, Observed int64    // Observed is 0 where the engine does not tell, as Argo CD never does
	Origins              []Origin // where its manifests come from; Argo CD knows several
	Suspended            bool
	Deleting             bool // it is on its way out
	Remote               bool // what it applies lies in another cluster
	Reconciling, Stalled Condition
	Ready                Condition // Flux: Ready; Argo CD: the errors it names, else its last operation, else its sync state
	Healthy              Condition // of what was applied; empty State where nobody checks, or nobody has yet
	Checks               bool      // health is asked for: wait or health checks in Flux, always in Argo CD
	Tests                Condition // HelmRelease: what its tests said; a State only where tests are enabled
	Sync                 Condition // Argo CD: True is Synced; the Reason is its word
	Operation            Operation // Argo CD: the sync that runs, or ran last
	Reconciled           time.Time // Argo CD: when it last compared; zero where it does not tell
	Resources            []Resource
	Omitted              int       // resources beyond those that are kept
	Changed              time.Time // when what it says last changed, by the engine's own clock
}

// Ref names a unit, or the object that a source is.
type Ref struct{ Kind, Namespace, Name string }

// Ref gives the name of the unit itself.
func (u Unit) Ref() Ref { return Ref{u.Kind, u.Namespace, u.Name} }

// String is how people name it: Kustomization flux-system/apps.
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// Compare orders references by kind, namespace and name.
func (r Ref) Compare(o Ref) int {
	return cmp.Or(cmp.Compare(r.Kind, o.Kind), cmp.Compare(r.Namespace, o.Namespace), cmp.Compare(r.Name, o.Name))
}

// Origin is one source of a unit: the repository as it is written there, the branch and folder in it, and which revisions of
// it were tried and applied last.
type Origin struct {
	Repository, Branch, Path string // Repository is "" where the manifests are known to come from no Git repository; Branch may be a tag or a commit
	Address                  string // what the source is fetched from, where that is not the Repository: oci://..., a Helm repository, a bucket
	Chart                    string // name of a chart in the Address
	Attempted, Applied       Revision
	Compared                 Revision // Argo CD: what the sync state and health were judged against
	Available                Revision // Flux: what the source holds now, so what comes next
	Commit                   string   // the applied commit in Repository: of Applied, or the one an artifact was made from; "" where nobody says
	Attempting               string   // the same of Attempted
	Source                   Ref      // Flux: the object that fetches; Argo CD: none
	Fetched                  Condition
	Dry                      bool      // Argo CD's source hydrator: this is what the manifests are made from, not what is applied
	Directory                Directory // Argo CD: which files of the folder it reads
}

// Directory is how Argo CD reads a folder of plain manifests.
type Directory struct {
	Plain            bool // it is neither a chart nor a kustomization nor made by a plugin, as far as the Application says
	Recurse          bool
	Include, Exclude string // globs on paths below the folder; a {list,of} may stand in them
}

// Condition is one thing a unit says of itself.
type Condition struct {
	State           string // True | False | Unknown; empty where it is not said
	Reason, Message string
	Since           time.Time
	Observed        int64 // the generation it speaks of; 0 where that is not told
}

// Is tells whether the condition is said and true.
func (c Condition) Is() bool { return c.State == True }

// The states of a condition.
const (
	True    = "True"
	False   = "False"
	Unclear = "Unknown"
)

// Operation is a sync of Argo CD.
type Operation struct {
	Phase             string // Running | Succeeded | Failed | Error | Terminating; empty where none ever ran
	Message           string
	Started, Finished time.Time
	Retries           int64
	Asked             bool // another one was asked for and has not begun
}

// Resource is one manifest that a unit tracks.
type Resource struct {
	Group, Version, Kind, Namespace, Name string
	Health, Message                       string // as the engine or the workload says them; empty where nothing is said per resource
}

// Same tells whether two are one resource, in whatever version and health.
func (r Resource) Same(other Resource) bool {
	return r.Group == other.Group && r.Kind == other.Kind && r.Namespace == other.Namespace && r.Name == other.Name
}
