package connector_test

import (
	"slices"
	"testing"
	"time"
)

// A unit that joins late does not unsay what was said, but its failure does; one that leaves takes its word along, and where
// none is left, the last end stands.
func TestUnitsJoinAndLeave(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	first := w.promote("dev", "shop", 1)
	a, b := w.kustomization("a", "dev/shop", first), w.kustomization("b", "dev/shop", first)
	w.cluster.Set(a)
	w.start()
	w.run(time.Minute)
	w.expect(first, devShop, "success 1 of 1 unit healthy")

	w.cluster.Set(verifying(b))
	w.run(time.Minute)
	w.expect(first, devShop, "success 1 of 1 unit healthy")
	w.cluster.Set(unhealthy(b))
	w.run(time.Minute)
	w.expect(first, devShop, "failure 1 of 2 units healthy; Kustomization flux-system/b: HealthCheckFailed")
	w.cluster.Remove(b.Ref())
	w.run(20 * time.Minute)
	w.expect(first, devShop, "success 1 of 1 unit healthy")
	w.cluster.Remove(a.Ref())
	w.run(3 * time.Hour)
	w.expect(first, devShop, "success 1 of 1 unit healthy")
	if want := []string{first + "/dev/shop/healthy", first + "/dev/shop/failed"}; !slices.Equal(w.pipes.told, want) {
		t.Errorf("told %q", w.pipes.told)
	}
}
