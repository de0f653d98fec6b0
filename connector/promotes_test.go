package connector_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/plain"
	"github.com/ferry-cd/ferry/report"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/source"
)

const promoted = `version: 1
defaults: {kubernetes: {version: "1.34"}}
apps:
  - {name: shop, source: {repository: https://example.com/acme/apps, path: shop}, namespace: shop}
environments:
  - {name: dev, pullRequest: false, deadline: 1h}
  - {name: prod, after: [dev], deadline: 1h}
trust: {connector: [connector]}
`

// ferry is a fresh process of the bot on the same repository and forge.
func (w *world) ferry() *promote.Promoter {
	w.Helper()
	repo, err := git.Open(w.ctx, w.dir, git.Options{Identity: git.Identity{Name: "ferry", Email: "ferry@example.com"}, Now: w.clock})
	w.must(err)
	return &promote.Promoter{Repo: repo, Forge: w.forge("ferry"), Sources: source.NewStore(repo), Write: report.Writer{Budget: report.Local}.PullRequest,
		Renderers: map[string]render.Renderer{"plain": plain.New()}, Now: w.clock, Version: "0.1.0"}
}

// submit hands version 1.n.0 of the shop over, from templates that the GitOps repository holds beside the rest.
func (w *world) submit(n int64) string {
	w.Helper()
	w.commit("templates", map[string]string{"shop/configmap.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {version: \"" + strings.Repeat("i", int(n)) + "\"}\n"})
	refs, err := w.repo.Refs(w.ctx)
	w.must(err)
	c, err := w.repo.Commit(w.ctx, refs["refs/heads/templates"])
	w.must(err)
	tree, err := w.repo.Lookup(w.ctx, c.Tree, "shop")
	w.must(err)
	rel := release.Release{App: "shop", Version: "1." + strings.Repeat("1", int(n)), Sequence: release.Sequence{Kind: release.GitHub, Number: n},
		Source:    release.Source{Repository: "https://example.com/acme/apps", Commit: string(c.ID), Time: w.clock()},
		Templates: string(tree.ID), Root: "shop"}
	p := w.ferry()
	s, err := p.Load(w.ctx, promote.Scope{Apps: []string{"shop"}})
	w.must(err)
	in, err := p.Sources.(*source.Store).Intake(w.ctx, w.repo, []release.Release{rel})
	w.must(err)
	r, err := p.Submit(w.ctx, s, in, promote.Options{Scope: promote.Scope{Apps: in.Apps()}})
	w.must(err)
	w.must(r.Errors())
	refs, err = w.repo.Refs(w.ctx)
	w.must(err)
	return string(refs["refs/heads/main"])
}

func (w *world) open() []scm.PullRequest {
	w.Helper()
	prs, err := w.forge("ada").PullRequests(w.ctx, scm.Filter{State: scm.Open})
	w.must(err)
	return prs
}

