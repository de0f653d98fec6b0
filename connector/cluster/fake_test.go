package cluster_test

import (
	"context"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/cluster"
	"github.com/ferry-cd/ferry/connector/cluster/clustertest"
)

// discovered is what a fake cluster has: resources by group and version.
type discovered map[string][]string

func (d discovered) ServerResourcesForGroupVersionWithContext(_ context.Context, gv string) (*metav1.APIResourceList, error) {
	names, ok := d[gv]
	if !ok {
		return nil, apierrors.NewNotFound(schema.GroupResource{}, gv)
	}
	list := &metav1.APIResourceList{GroupVersion: gv}
	for _, n := range names {
		list.APIResources = append(list.APIResources, metav1.APIResource{Name: n})
	}
	return list, nil
}

// The watch on the fake client that Kubernetes' own library brings: what it says of a unit is what that says.
func TestWatcherOnTheFakeClient(t *testing.T) {
	client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
		clustertest.Kustomizations.At(): "KustomizationList", clustertest.GitRepositories.At(): "GitRepositoryList",
	}, &unstructured.Unstructured{Object: kustomization("shop", one)}, &unstructured.Unstructured{Object: repository(one)})
	w := cluster.New(cluster.Options{Client: client, Discovery: discovered{flux + "/v1": {"kustomizations"}, source + "/v1": {"gitrepositories"}}, Now: time.Now})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx)
	}()
	eventually(t, "the first reading", func() bool { return applied(t, w) == "shop at 383" })
	in := client.Resource(clustertest.Kustomizations.At()).Namespace("flux-system")
	eventually(t, "the stream", func() bool { // the fake forgets what happens before a watch begins
		for _, a := range client.Actions() {
			if a.GetVerb() == "watch" && a.GetResource() == clustertest.Kustomizations.At() {
				return true
			}
		}
		return false
	})
	if _, err := in.Update(t.Context(), &unstructured.Unstructured{Object: kustomization("shop", two)}, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Wake(t.Context(), connector.Ref{Kind: "Kustomization", Namespace: "flux-system", Name: "shop"}); err != nil || applied(t, w) != "shop at 1ba" {
		t.Errorf("after an update: %s, %v", applied(t, w), err)
	}
	if err := in.Delete(t.Context(), "shop", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the deletion", func() bool { return applied(t, w) == "" })
	cancel()
	<-done
}
