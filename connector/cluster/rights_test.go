package cluster_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/connector/cluster"
	"github.com/ferry-cd/ferry/connector/cluster/clustertest"
)

func TestMissing(t *testing.T) {
	s := clustertest.New(t)
	serveFlux(s)
	access, err := cluster.Connect(s.Kubeconfig(t), "", "ferry-test")
	if err != nil {
		t.Fatal(err)
	}
	s.Bind("leases", "connector")
	election := &cluster.Election{Namespace: "ferry", Name: "connector"}
	has, missing, err := cluster.Missing(t.Context(), access, nil, election)
	if err != nil || len(missing) > 0 || !slices.Equal(has, []string{"Kustomization", "GitRepository"}) {
		t.Fatalf("%v, %v, %v", has, missing, err)
	}
	for _, right := range []string{"list kustomizations", "watch kustomizations", "update leases", "list buckets", "list pods"} {
		s.Refuse(right, true)
	}
	_, missing, err = cluster.Missing(t.Context(), access, []string{"team-a", "team-b"}, election)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range missing {
		got = append(got, m.Text)
		if !strings.HasPrefix(m.Next, "grant the connector's service account ") {
			t.Errorf("what to do: %q", m.Next)
		}
	}
	want := []string{
		"no right to list, watch on kustomizations.kustomize.toolkit.fluxcd.io in namespace team-a",
		"no right to list, watch on kustomizations.kustomize.toolkit.fluxcd.io in namespace team-b",
		"no right to update on leases.coordination.k8s.io named connector in namespace ferry",
	}
	if !slices.Equal(got, want) {
		t.Errorf("missing\n%s", strings.Join(got, "\n"))
	}
}

// Rights that are granted for one Lease are none on another, and a connector that is alone needs none.
func TestMissingOnTheLease(t *testing.T) {
	s := clustertest.New(t)
	serveFlux(s)
	s.Bind("leases", "connector")
	access, err := cluster.Connect(s.Kubeconfig(t), "", "ferry-test")
	if err != nil {
		t.Fatal(err)
	}
	_, missing, err := cluster.Missing(t.Context(), access, nil, &cluster.Election{Namespace: "ferry", Name: "other"})
	if err != nil || len(missing) != 1 || missing[0].Text != "no right to get, update on leases.coordination.k8s.io named other in namespace ferry" {
		t.Errorf("%v, %v", missing, err)
	}
	s.Refuse("create leases", true)
	if _, missing, err = cluster.Missing(t.Context(), access, nil, &cluster.Election{Namespace: "ferry", Name: "connector"}); err != nil || len(missing) != 1 ||
		missing[0].Text != "no right to create on leases.coordination.k8s.io in namespace ferry" {
		t.Errorf("%v, %v", missing, err)
	}
	if _, missing, err = cluster.Missing(t.Context(), access, nil, nil); err != nil || len(missing) > 0 {
		t.Errorf("alone: %v, %v", missing, err)
	}
}

// A kubeconfig that is no good is told by its name, and being outside of a cluster without one by what to do.
func TestConnectRefuses(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	_, err := cluster.Connect("", "", "ferry-test")
	h, ok := err.(interface{ Hint() string })
	if !ok || !strings.Contains(h.Hint(), "--kubeconfig") {
		t.Errorf("outside of a cluster: %v", err)
	}
	if _, err := cluster.Connect("no/such/file", "", "ferry-test"); err == nil || !strings.HasPrefix(err.Error(), "read kubeconfig no/such/file: ") {
		t.Errorf("a missing kubeconfig: %v", err)
	}
	s := clustertest.New(t)
	if _, err := cluster.Connect(s.Kubeconfig(t), "other", "ferry-test"); err == nil || !strings.Contains(err.Error(), "other") {
		t.Errorf("a missing context: %v", err)
	}
}
