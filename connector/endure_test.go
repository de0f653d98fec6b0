package connector_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
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

// A forge that refuses for ever to say an end, as GitHub does after a thousand statuses, keeps no pipeline waiting.
func TestPipelinesHearWhatCannotBeSaid(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	first := w.promote("dev", "shop", 1)
	for range 1000 {
		forge.statuses[first] = append(forge.statuses[first], scm.Status{Context: devShop, State: scm.Pending, Text: "again", Creator: "connector"})
	}
	w.options.Timing.Budget = 2000
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.start()
	w.run(10 * time.Minute)
	if want := []string{first + "/dev/shop/healthy"}; !slices.Equal(w.pipes.told, want) {
		t.Errorf("told %q", w.pipes.told)
	}
	w.start() // whoever comes next finds it on the forge
	w.run(10 * time.Minute)
	if len(w.pipes.told) != 1 {
		t.Errorf("told %q", w.pipes.told)
	}

	second := w.promote("dev", "shop", 2)
	forge.refuses = func(sha string) error { return map[string]error{second: scm.ErrInvalid}[sha] }
	w.cluster.Set(w.kustomization("shop", "dev/shop", second))
	w.run(time.Hour)
	if got := slices.Sorted(slices.Values(w.pipes.told[1:])); !slices.Equal(got, slices.Sorted(slices.Values([]string{first + "/dev/shop/superseded", second + "/dev/shop/healthy"}))) {
		t.Errorf("told %q", got)
	}
}

// A token that may not show deployments still posts every status at once.
func TestRefusedDeploymentsKeepNoStatusBack(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	w.options.Repositories[0].Deployments = true
	forge := &noDeployments{w.inMemory()}
	w.options.Repositories[0].Forge.Forge = forge
	w.start()
	for n := range int64(3) {
		commit := w.promote("dev", "shop", n+1)
		w.cluster.Set(w.kustomization("shop", "dev/shop", commit))
		w.run(2 * time.Minute)
		w.expect(commit, devShop, "success")
	}
	if parked := w.c.State().Repositories[0].Parked; len(parked) != 1 || parked[0].Destination != "forge (deployments)" {
		t.Errorf("parked: %+v", parked)
	}
}

type noDeployments struct{ *memory }

func (noDeployments) EnsureDeployment(context.Context, scm.Deployment) (bool, error) {
	return false, scm.ErrForbidden
}

// Where the reply to the post of an end is lost, ferry advance is asked for all the same.
func TestALostReplyStillAsksForAdvance(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	first := w.promote("dev", "shop", 1)
	w.start()
	w.run(5 * time.Minute)
	before, lost := len(w.pipes.advances), false
	forge.fault = func(call string) (bool, error) {
		if !lost && call == devShop+" success" {
			lost = true
			return true, errors.New("connection reset")
		}
		return true, nil
	}
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.run(2 * time.Minute)
	if !lost || len(w.pipes.advances) != before+1 {
		t.Errorf("lost %t, advances %q", lost, w.pipes.advances[before:])
	}
}

// Just before pipelines are told, the forge is asked whether they were: another cluster's connector may have seen all ends first.
func TestPipelinesAreNotToldWhatAnotherTold(t *testing.T) {
	for name, tt := range map[string]struct {
		by, text string
		told     []string
	}{
		"the other told":           {"connector", "pipelines were told: healthy", nil},
		"the other told a failure": {"connector", "pipelines were told: failed", []string{"healthy"}},
		"a stranger says so":       {"mallory", "pipelines were told: healthy", []string{"healthy"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, strings.Replace(twoEnvironments, "{name: dev, deadline: 1h}", "{name: dev, deadline: 1h, clusters: [eu-1, eu-2]}", 1))
			forge := w.inMemory()
			w.options.ClusterName = "eu-1"
			first := w.promote("dev", "shop", 1)
			w.cluster.Set(w.kustomization("shop", "dev/shop", first))
			w.start()
			w.run(10 * time.Minute)
			_, err := forge.set(w.ctx, first, scm.Status{Context: devShop + "/eu-2", State: scm.Success, Text: "well"}, "connector")
			w.must(err)
			_, err = forge.set(w.ctx, first, scm.Status{Context: devShop + "/continue", State: scm.Success, Text: tt.text}, tt.by)
			w.must(err)
			w.run(2 * time.Hour)
			var want []string
			for _, end := range tt.told {
				want = append(want, first+"/dev/shop/"+end)
			}
			if !slices.Equal(w.pipes.told, want) {
				t.Errorf("told %q", w.pipes.told)
			}
		})
	}
}

// A forge that merges by moving the branch brings a commit that was made when the pull request was opened. Its deadline counts
// from when it came, and whoever waits for it is told.
func TestACommitIsNotLateBecauseItIsOld(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	w.start()
	w.run(time.Minute)
	refs, err := w.repo.Refs(w.ctx)
	w.must(err)
	base, err := w.repo.Commit(w.ctx, refs["refs/heads/main"])
	w.must(err)
	made := w.object(base.Tree, w.release("dev", "shop", 1), base.ID)
	w.run(72 * time.Hour) // it lies in a pull request
	w.must(w.repo.Push(w.ctx, git.Update{Ref: "refs/heads/main", Old: base.ID, New: made}))
	w.run(50 * time.Minute)
	w.expect(string(made), devShop, "pending")
	w.cluster.Set(w.kustomization("shop", "dev/shop", string(made)))
	w.run(5 * time.Minute)
	w.expect(string(made), devShop, "success")
	if want := []string{string(made) + "/dev/shop/healthy"}; !slices.Equal(w.pipes.told, want) {
		t.Errorf("told %q", w.pipes.told)
	}
}

// Who believes to lead and wants to say that it waits reads first: whoever leads in truth may have said the end.
func TestNoEndIsUnsaidFromMemory(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	first := w.promote("dev", "shop", 1)
	w.start()
	w.run(5 * time.Minute)
	w.expect(first, devShop, "pending")
	_, err := forge.set(w.ctx, first, scm.Status{Context: devShop, State: scm.Success, Text: "1 of 1 unit healthy"}, "connector")
	w.must(err)
	w.cluster.Set(verifying(w.kustomization("shop", "dev/shop", first)))
	w.run(5 * time.Minute)
	w.expect(first, devShop, "success")
	if got := forge.says(first, devShop); len(got) != 2 {
		t.Errorf("said %q", got)
	}
}

// Two accounts that answer for one place are told, by whoever is spoken over.
func TestTwoWritersOfOnePlaceAreTold(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	first := w.promote("dev", "shop", 1)
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.start()
	w.run(20 * time.Second)
	if parked := w.c.State().Repositories[0].Parked; len(parked) != 0 {
		t.Errorf("parked: %+v", parked)
	}
	_, err := forge.set(w.ctx, first, scm.Status{Context: devShop, State: scm.Failure, Text: "no"}, "another")
	w.must(err)
	w.run(10 * time.Minute)
	w.expect(first, devShop, "success")
	parked := w.c.State().Repositories[0].Parked
	if len(parked) != 1 || parked[0].Context != devShop || parked[0].Commit != first || !strings.HasPrefix(parked[0].Why, "another says this, too") {
		t.Errorf("parked: %+v", parked)
	}
}
