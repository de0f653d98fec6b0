package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/cluster"
	"github.com/ferry-cd/ferry/connector/cluster/clustertest"
)

const (
	flux   = "kustomize.toolkit.fluxcd.io"
	source = "source.toolkit.fluxcd.io"
	one    = "383ec6df6936fec40dd4e81f355efd033c3943eb"
	two    = "1baab450ec6a117787b5678dc6c849e33a5e6bbf"
)

// serveFlux gives the server the kinds that most tests are about.
func serveFlux(s *clustertest.Server) {
	s.Serve(flux, "v1", "kustomizations", "Kustomization")
	s.Serve(source, "v1", "gitrepositories", "GitRepository")
}

// kustomization applied a commit.
func kustomization(name, sha string) map[string]any {
	return map[string]any{
		"apiVersion": flux + "/v1", "kind": "Kustomization",
		"metadata": map[string]any{"namespace": "flux-system", "name": name, "generation": int64(1), "managedFields": []any{strings.Repeat("x", 2000)}},
		"spec":     map[string]any{"path": "./" + name, "sourceRef": map[string]any{"kind": "GitRepository", "name": "fleet"}},
		"status":   map[string]any{"observedGeneration": int64(1), "lastAppliedRevision": "main@sha1:" + sha, "conditions": []any{map[string]any{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded"}}},
	}
}

func repository(sha string) map[string]any {
	return map[string]any{
		"apiVersion": source + "/v1", "kind": "GitRepository", "metadata": map[string]any{"namespace": "flux-system", "name": "fleet"},
		"spec":   map[string]any{"url": "https://github.com/acme/gitops", "ref": map[string]any{"branch": "main"}},
		"status": map[string]any{"artifact": map[string]any{"revision": "main@sha1:" + sha}},
	}
}

// watch runs a watcher until the test ends.
func watch(t *testing.T, s *clustertest.Server, change func(*cluster.Options)) *cluster.Watcher {
	t.Helper()
	access, err := cluster.Connect(s.Kubeconfig(t), "", "ferry-test")
	if err != nil {
		t.Fatal(err)
	}
	o := cluster.Options{Client: access.Client, Discovery: access.Discovery, Rediscover: 100 * time.Millisecond, Now: time.Now}
	if change != nil {
		change(&o)
	}
	w := cluster.New(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return w
}

// eventually waits until the cluster looks as it should; want says in words what for.
func eventually(t *testing.T, want string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(50 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never came: %s", want)
}

// applied shows what each unit applied: app at its commit.
func applied(t *testing.T, w *cluster.Watcher) string {
	t.Helper()
	units, err := w.Units(t.Context())
	if errors.Is(err, connector.ErrNotSynced) {
		return "not synced"
	}
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, u := range units {
		sha := "nothing"
		if len(u.Origins) > 0 && len(u.Origins[0].Commit) > 3 {
			sha = u.Origins[0].Commit[:3]
		}
		out = append(out, u.Name+" at "+sha)
	}
	return strings.Join(out, ", ")
}

func TestWatcherFollows(t *testing.T) {
	s := clustertest.New(t)
	serveFlux(s)
	s.Put(flux, "v1", "kustomizations", kustomization("shop", one))
	s.Put(source, "v1", "gitrepositories", repository(one))
	w := watch(t, s, nil)
	eventually(t, "the first reading", func() bool { return applied(t, w) == "shop at 383" })
	if !w.Synced() || len(w.Problems()) > 0 {
		t.Errorf("synced %v, problems %v", w.Synced(), w.Problems())
	}
	units, _ := w.Units(t.Context())
	if o := units[0].Origins[0]; o.Repository != "https://github.com/acme/gitops" || o.Branch != "main" || o.Available.Value != one {
		t.Errorf("the origin is %+v", o)
	}
	for range w.Changed() { // what is there already
		if len(w.Changed()) == 0 {
			break
		}
	}
	s.Put(flux, "v1", "kustomizations", kustomization("shop", two))
	s.Put(flux, "v1", "kustomizations", kustomization("cart", two))
	eventually(t, "the changes", func() bool { return applied(t, w) == "cart at 1ba, shop at 1ba" })
	select {
	case <-w.Changed():
	case <-time.After(20 * time.Second):
		t.Error("no notice of a change")
	}
	s.Delete(flux, "v1", "kustomizations", "flux-system", "cart")
	eventually(t, "the deletion", func() bool { return applied(t, w) == "shop at 1ba" })
	s.Delete(source, "v1", "gitrepositories", "flux-system", "fleet")
	eventually(t, "the source's deletion", func() bool {
		units, _ := w.Units(t.Context())
		return units[0].Origins[0].Fetched.Reason == "SourceNotFound"
	})
}

// What happens while the connection is down is not lost: a stream is taken up, and where the server has forgotten the place,
// all is listed again.
func TestWatcherGaps(t *testing.T) {
	s := clustertest.New(t)
	serveFlux(s)
	s.Put(flux, "v1", "kustomizations", kustomization("shop", one))
	s.Put(flux, "v1", "kustomizations", kustomization("old", one))
	w := watch(t, s, nil)
	eventually(t, "the first reading", func() bool { return applied(t, w) == "old at 383, shop at 383" })
	s.Cut()
	s.Put(flux, "v1", "kustomizations", kustomization("shop", two))
	s.Delete(flux, "v1", "kustomizations", "flux-system", "old")
	eventually(t, "what happened after a cut", func() bool { return applied(t, w) == "shop at 1ba" })

	s.Put(flux, "v1", "kustomizations", kustomization("shop", one))
	s.Put(flux, "v1", "kustomizations", kustomization("new", one))
	s.Delete(flux, "v1", "kustomizations", "flux-system", "shop")
	s.Forget()
	eventually(t, "what happened before 410 Gone", func() bool { return applied(t, w) == "new at 383" })
	s.Put(flux, "v1", "kustomizations", kustomization("new", two))
	eventually(t, "what happens after it", func() bool { return applied(t, w) == "new at 1ba" })
	s.Restart()
	s.Put(flux, "v1", "kustomizations", kustomization("new", one))
	s.Put(flux, "v1", "kustomizations", kustomization("newest", two))
	eventually(t, "what happened while the server was started again", func() bool { return applied(t, w) == "new at 383, newest at 1ba" })
	if !w.Synced() {
		t.Error("a gap made it unsynced")
	}
}

// Definitions that are not there are no trouble, and are picked up when they come; those that go take their units along.
func TestWatcherKindsComeAndGo(t *testing.T) {
	s := clustertest.New(t)
	s.Serve(source, "v1", "gitrepositories", "GitRepository")
	w := watch(t, s, nil)
	eventually(t, "an empty cluster", w.Synced)
	if units, err := w.Units(t.Context()); err != nil || len(units) > 0 || len(w.Problems()) > 0 {
		t.Fatalf("%v, %v, %v", units, err, w.Problems())
	}
	s.Serve("argoproj.io", "v1alpha1", "applications", "Application")
	s.Put("argoproj.io", "v1alpha1", "applications", map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
		"metadata": map[string]any{"namespace": "argocd", "name": "shop"}, "spec": map[string]any{"source": map[string]any{"repoURL": "https://x/y", "path": "z"}}})
	eventually(t, "Argo CD's arrival", func() bool { return applied(t, w) == "shop at nothing" })
	s.Unserve("argoproj.io", "v1alpha1", "applications")
	eventually(t, "its end", func() bool { return applied(t, w) == "" })

	s.Serve("helm.toolkit.fluxcd.io", "v2beta2", "helmreleases", "HelmRelease")
	s.Put("helm.toolkit.fluxcd.io", "v2beta2", "helmreleases", map[string]any{"kind": "HelmRelease", "metadata": map[string]any{"namespace": "apps", "name": "beta"}})
	eventually(t, "an older version", func() bool { return applied(t, w) == "beta at nothing" })
	s.Unserve("helm.toolkit.fluxcd.io", "v2beta2", "helmreleases")
	s.Serve("helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease")
	s.Put("helm.toolkit.fluxcd.io", "v2", "helmreleases", map[string]any{"kind": "HelmRelease", "metadata": map[string]any{"namespace": "apps", "name": "final"}})
	eventually(t, "the upgrade to a newer one", func() bool { return applied(t, w) == "final at nothing" })
}

// A right that is missing is told with what to do; units that may not be read are never taken for units that are not there.
func TestWatcherWithoutRights(t *testing.T) {
	s := clustertest.New(t)
	serveFlux(s)
	s.Put(flux, "v1", "kustomizations", kustomization("shop", one))
	s.Refuse("list kustomizations", true)
	s.Refuse("list gitrepositories", true)
	w := watch(t, s, nil)
	eventually(t, "both problems", func() bool { return len(w.Problems()) == 2 })
	p := w.Problems()[1]
	if p.Object != "kustomizations."+flux || !strings.Contains(p.Text, "cannot list kustomizations."+flux) || !strings.Contains(p.Next, "get, list and watch") || p.Since.IsZero() {
		t.Errorf("told as %+v", p)
	}
	if w.Synced() {
		t.Error("synced without having read any unit")
	}
	s.Refuse("list kustomizations", false)
	eventually(t, "units without their sources", func() bool { return applied(t, w) == "shop at 383" })
	units, _ := w.Units(t.Context())
	if o := units[0].Origins[0]; o.Repository != "" || o.Fetched.State != "" {
		t.Errorf("a source that may not be read is told as %+v", o)
	}
	s.Put(source, "v1", "gitrepositories", repository(one))
	s.Refuse("list gitrepositories", false)
	eventually(t, "the sources too", func() bool {
		units, _ := w.Units(t.Context())
		return units[0].Origins[0].Repository != "" && len(w.Problems()) == 0
	})
}

// Waking reads past what the stream has brought, and what the stream brings later of the time before does not undo it.
func TestWatcherWakes(t *testing.T) {
	s := clustertest.New(t)
	serveFlux(s)
	s.Put(flux, "v1", "kustomizations", kustomization("shop", one))
	w := watch(t, s, nil)
	eventually(t, "the first reading", func() bool { return applied(t, w) == "shop at 383" })
	s.Refuse("watch kustomizations", true) // from here on nothing comes by itself
	s.Refuse("list kustomizations", true)
	s.Put(flux, "v1", "kustomizations", kustomization("shop", two))
	s.Put(flux, "v1", "kustomizations", kustomization("cart", two))
	shop := connector.Ref{Kind: "Kustomization", Namespace: "flux-system", Name: "shop"}
	if err := w.Wake(t.Context(), shop); err != nil || applied(t, w) != "shop at 1ba" {
		t.Errorf("after waking: %s, %v", applied(t, w), err)
	}
	for _, ref := range []connector.Ref{{Kind: "Kustomization", Namespace: "flux-system", Name: "gone"}, {Kind: "Pod", Namespace: "x", Name: "y"}, {Kind: "Application", Namespace: "x", Name: "y"}, {Kind: "Kustomization"}} {
		if err := w.Wake(t.Context(), ref); err != nil {
			t.Errorf("waking %s: %v", ref, err)
		}
	}
	s.Delete(flux, "v1", "kustomizations", "flux-system", "shop")
	if err := w.Wake(t.Context(), shop); err != nil || applied(t, w) != "" {
		t.Errorf("after the deletion: %s, %v", applied(t, w), err)
	}
	s.Refuse("get kustomizations", true)
	if err := w.Wake(t.Context(), shop); err == nil || !strings.HasPrefix(err.Error(), "read Kustomization flux-system/shop again: ") {
		t.Errorf("a refusal is told as %v", err)
	}
	s.Refuse("watch kustomizations", false)
	s.Refuse("list kustomizations", false)
	eventually(t, "the stream again", func() bool { return applied(t, w) == "cart at 1ba" })
}

func TestWatcherNamespaces(t *testing.T) {
	s := clustertest.New(t)
	serveFlux(s)
	other := kustomization("other", one)
	other["metadata"].(map[string]any)["namespace"] = "team-b"
	third := kustomization("third", one)
	third["metadata"].(map[string]any)["namespace"] = "team-c"
	for _, k := range []map[string]any{kustomization("shop", one), other, third} {
		s.Put(flux, "v1", "kustomizations", k)
	}
	w := watch(t, s, func(o *cluster.Options) { o.Namespaces = []string{"flux-system", "team-b"} })
	eventually(t, "two namespaces", func() bool { return applied(t, w) == "shop at 383, other at 383" })
	if err := w.Wake(t.Context(), connector.Ref{Kind: "Kustomization", Namespace: "team-c", Name: "third"}); err != nil || strings.Contains(applied(t, w), "third") {
		t.Errorf("a namespace that is not watched was read: %s, %v", applied(t, w), err)
	}
}

// A unit in trouble is explained by the workload that is to blame, and by its pod; and where that is not allowed, by itself.
func TestWatcherExplains(t *testing.T) {
	s := clustertest.New(t)
	serveFlux(s)
	s.Serve("apps", "v1", "deployments", "Deployment")
	s.Serve("", "v1", "pods", "Pod")
	sick := kustomization("shop", one)
	sick["status"] = map[string]any{
		"conditions": []any{map[string]any{"type": "Ready", "status": "False", "reason": "HealthCheckFailed", "message": "timeout waiting for: [Deployment/shop/web status: 'InProgress']"}},
		"inventory":  map[string]any{"entries": []any{map[string]any{"id": "shop_cache_apps_Deployment", "v": "v1"}, map[string]any{"id": "shop_web_apps_Deployment", "v": "v1"}}},
	}
	deployment := func(name string, ready int) map[string]any {
		return map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"namespace": "shop", "name": name, "generation": 1},
			"spec":   map[string]any{"replicas": 2, "selector": map[string]any{"matchLabels": map[string]any{"app": name}}},
			"status": map[string]any{"observedGeneration": 1, "readyReplicas": ready, "updatedReplicas": 2}}
	}
	s.Put("apps", "v1", "deployments", deployment("web", 1))
	s.Put("apps", "v1", "deployments", deployment("cache", 2))
	s.Put("", "v1", "pods", map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"namespace": "shop", "name": "web-1"}, "status": map[string]any{
		"containerStatuses": []any{map[string]any{"name": "web", "state": map[string]any{"waiting": map[string]any{"reason": "ImagePullBackOff", "message": "Back-off"}}}}}})
	s.Refuse("list pods", true)
	s.Refuse("get deployments", true)
	s.Put(flux, "v1", "kustomizations", sick)
	w := watch(t, s, nil)
	worst := func() string {
		units, _ := w.Units(t.Context())
		if len(units) == 0 {
			return ""
		}
		return units[0].Worst()
	}
	eventually(t, "the unit's own words", func() bool { return worst() == "Deployment web: HealthCheckFailed" })
	s.Refuse("get deployments", false)
	eventually(t, "the workload's words", func() bool { return worst() == "Deployment web: 1 of 2 ready" })
	s.Refuse("list pods", false)
	eventually(t, "the pod's words", func() bool { return worst() == "Deployment web: ImagePullBackOff" })
	if len(w.Problems()) > 0 {
		t.Errorf("what is a courtesy became a problem: %v", w.Problems())
	}
	s.Put(flux, "v1", "kustomizations", kustomization("shop", two))
	eventually(t, "health again", func() bool { return worst() == "" && applied(t, w) == "shop at 1ba" })
}

