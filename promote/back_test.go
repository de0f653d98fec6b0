package promote_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/source"
)

// chainYAML has a prod that asks for everything, and goes back with one approval.
const chainYAML = `version: 1
defaults:
  kubernetes: {version: "1.34"}
  values: ["values/{app}.yaml?", "values/{environment}/{app}.yaml?"]
apps:
  - {name: shop, source: {repository: https://example.com/acme/apps, path: shop}, images: [{name: ghcr.io/acme/shop}], namespace: shop}
environments:
  - {name: dev, pullRequest: false}
  - {name: prod, after: [dev], merge: auto, rollback: {approvals: 1}, hotfix: {approvals: 1}, gates: {approvals: {count: 1}, soak: 2m}}
  - {name: dr, after: [prod], merge: auto}
overrides: [{environments: [prod], gates: [soak, healthy, freezes], by: [ada], approvals: 1, review: 72h}]
trust: {connector: [connector]}
`

// arrive brings version 1.n.0 to prod, proven.
func (w *world) arrive(n int64) {
	w.Helper()
	w.mustSubmit(n)
	w.healthy("dev")
	w.tick()
	w.tick()
	w.advance()
	w.approve("grace", w.promotion("prod").Number)
	w.advance()
	if got := w.version("prod", "shop"); got != w.release("shop", n).Version {
		w.Fatalf("prod has %s", got)
	}
	w.healthy("prod")
}

func (w *world) all() []scm.PullRequest {
	w.Helper()
	prs, err := w.forge("ada").PullRequests(w.ctx, scm.Filter{})
	w.must(err)
	return prs
}

func (w *world) back(to string) (*promote.Report, error) {
	w.Helper()
	w.tick()
	r, err := w.ferry().Rollback(w.ctx, promote.Back{Key: promote.Key{App: "shop", Environment: "prod"}, To: to, Reason: "checkout is slow", By: "ada"})
	if err != nil {
		return nil, err
	}
	return r, r.Errors()
}

// The way back: the tree of that time byte for byte, by a pull request with its own gates, and nobody rolls it forward.
func TestRollback(t *testing.T) {
	w := newWorld(t, chainYAML, nil)
	w.arrive(1)
	then := w.git("rev-parse", "main:prod/shop")
	w.templates("shop", map[string]string{"deployment.yaml.tmpl": deployment})
	w.arrive(2)
	w.mustSubmit(3)
	w.healthy("dev")
	w.tick()
	w.tick()
	w.advance() // 1.3.0 is open when it goes wrong
	if got := w.promotion("prod").Title; got != "shop 1.3.0 -> prod" {
		t.Fatalf("open: %v", got)
	}
	_, err := w.back("")
	w.must(err)
	pr := w.promotion("prod")
	if !strings.Contains(pr.Title, "shop 1.1.0 -> prod") {
		t.Fatalf("open: %v", w.open())
	}
	if r := w.advance(); !strings.Contains(waits(r), "0 of 1") {
		t.Fatalf("it waits for one approval: %s", waits(r))
	}
	w.approve("grace", pr.Number)
	w.advance()
	if got := w.git("rev-parse", "main:prod/shop"); got != then {
		t.Errorf("prod is not as it was: %s", w.git("diff", "--stat", then, got))
	}
	w.healthy("prod")
	w.mustSubmit(4)
	w.healthy("dev")
	w.tick()
	w.tick()
	r := w.advance()
	wantsIn(t, waits(r), "prod: hold: rolled back from 1.2.0 to 1.1.0: checkout is slow, by ada")
	if w.version("prod", "shop") != "1.1.0" {
		t.Errorf("rolled forward to %s", w.version("prod", "shop"))
	}
	before := w.refs()
	w.advance()
	if w.refs() != before {
		t.Error("a run with nothing to do wrote something")
	}
	w.tick()
	_, err = w.ferry().Promote(w.ctx, promote.Options{Release: "1.4.0", Scope: promote.Scope{Apps: []string{"shop"}, Environments: []string{"prod"}}})
	w.must(err)
	w.approve("grace", w.promotion("prod").Number)
	w.advance()
	if got := w.version("prod", "shop"); got != "1.4.0" {
		t.Errorf("asked for by name, prod has %s", got)
	}
	w.mustSubmit(5)
	w.healthy("dev")
	w.tick()
	w.tick()
	if r := w.advance(); strings.Contains(waits(r), "rolled back") {
		t.Errorf("the rollback is history: %s", waits(r))
	}
}

// promotion is the open pull request into an environment.
func (w *world) promotion(environment string) scm.PullRequest {
	w.Helper()
	for _, pr := range w.all() {
		if pr.State == scm.Open && pr.Head == release.PromotionBranch(environment, "shop") {
			return pr
		}
	}
	w.Fatalf("nothing is open for %s: %v", environment, w.open())
	return scm.PullRequest{}
}

