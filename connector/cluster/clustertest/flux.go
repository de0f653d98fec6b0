package clustertest

import (
	"crypto/rand"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The names of what the stage has Flux do.
const (
	fleet = "fleet" // the GitRepository
	shop  = "shop"  // the Kustomization
)

// Shop names the stage's Kustomization.
func (s *Stage) Shop() string { return shop }

// Follow has Flux apply a folder of the repository's branch main, and sees which of its controllers do.
func (s *Stage) Follow(path string) {
	s.Helper()
	s.Create(GitRepositories, fleet, map[string]any{"url": s.URL, "interval": "1h", "timeout": "60s", "ref": map[string]any{"branch": "main"}})
	s.Create(Kustomizations, shop, map[string]any{"path": path, "interval": "1h", "retryInterval": "10s", "timeout": "20s", "prune": true, "wait": true,
		"targetNamespace": s.Namespace, "sourceRef": map[string]any{"kind": "GitRepository", "name": fleet}})
	source, apply := GitRepositories.At(), Kustomizations.At()
	for deadline := time.Now().Add(s.patience); time.Now().Before(deadline) && !(s.works[source] && s.works[apply]); time.Sleep(100 * time.Millisecond) {
		s.works[source] = s.works[source] || s.said(GitRepositories, fleet)
		s.works[apply] = s.works[apply] || s.said(Kustomizations, shop)
	}
	s.Logf("source-controller runs: %v, kustomize-controller runs: %v; the stage plays those that do not", s.works[source], s.works[apply])
	if s.works[apply] && !s.works[source] {
		s.Fatal("kustomize-controller runs without source-controller: start that, too, or stop it")
	}
}

// said tells whether a controller has written what it thinks of an object.
func (s *Stage) said(d Definition, name string) bool {
	s.Helper()
	o, err := s.In(d).Get(s.Context(), name, metav1.GetOptions{})
	s.Must(err)
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	return len(conditions) > 0
}

// Take has Flux take up a commit, which it applies, or cannot for a reason; text is what it says where nobody else does. It
// returns when Flux has the commit, which is not yet when it has applied it.
func (s *Stage) Take(sha, ready, reason, text string) {
	s.Helper()
	if s.works[GitRepositories.At()] {
		s.ask(GitRepositories, fleet)
		s.fetched(sha)
	} else {
		s.Change(GitRepositories, fleet, func(o *unstructured.Unstructured) { o.Object["status"] = holds(o, sha) }, "status")
	}
	if s.works[Kustomizations.At()] {
		s.ask(Kustomizations, shop)
		return
	}
	s.Change(Kustomizations, shop, func(o *unstructured.Unstructured) { o.Object["status"] = tried(o, sha, ready, reason, text) }, "status")
}

// ask has a controller look at an object now.
func (s *Stage) ask(d Definition, name string) {
	s.Helper()
	s.Change(d, name, func(o *unstructured.Unstructured) {
		notes := o.GetAnnotations()
		if notes == nil {
			notes = map[string]string{}
		}
		notes["reconcile.fluxcd.io/requestedAt"] = rand.Text()
		o.SetAnnotations(notes)
	})
}

// fetched waits for source-controller to hold a commit.
func (s *Stage) fetched(sha string) {
	s.Helper()
	var last string
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		o, err := s.In(GitRepositories).Get(s.Context(), fleet, metav1.GetOptions{})
		s.Must(err)
		if revision, _, _ := unstructured.NestedString(o.Object, "status", "artifact", "revision"); strings.HasSuffix(revision, sha) {
			return
		}
		last = s.describe()
	}
	s.Fatalf("source-controller never read %s of %s: it must reach this machine under 127.0.0.1, so it has to run beside the API server and not in the cluster\n%s", sha, s.URL, last)
}

func revision(sha string) string { return "main@sha1:" + sha }

func condition(o *unstructured.Unstructured, kind, status, reason, text string) any {
	return map[string]any{"type": kind, "status": status, "reason": reason, "message": text, "lastTransitionTime": now(), "observedGeneration": o.GetGeneration()}
}

func now() string { return time.Now().UTC().Format(time.RFC3339) }

// holds is what source-controller writes of a commit that it has.
func holds(o *unstructured.Unstructured, sha string) map[string]any {
	return map[string]any{"observedGeneration": o.GetGeneration(), "conditions": []any{condition(o, "Ready", "True", "Succeeded", "stored artifact for revision "+revision(sha))},
		"artifact": map[string]any{"digest": "sha256:" + strings.Repeat("a", 64), "lastUpdateTime": now(), "path": "fleet.tar.gz", "url": "http://127.0.0.1/fleet.tar.gz", "revision": revision(sha)}}
}

// tried is what kustomize-controller writes of a commit that it applied, or could not: then the generation that it observed stays
// what it was, and only the conditions tell.
func tried(o *unstructured.Unstructured, sha, ready, reason, text string) map[string]any {
	status, _, _ := unstructured.NestedMap(o.Object, "status")
	if status == nil {
		status = map[string]any{}
	}
	status["lastAttemptedRevision"] = revision(sha)
	conditions := []any{condition(o, "Ready", ready, reason, text)}
	if ready == "True" {
		status["observedGeneration"], status["lastAppliedRevision"] = o.GetGeneration(), revision(sha)
		conditions = append(conditions, condition(o, "Healthy", "True", "Succeeded", "Health check passed"))
	}
	status["conditions"] = conditions
	return status
}
