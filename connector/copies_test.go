package connector_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

// The head of the promotion pull request and the source commit hear the same, and the deployment shows it.
func TestCopiesSayTheSame(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	source := newMemory(w.clock, "connector")
	repo := &w.options.Repositories[0]
	repo.PullRequests, repo.Deployments, repo.Production = true, true, []string{"prod"}
	repo.Sources = func(repository string) (connector.Destination, bool) {
		return connector.Destination{Name: "source", Forge: source}, repository == "https://example.com/acme/shop"
	}
	repo.URL = func(v connector.Verdict) string { return "https://connector.example.com/" + v.App }
	first := w.promote("prod", "shop", 1)
	head := strings.Repeat("e", 40)
	forge.pulls = []scm.PullRequest{{Number: 7, State: scm.Merged, Head: "ferry/prod/shop", Base: "main", HeadSHA: head, MergeCommit: first}}
	w.cluster.Set(w.kustomization("shop", "prod/shop", first))
	w.start()
	w.run(10 * time.Minute)
	built := fmt.Sprintf("%040x", 1)
	for _, got := range [][]string{forge.says(first, prodShop), forge.says(head, prodShop), source.says(built, prodShop)} {
		if !slices.Equal(got, []string{"success 1 of 1 unit healthy"}) {
			t.Errorf("said %q", got)
		}
	}
	if forge.statuses[first][0].URL != "https://connector.example.com/shop" {
		t.Errorf("URL %q", forge.statuses[first][0].URL)
	}
	if got := forge.deployments[first+" prod/shop production=true"]; got != scm.Success {
		t.Errorf("deployments %v", forge.deployments)
	}

	// A newer one of the same source commit (its configuration changed) takes over there, not on its own commit.
	files := w.release("prod", "shop", 1)
	files["prod/shop/configmap.yaml"] = "kind: ConfigMap\n"
	second := w.commit("main", files)
	w.cluster.Set(unhealthy(w.kustomization("shop", "prod/shop", second)))
	w.run(10 * time.Minute)
	w.expect(first, prodShop, "success")
	w.expect(second, prodShop, "failure")
	if got := source.says(built, prodShop); len(got) != 2 || !strings.HasPrefix(got[1], "failure") {
		t.Errorf("source says %q", got)
	}
	if got := forge.deployments[second+" prod/shop production=true"]; got != scm.Failure {
		t.Errorf("deployments %v", forge.deployments)
	}
}

// A source forge that refuses does not keep the GitOps commit waiting.
func TestASourceForgeThatRefusesIsParkedAlone(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	w.inMemory()
	source := newMemory(w.clock, "connector")
	source.down = fmt.Errorf("status 401: %w", scm.ErrUnauthorized)
	w.options.Repositories[0].Sources = func(string) (connector.Destination, bool) {
		return connector.Destination{Name: "source", Forge: source}, true
	}
	first := w.promote("dev", "shop", 1)
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.start()
	w.run(time.Minute)
	w.expect(first, devShop, "success")
	w.expect(first, devShop+"/continue", "success")
	parked := w.c.State().Repositories[0].Parked
	if len(parked) != 1 || parked[0].Destination != "source" {
		t.Errorf("parked %+v", parked)
	}
}

// A promotion whose pull request was closed ends for those who wait; those of other people and old ones do not.
func TestClosedPromotionsEnd(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	refs, err := w.repo.Refs(w.ctx)
	w.must(err)
	w.commit("ferry/prod/shop", w.release("prod", "shop", 3), refs["refs/heads/main"])
	refs, err = w.repo.Refs(w.ctx)
	w.must(err)
	head := string(refs["refs/heads/ferry/prod/shop"])
	pr := scm.PullRequest{Number: 9, State: scm.Closed, Head: "ferry/prod/shop", Base: "main", HeadSHA: head, Title: "shop 1.3.0 to prod", Closed: w.clock()}
	foreign, gone, old := pr, pr, pr
	foreign.Head, gone.HeadSHA, old.Closed = "ferry/prod/elsewhere", strings.Repeat("d", 40), w.clock().Add(-72*time.Hour)
	forge.pulls = []scm.PullRequest{pr, foreign, gone, old}
	w.start()
	w.run(10 * time.Minute)
	if want := []string{head + "/prod/shop/closed"}; !slices.Equal(w.pipes.told, want) {
		t.Errorf("told %q", w.pipes.told)
	}
	w.expect(head, prodShop+"/continue", "success pipelines were told: closed")
	w.start()
	w.run(2 * time.Hour)
	if len(w.pipes.told) != 1 {
		t.Errorf("told %q", w.pipes.told)
	}
}

