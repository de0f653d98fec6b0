package promote_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/report"
)

// many is a configuration of just dev and n apps, all from one folder of templates.
func many(n int, pullRequests bool) string {
	var b strings.Builder
	b.WriteString("version: 1\ndefaults:\n  kubernetes: {version: \"1.34\"}\napps:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {name: app%d, source: {repository: https://example.com/acme/apps, path: shop}, images: [{name: ghcr.io/acme/app%[1]d}], namespace: app%[1]d}\n", i)
	}
	fmt.Fprintf(&b, "environments: [{name: dev, pullRequest: %v}]\ntrust: {connector: [connector]}\n", pullRequests)
	return b.String()
}

// Where the audit is new, a round puts fifty apps on record, says how many are left, and asks to be run again at once.
func TestTheAuditBeginsInRounds(t *testing.T) {
	const apps = 53
	w := newWorld(t, many(apps, false), nil)
	var all []release.Release
	for i := range apps {
		rel := w.release(fmt.Sprintf("app%d", i), 1)
		rel.Templates, rel.Root = string(w.tree["shop"]), "shop"
		all = append(all, rel)
	}
	_, err := w.submit(all...)
	w.must(err)
	w.push("main", map[string]string{"ferry.yaml": many(apps, true)})
	for round, want := range []struct{ entries, left int }{{50, 3}, {3, 0}, {0, 0}} {
		r := w.advance()
		entries := 0
		for _, d := range r.Done {
			if d.Audit != nil {
				entries++
			}
		}
		if entries != want.entries || r.Plan.Backlog != want.left || want.left > 0 && r.Plan.NextWakeup.After(w.now) {
			t.Errorf("round %d: %d entries, %d left, wakes up %v", round, entries, r.Plan.Backlog, r.Plan.NextWakeup)
		}
		var said strings.Builder
		w.must(report.Terminal{Out: &said}.Report(r))
		if got := strings.Contains(said.String(), "the audit is still to come for 3 apps"); got != (want.left == 3) {
			t.Errorf("round %d says:\n%s", round, said.String())
		}
	}
}

// Whoever asks where a release is hears that a person refused it somewhere, and who.
func TestWhereNamesARejection(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	w.healthy("dev")
	w.decide(ledger.Rejection{App: "shop", Environment: "qa", Release: ledger.Named{Version: "1.1.0", Sequence: w.release("shop", 1).Sequence}, By: "ada", PullRequest: 7, Time: w.now}.File())
	p := w.ferry()
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	plan, err := p.Plan(w.ctx, s, promote.Options{})
	w.must(err)
	places, err := p.Where(w.ctx, s, plan, "1.1.0")
	w.must(err)
	var said strings.Builder
	w.must(report.Terminal{Out: &said}.Where("1.1.0", places, w.now))
	wantsIn(t, said.String(), "qa: rejected: ada closed pull request #7 without merging it", "dev: runs there")
	if strings.Contains(said.String(), "prod") {
		t.Errorf("nothing is decided about prod:\n%s", said.String())
	}
}

// What is opened in one run is told once, and so is a hold.
func TestARunTellsEverythingOnce(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	w.healthy("dev")
	w.decide(ledger.Hold{Environment: "qa", Reason: "cluster upgrade", By: "ada"}.File())
	if got := w.told(w.advance()); strings.Count(got, "cluster upgrade") != 1 {
		t.Errorf("a hold:\n%s", got)
	}
	w.resume("", "qa")
	w.advance()
	w.healthy("qa")
	if got := w.told(w.advance()); strings.Count(got, "opened") != 1 || strings.Count(got, "shop 1.1.0") != 1 {
		t.Errorf("a pull request:\n%s", got)
	}
}

func (w *world) told(r *promote.Report) string {
	w.Helper()
	var said strings.Builder
	w.must(report.Terminal{Out: &said}.Report(r))
	return said.String()
}
