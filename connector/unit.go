package connector

import "time"

// Unit is one object of an engine that applies manifests, in one reading: a Kustomization or HelmRelease of Flux, an
// Application of Argo CD. It holds what the decision needs in words that both engines share.
type Unit struct {
	Engine               string // flux | argocd
	Kind                 string // Kustomization, HelmRelease, Application
	Namespace, Name, UID string
	Generation, Observed int64    // Observed is 0 where the engine does not tell
	Origins              []Origin // where its manifests come from; Argo CD knows several
	Suspended            bool
	Reconciling, Stalled Condition
	Ready                Condition // Flux: Ready; Argo CD: its operation and sync state
	Healthy              Condition // of what was applied; empty State where nobody checks
	Resources            []Resource
	Changed              time.Time // when what it says last changed, by the engine's own clock
}

// Origin is one source of a unit: the repository as it is written there, the branch and folder in it, and which revisions of
// it were tried and applied last.
type Origin struct {
	Repository, Branch, Path string
	Attempted, Applied       Revision
}

// Condition is one thing a unit says of itself.
type Condition struct {
	State           string // True | False | Unknown; empty where it is not said
	Reason, Message string
	Since           time.Time
}

// Resource is one manifest that a unit tracks.
type Resource struct {
	Group, Version, Kind, Namespace, Name string
	Health, Message                       string // as the engine says them; empty where it says nothing per resource
}
