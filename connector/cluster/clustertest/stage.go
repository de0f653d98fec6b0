package clustertest

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
	"k8s.io/client-go/dynamic"

	"github.com/ferry-cd/ferry/connector/cluster"
	"github.com/ferry-cd/ferry/git/gittest"
)

// Stage is a namespace of its own on any API server, a real one or the one in memory, where a GitRepository and a Kustomization
// of Flux apply a folder of a repository of Git that this machine serves. Where Flux's controllers run, in the cluster or
// beside it, they do the work; what of them does not run, the stage plays. It ends with the test, and leaves nothing.
type Stage struct {
	testing.TB
	Access     cluster.Access
	Kubeconfig string
	Namespace  string
	Dir, URL   string // of the bare repository

	memory   *Server       // nil on a real API server
	patience time.Duration // how long controllers may take to be seen
	works    map[schema.GroupVersionResource]bool
	defined  []Definition
}

// Definition is a kind that the stage can add to an API server.
type Definition struct{ Group, Version, Resource, Kind string }

// At is where its objects are.
func (d Definition) At() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: d.Group, Version: d.Version, Resource: d.Resource}
}

// What a stage needs of Flux, and what it leaves to others.
var (
	Kustomizations  = Definition{"kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization"}
	GitRepositories = Definition{"source.toolkit.fluxcd.io", "v1", "gitrepositories", "GitRepository"}
	Applications    = Definition{"argoproj.io", "v1alpha1", "applications", "Application"}
)

var namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

// RealKubeconfig is the kubeconfig that a test of a real API server was given, which is skipped without one.
func RealKubeconfig(t testing.TB) string {
	t.Helper()
	if os.Getenv("FERRY_E2E_CONNECTOR") == "" {
		t.Skip("FERRY_E2E_CONNECTOR is not set; make e2e-connector does")
	}
	files := filepath.SplitList(os.Getenv("KUBECONFIG"))
	if len(files) == 0 {
		t.Fatal("KUBECONFIG names no cluster")
	}
	return files[0]
}

// NewStage makes one on the API server of a kubeconfig, with the bare repository in dir. Controllers that say nothing about
// their objects for half a minute are taken not to run.
func NewStage(t testing.TB, kubeconfig, dir string) *Stage {
	t.Helper()
	return newStage(t, kubeconfig, dir, nil, 30*time.Second)
}

// Stage makes one on the server in memory, which runs no controller.
func (s *Server) Stage(t testing.TB, dir string) *Stage {
	t.Helper()
	s.Serve("", "v1", "namespaces", "Namespace")
	s.Serve("", "v1", "configmaps", "ConfigMap")
	s.Serve("coordination.k8s.io", "v1", "leases", "Lease")
	return newStage(t, s.Kubeconfig(t), dir, s, 0)
}

func newStage(t testing.TB, kubeconfig, dir string, memory *Server, patience time.Duration) *Stage {
	t.Helper()
	access, err := cluster.Connect(kubeconfig, "", "ferry-e2e")
	if err != nil {
		t.Fatal(err)
	}
	s := &Stage{TB: t, Access: access, Kubeconfig: kubeconfig, Namespace: "ferry-e2e-" + strings.ToLower(rand.Text()[:8]), Dir: dir, URL: gittest.NewServer(t, dir),
		memory: memory, patience: patience, works: map[schema.GroupVersionResource]bool{}}
	t.Cleanup(s.undefine)
	s.Define(Kustomizations)
	s.Define(GitRepositories)
	_, err = access.Client.Resource(namespaces).Create(t.Context(), object("v1", "Namespace", map[string]any{"name": s.Namespace}), metav1.CreateOptions{})
	s.Must(err)
	t.Cleanup(s.clear)
	return s
}

// Must ends the test at an error.
func (s *Stage) Must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// Await waits for something that the cluster does in its own time.
func (s *Stage) Await(want string, ok func() bool) {
	s.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	s.Fatalf("never came: %s\n%s", want, s.describe())
}

// In gives the objects of a kind in the stage's namespace.
func (s *Stage) In(d Definition) dynamic.ResourceInterface {
	return s.Access.Client.Resource(d.At()).Namespace(s.Namespace)
}

// Create makes an object in the stage's namespace.
func (s *Stage) Create(d Definition, name string, spec map[string]any) {
	s.Helper()
	o := object(d.Group+"/"+d.Version, d.Kind, map[string]any{"namespace": s.Namespace, "name": name})
	o.Object["spec"] = spec
	_, err := s.In(d).Create(s.Context(), o, metav1.CreateOptions{})
	s.Must(err)
}

func object(version, kind string, meta map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": version, "kind": kind, "metadata": meta}}
}

// Change reads an object, changes it and writes it, again where somebody else was faster.
func (s *Stage) Change(d Definition, name string, change func(*unstructured.Unstructured), sub ...string) {
	s.Helper()
	for {
		o, err := s.In(d).Get(s.Context(), name, metav1.GetOptions{})
		s.Must(err)
		change(o)
		_, err = s.In(d).Update(s.Context(), o, metav1.UpdateOptions{}, sub...)
		if !apierrors.IsConflict(err) {
			s.Must(err)
			return
		}
	}
}

// describe tells what the engine says, for whoever reads why a test failed.
func (s *Stage) describe() string {
	var out strings.Builder
	for _, at := range []struct {
		Definition
		name string
	}{{GitRepositories, fleet}, {Kustomizations, shop}} {
		o, err := s.In(at.Definition).Get(context.Background(), at.name, metav1.GetOptions{})
		if err != nil {
			fmt.Fprintf(&out, "%s %s: %v\n", at.Kind, at.name, err)
			continue
		}
		fmt.Fprintf(&out, "%s %s: generation %d, status %v\n", at.Kind, at.name, o.GetGeneration(), o.Object["status"])
	}
	return out.String()
}
