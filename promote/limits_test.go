package promote_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/render"
)

// endless is a patcher that ends when its time is up.
type endless struct{ render.Renderer }

func (endless) Patch(ctx context.Context, _ []byte, _ render.Patch) ([]byte, error) {
	select {
	case <-ctx.Done():
		return nil, render.Stopped(ctx)
	case <-time.After(time.Minute):
		return nil, errors.New("nobody stopped it")
	}
}

// What is done after a renderer takes no longer than a render may, too.
func TestPatchesTakeNoLongerThanARender(t *testing.T) {
	w := newWorld(t, "version: 1\ndefaults: {kubernetes: {version: \"1.34\"}, limits: {time: 2s}}\napps:\n"+
		"  - {name: shop, source: {repository: https://example.com/acme/apps, path: shop}, images: [{name: ghcr.io/acme/shop}], patches: [{path: patch.yaml, target: {kind: Pod}}]}\n"+
		"environments: [{name: dev}]\n", map[string]string{"patch.yaml": "metadata: {labels: {patched: \"yes\"}}\n"})
	w.templates("shop", map[string]string{"all.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\nspec: {containers: [{name: shop, image: ghcr.io/acme/shop}]}\n"})
	p := w.ferry()
	p.Renderers["kustomize"] = endless{}
	_, err := w.submitWith(p, w.release("shop", 1))
	if err == nil || !strings.Contains(err.Error(), "shop in dev: patch patch.yaml:1: Pod shop: rendering took longer than 2s") {
		t.Errorf("got %v", err)
	}
	var next interface{ Hint() string }
	if !errors.As(err, &next) || !strings.Contains(next.Hint(), "limits.time") {
		t.Errorf("the hint of %v does not name the key", err)
	}
}
