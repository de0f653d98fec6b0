package promote_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

func (w *world) retire(app, environment string) (*promote.Report, error) {
	w.Helper()
	w.tick()
	r, err := w.ferry().Retire(w.ctx, promote.Leave{Key: promote.Key{App: app, Environment: environment}, Reason: "nobody buys", By: "ada"})
	if err != nil {
		return nil, err
	}
	return r, r.Errors()
}

func (w *world) resume(app, environment string) {
	w.Helper()
	w.tick()
	_, err := ledger.Write(w.ctx, w.ferry().Repo, "resume", ledger.Resumed(app, environment)...)
	w.must(err)
}

// An app leaves the last environment first. A person approves each deletion, also where ferry merges.
func TestRetire(t *testing.T) {
	w := newWorld(t, everywherePullRequests, nil)
	w.everywhere(1)
	if _, err := w.retire("shop", "qa"); err == nil || !strings.Contains(err.Error(), "prod comes after qa and is to keep it") {
		t.Fatalf("qa alone: %v", err)
	}
	_, err := w.retire("shop", "")
	w.must(err)
	for _, environment := range []string{"prod", "qa", "dev"} {
		if got := w.promotion(environment).Title; got != "retire shop 1.1.0 from "+environment || len(w.open()) != 1 {
			t.Fatalf("open: %v", w.open())
		}
		w.advance()
		if w.version(environment, "shop") == "" {
			t.Fatalf("gone from %s with nobody's approval", environment)
		}
		w.approve("grace", w.promotion(environment).Number)
		w.advance()
		if got := w.file("main", environment+"/shop/deployment-shop.yaml"); got != "" || w.version(environment, "shop") != "" {
			t.Fatalf("still in %s: %s", environment, got)
		}
	}
	r := w.mustSubmit(2)
	if w.open() != nil {
		t.Errorf("proposed again: %v", w.open())
	}
	wantsIn(t, waits(r), "dev: retired: nobody buys")
	entries := slices.DeleteFunc(w.audit().Entries, func(e ledger.Entry) bool { return e.Kind != "retirement" })
	if len(entries) != 1 || !entries[0].Evidence() || !slices.Contains(entries[0].Approvers, "grace") {
		t.Errorf("the audit says %+v", entries)
	}
	w.still("after everything is retired")
	w.resume("shop", "dev")
	w.advance()
	if got := w.version("dev", "shop"); got != "1.2.0" {
		t.Errorf("resumed, dev has %q", got)
	}
}

// still fails where another run writes anything.
func (w *world) still(when string) {
	w.Helper()
	before := w.refs()
	w.advance()
	if w.refs() != before {
		w.Errorf("%s: a run with nothing to do wrote something", when)
	}
}

// everywhere brings version 1.n.0 to all environments of everywherePullRequests.
func (w *world) everywhere(n int64) {
	w.Helper()
	w.mustSubmit(n)
	for _, environment := range []string{"dev", "qa"} {
		w.healthy(environment)
		w.advance()
	}
	w.healthy("prod")
	if got := w.version("prod", "shop"); got != w.release("shop", n).Version {
		w.Fatalf("prod has %q", got)
	}
}

// What people do with the pull request of a retirement.
func TestPeopleAndRetirements(t *testing.T) {
	for _, tt := range []struct {
		name string
		act  func(w *world, number int)
		want string // title of what is open afterwards, "" for nothing
		says string
	}{
		{"closed", func(w *world, n int) { w.must(w.forge("grace").ClosePullRequest(w.ctx, n, "")) }, "", "rejected: grace closed the pull request that retires it"},
		{"closed and asked again", func(w *world, n int) {
			w.must(w.forge("grace").ClosePullRequest(w.ctx, n, ""))
			w.advance()
			_, err := w.retire("shop", "prod")
			w.must(err)
		}, "retire shop 1.1.0 from prod", ""},
		{"resumed", func(w *world, _ int) { w.resume("shop", "prod") }, "", ""},
		{"held", func(w *world, _ int) {
			w.decide(ledger.Hold{App: "shop", Environment: "prod", Reason: "wait", By: "ada", Since: w.now}.File())
		}, "retire shop 1.1.0 from prod", "hold: wait"},
		{"a commit on the branch", func(w *world, _ int) { w.push("ferry/prod/shop", map[string]string{"README.md": "mine\n"}) }, "retire shop 1.1.0 from prod", "holds work of somebody else: it changes README.md"},
		{"a file edited by hand", func(w *world, _ int) {
			w.push("main", map[string]string{"prod/shop/service-shop.yaml": service})
		}, "retire shop 1.1.0 from prod", "edited by hand since ferry wrote it: prod/shop/service-shop.yaml"},
		{"a file put beside", func(w *world, _ int) { w.push("main", map[string]string{"prod/shop/notes.txt": "mine\n"}) }, "retire shop 1.1.0 from prod", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, everywherePullRequests, nil)
			w.everywhere(1)
			_, err := w.retire("shop", "prod")
			w.must(err)
			number := w.promotion("prod").Number
			w.approve("grace", number)
			tt.act(w, number)
			r, err := w.run(promote.Options{})
			said := waits(r)
			if err != nil {
				said += err.Error()
			}
			if tt.name == "a file put beside" {
				w.approve("grace", w.promotion("prod").Number)
				w.advance()
				if got := w.git("ls-tree", "-r", "--name-only", "main", "prod"); got != "prod/shop/notes.txt" {
					t.Errorf("prod holds %q", got)
				}
				return
			}
			open := ""
			if len(w.open()) > 0 {
				open = w.promotion("prod").Title
			}
			if open != tt.want || w.version("prod", "shop") != "1.1.0" {
				t.Errorf("open: %v, prod has %q", w.open(), w.version("prod", "shop"))
			}
			if tt.says != "" && !strings.Contains(said, tt.says) {
				t.Errorf("it says %q", said)
			}
			if err == nil {
				w.still("after " + tt.name)
			}
		})
	}
}

