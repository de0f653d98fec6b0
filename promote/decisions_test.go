package promote_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// hold puts decisions onto ferry-state as a person would.
func (w *world) decide(files ...ledger.File) {
	w.Helper()
	w.tick()
	_, err := ledger.Write(w.ctx, w.ferry().Repo, "by a person", files...)
	w.must(err)
}

// waits joins everything that a run says it waits for.
func waits(r *promote.Report) string {
	var all []string
	for _, wait := range r.Plan.Waiting {
		all = append(all, wait.Environment+": "+wait.Reason)
		for _, c := range wait.Conditions {
			all = append(all, wait.Environment+": "+c.Reason)
		}
	}
	for _, pr := range r.Plan.Promotions {
		for _, c := range pr.Conditions {
			all = append(all, pr.Environment+": "+c.Reason)
		}
	}
	return strings.Join(all, "\n")
}

func wantsIn(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in:\n%s", word, text)
		}
	}
}

// A hold stops what it names, wherever it was written, and nothing else; resuming lets it go on.
func TestAHoldStopsWhatItNames(t *testing.T) {
	for name, put := range map[string]func(w *world){
		"on ferry-state": func(w *world) { w.decide(ledger.Hold{Environment: "qa", Reason: "cluster upgrade", By: "ada"}.File()) },
		"in the tree": func(w *world) {
			w.push("main", map[string]string{".ferry/holds/qa.yaml": "version: 1\nenvironment: qa\nreason: cluster upgrade\nby: ada\n"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ferryYAML, nil)
			w.mustSubmit(1)
			w.healthy("dev")
			put(w)
			wantsIn(t, waits(w.advance()), "qa: hold: cluster upgrade, by ada")
			if w.version("qa", "shop") != "" || w.open() != nil {
				t.Fatalf("qa moved: %v", w.open())
			}
			_, err := w.run(promote.Options{Explicit: true, Scope: promote.Scope{Apps: []string{"shop"}, Environments: []string{"qa"}}})
			w.must(err)
			if w.open() != nil || w.version("qa", "shop") != "" {
				t.Error("asking by name passes a hold")
			}
			w.mustSubmit(2)
			if got := w.version("dev", "shop"); got != "1.2.0" {
				t.Errorf("dev is not held and has %s", got)
			}
			w.healthy("dev")
			w.decide(ledger.Resumed("", "qa")...)
			w.push("main", map[string]string{".ferry/holds/qa.yaml": ""})
			w.healthy("dev")
			w.advance()
			if got := w.version("qa", "shop"); got != "1.2.0" {
				t.Errorf("resumed, qa has %q", got)
			}
		})
	}
}

// A hold on an environment that is written directly, and one that ends by itself.
func TestAHoldOnADirectEnvironmentEndsByItself(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.decide(ledger.Hold{App: "shop", Reason: "demo", Until: w.now.Add(time.Hour)}.File())
	r := w.mustSubmit(1)
	wantsIn(t, waits(r), "dev: hold: demo")
	if r.Plan.NextWakeup.IsZero() || w.version("dev", "shop") != "" {
		t.Errorf("wakes up %v, dev has %s", r.Plan.NextWakeup, w.version("dev", "shop"))
	}
	w.now = w.now.Add(time.Hour)
	w.advance()
	if got := w.version("dev", "shop"); got != "1.1.0" {
		t.Errorf("dev has %q", got)
	}
}

// What cannot be read may be a hold: nothing moves, and the file is named.
func TestAnUnreadableHoldStopsEverything(t *testing.T) {
	w := newWorld(t, ferryYAML, map[string]string{".ferry/holds/x.yaml": "version: 1\nenvironmnt: qa\nreason: x\n"})
	_, err := w.ferry().Load(w.ctx, promote.Scope{})
	if err == nil || !strings.Contains(err.Error(), ".ferry/holds/x.yaml: line 2: field environmnt not found") {
		t.Errorf("got %v", err)
	}
}

