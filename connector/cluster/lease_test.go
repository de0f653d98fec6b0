package cluster_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/ferry-cd/ferry/connector/cluster/clustertest"
)

func servesLeases(t *testing.T) *clustertest.Server {
	t.Helper()
	s := clustertest.New(t)
	s.Serve("coordination.k8s.io", "v1", "leases", "Lease")
	s.Bind("leases", "connector") // as the chart grants it
	return s
}

// leaseOf is what the Lease says.
func leaseOf(s *clustertest.Server) map[string]any {
	spec, _ := s.Get("coordination.k8s.io", "v1", "leases", "ferry", "connector")["spec"].(map[string]any)
	return spec
}

// theirs is a candidate that uses Kubernetes' own election, as connectors of earlier versions do.
func theirs(t *testing.T, s *clustertest.Server) (leave func()) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", s.Kubeconfig(t))
	if err != nil {
		t.Fatal(err)
	}
	config.ContentType = "application/json"
	client, err := coordination.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{LeaseMeta: metav1.ObjectMeta{Namespace: "ferry", Name: "connector"}, Client: client,
			LockConfig: resourcelock.ResourceLockConfig{Identity: "theirs"}},
		LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 400 * time.Millisecond, ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) {}, OnStoppedLeading: func() {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); elector.Run(ctx) }()
	leave = func() { cancel(); <-done }
	t.Cleanup(leave)
	return leave
}

// While a connector is brought to a new version, the old one and the new one are candidates of one election.
func TestElectionWithKubernetesOwn(t *testing.T) {
	const longerThanALease = 4 * time.Second
	s := servesLeases(t)
	leave := theirs(t, s)
	eventually(t, "theirs leading", func() bool { return leaseOf(s)["holderIdentity"] == "theirs" })
	ours := join(t, s, "ours", &at{})
	time.Sleep(longerThanALease)
	if ours.Leading() || leaseOf(s)["holderIdentity"] != "theirs" {
		t.Fatalf("ours took the Lease from theirs: %v", leaseOf(s))
	}
	leave()
	eventually(t, "ours leading", ours.Leading)
	theirs(t, s)
	time.Sleep(longerThanALease)
	if spec := leaseOf(s); !ours.Leading() || ours.terms.Load() != 1 || spec["holderIdentity"] != "ours" {
		t.Fatalf("ours lost the Lease that it renewed: %v", spec)
	}
	ours.end()
	eventually(t, "theirs leading again", func() bool { return leaseOf(s)["holderIdentity"] == "theirs" })
}

// A leader that has died gave nothing back, and its clock may have been wrong by hours: others wait as long as its Lease says,
// by their own clock, from when they first saw it.
func TestElectionAfterADeath(t *testing.T) {
	for name, clock := range map[string]string{"that was ahead": "2090-01-01T00:00:00.000000Z", "that was behind": "1990-01-01T00:00:00.000000Z"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := servesLeases(t)
			s.Put("coordination.k8s.io", "v1", "leases", map[string]any{
				"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": map[string]any{"namespace": "ferry", "name": "connector", "labels": map[string]any{"kept": "yes"}},
				"spec": map[string]any{"holderIdentity": "gone", "leaseDurationSeconds": int64(2), "leaseTransitions": int64(4), "renewTime": clock, "acquireTime": clock},
			})
			begun := time.Now()
			c := join(t, s, "a", &at{})
			eventually(t, "a leading", c.Leading)
			if waited := time.Since(begun); waited < 2*time.Second {
				t.Errorf("a leads after %s, when the one before may still have led", waited)
			}
			o := s.Get("coordination.k8s.io", "v1", "leases", "ferry", "connector")
			spec := o["spec"].(map[string]any)
			if kept := o["metadata"].(map[string]any)["labels"]; kept == nil || fmt.Sprint(spec["leaseTransitions"]) != "5" {
				t.Errorf("the Lease became %v", o)
			}
		})
	}
}
