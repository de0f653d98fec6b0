package cluster

import (
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

// gushing sends one event more when it is stopped, as a stream does that breaks off at that moment.
type gushing struct {
	events chan watch.Event
}

func (g *gushing) ResultChan() <-chan watch.Event { return g.events }

func (g *gushing) Stop() { close(g.events) }

// Whoever stops reading leaves nobody waiting, whatever still comes.
func TestAStoppedWatchLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gushing{events: make(chan watch.Event)}
		w := kinds[0].translate(g)
		object := &unstructured.Unstructured{Object: map[string]any{"kind": "Kustomization", "metadata": map[string]any{"name": "shop"}}}
		g.events <- watch.Event{Type: watch.Added, Object: object}
		e := <-w.ResultChan()
		if r, ok := e.Object.(*reading); !ok || r.Name != "shop" {
			t.Errorf("it brings %+v", e)
		}
		g.events <- watch.Event{Type: watch.Modified, Object: object} // nobody reads this one
		w.Stop()
	})
}