// A label on the pull request stops it, also when a newer release comes, and stays there.
func TestALabelHolds(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev, merge: auto, gates: {approvals: {count: 1}}}", 1), nil)
	w.mustSubmit(1)
	pr := w.pull(1)
	_, _, err := w.forge("grace").EnsurePullRequest(w.ctx, scm.Proposal{Head: pr.Head, Base: pr.Base, Title: pr.Title, Body: pr.Body, Labels: append(pr.Labels, promote.HoldLabel)})
	w.must(err)
	w.approve("grace", 1)
	wantsIn(t, waits(w.mustSubmit(2)), "the pull request carries the label ferry/hold")
	if got := w.open(); !slices.Equal(got, []string{"1 shop 1.1.0 -> dev"}) {
		t.Fatalf("open: %v", got)
	}
	pr = w.pull(1)
	_, _, err = w.forge("grace").EnsurePullRequest(w.ctx, scm.Proposal{Head: pr.Head, Base: pr.Base, Title: pr.Title, Body: pr.Body, Labels: []string{"urgent"}})
	w.must(err)
	w.advance()
	if got := w.open(); !slices.Equal(got, []string{"1 shop 1.2.0 -> dev"}) || !slices.Contains(w.pull(1).Labels, "urgent") {
		t.Errorf("open: %v, labels %v", got, w.pull(1).Labels)
	}
}

func (w *world) pull(number int) scm.PullRequest {
	w.Helper()
	pr, err := w.forge("ada").PullRequest(w.ctx, number)
	w.must(err)
	return pr
}

func (w *world) approve(who string, number int) {
	w.Helper()
	w.tick()
	_, err := w.forge(who).Review(w.ctx, number, scm.Review{Verdict: scm.Approved})
	w.must(err)
}

// A closed pull request means "not this release", for ever: also when its branch and head are gone.
func TestARejectionSurvivesTheForge(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: qa, after: [dev], merge: auto}", "{name: qa, after: [dev]}", 1), nil)
	w.mustSubmit(1)
	w.healthy("dev")
	w.advance()
	w.must(w.forge("ada").ClosePullRequest(w.ctx, 1, "not this one"))
	w.advance()
	wantsIn(t, w.git("ls-tree", "-r", "--name-only", release.StateBranch), "rejections/qa/shop/github-1-")
	w.git("update-ref", "-d", "refs/heads/ferry/qa/shop")
	w.push("main", map[string]string{"values/qa/shop.yaml": "replicas: 2\n"})
	wantsIn(t, waits(w.advance()), "qa: rejected: ada closed pull request #1")
	if w.open() != nil {
		t.Fatalf("it came back: %v", w.open())
	}
	before := w.refs()
	w.advance()
	if w.refs() != before {
		t.Error("a run with nothing to do wrote something")
	}
	if _, err := w.run(promote.Options{Explicit: true, Scope: promote.Scope{Apps: []string{"shop"}, Environments: []string{"qa"}}}); err != nil {
		t.Fatal(err)
	}
	if got := w.open(); !slices.Equal(got, []string{"2 shop 1.1.0 -> qa"}) {
		t.Errorf("asked for by name, open: %v", got)
	}
	if got := w.git("ls-tree", "-r", "--name-only", release.StateBranch); strings.Contains(got, "rejections") {
		t.Errorf("the rejection was taken back, but is there:\n%s", got)
	}
}

// A rejected release does not keep out the newer one, nor a change of the configuration of what runs there.
func TestARejectionIsOfOneRelease(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: qa, after: [dev], merge: auto}", "{name: qa, after: [dev]}", 1), nil)
	w.mustSubmit(1)
	w.healthy("dev")
	w.advance()
	w.merge("ada", 1)
	w.mustSubmit(2)
	w.healthy("dev")
	w.advance()
	w.must(w.forge("ada").ClosePullRequest(w.ctx, 2, "no"))
	w.advance()
	w.push("main", map[string]string{"values/qa/shop.yaml": "replicas: 2\n"})
	w.advance()
	if got := w.open(); !slices.Equal(got, []string{"3 shop 1.1.0 (configuration) -> qa"}) {
		t.Fatalf("the configuration of what runs: %v", got)
	}
	w.mustSubmit(3)
	w.healthy("dev")
	w.advance()
	if got := w.open(); !slices.Equal(got, []string{"3 shop 1.3.0 -> qa"}) {
		t.Errorf("the newer one: %v", got)
	}
}

func (w *world) merge(who string, number int) {
	w.Helper()
	w.tick()
	_, err := w.forge(who).MergePullRequest(w.ctx, number, scm.Merge{Head: w.pull(number).HeadSHA})
	w.must(err)
}
