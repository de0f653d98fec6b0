package promote_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/check"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
)

// fleet is a world of many apps that run in dev and whose values have all changed since: each has to be rendered.
func fleet(t *testing.T, environment string, apps, padding int) *world {
	t.Helper()
	var config, values = strings.Builder{}, map[string]string{}
	config.WriteString("version: 1\ndefaults: {kubernetes: {version: \"1.34\"}, values: [\"values/{app}.yaml?\"]}\nenvironments: [" + environment + "]\napps:\n")
	for i := range apps {
		fmt.Fprintf(&config, "  - {name: app%02d, source: {repository: https://example.com/acme/apps, path: app%02d}, images: [{name: ghcr.io/acme/app%02d}]}\n", i, i, i)
		values[fmt.Sprintf("values/app%02d.yaml", i)] = "replicas: 2\n"
	}
	w := newWorld(t, config.String(), nil)
	var all []release.Release
	for i := range apps {
		app := fmt.Sprintf("app%02d", i)
		w.templates(app, map[string]string{"deployment.yaml.tmpl": deployment, "padding.txt": strings.Repeat("x", padding)})
		all = append(all, w.release(app, 1))
	}
	_, err := w.submit(all...)
	w.must(err)
	w.push("main", values)
	return w
}

// kitchen is a renderer that knows how much it has to do at the same time.
type kitchen struct {
	render.Renderer
	mu         sync.Mutex
	now, most  int
	made       int
	meet       chan struct{} // two renders that wait for each other; nil where none waits
	slow, fail func(app string) bool
}

func (k *kitchen) Render(ctx context.Context, r render.Request) (render.Output, error) {
	k.mu.Lock()
	k.now++
	k.made++
	k.most = max(k.most, k.now)
	k.mu.Unlock()
	defer func() { k.mu.Lock(); k.now--; k.mu.Unlock() }()
	if k.meet != nil {
		select {
		case k.meet <- struct{}{}:
		case <-k.meet:
		case <-time.After(30 * time.Second):
			return render.Output{}, errors.New("it is alone")
		}
	}
	if k.slow != nil && k.slow(r.App) {
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
	}
	if k.fail != nil && k.fail(r.App) {
		return render.Output{}, errors.New("this one never works")
	}
	return k.Renderer.Render(ctx, r)
}

