package connector_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/scm"
)

// What the forge says in the end is the same with webhooks and without, and however often and in whatever order they come: they
// only have the connector look sooner.
func TestWebhooksChangeNothingThatIsSaid(t *testing.T) {
	never := func(*world) {}
	want, posts := toldWith(t, never)
	if len(want) != 6 || posts == 0 {
		t.Fatalf("%d places say something: %q", len(want), want)
	}
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 9))
		got, _ := toldWith(t, func(w *world) {
			for range r.IntN(5) {
				w.c.Wake([]string{"", "acme/gitops", "somebody/else"}[r.IntN(3)])
				w.run(time.Duration(r.IntN(3)) * time.Second)
			}
		})
		if !maps.Equal(got, want) {
			t.Errorf("seed %d:\n%q\nwithout:\n%q", seed, got, want)
		}
	}
}

// toldWith plays two promotions of one app and one of another that fails, with webhooks at every step, and gives what is said in
// the end in each place, by release.
func toldWith(t *testing.T, hooks func(*world)) (map[string]string, int) {
	t.Helper()
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	w.start()
	step := func() { hooks(w); w.run(90 * time.Second); hooks(w) }
	first := w.promote("dev", "shop", 1)
	step()
	cart := w.promote("dev", "cart", 1)
	w.cluster.Set(verifying(w.kustomization("shop", "dev/shop", first)))
	step()
	second := w.promote("dev", "shop", 2)
	w.cluster.Set(w.kustomization("shop", "dev/shop", second), unhealthy(w.kustomization("cart", "dev/cart", cart)))
	step()
	w.run(10 * time.Minute)
	out := map[string]string{}
	names := map[string]string{first: "first", second: "second", cart: "cart"}
	for sha, all := range forge.statuses {
		for _, s := range slices.Backward(all) {
			out[names[sha]+" "+s.Context] = fmt.Sprint(s.State, s.State == scm.Pending)
		}
	}
	return out, len(forge.writes)
}
