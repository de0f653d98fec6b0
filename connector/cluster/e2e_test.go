package cluster_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/cluster"
	"github.com/ferry-cd/ferry/connector/cluster/clustertest"
	"github.com/ferry-cd/ferry/git/gittest"
)

var (
	namespaces      = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	kustomizations  = schema.GroupVersionResource{Group: flux, Version: "v1", Resource: "kustomizations"}
	gitRepositories = schema.GroupVersionResource{Group: source, Version: "v1", Resource: "gitrepositories"}
)

// The watch on a real API server that has Flux's definitions, by make e2e-connector. Where Flux's controllers run, in the
// cluster or beside it, they do the work; where they do not, the test writes what they would. It makes a namespace of its own
// and deletes it.
func TestEndToEnd(t *testing.T) {
	if os.Getenv("FERRY_E2E_CONNECTOR") == "" {
		t.Skip("FERRY_E2E_CONNECTOR is not set; make e2e-connector does")
	}
	kubeconfig := filepath.SplitList(os.Getenv("KUBECONFIG"))
	if len(kubeconfig) == 0 {
		t.Fatal("KUBECONFIG names no cluster")
	}
	endToEnd(t, kubeconfig[0], 30*time.Second)
}

// The same story without controllers, so that it is known to work before anybody has a cluster.
func TestEndToEndInMemory(t *testing.T) {
	s := clustertest.New(t)
	serveFlux(s)
	s.Serve("", "v1", "namespaces", "Namespace")
	s.Serve("coordination.k8s.io", "v1", "leases", "Lease")
	endToEnd(t, s.Kubeconfig(t), 0)
}

// stage is a namespace with a repository of Git that a Kustomization applies.
type stage struct {
	*testing.T
	access         cluster.Access
	watcher        *cluster.Watcher
	namespace, dir string
	url            string
	patience       time.Duration // to wait for controllers before doing their work
	alone          bool          // there are none
}

func endToEnd(t *testing.T, kubeconfig string, patience time.Duration) {
	s := newStage(t, kubeconfig, patience)
	one := gittest.Commit(t, s.dir, "main", map[string]string{"prod/shop/configmap.yaml": s.configMap("one")})
	s.create(gitRepositories, map[string]any{"apiVersion": source + "/v1", "kind": "GitRepository", "metadata": s.meta("fleet"),
		"spec": map[string]any{"url": s.url, "interval": "1h", "timeout": "60s", "ref": map[string]any{"branch": "main"}}})
	s.create(kustomizations, map[string]any{"apiVersion": flux + "/v1", "kind": "Kustomization", "metadata": s.meta("shop"),
		"spec": map[string]any{"path": "./prod", "interval": "1h", "retryInterval": "5s", "timeout": "60s", "prune": true, "wait": true, "sourceRef": map[string]any{"kind": "GitRepository", "name": "fleet"}}})
	s.play(one, "True", "ReconciliationSucceeded")
	s.await("the first commit, healthy", func(u connector.Unit) bool {
		return u.Origins[0].Commit == one && u.Ready.Is() && u.Healthy.Is() && u.Checks && u.Observed == u.Generation
	})
	s.matches()

	two := gittest.Commit(t, s.dir, "main", map[string]string{"prod/shop/configmap.yaml": s.configMap("two")})
	s.play(two, "True", "ReconciliationSucceeded")
	s.await("the second commit", func(u connector.Unit) bool { return u.Origins[0].Commit == two && u.Ready.Is() })

	three := gittest.Commit(t, s.dir, "main", map[string]string{"prod/shop/configmap.yaml": "kind: [is not closed\n"})
	s.play(three, "False", "BuildFailed")
	s.await("a commit that cannot be built", func(u connector.Unit) bool {
		return u.Ready.State == connector.False && u.Origins[0].Attempting == three && u.Origins[0].Commit == two && u.Worst() != "" && connector.Means(u.Ready.Reason) == connector.Retrying
	})

	s.change(kustomizations, "shop", func(o *unstructured.Unstructured) {
		s.must(unstructured.SetNestedField(o.Object, true, "spec", "suspend"))
	})
	s.must(s.watcher.Wake(t.Context(), connector.Ref{Kind: "Kustomization", Namespace: s.namespace, Name: "shop"}))
	s.await("the suspension", func(u connector.Unit) bool { return u.Suspended })
	s.elect()

	s.must(s.access.Client.Resource(kustomizations).Namespace(s.namespace).Delete(t.Context(), "shop", metav1.DeleteOptions{}))
	eventually(t, "the end of the unit", func() bool { _, there := s.unit(); return !there })
	if p := s.watcher.Problems(); len(p) > 0 {
		t.Errorf("problems: %v", p)
	}
}

