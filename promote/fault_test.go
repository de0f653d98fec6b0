package promote_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/source"
)

var errDied = errors.New("the process died here")

// fate lets a process die at its n-th step outside itself, before the step or after it has happened unseen.
type fate struct {
	n     int
	after bool
	steps int
}

func (f *fate) at(step func() error) error {
	f.steps++
	if f.steps != f.n {
		return step()
	}
	if f.after {
		_ = step()
	}
	return errDied
}

// mortalForge and mortalIntake pass everything on until fate strikes.
type mortalForge struct {
	promote.Forge
	fate *fate
}

func (m mortalForge) EnsurePullRequest(ctx context.Context, want scm.Proposal) (pr scm.PullRequest, o scm.Outcome, err error) {
	err = m.fate.at(func() error { pr, o, err = m.Forge.EnsurePullRequest(ctx, want); return err })
	return pr, o, err
}

func (m mortalForge) ClosePullRequest(ctx context.Context, number int, reason string) error {
	return m.fate.at(func() error { return m.Forge.ClosePullRequest(ctx, number, reason) })
}

func (m mortalForge) MergePullRequest(ctx context.Context, number int, how scm.Merge) (sha string, err error) {
	err = m.fate.at(func() error { sha, err = m.Forge.MergePullRequest(ctx, number, how); return err })
	return sha, err
}

func (m mortalForge) SetStatus(ctx context.Context, sha string, s scm.Status) (wrote bool, err error) {
	err = m.fate.at(func() error { wrote, err = m.Forge.SetStatus(ctx, sha, s); return err })
	return wrote, err
}

func (m mortalForge) PullRequests(ctx context.Context, f scm.Filter) (prs []scm.PullRequest, err error) {
	err = m.fate.at(func() error { prs, err = m.Forge.PullRequests(ctx, f); return err })
	return prs, err
}

func (m mortalForge) Statuses(ctx context.Context, sha string) (all []scm.Status, err error) {
	err = m.fate.at(func() error { all, err = m.Forge.Statuses(ctx, sha); return err })
	return all, err
}

type mortalIntake struct {
	*source.Intake
	fate *fate
}

func (m mortalIntake) Accept(ctx context.Context) error {
	return m.fate.at(func() error { return m.Intake.Accept(ctx) })
}

// story is a promotion with everything in it: pull requests everywhere, a second release before the first has arrived, a
// changed value, a removed resource.
func story(w *world, f *fate) {
	w.step(f, func(p *promote.Promoter) error { return w.handOver(p, f, 1) })
	w.healthy("dev")
	w.step(f, advance(w))
	w.step(f, func(p *promote.Promoter) error { return w.handOver(p, f, 2) })
	w.healthy("qa")
	w.step(f, advance(w))
	w.healthy("dev")
	w.push("main", map[string]string{"values/qa/shop.yaml": "replicas: 3\n"})
	w.step(f, advance(w))
	w.templates("shop", map[string]string{"deployment.yaml.tmpl": deployment})
	w.step(f, func(p *promote.Promoter) error { return w.handOver(p, f, 3) })
	w.healthy("dev")
	w.step(f, advance(w))
	w.healthy("qa")
	w.step(f, advance(w))
}

// step runs a process until one lives to its end, as CI does.
func (w *world) step(f *fate, run func(p *promote.Promoter) error) {
	w.Helper()
	for range 3 {
		w.tick()
		p := w.ferry()
		p.Forge = mortalForge{p.Forge, f}
		err := run(p)
		if err == nil {
			return
		}
		if !errors.Is(err, errDied) {
			w.Fatalf("step %d: %v", f.steps, err)
		}
	}
	w.Fatal("it dies again and again")
}

func advance(w *world) func(p *promote.Promoter) error {
	return func(p *promote.Promoter) error {
		r, err := p.Advance(w.ctx, promote.Options{})
		if err != nil {
			return err
		}
		return r.Errors()
	}
}

func (w *world) handOver(p *promote.Promoter, f *fate, n int64) error {
	rel := w.release("shop", n)
	rel.Source.Time = time.Date(2026, 11, 1, int(n), 0, 0, 0, time.UTC)
	s, err := p.Load(w.ctx, promote.Scope{Apps: []string{"shop"}})
	if err != nil {
		return err
	}
	in, err := p.Sources.(*source.Store).Intake(w.ctx, w.apps, []release.Release{rel})
	if err != nil {
		return err
	}
	r, err := p.Submit(w.ctx, s, mortalIntake{in, f}, promote.Options{Scope: promote.Scope{Apps: []string{"shop"}}})
	if err != nil {
		return err
	}
	return r.Errors()
}

