package cluster_test

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/cluster"
	"github.com/ferry-cd/ferry/connector/cluster/clustertest"
	"github.com/ferry-cd/ferry/git/gittest"
)

// The watch on a real API server, by make e2e-connector, with Flux's controllers where they run.
func TestEndToEnd(t *testing.T) {
	kubeconfig := clustertest.RealKubeconfig(t)
	endToEnd(clustertest.NewStage(t, kubeconfig, gittest.Bare(t, map[string]string{"README.md": "for a test\n"})))
}

// The same story without controllers, so that it is known to work before anybody has a cluster.
func TestEndToEndInMemory(t *testing.T) {
	endToEnd(clustertest.New(t).Stage(t, gittest.Bare(t, map[string]string{"README.md": "for a test\n"})))
}

// watched is a stage that a Watcher looks at, over a line that can be cut.
type watched struct {
	*clustertest.Stage
	watcher *cluster.Watcher
	line    *clustertest.Line
}

func endToEnd(stage *clustertest.Stage) {
	s := watchStage(stage)
	one := s.commit(configMap("one"))
	s.Follow("./prod")
	s.Take(one, "True", "ReconciliationSucceeded", "Applied revision: "+one)
	s.until("the first commit, healthy", func(u connector.Unit) bool {
		return u.Origins[0].Commit == one && u.Ready.Is() && u.Healthy.Is() && u.Checks && u.Observed == u.Generation
	})
	s.matches()

	two := s.commit(configMap("two"))
	s.Take(two, "True", "ReconciliationSucceeded", "Applied revision: "+two)
	s.until("the second commit", func(u connector.Unit) bool { return u.Origins[0].Commit == two && u.Ready.Is() })

	three := s.commit("kind: [is not closed\n")
	s.Take(three, "False", "BuildFailed", "kustomize build failed")
	s.until("a commit that cannot be built", func(u connector.Unit) bool {
		return u.Ready.State == connector.False && u.Ready.Reason == "BuildFailed" && u.Origins[0].Attempting == three && u.Origins[0].Commit == two && u.Worst() != ""
	})
	s.interrupt()
	s.comeAndGo()
	s.suspend()
	s.elect()

	s.Must(s.In(clustertest.Kustomizations).Delete(s.Context(), s.Shop(), metav1.DeleteOptions{}))
	s.Await("the end of the unit", func() bool { _, there := s.unit(); return !there })
	s.healthy()
}

func watchStage(stage *clustertest.Stage) *watched {
	s := &watched{Stage: stage, line: stage.Line()}
	access, err := cluster.Connect(s.line.Kubeconfig, "", "ferry-e2e")
	s.Must(err)
	s.watcher = cluster.New(cluster.Options{Client: access.Client, Discovery: access.Discovery, Namespaces: []string{s.Namespace}, Rediscover: time.Second, Now: time.Now})
	ctx, cancel := context.WithCancel(s.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.watcher.Run(ctx)
	}()
	s.Cleanup(func() {
		cancel()
		<-done
	})
	s.Await("a first reading of the cluster", s.watcher.Synced)
	return s
}

func (s *watched) commit(manifest string) (sha string) {
	s.Helper()
	return gittest.Commit(s, s.Dir, "main", map[string]string{"prod/shop/configmap.yaml": manifest})
}

func configMap(text string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\ndata:\n  text: " + text + "\n"
}

// unit is the Kustomization as the watcher has it.
func (s *watched) unit() (connector.Unit, bool) {
	s.Helper()
	units, err := s.watcher.Units(s.Context())
	s.Must(err)
	for _, u := range units {
		if u.Kind == "Kustomization" && u.Namespace == s.Namespace && u.Name == s.Shop() {
			return u, true
		}
	}
	return connector.Unit{}, false
}

// until waits for the unit to be as it should.
func (s *watched) until(want string, ok func(connector.Unit) bool) {
	s.Helper()
	s.Await(want, func() bool { u, there := s.unit(); return there && ok(u) })
}