// Five thousand units fit into memory, whatever their objects carry along, and are read page by page.
func TestWatcherMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 5,000 objects")
	}
	s := clustertest.New(t)
	serveFlux(s)
	var entries []any
	for i := range 20 {
		entries = append(entries, map[string]any{"id": fmt.Sprintf("shop_web-%d_apps_Deployment", i), "v": "v1"})
	}
	for i := range 5000 {
		k := kustomization(fmt.Sprintf("app-%04d", i), one)
		k["status"].(map[string]any)["inventory"] = map[string]any{"entries": entries}
		s.Put(flux, "v1", "kustomizations", k)
	}
	before := heap()
	w := watch(t, s, func(o *cluster.Options) { o.Rediscover = time.Minute })
	eventually(t, "5,000 units", func() bool { return strings.Count(applied(t, w), "app-") == 5000 })
	if used := heap() - before; used > 100<<20 {
		t.Errorf("5,000 units take %d MB", used>>20)
	} else {
		t.Logf("5,000 units of 20 resources take %d MB", used>>20)
	}
	if s.Pages() < 50 {
		t.Errorf("5,000 objects came in %d pages", s.Pages())
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The rights that are listed are those that are used: none is missing, none is for nothing.
func TestVerbsAreThoseInUse(t *testing.T) {
	s := clustertest.New(t)
	var want []string
	for _, v := range cluster.Verbs() {
		for _, verb := range v.Verbs {
			want = append(want, verb+" "+v.Resource)
		}
	}
	slices.Sort(want)
	everything(t, s)
	eventually(t, "every right in use", func() bool { return slices.Equal(s.Asked(), want) })
	time.Sleep(200 * time.Millisecond)
	if got := s.Asked(); !slices.Equal(got, want) {
		t.Errorf("used\n%s\nlisted\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// everything has a cluster with all kinds, all workloads in trouble, and an election.
func everything(t *testing.T, s *clustertest.Server) {
	t.Helper()
	for _, k := range []struct{ group, version, resource, kind string }{
		{flux, "v1", "kustomizations", "Kustomization"}, {"helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease"}, {"argoproj.io", "v1alpha1", "applications", "Application"},
		{source, "v1", "gitrepositories", "GitRepository"}, {source, "v1", "ocirepositories", "OCIRepository"}, {source, "v1", "buckets", "Bucket"}, {source, "v1", "externalartifacts", "ExternalArtifact"},
		{"apps", "v1", "deployments", "Deployment"}, {"apps", "v1", "statefulsets", "StatefulSet"}, {"apps", "v1", "daemonsets", "DaemonSet"}, {"batch", "v1", "jobs", "Job"}, {"", "v1", "pods", "Pod"},
		{"coordination.k8s.io", "v1", "leases", "Lease"},
	} {
		s.Serve(k.group, k.version, k.resource, k.kind)
	}
	s.Bind("leases", "connector")
	var ids []any
	for _, k := range []string{"apps_Deployment", "apps_StatefulSet", "apps_DaemonSet", "batch_Job"} {
		ids = append(ids, map[string]any{"id": "shop_web_" + k, "v": "v1"})
	}
	s.Put("apps", "v1", "deployments", map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"namespace": "shop", "name": "web"}, "spec": map[string]any{"selector": map[string]any{"matchLabels": map[string]any{"a": "b"}}}})
	sick := kustomization("shop", one)
	sick["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "False"}}, "inventory": map[string]any{"entries": ids}}
	s.Put(flux, "v1", "kustomizations", sick)
	w := watch(t, s, nil)
	eventually(t, "all kinds", w.Synced)
	for _, kind := range []string{"Kustomization", "HelmRelease", "Application", "GitRepository", "OCIRepository", "Bucket", "ExternalArtifact"} {
		if err := w.Wake(t.Context(), connector.Ref{Kind: kind, Namespace: "flux-system", Name: "x"}); err != nil {
			t.Error(err)
		}
	}
	take(t, s, "a")()
}