func cores(t *testing.T, n int) {
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

func (w *world) planWith(change func(*promote.Promoter)) *promote.Plan {
	w.Helper()
	p := w.ferry()
	change(p)
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	plan, err := p.Plan(w.ctx, s, promote.Options{})
	w.must(err)
	return plan
}

// Renders of apps that have nothing to do with each other are made at the same time.
func TestRendersAtTheSameTime(t *testing.T) {
	w := fleet(t, "{name: dev}", 6, 0)
	cores(t, 2)
	k := &kitchen{Renderer: w.ferry().Renderers["plain"], meet: make(chan struct{})}
	plan := w.planWith(func(p *promote.Promoter) { p.Renderers["plain"] = k })
	if len(plan.Failures) > 0 || len(plan.Promotions) != 6 || plan.Rendered != 6 {
		t.Fatalf("%d promotions of 6 renders, failures %v", len(plan.Promotions), plan.Failures)
	}
	if k.most != 2 {
		t.Errorf("%d renders at the same time on 2 processors", k.most)
	}
}

// What comes of a plan, and the order of what it says, does not depend on which render is ready first.
func TestRendersEndInOrder(t *testing.T) {
	w := fleet(t, "{name: dev}", 12, 0)
	every := func(n int) func(string) bool {
		return func(app string) bool { return int(app[len(app)-1]-'0')%n == 0 }
	}
	describe := func(cpus int, slow bool) string {
		cores(t, cpus)
		plan := w.planWith(func(p *promote.Promoter) {
			k := &kitchen{Renderer: p.Renderers["plain"], fail: every(4)}
			if slow {
				k.slow = every(3)
			}
			p.Renderers["plain"] = k
		})
		var said []string
		for _, pr := range plan.Promotions {
			said = append(said, fmt.Sprintf("%s %s %v", pr.Unit, pr.Action, pr.Changes[0].To.Files))
		}
		for _, f := range plan.Failures {
			said = append(said, f.Error())
		}
		return strings.Join(said, "\n")
	}
	want := describe(1, false)
	if strings.Count(want, "never works") != 4 || strings.Count(want, "update") != 8 {
		t.Fatalf("the plan is not the one that the test is about:\n%s", want)
	}
	for range 3 {
		if got := describe(8, true); got != want {
			t.Fatalf("another order:\n%s\nwant\n%s", got, want)
		}
	}
}

// Large renders take turns, however many processors there are.
func TestLargeRendersTakeTurns(t *testing.T) {
	w := fleet(t, "{name: dev}", 4, 2<<20)
	cores(t, 8)
	k := &kitchen{Renderer: w.ferry().Renderers["plain"], slow: func(string) bool { return true }}
	plan := w.planWith(func(p *promote.Promoter) { p.Renderers["plain"] = k })
	if k.most != 1 || len(plan.Promotions) != 4 {
		t.Errorf("%d renders of 2 MB at the same time, %d promotions", k.most, len(plan.Promotions))
	}
}

// accountant knows how many renders have been begun and not been judged.
type accountant struct {
	promote.Sources
	mu        sync.Mutex
	now, most int
}

func (a *accountant) Files(ctx context.Context, app, tree string) (map[string][]byte, error) {
	a.mu.Lock()
	a.now++
	a.most = max(a.most, a.now)
	a.mu.Unlock()
	return a.Sources.Files(ctx, app, tree)
}

func (a *accountant) Schemas(context.Context, check.Schemas, render.Manifests) ([]check.Finding, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now--
	return nil, nil
}

func (a *accountant) Policies(context.Context, []check.Policy, check.Subject, render.Manifests) ([]check.Finding, error) {
	return nil, nil
}

// What has been read for renders, and made of it, does not grow with the number of apps.
func TestRendersAheadAreBounded(t *testing.T) {
	w := fleet(t, "{name: dev}", 14, 1<<20)
	a := &accountant{}
	plan := w.planWith(func(p *promote.Promoter) { a.Sources, p.Sources, p.Judges = p.Sources, a, a })
	if plan.Rendered != 14 || a.now != 0 {
		t.Fatalf("%d rendered, %d never judged", plan.Rendered, a.now)
	}
	if a.most < 2 || a.most > 8 {
		t.Errorf("%d renders of 1 MB held at the same time", a.most)
	}
}

// A plan that is stopped leaves no render behind.
func TestStoppedPlanEndsItsRenders(t *testing.T) {
	w := fleet(t, "{name: dev}", 6, 0)
	p := w.ferry()
	ctx, stop := context.WithCancel(w.ctx)
	defer stop()
	k := &kitchen{Renderer: p.Renderers["plain"], fail: func(string) bool { stop(); return true }}
	p.Renderers["plain"] = k
	s, err := p.Load(ctx, promote.Scope{})
	w.must(err)
	if _, err := p.Plan(ctx, s, promote.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped plan ends with %v", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now != 0 {
		t.Errorf("%d renders go on", k.now)
	}
}

// An upgrade compares many apps at the same time, and lists them in the order of ferry.yaml.
func TestUpgradesAtTheSameTime(t *testing.T) {
	w := fleet(t, "{name: dev, pullRequest: false}", 6, 0)
	cores(t, 2)
	p := w.ferry()
	k := &kitchen{Renderer: p.Renderers["plain"], meet: make(chan struct{})}
	p.Renderers["plain"] = k
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	all, err := p.Upgrades(w.ctx, s, promote.Scope{})
	w.must(err)
	if k.most != 2 || k.made != 6 || len(all) != 6 || !slices.IsSortedFunc(all, func(a, b promote.Upgrade) int { return strings.Compare(a.App, b.App) }) {
		t.Errorf("%d of %d at the same time: %v", k.most, len(all), all)
	}
}
