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

// releaseOf is the folder of an app whose manifests are one HelmRelease, and the units that come with it.
func (w *world) releaseOf(n int64) (commit string, kustomization, helm connector.Unit) {
	w.Helper()
	files := w.release("dev", "shop", n)
	files["dev/shop/helmrelease-shop.yaml"] = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop, namespace: shop}\n"
	commit = w.commit("main", files)
	kustomization = w.kustomization("shop", "dev/shop", commit)
	kustomization.Checks, kustomization.Healthy = false, connector.Condition{}
	return commit, kustomization, connector.Unit{Engine: connector.Flux, Kind: "HelmRelease", Namespace: "shop", Name: "shop", UID: "helm", Parent: kustomization.Ref(),
		Generation: n, Observed: n, Checks: true, Origins: []connector.Origin{{Chart: "shop"}},
		Ready: connector.Condition{State: connector.True, Reason: "UpgradeSucceeded", Since: w.clock()}, Healthy: connector.Condition{State: connector.True, Reason: "UpgradeSucceeded"}}
}

// A HelmRelease that is a manifest of the folder speaks for the app, where the Kustomization only says that it was applied.
func TestAHelmReleaseInTheFolderSpeaks(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	first, kustomization, helm := w.releaseOf(1)
	helm.Ready = connector.Condition{State: connector.False, Reason: "UpgradeFailed", Message: "timed out waiting", Since: w.clock()}
	helm.Healthy = helm.Ready
	w.cluster.Set(kustomization, helm)
	w.start()
	w.run(time.Minute)
	w.expect(first, devShop, "failure 1 of 2 units healthy")
	if got := w.newest(first, devShop); !strings.Contains(got, "UpgradeFailed") {
		t.Errorf("said %q", got)
	}
}

// News of a HelmRelease and of the Kustomization that applied it come on two ways: what the HelmRelease was before says nothing.
func TestAHelmReleaseIsNotBelievedAtOnce(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	_, _, helm := w.releaseOf(1)
	w.wait(time.Hour)
	second, kustomization, _ := w.releaseOf(2)
	w.cluster.Set(kustomization, helm) // the HelmRelease as it was before
	w.start()
	w.run(2 * time.Second)
	helm.Generation = 2 // its news come
	w.cluster.Set(helm)
	w.run(time.Minute)
	if got := w.says(second, devShop); len(got) != 1 || !strings.HasPrefix(got[0], "pending") {
		t.Errorf("said %q", got)
	}
	helm.Observed = 2
	w.cluster.Set(helm)
	w.run(time.Minute)
	w.expect(second, devShop, "success 1 of 2 units healthy, 1 applied, not health-checked")
}