// From the decision on, the release that is rolled back proves nothing, though the cluster still runs it.
func TestARollbackWithdrawsTheProof(t *testing.T) {
	w := newWorld(t, strings.Replace(chainYAML, "{name: dr, after: [prod], merge: auto}", "{name: dr, after: [prod], merge: auto, gates: {manual: true}}", 1), nil)
	w.arrive(1)
	w.arrive(2)
	_, err := w.back("1.1.0")
	w.must(err)
	w.advance()
	if got := w.promotion("dr").Title; got != "shop 1.1.0 -> dr" {
		t.Errorf("dr gets %s, which prod goes back from", got)
	}
}

// Back to what never ran there, or was never proven, is refused, and nothing is held.
func TestRollbackIsRefused(t *testing.T) {
	w := newWorld(t, chainYAML, nil)
	w.arrive(1)
	if _, err := w.back(""); err == nil || !strings.Contains(err.Error(), "no release that was proven there is known") {
		t.Errorf("got %v", err)
	}
	w.arrive(2)
	if _, err := w.back("0.9.0"); err == nil || !strings.Contains(err.Error(), "0.9.0 never ran there") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(w.git("for-each-ref"), release.StateBranch) && strings.Contains(w.git("ls-tree", "-r", "--name-only", release.StateBranch), "holds") {
		t.Error("a refused rollback left a hold")
	}
}

// An environment may go back by itself, once.
func TestAutomaticRollback(t *testing.T) {
	w := newWorld(t, strings.Replace(chainYAML, "rollback: {approvals: 1}", "rollback: {approvals: 0, on: failure, within: 30m}", 1), nil)
	w.arrive(1)
	w.arrive(2)
	w.says("connector", "prod", "shop", scm.Failure)
	w.advance()
	if got := w.version("prod", "shop"); got != "1.1.0" {
		t.Fatalf("prod has %s", got)
	}
	w.says("connector", "prod", "shop", scm.Failure)
	w.advance()
	if got := w.version("prod", "shop"); got != "1.1.0" {
		t.Errorf("went on to %s", got)
	}
}

// A failure long after the release came is not the release's doing.
func TestALateFailureRollsNothingBack(t *testing.T) {
	w := newWorld(t, strings.Replace(chainYAML, "rollback: {approvals: 1}", "rollback: {approvals: 0, on: failure, within: 30m}", 1), nil)
	w.arrive(1)
	w.arrive(2)
	for range 40 {
		w.tick()
	}
	w.says("connector", "prod", "shop", scm.Failure)
	w.advance()
	if got := w.version("prod", "shop"); got != "1.2.0" {
		t.Errorf("prod has %s", got)
	}
}

// A hotfix goes straight to prod; dev is not touched, and nothing later passes until somebody confirms it.
func TestHotfix(t *testing.T) {
	w := newWorld(t, chainYAML, nil)
	w.arrive(1)
	w.mustSubmit(2)
	fix := w.release("shop", 3)
	fix.Version = "1.1.1"
	w.fix(fix, "1.1.0", true)
	if got := w.open(); !slices.ContainsFunc(got, func(s string) bool { return strings.HasSuffix(s, "shop 1.1.1 -> prod") }) {
		t.Fatalf("open: %v", got)
	}
	wantsIn(t, w.body(w.promotion("prod").Number), "is a hotfix, which did not run in ", "(environment-skipped)", "nowhere: it goes past the environments before")
	w.advance()
	if w.version("prod", "shop") != "1.1.0" {
		t.Fatal("a hotfix was merged without a person")
	}
	w.approve("grace", w.promotion("prod").Number)
	w.advance()
	if got, dev := w.version("prod", "shop"), w.version("dev", "shop"); got != "1.1.1" || dev != "1.2.0" {
		t.Fatalf("prod has %s, dev %s", got, dev)
	}
	w.mustSubmit(4)
	w.healthy("dev")
	w.tick()
	w.tick()
	wantsIn(t, waits(w.advance()), "prod: hold: 1.1.1 is a hotfix; a later release must contain its commit")
	_, err := w.ferry().Promote(w.ctx, promote.Options{Release: "1.4.0", Scope: promote.Scope{Apps: []string{"shop"}, Environments: []string{"prod"}}})
	w.must(err)
	w.approve("grace", w.promotion("prod").Number)
	w.advance()
	if got := w.version("prod", "shop"); got != "1.4.0" {
		t.Errorf("confirmed, prod has %s", got)
	}
}

