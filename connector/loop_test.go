package connector_test

import (
	"testing"
	"time"
)

// A promotion is answered step by step, and everybody is told once.
func TestAPromotionIsAnswered(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	first := w.promote("dev", "shop", 1)
	w.start()
	w.run(time.Minute)
	w.expect(first, devShop, "pending no Kustomization, HelmRelease or Application tracks dev/shop")

	w.cluster.Set(verifying(w.kustomization("shop", "dev/shop", first)))
	w.run(time.Minute)
	w.expect(first, devShop, "pending 0 of 1 unit healthy; Kustomization flux-system/shop is verifying")

	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.run(time.Minute)
	w.expect(first, devShop, "success 1 of 1 unit healthy")
	w.expect(first, devShop+"/continue", "success pipelines were told: healthy")
	if got := w.pipes.told; len(got) != 1 || got[0] != first+"/dev/shop/healthy" {
		t.Errorf("told %q", got)
	}
	if n := len(w.says(first, devShop)); n > 4 {
		t.Errorf("%d posts: %q", n, w.says(first, devShop))
	}
	w.run(10 * time.Hour)
	if n := len(w.says(first, devShop)); n > 4 || len(w.pipes.told) != 1 {
		t.Errorf("%d posts, told %q", n, w.pipes.told)
	}
}