const everywherePullRequests = `version: 1
defaults:
  kubernetes: {version: "1.34"}
  merge: auto
  values: ["values/{app}.yaml?", "values/{environment}/{app}.yaml?"]
apps:
  - {name: shop, source: {repository: https://example.com/acme/apps, path: shop}, images: [{name: ghcr.io/acme/shop}], namespace: shop}
environments:
  - {name: dev}
  - {name: qa, after: [dev]}
  - {name: prod, after: [qa]}
trust: {connector: [connector]}
`

// A run may die before or after any step it takes outside itself; the next one continues, and in the end everything is
// as if nothing had happened: the same trees, no pull request twice, nothing left open. FERRY_FAULTS=all tries each step
// both ways, otherwise the ways take turns.
func TestAnyRunMayDieAnywhere(t *testing.T) {
	calm := newWorld(t, everywherePullRequests, nil)
	none := &fate{}
	story(calm, none)
	want := calm.git("rev-parse", "main^{tree}")
	if got := calm.version("prod", "shop"); got != "1.3.0" || none.steps < 40 {
		t.Fatalf("without faults prod holds %q after %d steps", got, none.steps)
	}
	stride := 1
	if testing.Short() {
		stride = 7 // for the race detector, which looks at other things
	}
	for n := 1; n <= none.steps; n += stride {
		for _, after := range []bool{false, true} {
			if after == (n%2 == 0) && os.Getenv("FERRY_FAULTS") != "all" {
				continue
			}
			t.Run(fmt.Sprintf("step %d after=%v", n, after), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, everywherePullRequests, nil)
				story(w, &fate{n: n, after: after})
				if got := w.git("rev-parse", "main^{tree}"); got != want {
					t.Errorf("the trees differ:\n%s", w.git("log", "--graph", "--format=%h %s", "main"))
				}
				w.check()
			})
		}
	}
}

// wayBack is a rollback with everything around it: the decision, its pull request, and a release that has to wait.
func wayBack(w *world, f *fate) {
	for n := int64(1); n <= 2; n++ {
		w.step(f, func(p *promote.Promoter) error { return w.handOver(p, f, n) })
		w.healthy("dev")
		w.step(f, advance(w))
		w.healthy("qa")
		w.step(f, advance(w))
	}
	w.step(f, func(p *promote.Promoter) error {
		r, err := p.Rollback(w.ctx, promote.Back{Key: promote.Key{App: "shop", Environment: "prod"}, To: "1.1.0", Reason: "slow", By: "ada"})
		if err != nil {
			return err
		}
		return r.Errors()
	})
	w.step(f, func(p *promote.Promoter) error { return w.handOver(p, f, 3) })
	w.healthy("dev")
	w.step(f, advance(w))
	w.healthy("qa")
	w.step(f, advance(w))
	w.healthy("prod")
	w.step(f, advance(w))
}

// A rollback may die anywhere too: it arrives, and what was rolled back stays out.
func TestARollbackMayDieAnywhere(t *testing.T) {
	config := strings.Replace(everywherePullRequests, "after: [qa]}", "after: [qa], rollback: {approvals: 0}}", 1)
	calm := newWorld(t, config, nil)
	none := &fate{}
	wayBack(calm, none)
	want := calm.git("rev-parse", "main^{tree}")
	if got := calm.version("prod", "shop"); got != "1.1.0" {
		t.Fatalf("without faults prod holds %q", got)
	}
	stride := 4
	if testing.Short() {
		stride = 19
	}
	if os.Getenv("FERRY_FAULTS") == "all" {
		stride = 1
	}
	for n := 1; n <= none.steps; n += stride {
		t.Run(fmt.Sprintf("step %d", n), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, config, nil)
			wayBack(w, &fate{n: n, after: n%8 < 4})
			if got := w.git("rev-parse", "main^{tree}"); got != want {
				t.Errorf("the trees differ:\n%s", w.git("log", "--graph", "--format=%h %s", "main"))
			}
			w.check()
		})
	}
}

// check looks for traces that a fault must not leave.
func (w *world) check() {
	w.Helper()
	if open := w.open(); open != nil {
		w.Errorf("left open: %v", open)
	}
	prs, err := w.forge("ada").PullRequests(w.ctx, scm.Filter{})
	w.must(err)
	for _, pr := range prs {
		if pr.State != scm.Merged {
			w.Errorf("#%d %s is %s", pr.Number, pr.Title, pr.State)
		}
	}
	before := w.refs()
	w.advance()
	if w.refs() != before {
		w.Error("a run with nothing to do wrote something")
	}
	if got := w.git("fsck", "--strict", "--no-dangling"); got != "" {
		w.Error(got)
	}
	if leftovers := slices.DeleteFunc(strings.Fields(w.git("for-each-ref", "--format=%(refname:short)", "refs/heads")), func(b string) bool { return b == "main" || b == release.SourcesBranch || b == release.StateBranch }); len(leftovers) > 0 {
		w.Errorf("branches left: %v", leftovers)
	}
}