// ferry advance is asked for after an end, when a soak time is over, and once in a while.
func TestAdvanceIsAskedFor(t *testing.T) {
	w := newWorld(t, strings.Replace(twoEnvironments, "after: [dev]", "after: [dev], gates: {soak: 17m}", 1))
	w.inMemory()
	w.options.Timing.Advance = -1
	w.start()
	w.run(5 * time.Minute)
	first := w.promote("dev", "shop", 1)
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.run(5 * time.Hour)
	want := []string{"acme/gitops: the connector begins to watch", "acme/gitops: shop in dev is healthy", "acme/gitops: a soak time has passed"}
	if !slices.Equal(w.pipes.advances, want) {
		t.Errorf("asked for %q", w.pipes.advances)
	}
	w.options.Timing.Advance = 0
	w.start()
	w.run(2 * time.Hour)
	if n := len(w.pipes.advances); n < len(want)+4 || n > len(want)+6 {
		t.Errorf("asked for %q", w.pipes.advances)
	}
}

// What was merged past the window of one look is still asked for: a connector of one environment keeps to it.
func TestOtherEnvironmentsAreLeftAlone(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	w.options.Repositories[0].Environments = []string{"prod"}
	dev, prod := w.promote("dev", "shop", 1), w.promote("prod", "shop", 1)
	w.start()
	w.run(10 * time.Minute)
	w.expect(prod, prodShop, "pending")
	if got := w.says(dev, devShop); len(got) > 0 {
		t.Errorf("said %q", got)
	}
	w2 := newWorld(t, strings.Replace(twoEnvironments, "after: [dev]", "after: [dev], health: {from: merged}", 1))
	prod = w2.promote("prod", "shop", 1)
	w2.start()
	w2.run(10 * time.Minute)
	if got := w2.says(prod, prodShop); len(got) > 0 {
		t.Errorf("said %q where merging is the proof", got)
	}
}

// An environment on a branch of its own, and a branch that was rewritten.
func TestBranchesOfTheirOwn(t *testing.T) {
	w := newWorld(t, strings.Replace(twoEnvironments, "after: [dev]", "after: [dev], branch: env/prod", 1))
	base := w.commit("env/prod", map[string]string{"README.md": "prod\n"})
	first := w.commit("env/prod", w.release("prod", "shop", 1))
	unit := w.kustomization("shop", "prod/shop", first)
	unit.Origins[0].Branch = "env/prod"
	w.cluster.Set(unit)
	w.start()
	w.run(time.Minute)
	w.expect(first, prodShop, "success")

	c, err := w.repo.Commit(w.ctx, git.ID(base))
	w.must(err)
	second := w.object(c.Tree, w.release("prod", "shop", 2), c.ID)
	w.must(w.repo.Push(w.ctx, git.Update{Ref: "refs/heads/env/prod", Old: git.ID(first), New: second}))
	w.run(2 * time.Minute)
	w.expect(string(second), prodShop, "pending 0 of 1 unit healthy; Kustomization flux-system/shop is at "+first[:7])
	unit.Origins[0].Commit, unit.Origins[0].Attempting = string(second), string(second)
	w.cluster.Set(unit)
	w.run(time.Minute)
	w.expect(string(second), prodShop, "success")
}

// An app that leaves supersedes what was there; its folder is nobody's target any more.
func TestARemovedAppEnds(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	first := w.promote("dev", "shop", 1)
	files := w.release("dev", "shop", 1)
	for path := range files {
		files[path] = ""
	}
	gone := w.commit("main", files)
	w.start()
	w.run(time.Minute)
	w.expect(first, devShop, fmt.Sprintf("superseded superseded: %.7s removes it", gone))
	if got := w.says(gone, devShop); len(got) > 0 {
		t.Errorf("said %q", got)
	}
}

// A unit that has an artifact without a known repository is found by what it applied.
func TestAUnitIsFoundByItsInventory(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	files := w.release("dev", "shop", 1)
	files["dev/shop/deployment-shop.yaml"] = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop, namespace: shop}\n"
	first := w.commit("main", files)
	unit := w.kustomization("shop", "", first)
	unit.Origins[0].Repository, unit.Origins[0].Branch, unit.Origins[0].Path = "", "", "./"
	unit.Resources = []connector.Resource{{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "shop", Name: "shop"}}
	w.cluster.Set(unit)
	w.start()
	w.run(time.Minute)
	w.expect(first, devShop, "success 1 of 1 unit healthy")
}