func newStage(t *testing.T, kubeconfig string, patience time.Duration) *stage {
	t.Helper()
	access, err := cluster.Connect(kubeconfig, "", "ferry-e2e")
	if err != nil {
		t.Fatal(err)
	}
	dir := gittest.Bare(t, map[string]string{"README.md": "for a test\n"})
	s := &stage{T: t, access: access, namespace: "ferry-e2e-" + strings.ToLower(rand.Text()[:8]), dir: dir, url: gittest.NewServer(t, dir), patience: patience}
	_, err = access.Client.Resource(namespaces).Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": s.namespace}}}, metav1.CreateOptions{})
	s.must(err)
	t.Cleanup(s.clear)
	s.watcher = cluster.New(cluster.Options{Client: access.Client, Discovery: access.Discovery, Namespaces: []string{s.namespace}, Now: time.Now})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.watcher.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	eventually(t, "a first reading of the cluster", func() bool { return s.watcher.Synced() })
	return s
}

// clear deletes what was made. The namespace goes when its controller runs; nobody waits for it.
func (s *stage) clear() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, at := range []struct {
		resource schema.GroupVersionResource
		name     string
	}{{kustomizations, "shop"}, {gitRepositories, "fleet"}, {schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}, "connector"}} {
		_ = s.access.Client.Resource(at.resource).Namespace(s.namespace).Delete(ctx, at.name, metav1.DeleteOptions{})
	}
	_ = s.access.Client.Resource(namespaces).Delete(ctx, s.namespace, metav1.DeleteOptions{})
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) meta(name string) map[string]any {
	return map[string]any{"namespace": s.namespace, "name": name}
}

func (s *stage) configMap(text string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\n  namespace: %s\ndata:\n  text: %s\n", s.namespace, text)
}

func (s *stage) create(at schema.GroupVersionResource, object map[string]any) {
	s.Helper()
	_, err := s.access.Client.Resource(at).Namespace(s.namespace).Create(s.Context(), &unstructured.Unstructured{Object: object}, metav1.CreateOptions{})
	s.must(err)
}

// change reads an object, changes it and writes it, again where somebody else was faster.
func (s *stage) change(at schema.GroupVersionResource, name string, change func(*unstructured.Unstructured), sub ...string) {
	s.Helper()
	client := s.access.Client.Resource(at).Namespace(s.namespace)
	for {
		o, err := client.Get(s.Context(), name, metav1.GetOptions{})
		s.must(err)
		change(o)
		_, err = client.Update(s.Context(), o, metav1.UpdateOptions{}, sub...)
		if !apierrors.IsConflict(err) {
			s.must(err)
			return
		}
	}
}

// play has Flux take up a commit: its controllers, asked by their annotation, or where nothing moves for a while the test
// itself.
func (s *stage) play(sha, ready, reason string) {
	s.Helper()
	ask := func(at schema.GroupVersionResource, name string) {
		s.change(at, name, func(o *unstructured.Unstructured) {
			notes := o.GetAnnotations()
			if notes == nil {
				notes = map[string]string{}
			}
			notes["reconcile.fluxcd.io/requestedAt"] = rand.Text()
			o.SetAnnotations(notes)
		})
	}
	ask(gitRepositories, "fleet")
	if s.alone = s.alone || !s.controlled(); s.alone {
		s.write(sha, ready, reason)
		return
	}
	s.await("the source to hold "+sha, func(u connector.Unit) bool { return u.Origins[0].Available.Value == sha })
	ask(kustomizations, "shop")
}