// What the connector says is what the gates read: a release goes on when the cluster is healthy, and not before.
func TestPromotionGoesOnByTheConnectorsWord(t *testing.T) {
	w := newWorld(t, promoted)
	advance := func() {
		t.Helper()
		r, err := w.ferry().Advance(w.ctx, promote.Options{})
		w.must(err)
		w.must(r.Errors())
	}
	w.pipes.advance = func(context.Context) { advance() }
	first := w.submit(1)
	w.cluster.Set(verifying(w.kustomization("shop", "dev/shop", first)))
	w.start()
	w.run(5 * time.Minute)
	advance()
	if prs := w.open(); len(prs) != 0 {
		t.Fatalf("proposed before it was healthy: %+v", prs)
	}
	w.cluster.Set(unhealthy(w.kustomization("shop", "dev/shop", first)))
	w.run(5 * time.Minute)
	if prs := w.open(); len(prs) != 0 {
		t.Fatalf("proposed although it failed: %+v", prs)
	}
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.run(5 * time.Minute) // the connector asks for ferry advance by itself
	prs := w.open()
	if len(prs) != 1 || prs[0].Head != "ferry/prod/shop" {
		t.Fatalf("open: %+v", prs)
	}

	second := w.submit(2) // the first is superseded nowhere: it was healthy
	w.cluster.Set(w.kustomization("shop", "dev/shop", second))
	w.run(5 * time.Minute)
	w.expect(first, devShop, "success")
	w.expect(second, devShop, "success")
	third := w.submit(3)
	fourth := w.submit(4)
	w.run(5 * time.Minute)
	w.expect(third, devShop, "superseded")
	outcome, why, err := w.standing("1.111")
	w.must(err)
	if outcome != promote.Superseded {
		t.Errorf("the third is %s: %s", outcome, why)
	}
	w.cluster.Set(w.kustomization("shop", "dev/shop", fourth))
	w.run(5 * time.Minute)
	if outcome, why, err := w.standing("1.1111"); err != nil || outcome != promote.Reached {
		t.Errorf("the fourth is %s: %s, %v", outcome, why, err)
	}
}

func (w *world) standing(version string) (promote.Outcome, string, error) {
	p := w.ferry()
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	return p.Standing(w.ctx, s, promote.Key{App: "shop", Environment: "dev"}, version, promote.ForHealthy)
}

// Somebody else's word in the connector's place counts for nothing, and is not taken over.
func TestAStrangersWordIsReplaced(t *testing.T) {
	w := newWorld(t, promoted)
	first := w.submit(1)
	_, err := w.forge("mallory").SetStatus(w.ctx, first, scm.Status{Context: devShop, State: scm.Success, Text: "all is well"})
	w.must(err)
	_, err = w.forge("mallory").SetStatus(w.ctx, first, scm.Status{Context: devShop + "/continue", State: scm.Success, Text: "pipelines were told: failed"})
	w.must(err)
	w.cluster.Set(verifying(w.kustomization("shop", "dev/shop", first)))
	w.start()
	w.run(time.Minute)
	if len(w.pipes.told) > 0 {
		t.Errorf("told %q", w.pipes.told)
	}
	w.cluster.Set(unhealthy(w.kustomization("shop", "dev/shop", first)))
	w.run(time.Minute)
	w.expect(first, devShop, "failure")
	if want := []string{first + "/dev/shop/failed"}; !slices.Equal(w.pipes.told, want) {
		t.Errorf("told %q", w.pipes.told)
	}
}

// Every order in which the news of two units come ends in one state, and no order says green too early.
func TestAnyOrderOfNews(t *testing.T) {
	orders := permutations([]int{0, 1, 2, 3})
	for _, order := range orders {
		w := newWorld(t, twoEnvironments)
		forge := w.inMemory()
		first := w.promote("dev", "shop", 1)
		a, b := w.kustomization("a", "dev/shop", first), w.kustomization("b", "dev/shop", first)
		news := []connector.Unit{verifying(a), unhealthy(a), verifying(b), unhealthy(b)}
		w.cluster.Set(verifying(a), verifying(b))
		w.start()
		for _, i := range order {
			w.cluster.Set(news[i])
			w.run(13 * time.Second)
		}
		w.cluster.Set(a)
		w.run(13 * time.Second)
		if got := w.newest(first, devShop); strings.HasPrefix(got, "success") {
			t.Errorf("%v: %q while b is not well", order, forge.says(first, devShop))
		}
		w.cluster.Set(b)
		w.run(time.Minute)
		w.expect(first, devShop, "success 2 of 2 units healthy")
	}
}

func permutations(in []int) [][]int {
	if len(in) < 2 {
		return [][]int{in}
	}
	var out [][]int
	for i, first := range in {
		rest := append(append([]int{}, in[:i]...), in[i+1:]...)
		for _, p := range permutations(rest) {
			out = append(out, append([]int{first}, p...))
		}
	}
	return out
}
