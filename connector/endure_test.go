package connector_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/git"
)

// An environment whose branch is not there yet is told, and keeps nobody else from being answered.
func TestABranchThatIsNotThereKeepsNobodyBack(t *testing.T) {
	w := newWorld(t, strings.Replace(twoEnvironments, "{name: prod,", "{name: prod, branch: env/prod,", 1))
	first := w.promote("dev", "shop", 1)
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.start()
	w.run(5 * time.Minute)
	w.expect(first, devShop, "success")
	if p := w.c.State().Repositories[0].Problem; !strings.Contains(p, "env/prod") {
		t.Errorf("problem %q", p)
	}
	prod := w.commit("env/prod", w.release("prod", "shop", 1))
	w.cluster.Set(onBranch(w.kustomization("shop-prod", "prod/shop", prod), "env/prod"))
	w.run(5 * time.Minute)
	w.expect(prod, prodShop, "success")
	if p := w.c.State().Repositories[0].Problem; p != "" {
		t.Errorf("problem %q", p)
	}
}

func onBranch(u connector.Unit, branch string) connector.Unit {
	u.Origins[0].Branch = branch
	return u
}

// Now and then the repository is opened anew; where that fails half-way, what the cluster says meanwhile waits.
func TestOpeningAnewMayFail(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	first := w.promote("dev", "shop", 1)
	empty := w.bare(t.TempDir())
	open, broken := w.options.Repositories[0].Open, false
	w.options.Repositories[0].Open = func(ctx context.Context) (*git.Repository, error) {
		if broken {
			return empty, nil
		}
		return open(ctx)
	}
	w.start()
	for n := range int64(210) {
		first = w.promote("dev", "shop", n+2)
		w.c.Wake("")
		w.run(time.Second)
		broken = n > 190
		w.cluster.Set(verifying(w.kustomization("shop", "dev/shop", first)))
	}
	w.run(time.Minute)
	broken = false
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.run(time.Hour)
	w.expect(first, devShop, "success")
}
