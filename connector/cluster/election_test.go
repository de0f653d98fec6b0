package cluster_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector/cluster"
	"github.com/ferry-cd/ferry/connector/cluster/clustertest"
)

// candidate is one connector in an election.
type candidate struct {
	*cluster.Election
	terms atomic.Int32
	end   func() // leaves the election, and waits until it has
}

// at is how many lead at once, and the most that ever did.
type at struct{ now, most atomic.Int32 }

func join(t *testing.T, s *clustertest.Server, name string, all *at) *candidate {
	t.Helper()
	access, err := cluster.Connect(s.Kubeconfig(t), "", "ferry-test")
	if err != nil {
		t.Fatal(err)
	}
	c := &candidate{Election: &cluster.Election{Client: access.Client, Namespace: "ferry", Name: "connector", Identity: name, Duration: 3 * time.Second}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- c.Run(ctx, func(ctx context.Context) {
			c.terms.Add(1)
			if n := all.now.Add(1); n > all.most.Load() {
				all.most.Store(n)
			}
			<-ctx.Done()
			time.Sleep(time.Second) // the last post is on its way, for longer than others wait between looks
			all.now.Add(-1)
		})
	}()
	c.end = func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		done <- nil
	}
	t.Cleanup(c.end)
	return c
}

// take has one candidate win, and gives the way to end it.
func take(t *testing.T, s *clustertest.Server, name string) func() {
	t.Helper()
	c := join(t, s, name, &at{})
	eventually(t, name+" leading", c.Leading)
	eventually(t, "a renewal", func() bool {
		lease := s.Get("coordination.k8s.io", "v1", "leases", "ferry", "connector")
		spec, _ := lease["spec"].(map[string]any)
		return spec["renewTime"] != spec["acquireTime"]
	})
	return c.end
}

// One leads; when it leaves, it gives the Lease back once its work is done, and another one has it at once.
func TestElection(t *testing.T) {
	s := servesLeases(t)
	all := &at{}
	a := join(t, s, "a", all)
	eventually(t, "a leading", a.Leading)
	b := join(t, s, "b", all)
	time.Sleep(200 * time.Millisecond)
	if b.Leading() || b.terms.Load() > 0 {
		t.Fatal("two lead")
	}
	a.end()
	if a.Leading() || all.now.Load() > 0 && !b.Leading() {
		t.Error("a leads after it has left")
	}
	eventually(t, "b leading", b.Leading)
	b.end()
	if all.most.Load() != 1 || a.terms.Load() != 1 || b.terms.Load() != 1 {
		t.Errorf("at most %d led at once, in %d and %d terms", all.most.Load(), a.terms.Load(), b.terms.Load())
	}
	spec := s.Get("coordination.k8s.io", "v1", "leases", "ferry", "connector")["spec"].(map[string]any)
	if spec["holderIdentity"] != "" {
		t.Errorf("the Lease was not given back: %v", spec)
	}
}

// A leader that cannot renew stops to be one before anybody else may begin, and takes part again afterwards.
func TestElectionLost(t *testing.T) {
	s := servesLeases(t)
	all := &at{}
	a := join(t, s, "a", all)
	eventually(t, "a leading", a.Leading)
	s.Refuse("update leases", true)
	eventually(t, "a giving up", func() bool { return !a.Leading() && all.now.Load() == 0 })
	s.Refuse("update leases", false)
	eventually(t, "a second term", func() bool { return a.Leading() && a.terms.Load() == 2 })
}

func TestElectionNeedsNames(t *testing.T) {
	err := (&cluster.Election{Namespace: "ferry", Name: "connector"}).Run(t.Context(), func(context.Context) { t.Error("led without a name") })
	if err == nil {
		t.Error("an election without an identity began")
	}
}
