package clustertest

import (
	"context"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// Defined tells whether the API server has a kind.
func (s *Stage) Defined(d Definition) bool {
	s.Helper()
	list, err := s.Access.Discovery.ServerResourcesForGroupVersionWithContext(s.Context(), d.Group+"/"+d.Version)
	if apierrors.IsNotFound(err) {
		return false
	}
	s.Must(err)
	for _, r := range list.APIResources {
		if r.Name == d.Resource {
			return true
		}
	}
	return false
}

// Define adds a kind that the API server does not have, with any content, until Undefine or the end of the test.
func (s *Stage) Define(d Definition) {
	s.Helper()
	switch {
	case s.Defined(d):
		return
	case s.memory != nil:
		s.memory.Serve(d.Group, d.Version, d.Resource, d.Kind)
		return
	}
	s.Logf("the API server has no %s.%s: the stage defines a stand-in", d.Resource, d.Group)
	_, err := s.Access.Client.Resource(definitions).Create(s.Context(), &unstructured.Unstructured{Object: d.manifest()}, metav1.CreateOptions{})
	s.Must(err)
	s.defined = append(s.defined, d)
	s.Await("the definition of "+d.Kind, func() bool { return s.Defined(d) })
}

func (d Definition) name() string { return d.Resource + "." + d.Group }

func (d Definition) manifest() map[string]any {
	return map[string]any{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": d.name(), "labels": map[string]any{"app.kubernetes.io/managed-by": "ferry-e2e"}},
		"spec": map[string]any{"group": d.Group, "scope": "Namespaced",
			"names": map[string]any{"kind": d.Kind, "listKind": d.Kind + "List", "plural": d.Resource, "singular": strings.ToLower(d.Kind)},
			"versions": []any{map[string]any{"name": d.Version, "served": true, "storage": true, "subresources": map[string]any{"status": map[string]any{}},
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}}}
}

// Undefine takes away a kind that this stage has added, with all objects of it.
func (s *Stage) Undefine(d Definition) {
	s.Helper()
	if s.memory != nil {
		s.memory.Unserve(d.Group, d.Version, d.Resource)
		return
	}
	for i, mine := range s.defined {
		if mine == d {
			s.defined = append(s.defined[:i:i], s.defined[i+1:]...)
			s.Must(s.Access.Client.Resource(definitions).Delete(s.Context(), d.name(), metav1.DeleteOptions{}))
			return
		}
	}
	s.Fatalf("%s was there before", d.name())
}

// undefine takes away what Define has added and nobody took away.
func (s *Stage) undefine() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, d := range s.defined {
		if err := s.Access.Client.Resource(definitions).Delete(ctx, d.name(), metav1.DeleteOptions{}); err != nil {
			s.Errorf("the definition of %s stays behind: %v", d.Kind, err)
		}
	}
}

// mine are the kinds of which the namespace may hold something, in the order in which they go: what has others first.
var mine = []schema.GroupVersionResource{
	Kustomizations.At(), GitRepositories.At(), Applications.At(),
	{Version: "v1", Resource: "configmaps"}, {Group: "coordination.k8s.io", Version: "v1", Resource: "leases"},
	roleBindings, roles, serviceAccounts,
}

// clear deletes everything in the namespace, and the namespace. Where no controller of namespaces runs, nobody else would.
func (s *Stage) clear() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for _, at := range mine {
		s.sweep(ctx, at)
	}
	all := s.Access.Client.Resource(namespaces)
	if err := all.Delete(ctx, s.Namespace, metav1.DeleteOptions{}); err != nil {
		s.Errorf("namespace %s stays behind: %v", s.Namespace, err)
	}
	for seen := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		o, err := all.Get(ctx, s.Namespace, metav1.GetOptions{})
		if err != nil {
			if !apierrors.IsNotFound(err) {
				s.Errorf("namespace %s may stay behind: %v", s.Namespace, err)
			}
			return
		}
		if conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions"); len(conditions) == 0 && time.Since(seen) > 5*time.Second {
			unstructured.RemoveNestedField(o.Object, "spec", "finalizers")
			_, _ = all.Update(ctx, o, metav1.UpdateOptions{}, "finalize") // asked again when it was read
		}
	}
}

// sweep deletes what the namespace has of a kind, and waits for controllers to let go what they hold.
func (s *Stage) sweep(ctx context.Context, at schema.GroupVersionResource) {
	in := s.Access.Client.Resource(at).Namespace(s.Namespace)
	for held := true; held; time.Sleep(100 * time.Millisecond) {
		list, err := in.List(ctx, metav1.ListOptions{})
		if apierrors.IsNotFound(err) {
			return
		}
		if err != nil {
			s.Errorf("what %s has of %s may stay behind: %v", s.Namespace, at.Resource, err)
			return
		}
		held = false
		for _, o := range list.Items {
			held = held || len(o.GetFinalizers()) > 0
			if o.GetDeletionTimestamp() == nil {
				_ = in.Delete(ctx, o.GetName(), metav1.DeleteOptions{})
			}
		}
	}
}