// Only what removes a record and all that it lists is the end of an app: less, or more, is somebody else's work.
func TestForgedEnds(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"a file stays":      {"prod/shop/release.lock": "", "prod/shop/deployment-shop.yaml": ""},
		"another goes too":  {"prod/shop/release.lock": "", "prod/shop/deployment-shop.yaml": "", "prod/shop/service-shop.yaml": "", "README.md": ""},
		"the record stays":  {"prod/shop/deployment-shop.yaml": "", "prod/shop/service-shop.yaml": ""},
		"something comes":   {"prod/shop/release.lock": "", "prod/shop/deployment-shop.yaml": "", "prod/shop/service-shop.yaml": "", "prod/shop/evil.yaml": service},
		"another app's too": {"prod/shop/release.lock": "", "prod/shop/deployment-shop.yaml": "", "prod/shop/service-shop.yaml": "", "qa/shop/release.lock": ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, everywherePullRequests, nil)
			w.everywhere(1)
			_, err := w.retire("shop", "prod")
			w.must(err)
			pr := w.promotion("prod")
			w.git("update-ref", "refs/heads/ferry/prod/shop", string(w.head("main")))
			head := w.push("ferry/prod/shop", files)
			w.approve("grace", pr.Number)
			r := w.advance()
			wantsIn(t, waits(r), "holds work of somebody else")
			if w.version("prod", "shop") != "1.1.0" || w.head("ferry/prod/shop") != head {
				t.Error("it was merged, or written over")
			}
			w.tick()
			_, err = w.run(promote.Options{Scope: promote.Scope{Apps: []string{"shop"}, Environments: []string{"prod"}}, Rebuild: true, Explicit: true})
			w.must(err)
			if w.open() != nil { // where what grace approved was the same in prod/shop, her word stands
				w.approve("grace", pr.Number)
				w.advance()
			}
			if w.version("prod", "shop") != "" {
				t.Error("rebuilt, it is not merged")
			}
		})
	}
}

// An app that shares a pull request with others leaves by one of its own, and takes the open promotion with it.
func TestRetiringOneOfAGroup(t *testing.T) {
	config := strings.Replace(everywherePullRequests, "namespace: shop}", "namespace: shop, group: front}\n  - {name: till, source: {repository: https://example.com/acme/apps, path: till}, images: [{name: ghcr.io/acme/till}], namespace: till, group: front}", 1)
	w := newWorld(t, config, nil)
	w.templates("till", map[string]string{"deployment.yaml.tmpl": deployment})
	hand := func(n int64) {
		_, err := w.submit(w.release("shop", n), w.release("till", n))
		w.must(err)
		for _, environment := range []string{"dev", "qa"} {
			w.says("connector", environment, "shop", scm.Success)
			w.says("connector", environment, "till", scm.Success)
			w.advance()
		}
	}
	hand(1)
	_, err := w.retire("shop", "prod")
	w.must(err)
	hand(2)
	if got := []string{w.version("prod", "shop"), w.version("prod", "till"), w.version("qa", "shop")}; !slices.Equal(got, []string{"1.1.0", "1.2.0", "1.2.0"}) {
		t.Fatalf("prod has %v", got)
	}
	w.approve("grace", w.promotion("prod").Number)
	w.advance()
	if w.version("prod", "shop") != "" || w.version("prod", "till") != "1.2.0" || w.open() != nil {
		t.Errorf("open: %v", w.open())
	}
}

// ending is a release everywhere, the decision, and an end in each environment.
func ending(w *world, f *fate) {
	w.step(f, func(p *promote.Promoter) error { return w.handOver(p, f, 1) })
	for _, environment := range []string{"dev", "qa", "prod"} {
		w.healthy(environment)
		w.step(f, advance(w))
	}
	w.step(f, func(p *promote.Promoter) error {
		r, err := p.Retire(w.ctx, promote.Leave{Key: promote.Key{App: "shop"}, Reason: "nobody buys", By: "ada"})
		if err != nil {
			return err
		}
		return r.Errors()
	})
	for _, environment := range []string{"prod", "qa", "dev"} {
		w.approve("grace", w.promotion(environment).Number)
		w.step(f, advance(w))
	}
	w.step(f, advance(w))
}

// A retirement may die anywhere too: in the end nothing of the app is left, and nothing else is touched.
func TestARetirementMayDieAnywhere(t *testing.T) {
	calm := newWorld(t, everywherePullRequests, nil)
	none := &fate{}
	ending(calm, none)
	want := calm.git("rev-parse", "main^{tree}")
	if got := calm.git("ls-tree", "-r", "--name-only", "main"); got != "README.md\nferry.yaml" {
		t.Fatalf("without faults main holds %s", got)
	}
	stride := 3
	if testing.Short() {
		stride = 17
	}
	if os.Getenv("FERRY_FAULTS") == "all" {
		stride = 1
	}
	for n := 1; n <= none.steps; n += stride {
		t.Run(fmt.Sprintf("step %d", n), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, everywherePullRequests, nil)
			ending(w, &fate{n: n, after: n%2 == 0})
			if got := w.git("rev-parse", "main^{tree}"); got != want {
				t.Errorf("the trees differ:\n%s", w.git("log", "--graph", "--format=%h %s", "main"))
			}
			if got := w.file(release.StateBranch, "holds/prod/shop.retire.yaml"); !strings.Contains(got, "nobody buys") {
				t.Errorf("the decision is %q", got)
			}
			w.check()
		})
	}
}
