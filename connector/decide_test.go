package connector

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

const (
	older  = "0000000000000000000000000000000000000000"
	target = "1111111111111111111111111111111111111111"
	newer  = "2222222222222222222222222222222222222222"
	other  = "3333333333333333333333333333333333333333" // after the target, with another folder
	beside = "4444444444444444444444444444444444444444"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func clock(minutes, seconds int) time.Time {
	return noon.Add(time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second)
}

// evidence is a target that landed at noon and must be done by one, with what Git says of five commits.
func evidence(units ...Tracked) Evidence {
	return Evidence{
		Target: Target{Environment: "dev", App: "shop", Branch: "main", Path: "dev/shop", Commit: target, Tree: "T", Live: true, Landed: noon, Deadline: clock(60, 0)},
		Newest: target, Units: units,
		Facts: map[string]Fact{older: {false, "O"}, target: {true, "T"}, newer: {true, "T"}, other: {true, "X"}, beside: {false, "T"}},
	}
}

func sha(commit string) Revision {
	return Revision{Kind: Git, Branch: "main", Algorithm: "sha1", Value: commit}
}

// flux is a Kustomization that is ready with a commit.
func flux(commit string, change ...func(*Tracked)) Tracked {
	u := Tracked{
		Unit: Unit{Engine: Flux, Kind: "Kustomization", Namespace: "flux-system", Name: "apps", Generation: 3, Observed: 3, Checks: true,
			Ready: Condition{State: True, Reason: "ReconciliationSucceeded", Since: clock(1, 0)}, Healthy: Condition{State: True, Reason: "Succeeded", Since: clock(1, 0)}},
		Origin: Origin{Attempted: sha(commit), Applied: sha(commit), Attempting: commit, Commit: commit},
	}
	for _, c := range change {
		c(&u)
	}
	return u
}

// attempts says which commit the unit is at after the one that it applied.
func attempts(commit string) func(*Tracked) {
	return func(u *Tracked) { u.Origin.Attempted, u.Origin.Attempting = sha(commit), commit }
}

// unready makes Ready false for a reason, since a minute past noon.
func unready(reason string) func(*Tracked) {
	return func(u *Tracked) {
		u.Ready = Condition{State: False, Reason: reason, Message: "what the engine says", Since: clock(1, 0)}
	}
}

func named(name string) func(*Tracked) { return func(u *Tracked) { u.Name = name } }

func progressing(u *Tracked) {
	u.Ready = Condition{State: Unclear, Reason: "Progressing", Since: clock(1, 0)}
	u.Reconciling = Condition{State: True, Reason: "Progressing", Since: clock(1, 0)}
	u.Healthy = Condition{State: Unclear, Reason: "Progressing", Since: clock(1, 0)}
}

var fluxTable = []struct {
	name string
	unit Tracked
	want string // phase and text
}{
	{"healthy", flux(target), "healthy: 1 of 1 unit healthy"},
	{"healthy of a later commit with the same folder", flux(newer), "healthy: 1 of 1 unit healthy"},
	{"not there yet", flux(older), "queued: 0 of 1 unit healthy; Kustomization flux-system/apps is at 0000000"},
	{"past it, with another folder", flux(other), "queued: 0 of 1 unit healthy; Kustomization flux-system/apps is at 3333333"},
	{"the same folder on another branch", flux(beside), "queued: 0 of 1 unit healthy; Kustomization flux-system/apps is at 4444444"},
	{"a commit that nobody knows", flux(strings.Repeat("9", 40)), "queued: 0 of 1 unit healthy; Kustomization flux-system/apps is at 9999999, which main does not hold"},
	{"no commit at all", flux("", func(u *Tracked) {
		u.Origin.Applied = Revision{Kind: OCI, Algorithm: "sha256", Value: strings.Repeat("a", 64)}
	}),
		"unknown: 0 of 1 unit healthy; Kustomization flux-system/apps does not say which commit it applied"},
	{"nothing applied", flux("", func(u *Tracked) { u.Origin = Origin{} }), "queued: 0 of 1 unit healthy; Kustomization flux-system/apps has applied nothing yet"},
	{"spec not seen", flux(target, func(u *Tracked) { u.Generation = 4 }), "queued: 0 of 1 unit healthy; Kustomization flux-system/apps has not looked at its newest spec yet"},
	{"success with an older spec", flux(target, func(u *Tracked) { u.Observed, u.Ready.Observed = 2, 3 }), "queued: 0 of 1 unit healthy; Kustomization flux-system/apps has not looked at its newest spec yet"},
	{"first attempt fails", flux(target, func(u *Tracked) {
		u.Observed, u.Origin.Commit, u.Ready = 0, "", Condition{State: False, Reason: "BuildFailed", Message: "no", Observed: 3}
	}), "failed: 0 of 1 unit healthy; Kustomization flux-system/apps: BuildFailed: no"},
	{"never seen", flux(target, func(u *Tracked) { u.Observed = 0 }), "queued: 0 of 1 unit healthy; Kustomization flux-system/apps has not looked at its newest spec yet"},
	{"ready of an older spec", flux(target, func(u *Tracked) { u.Ready.Observed = 2 }), "queued: 0 of 1 unit healthy; Kustomization flux-system/apps has not looked at its newest spec yet"},
	{"applying", flux(older, attempts(target), progressing, func(u *Tracked) { u.Healthy.State = True }), "applying: 0 of 1 unit healthy; Kustomization flux-system/apps is applying"},
	{"verifying", flux(older, attempts(target), progressing), "verifying: 0 of 1 unit healthy; Kustomization flux-system/apps is verifying"},
	{"reconciling again", flux(target, progressing), "verifying: 0 of 1 unit healthy; Kustomization flux-system/apps is verifying"},
	{"reconciling beside ready", flux(target, func(u *Tracked) { u.Reconciling.State = True }), "verifying: 0 of 1 unit healthy; Kustomization flux-system/apps is verifying"},
	{"suspended before it", flux(older, func(u *Tracked) { u.Suspended = true }), "queued: 0 of 1 unit healthy; Kustomization flux-system/apps is suspended"},
	{"suspended with it", flux(target, func(u *Tracked) { u.Suspended = true }), "healthy: 1 of 1 unit healthy"},
	{"on its way out", flux(target, func(u *Tracked) { u.Deleting = true }), "applying: 0 of 1 unit healthy; Kustomization flux-system/apps is being deleted"},
	{"no health checks", flux(target, func(u *Tracked) { u.Checks, u.Healthy = false, Condition{} }), "healthy: Kustomization flux-system/apps: applied, not health-checked"},
	{"health not yet looked at", flux(target, func(u *Tracked) { u.Healthy = Condition{} }), "verifying: 0 of 1 unit healthy; Kustomization flux-system/apps is verifying"},
	{"health of an older spec", flux(target, func(u *Tracked) { u.Healthy.Observed = 2 }), "verifying: 0 of 1 unit healthy; Kustomization flux-system/apps is verifying"},
	{"unhealthy beside ready", flux(target, func(u *Tracked) { u.Healthy = Condition{State: False, Reason: "HealthCheckFailed", Message: "timeout"} }),
		"failed: 0 of 1 unit healthy; Kustomization flux-system/apps: HealthCheckFailed: timeout"},
	{"tests not run", flux(target, func(u *Tracked) { u.Tests = Condition{State: Unclear, Reason: "AwaitingTests"} }),
		"verifying: 0 of 1 unit healthy; Kustomization flux-system/apps waits for its tests"},
	{"tests failed", flux(target, func(u *Tracked) { u.Tests = Condition{State: False, Reason: "TestFailed", Message: "1 of 2"} }),
		"failed: 0 of 1 unit healthy; Kustomization flux-system/apps: TestFailed: 1 of 2"},
	{"rolled back", flux(target, func(u *Tracked) {
		u.Kind, u.Ready.Reason, u.Ready.Message = "HelmRelease", "RollbackSucceeded", "to v3"
	}),
		"failed: 0 of 1 unit healthy; HelmRelease flux-system/apps: RollbackSucceeded: to v3"},
	{"failed with it", flux(older, attempts(target), unready("HealthCheckFailed")), "failed: 0 of 1 unit healthy; Kustomization flux-system/apps: HealthCheckFailed: what the engine says"},
	{"failed with what came before", flux(older, attempts(older), unready("BuildFailed")), "queued: 0 of 1 unit healthy; Kustomization flux-system/apps is at 0000000"},
	{"failed before any commit was known", flux("", attempts(""), unready("BuildFailed")), "failed: 0 of 1 unit healthy; Kustomization flux-system/apps: BuildFailed: what the engine says (commit inferred)"},
	{"canceled by a newer revision", flux(older, attempts(target), unready("HealthCheckCanceled")), "applying: 0 of 1 unit healthy; Kustomization flux-system/apps is applying"},
	{"dependency", flux(older, attempts(target), unready("DependencyNotReady")), "applying: 0 of 1 unit healthy; Kustomization flux-system/apps is applying"},
	{"artifact, for a moment", flux(older, unready("ArtifactFailed"), func(u *Tracked) { u.Ready.Since = clock(9, 0) }),
		"applying: 0 of 1 unit healthy; Kustomization flux-system/apps tries again after ArtifactFailed"},
	{"artifact, for long", flux(older, unready("ArtifactFailed")), "failed: 0 of 1 unit healthy; Kustomization flux-system/apps: ArtifactFailed: what the engine says"},
	{"a reason of tomorrow", flux(target, unready("QuantumFlux")), "unknown: 0 of 1 unit healthy; Kustomization flux-system/apps says QuantumFlux, which is not known"},
	{"gave up for a reason of tomorrow", flux(target, func(u *Tracked) {
		u.Stalled = Condition{State: True, Reason: "QuantumFlux", Message: "no", Since: clock(1, 0)}
	}),
		"failed: 0 of 1 unit healthy; Kustomization flux-system/apps: QuantumFlux: no"},
	{"a sick resource says more", flux(target, unready("HealthCheckFailed"), func(u *Tracked) {
		u.Resources = []Resource{{Kind: "Service", Name: "web"}, {Kind: "Job", Name: "x", Health: "Failed"}, {Kind: "Deployment", Name: "web", Health: "Failed", Message: "ImagePullBackOff"}}
	}), "failed: 0 of 1 unit healthy; Deployment web: ImagePullBackOff"},
	{"together with others", flux(target, func(u *Tracked) { u.Others = 4 }), "healthy: 1 of 1 unit healthy (together with 4 other apps)"},
	{"declared by the folder", flux("", func(u *Tracked) { u.Origin, u.Declared = Origin{}, true }), "healthy: 1 of 1 unit healthy"},
	{"an engine of tomorrow", flux(target, func(u *Tracked) { u.Engine = "sail" }), "unknown: 0 of 1 unit healthy; Kustomization flux-system/apps is of an engine that is not known"},
}

func TestFluxIsRead(t *testing.T) {
	for _, tt := range fluxTable {
		t.Run(tt.name, func(t *testing.T) {
			v, _ := Decide(evidence(tt.unit), DefaultRules, clock(10, 0))
			if got := fmt.Sprintf("%s: %s", v.Phase, v.Text); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if v.Phase == Healthy != (v.Checked || strings.Contains(v.Text, "not health-checked")) {
				t.Errorf("checked %t: %s", v.Checked, v.Text)
			}
		})
	}
}

// argo is an Application that synced a commit at a minute past noon, compared after that, and is healthy.
func argo(commit string, change ...func(*Tracked)) Tracked {
	u := Tracked{
		Unit: Unit{Engine: ArgoCD, Kind: "Application", Namespace: "argocd", Name: "shop", Checks: true,
			Operation: Operation{Phase: "Succeeded", Started: clock(0, 50), Finished: clock(1, 0)}, Reconciled: clock(1, 2),
			Sync: Condition{State: True, Reason: "Synced"}, Healthy: Condition{State: True, Reason: "Healthy", Since: noon.Add(-time.Hour)}},
		Origin: Origin{Attempted: sha(commit), Applied: sha(commit), Compared: sha(commit), Attempting: commit, Commit: commit},
	}
	for _, c := range change {
		c(&u)
	}
	return u
}

func healthIs(word string) func(*Tracked) {
	return func(u *Tracked) {
		u.Healthy = Condition{State: Unclear, Reason: word, Message: "why", Since: clock(1, 1)}
	}
}

func compared(commit string) func(*Tracked) {
	return func(u *Tracked) { u.Origin.Compared = sha(commit) }
}

func operation(phase string) func(*Tracked) {
	return func(u *Tracked) { u.Operation.Phase, u.Operation.Message = phase, "hook failed" }
}

var argoTable = []struct {
	name string
	unit Tracked
	at   time.Time
	want string
}{
	{"healthy, without any change of health", argo(target), clock(2, 0), "healthy: 1 of 1 unit healthy"},
	{"still settling", argo(target), clock(1, 4), "verifying: 0 of 1 unit healthy; Application argocd/shop has synced and settles"},
	{"settled to the second", argo(target), clock(1, 5), "healthy: 1 of 1 unit healthy"},
	{"health has just turned", argo(target, func(u *Tracked) { u.Healthy.Since = clock(1, 58) }), clock(2, 0), "verifying: 0 of 1 unit healthy; Application argocd/shop has synced and settles"},
	{"compared before the sync ended", argo(target, func(u *Tracked) { u.Reconciled = clock(0, 59) }), clock(9, 0), "verifying: 0 of 1 unit healthy; Application argocd/shop has synced and compares"},
	{"compared in the second in which it ended", argo(target, func(u *Tracked) { u.Reconciled = clock(1, 0) }), clock(9, 0), "healthy: 1 of 1 unit healthy"},
	{"synced, and compared with what came before", argo(target, compared(older)), clock(9, 0), "verifying: 0 of 1 unit healthy; Application argocd/shop has synced and compares"},
	{"nothing to sync in the new commit", argo(older, compared(target)), clock(9, 0), "healthy: 1 of 1 unit healthy"},
	{"out of sync with the new commit", argo(older, compared(target), func(u *Tracked) { u.Sync = Condition{State: False, Reason: "OutOfSync"} }), clock(9, 0), "applying: 0 of 1 unit healthy; Application argocd/shop is OutOfSync"},
	{"running", argo(target, operation("Running")), clock(9, 0), "applying: 0 of 1 unit healthy; Application argocd/shop is syncing"},
	{"running for what came before", argo(older, operation("Running")), clock(9, 0), "queued: 0 of 1 unit healthy; Application argocd/shop is syncing another commit"},
	{"asked for", argo(target, func(u *Tracked) { u.Operation.Asked = true }), clock(9, 0), "applying: 0 of 1 unit healthy; Application argocd/shop is syncing"},
	{"asked to compare", argo(target, func(u *Tracked) { u.Reconciling = Condition{State: True, Reason: "RefreshRequested"} }), clock(9, 0), "verifying: 0 of 1 unit healthy; Application argocd/shop compares"},
	{"error dominates healthy", argo(target, operation("Error")), clock(9, 0), "failed: 0 of 1 unit healthy; Application argocd/shop: sync error: hook failed"},
	{"failed", argo(target, operation("Failed")), clock(9, 0), "failed: 0 of 1 unit healthy; Application argocd/shop: sync failed: hook failed"},
	{"failed without a revision", argo("", operation("Failed"), func(u *Tracked) { u.Operation.Started = clock(0, 1) }), clock(9, 0), "failed: 0 of 1 unit healthy; Application argocd/shop: sync failed: hook failed"},
	{"failed with what came before", argo(older, operation("Failed")), clock(9, 0), "queued: 0 of 1 unit healthy; Application argocd/shop is at 0000000"},
	{"progressing", argo(target, healthIs("Progressing")), clock(9, 0), "verifying: 0 of 1 unit healthy; Application argocd/shop is Progressing"},
	{"degraded", argo(target, healthIs("Degraded")), clock(9, 0), "failed: 0 of 1 unit healthy; Application argocd/shop: Degraded: why"},
	{"degraded, from before", argo(target, healthIs("Degraded")), clock(1, 3), "verifying: 0 of 1 unit healthy; Application argocd/shop has synced and settles"},
	{"suspended waits", argo(target, healthIs("Suspended")), clock(9, 0), "verifying: 0 of 1 unit healthy; Application argocd/shop is Suspended"},
	{"missing", argo(target, healthIs("Missing")), clock(9, 0), "applying: 0 of 1 unit healthy; Application argocd/shop is Missing"},
	{"unknown", argo(target, healthIs("Unknown")), clock(9, 0), "unknown: 0 of 1 unit healthy; Application argocd/shop is Unknown"},
	{"a health of tomorrow", argo(target, healthIs("Radiant")), clock(9, 0), "unknown: 0 of 1 unit healthy; Application argocd/shop has a health that is not known: Radiant"},
	{"cannot compare, for a moment", argo(older, compared(""), func(u *Tracked) {
		u.Ready = Condition{State: False, Reason: "ComparisonError", Message: "no repository", Since: clock(8, 0)}
	}), clock(9, 0),
		"applying: 0 of 1 unit healthy; Application argocd/shop tries again after ComparisonError"},
	{"cannot compare, for long", argo(older, compared(""), func(u *Tracked) {
		u.Ready = Condition{State: False, Reason: "ComparisonError", Message: "no repository", Since: clock(2, 0)}
	}), clock(9, 0),
		"failed: 0 of 1 unit healthy; Application argocd/shop: ComparisonError: no repository"},
	{"a spec that cannot be", argo(older, compared(""), func(u *Tracked) {
		u.Stalled = Condition{State: True, Reason: "InvalidSpecError", Message: "no project"}
	}), clock(2, 0),
		"failed: 0 of 1 unit healthy; Application argocd/shop: InvalidSpecError: no project"},
}

func TestArgoIsRead(t *testing.T) {
	for _, tt := range argoTable {
		t.Run(tt.name, func(t *testing.T) {
			v, next := Decide(evidence(tt.unit), DefaultRules, tt.at)
			if got := fmt.Sprintf("%s: %s", v.Phase, v.Text); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if !v.Phase.End() && !next.After(tt.at) {
				t.Errorf("nothing will look again: %s", next)
			}
		})
	}
}

// kargo#2196 and argo-cd#22558: whatever order the two writers of an Application's status come in, nobody hears of success
// before the sync is done, compared and settled.
func TestArgoIsNotBelievedTooEarly(t *testing.T) {
	steps := []Tracked{
		argo(older, func(u *Tracked) { u.Operation.Finished, u.Reconciled = clock(-60, 0), clock(-1, 0) }),           // healthy of what came before
		argo(older, operation("Running"), attempts(target)),                                                          // the sync begins
		argo(target, compared(older), func(u *Tracked) { u.Reconciled = clock(0, 10) }),                              // it succeeded; the comparison is old
		argo(target, func(u *Tracked) { u.Reconciled = clock(0, 59) }),                                               // compared while it ran: healthy of the old pods
		argo(target, healthIs("Progressing")),                                                                        // the new pods are seen
		argo(target, func(u *Tracked) { u.Healthy = Condition{State: True, Reason: "Healthy", Since: clock(3, 0)} }), // and they are well
	}
	for i, u := range steps {
		v, _ := Decide(evidence(u), DefaultRules, clock(4, 0))
		if last := i == len(steps)-1; (v.Phase == Healthy) != last {
			t.Errorf("step %d: %s %s", i, v.Phase, v.Text)
		}
	}
}

func TestAllUnitsMakeOneAnswer(t *testing.T) {
	well, at := flux(target), func(name string, change ...func(*Tracked)) Tracked {
		return flux(older, append(change, named(name))...)
	}
	tests := []struct {
		name  string
		units []Tracked
		want  string
	}{
		{"nobody", nil, "queued: no Kustomization, HelmRelease or Application tracks dev/shop"},
		{"both", []Tracked{well, flux(newer, named("b"))}, "healthy: 2 of 2 units healthy"},
		{"one waits", []Tracked{well, at("b")}, "queued: 1 of 2 units healthy; Kustomization flux-system/b is at 0000000"},
		{"one failed, one waits", []Tracked{well, at("b"), at("c", attempts(target), unready("BuildFailed"))}, "failed: 1 of 3 units healthy; Kustomization flux-system/c: BuildFailed: what the engine says"},
		{"two failed", []Tracked{at("c", attempts(target), unready("PruneFailed")), at("b", attempts(target), unready("BuildFailed"))}, "failed: 0 of 2 units healthy; Kustomization flux-system/b: BuildFailed: what the engine says"},
		{"one is not checked", []Tracked{well, flux(target, named("b"), func(u *Tracked) { u.Checks, u.Healthy = false, Condition{} })}, "healthy: 1 of 2 units healthy, 1 applied, not health-checked"},
		{"one is unknown", []Tracked{well, flux(target, named("b"), unready("QuantumFlux"))}, "unknown: 1 of 2 units healthy; Kustomization flux-system/b says QuantumFlux, which is not known"},
	}
	for _, tt := range tests {
		v, _ := Decide(evidence(tt.units...), DefaultRules, clock(10, 0))
		if got := fmt.Sprintf("%s: %s", v.Phase, v.Text); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestOlderTargets(t *testing.T) {
	e := evidence(flux(newer))
	e.Newest, e.Next = newer, Step{Commit: other, Version: "1.4.0", Landed: clock(5, 0)}
	if v, _ := Decide(e, DefaultRules, clock(10, 0)); v.Phase != Healthy || v.By != newer || v.Text != "included in 2222222: 1 of 1 unit healthy" {
		t.Errorf("the same folder: %s %q by %q", v.Phase, v.Text, v.By)
	}
	e.Live = false
	if v, next := Decide(e, DefaultRules, clock(99, 0)); v.Phase != Superseded || v.By != other || v.Text != "superseded by 1.4.0 (3333333)" || !next.IsZero() {
		t.Errorf("another folder: %s %q by %q", v.Phase, v.Text, v.By)
	}
	e.Next.Removed = true
	if v, _ := Decide(e, DefaultRules, clock(99, 0)); v.Text != "superseded: 3333333 removes it" {
		t.Errorf("removed: %q", v.Text)
	}
}

func TestDeadlinesPass(t *testing.T) {
	e := evidence(flux(older))
	if v, next := Decide(e, DefaultRules, clock(59, 59)); v.Phase != Queued || !next.Equal(clock(60, 0)) {
		t.Errorf("before: %s, next at %s", v.Phase, next)
	}
	v, _ := Decide(e, DefaultRules, clock(60, 0))
	if v.Phase != TimedOut || v.Text != "timed out after 1h while queued: 0 of 1 unit healthy; Kustomization flux-system/apps is at 0000000" {
		t.Errorf("after: %s %q", v.Phase, v.Text)
	}
	if v, _ := Decide(evidence(flux(target)), DefaultRules, clock(600, 0)); v.Phase != Healthy {
		t.Errorf("late, but healthy: %s", v.Phase)
	}
}

// The order in which units are listed says nothing.
func TestOrderDoesNotMatter(t *testing.T) {
	units := []Tracked{flux(target), flux(older, named("b"), attempts(target), unready("BuildFailed")), flux(older, named("c")), argo(target), argo(target, named("d"), healthIs("Degraded"))}
	want, wantNext := Decide(evidence(units...), DefaultRules, clock(10, 0))
	dice := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		dice.Shuffle(len(units), func(i, j int) { units[i], units[j] = units[j], units[i] })
		if got, next := Decide(evidence(units...), DefaultRules, clock(10, 0)); !reflect.DeepEqual(got, want) || !next.Equal(wantNext) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
}

// Whatever an engine says, it is never a success by a word that is not known, and never a crash.
func FuzzDecide(f *testing.F) {
	f.Add("True", "ReconciliationSucceeded", "False", "QuantumFlux", "Healthy", "Succeeded", "Synced", int64(3))
	f.Add("", "", "", "", "", "", "", int64(0))
	f.Fuzz(func(t *testing.T, state, reason, healthy, why, argoHealth, phase, sync string, observed int64) {
		k := flux(target, func(u *Tracked) {
			u.Observed, u.Ready.State, u.Ready.Reason, u.Healthy.State, u.Healthy.Reason = observed, state, reason, healthy, why
		})
		if v, _ := Decide(evidence(k), DefaultRules, clock(10, 0)); v.Phase == Healthy && (state != True || healthy != True || observed != 3) {
			t.Errorf("healthy: %+v", k)
		}
		a := argo(target, func(u *Tracked) {
			u.Sync = Condition{State: state, Reason: sync}
			u.Healthy.Reason, u.Operation.Phase, u.Ready = argoHealth, phase, Condition{State: healthy, Reason: why}
		})
		if v, _ := Decide(evidence(a), DefaultRules, clock(10, 0)); v.Phase == Healthy && (state != True || argoHealth != "Healthy" || phase != "" && phase != "Succeeded") {
			t.Errorf("healthy: %+v", a)
		}
	})
}
