package cluster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/cluster"
	"github.com/ferry-cd/ferry/connector/cluster/clustertest"
)

// application synced a commit, and applied a Deployment of its own name.
func application(name, sha string) map[string]any {
	return map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": map[string]any{"namespace": "argocd", "name": name},
		"spec": map[string]any{"source": map[string]any{"repoURL": "https://github.com/acme/gitops", "path": name}, "destination": map[string]any{"namespace": name}},
		"status": map[string]any{
			"sync":           map[string]any{"status": "Synced", "revision": sha},
			"operationState": map[string]any{"phase": "Succeeded", "operation": map[string]any{"sync": map[string]any{"revision": sha}}, "syncResult": map[string]any{"revision": sha}},
			"resources":      []any{map[string]any{"group": "apps", "version": "v1", "kind": "Deployment", "namespace": name, "name": "web"}},
		},
	}
}

// Somebody who sends no name, as gitops-connector's template for Argo CD, has the Application read whose resource it speaks of,
// else those at its commit, else all: what they are now is known, although no watch said so.
func TestWatcherSeeks(t *testing.T) {
	deployment := func(namespace string) connector.Resource {
		return connector.Resource{Group: "apps", Kind: "Deployment", Namespace: namespace, Name: "web"}
	}
	for name, tt := range map[string]struct {
		commit string
		part   connector.Resource
		many   bool
		read   []string // Applications that are known anew
		list   bool     // by a list
	}{
		"a resource":                 {two, deployment("shop"), false, []string{"shop"}, false},
		"a resource that nobody has": {one, deployment("elsewhere"), false, []string{"cart", "shop"}, false},
		"a commit":                   {one, connector.Resource{}, false, []string{"cart", "shop"}, false},
		"a commit that nobody has":   {strings.Repeat("f", 40), connector.Resource{}, false, []string{"cart", "shop", "stock"}, true},
		"nothing":                    {"", connector.Resource{}, false, []string{"cart", "shop", "stock"}, true},
		"too many to read each":      {one, connector.Resource{}, true, []string{"cart", "shop", "stock"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clustertest.New(t)
			s.Serve("argoproj.io", "v1alpha1", "applications", "Application")
			put := func(name, sha string) { s.Put("argoproj.io", "v1alpha1", "applications", application(name, sha)) }
			put("shop", one)
			put("cart", one)
			put("stock", two)
			for i := range 30 {
				if tt.many {
					put(fmt.Sprint("other-", i), one)
				}
			}
			w := watch(t, s, func(o *cluster.Options) { o.Namespaces = []string{"argocd"} })
			eventually(t, "the first reading", w.Synced)
			s.Mute() // from here on nothing comes by itself
			pages := s.Pages()
			for _, name := range []string{"shop", "cart", "stock"} {
				put(name, strings.Repeat("e", 40))
			}
			if err := w.Seek(t.Context(), tt.commit, tt.part); err != nil {
				t.Fatal(err)
			}
			known := func() (out []string) {
				units, _ := w.Units(t.Context())
				for _, u := range units {
					if u.Origins[0].Applied.Commit() == strings.Repeat("e", 40) {
						out = append(out, u.Name)
					}
				}
				return out
			}
			eventually(t, strings.Join(tt.read, ", "), func() bool { return slices.Equal(known(), tt.read) })
			if listed, got := s.Pages() > pages, slices.Contains(s.Asked(), "get applications"); listed != tt.list || got == tt.list {
				t.Errorf("listed: %v, read one by one: %v", listed, got)
			}
		})
	}
}

// However many ask at once for all, they are listed a few times and no more, the last time after the last one asked.
func TestWatcherSeeksNotTooOften(t *testing.T) {
	s := clustertest.New(t)
	s.Serve("argoproj.io", "v1alpha1", "applications", "Application")
	w := watch(t, s, func(o *cluster.Options) { o.Rediscover = time.Second })
	eventually(t, "the first reading", w.Synced)
	before := s.Pages()
	began := time.Now()
	for range 500 {
		if err := w.Seek(t.Context(), "", connector.Resource{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	eventually(t, "a list", func() bool { return s.Pages() > before })
	if most := 2 + int(time.Since(began)/time.Second); s.Pages()-before > most {
		t.Errorf("%d lists, not %d", s.Pages()-before, most)
	}
	s.Mute()
	s.Put("argoproj.io", "v1alpha1", "applications", application("late", one))
	if err := w.Seek(t.Context(), "", connector.Resource{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "who came last", func() bool { units, _ := w.Units(t.Context()); return len(units) == 1 })
}