// controlled tells whether somebody writes the status of the source.
func (s *stage) controlled() bool {
	s.Helper()
	for deadline := time.Now().Add(s.patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		o, err := s.access.Client.Resource(gitRepositories).Namespace(s.namespace).Get(s.Context(), "fleet", metav1.GetOptions{})
		s.must(err)
		if conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions"); len(conditions) > 0 {
			return true
		}
	}
	return false
}

// write says what the controllers would of a commit.
func (s *stage) write(sha, ready, reason string) {
	s.Helper()
	now := time.Now().UTC().Format(time.RFC3339)
	condition := func(kind, status, reason string, generation int64) any {
		return map[string]any{"type": kind, "status": status, "reason": reason, "message": reason + " of " + sha, "lastTransitionTime": now, "observedGeneration": generation}
	}
	revision := "main@sha1:" + sha
	s.change(gitRepositories, "fleet", func(o *unstructured.Unstructured) {
		o.Object["status"] = map[string]any{"observedGeneration": o.GetGeneration(), "conditions": []any{condition("Ready", "True", "Succeeded", o.GetGeneration())},
			"artifact": map[string]any{"digest": "sha256:" + strings.Repeat("a", 64), "lastUpdateTime": now, "path": "fleet.tar.gz", "url": "http://127.0.0.1/fleet.tar.gz", "revision": revision}}
	}, "status")
	s.change(kustomizations, "shop", func(o *unstructured.Unstructured) {
		status, _, _ := unstructured.NestedMap(o.Object, "status")
		if status == nil {
			status = map[string]any{}
		}
		status["observedGeneration"], status["lastAttemptedRevision"] = o.GetGeneration(), revision
		conditions := []any{condition("Ready", ready, reason, o.GetGeneration())}
		if ready == "True" {
			status["lastAppliedRevision"] = revision
			conditions = append(conditions, condition("Healthy", "True", "Succeeded", o.GetGeneration()))
		}
		status["conditions"] = conditions
		o.Object["status"] = status
	}, "status")
}

// unit is the Kustomization as the watcher has it.
func (s *stage) unit() (connector.Unit, bool) {
	units, err := s.watcher.Units(s.Context())
	s.must(err)
	for _, u := range units {
		if u.Kind == "Kustomization" && u.Namespace == s.namespace && u.Name == "shop" {
			return u, true
		}
	}
	return connector.Unit{}, false
}

// await waits for the unit to be as it should.
func (s *stage) await(want string, ok func(connector.Unit) bool) {
	s.Helper()
	var last connector.Unit
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		u, there := s.unit()
		if last = u; there && ok(u) {
			return
		}
	}
	s.Fatalf("never came: %s\nthe unit is %+v\nproblems: %v", want, last, s.watcher.Problems())
}

// matches finds the unit by the folder that it applies.
func (s *stage) matches() {
	s.Helper()
	units, err := s.watcher.Units(s.Context())
	s.must(err)
	place := connector.Place{Environment: "prod", App: "shop", Repositories: []string{s.url}, Branch: "main", Path: "prod/shop"}
	found := connector.Assign(units, []connector.Place{place}, nil)[0]
	if len(found.Trackers) != 1 || found.Trackers[0].How != connector.ByPath || found.Trackers[0].Unit.Name != "shop" {
		s.Errorf("prod/shop is applied by %+v", found)
	}
}

// elect holds an election of two by a real Lease.
func (s *stage) elect() {
	s.Helper()
	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	first := &cluster.Election{Client: s.access.Client, Namespace: s.namespace, Name: "connector", Identity: "first"}
	second := &cluster.Election{Client: s.access.Client, Namespace: s.namespace, Name: "connector", Identity: "second"}
	run := func(ctx context.Context, e *cluster.Election) chan error {
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx, func(ctx context.Context) { <-ctx.Done() }) }()
		return done
	}
	leaving, leave := context.WithCancel(ctx)
	defer leave()
	gone := run(leaving, first)
	eventually(s.T, "a leader", first.Leading)
	stayed := run(ctx, second)
	leave()
	s.must(<-gone)
	eventually(s.T, "the next leader", second.Leading)
	cancel()
	s.must(<-stayed)
}