func (s *watched) healthy() {
	s.Helper()
	s.Await("a reading without problems", func() bool { return len(s.watcher.Problems()) == 0 })
}

// matches finds the unit by the folder that it applies.
func (s *watched) matches() {
	s.Helper()
	units, err := s.watcher.Units(s.Context())
	s.Must(err)
	place := connector.Place{Environment: "prod", App: "shop", Repositories: []string{s.URL}, Branch: "main", Path: "prod/shop"}
	found := connector.Assign(units, []connector.Place{place}, nil)[0]
	if len(found.Trackers) != 1 || found.Trackers[0].How != connector.ByPath || found.Trackers[0].Unit.Name != s.Shop() {
		s.Errorf("prod/shop is applied by %+v", found)
	}
}

// interrupt has the API server out of reach while a commit is applied: nothing of it is lost.
func (s *watched) interrupt() {
	s.Helper()
	s.line.Cut()
	four := s.commit(configMap("four"))
	s.Take(four, "True", "ReconciliationSucceeded", "Applied revision: "+four)
	s.Await("word that the cluster is out of reach", func() bool { return len(s.watcher.Problems()) > 0 })
	if u, there := s.unit(); !there || !s.watcher.Synced() {
		s.Errorf("a gap made it forget: %+v", u)
	}
	s.line.Mend()
	s.until("what was applied meanwhile", func(u connector.Unit) bool { return u.Origins[0].Commit == four && u.Ready.Is() })
	s.healthy()
}

// comeAndGo has a kind defined while the watcher runs, and taken away again; where Argo CD is at home, it stays.
func (s *watched) comeAndGo() {
	s.Helper()
	if s.Defined(clustertest.Applications) {
		s.Log("Argo CD's definitions are there: they stay, and that kinds come and go is not tried")
		return
	}
	s.Define(clustertest.Applications)
	s.Create(clustertest.Applications, "cart", map[string]any{"source": map[string]any{"repoURL": s.URL, "path": "prod/cart"}})
	cart := func() bool {
		units, err := s.watcher.Units(s.Context())
		s.Must(err)
		for _, u := range units {
			if u.Engine == connector.ArgoCD && u.Name == "cart" {
				return true
			}
		}
		return false
	}
	s.Await("an Application, whose kind was not there at the start", cart)
	s.Undefine(clustertest.Applications)
	s.Await("the end of the Application with its kind", func() bool { return !cart() })
}

func (s *watched) suspend() {
	s.Helper()
	s.Change(clustertest.Kustomizations, s.Shop(), func(o *unstructured.Unstructured) {
		s.Must(unstructured.SetNestedField(o.Object, true, "spec", "suspend"))
	})
	s.Must(s.watcher.Wake(s.Context(), connector.Ref{Kind: "Kustomization", Namespace: s.Namespace, Name: s.Shop()}))
	if u, _ := s.unit(); !u.Suspended {
		s.Errorf("after waking, the suspension is not seen: %+v", u)
	}
}

// elect holds an election of two by a real Lease.
func (s *watched) elect() {
	s.Helper()
	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	first := &cluster.Election{Client: s.Access.Client, Namespace: s.Namespace, Name: "connector", Identity: "first"}
	second := &cluster.Election{Client: s.Access.Client, Namespace: s.Namespace, Name: "connector", Identity: "second"}
	run := func(ctx context.Context, e *cluster.Election) chan error {
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx, func(ctx context.Context) { <-ctx.Done() }) }()
		return done
	}
	leaving, leave := context.WithCancel(ctx)
	defer leave()
	gone := run(leaving, first)
	s.Await("a leader", first.Leading)
	stayed := run(ctx, second)
	leave()
	s.Must(<-gone)
	s.Await("the next leader", second.Leading)
	cancel()
	s.Must(<-stayed)
}