// A later release whose source contains the hotfix needs nobody's word; one of which that cannot be told does.
func TestAHotfixIsRecognised(t *testing.T) {
	w := newWorld(t, chainYAML, nil)
	w.arrive(1)
	fix := w.release("shop", 3)
	fix.Version = "1.1.1"
	w.fix(fix, "1.1.0", true)
	w.approve("grace", w.promotion("prod").Number)
	w.advance()
	in := func(yes bool) func(context.Context, string) (bool, error) {
		return func(_ context.Context, commit string) (bool, error) { return yes && commit == fix.Source.Commit, nil }
	}
	foreign := w.release("shop", 4)
	foreign.Source.Repository = "https://example.com/somebody/else"
	for n, tt := range []struct {
		rel  release.Release
		has  bool
		want int
	}{{w.release("shop", 4), false, 0}, {foreign, true, 0}, {fix, true, 0}, {w.release("shop", 4), true, 1}, {w.release("shop", 4), true, 0}} {
		p := w.ferry()
		s, err := p.Load(w.ctx, promote.Scope{Apps: []string{"shop"}})
		w.must(err)
		w.must(s.Confirm(w.ctx, tt.rel, in(tt.has)))
		plan, err := p.Plan(w.ctx, s, promote.Options{})
		w.must(err)
		if len(plan.Decisions) != tt.want {
			t.Errorf("%d: decisions %v", n, plan.Decisions)
		}
		_, err = p.Apply(w.ctx, plan)
		w.must(err)
	}
	w.mustSubmit(4)
	w.healthy("dev")
	w.tick()
	w.tick()
	w.advance()
	if got := w.open(); !slices.ContainsFunc(got, func(s string) bool { return strings.HasSuffix(s, "-> prod") }) {
		t.Errorf("open: %v", got)
	}
}

// Whoever resumes takes a hotfix back that has not come yet: its pull request is closed, and what shared it goes on.
func TestAHotfixIsTakenBack(t *testing.T) {
	w := newWorld(t, chainYAML, nil)
	w.arrive(1)
	fix := w.release("shop", 3)
	fix.Version = "1.1.1"
	w.fix(fix, "1.1.0", true)
	number := w.promotion("prod").Number
	w.tick()
	p := w.ferry()
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	_, err = p.Resume(w.ctx, s, "shop", "prod", "ada")
	w.must(err)
	w.approve("grace", number)
	w.advance()
	if pr, err := w.forge("ada").PullRequest(w.ctx, number); err != nil || !strings.Contains(pr.CloseReason, "the hotfix 1.1.1 of shop was taken back") {
		t.Errorf("#%d was closed because %q: %v", number, pr.CloseReason, err)
	}
	if got := w.open(); len(got) > 0 || w.version("prod", "shop") != "1.1.0" {
		t.Fatalf("open: %v, prod has %s", got, w.version("prod", "shop"))
	}
	w.mustSubmit(4)
	w.healthy("dev")
	w.tick()
	w.tick()
	w.advance()
	if pr := w.promotion("prod"); !strings.Contains(pr.Title, "1.4.0") {
		t.Errorf("open: %s", pr.Title)
	}
}

// stored keeps a release's templates, as the intake of a hotfix does.
type stored func() error

func (s stored) Store(context.Context) error { return s() }

func (w *world) fix(rel release.Release, base string, descends bool) {
	w.Helper()
	w.tick()
	p := w.ferry()
	r, err := p.Hotfix(w.ctx, stored(func() error { return p.Sources.(*source.Store).Keep(w.ctx, w.apps, rel) }), promote.Fix{Environment: "prod", Release: rel, Base: base, Reason: "CVE", By: "ada",
		Descends: func(context.Context, string) (bool, error) { return descends, nil }})
	w.must(err)
	w.must(r.Errors())
}

// What going back does not undo is said where the reviewer reads.
func TestARollbackSaysWhatItDoesNotUndo(t *testing.T) {
	w := newWorld(t, chainYAML, nil)
	definition := func(text string) string {
		return "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: carts.acme.example}\nspec:\n  group: acme.example\n" +
			"  names: {kind: Cart, plural: carts}\n  scope: Namespaced\n  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, description: " + text + "}}}]\n"
	}
	job := func(name string) string {
		return "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: " + name + ", image: ghcr.io/acme/shop}]}}}\n"
	}
	with := func(n string) {
		w.templates("shop", map[string]string{"deployment.yaml.tmpl": deployment, "crd.yaml": definition("d" + n), "job.yaml": job("step" + n)})
	}
	with("1")
	w.arrive(1)
	with("2")
	w.arrive(2)
	_, err := w.back("")
	w.must(err)
	wantsIn(t, w.promotion("prod").Body, "CustomResourceDefinition carts.acme.example differs: objects that were stored meanwhile stay as they are",
		"Job migrate differs: what it has done meanwhile, such as a migration, is not undone")
}
