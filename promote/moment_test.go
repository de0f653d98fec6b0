package promote_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

// A plan is made while the window is open, and applied after it closed: nothing is merged, and the head says why.
func TestAWindowThatClosesMeanwhile(t *testing.T) {
	w, p, plan := closing(t)
	_, err := p.Apply(w.ctx, plan)
	w.must(err)
	statuses, err := w.forge("ada").Statuses(w.ctx, w.pull(1).HeadSHA)
	w.must(err)
	if w.version("dev", "shop") != "" || statuses[0].State != scm.Pending || !strings.Contains(statuses[0].Text, "windows") {
		t.Errorf("dev has %q; the head says %+v", w.version("dev", "shop"), statuses[0])
	}
}

// Where the head cannot be told, that pull request has failed, and no other.
func TestAWindowThatClosesUnheard(t *testing.T) {
	w, p, plan := closing(t)
	p.Forge = unheard{p.Forge}
	done, err := p.Apply(w.ctx, plan)
	w.must(err)
	failed := done[len(done)-1]
	if failed.Err == nil || !strings.Contains(failed.Err.Error(), "say on pull request #1 that it waits: nobody listens") || w.version("dev", "shop") != "" {
		t.Errorf("got %+v; dev has %q", failed, w.version("dev", "shop"))
	}
}

// unheard is a forge that does not take what waits.
type unheard struct{ promote.Forge }

func (u unheard) SetStatus(ctx context.Context, sha string, s scm.Status) (bool, error) {
	if s.State == scm.Pending {
		return false, errors.New("nobody listens")
	}
	return u.Forge.SetStatus(ctx, sha, s)
}

// closing is a plan that merges, made while a window is open that has closed since.
func closing(t *testing.T) (*world, *promote.Promoter, *promote.Plan) {
	t.Helper()
	windowed := strings.Replace(ferryYAML, "{name: dev, pullRequest: false}",
		`{name: dev, merge: auto, gates: {approvals: {count: 1}, windows: [{days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun], from: "09:00", to: "16:00", zone: UTC}]}}`, 1)
	w := newWorld(t, windowed, nil)
	for w.now.UTC().Hour() < 9 || w.now.UTC().Hour() > 13 {
		w.now = w.now.Add(time.Hour)
	}
	w.mustSubmit(1)
	w.approve("grace", 1)
	p := w.ferry()
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	plan, err := p.Plan(w.ctx, s, promote.Options{})
	w.must(err)
	if len(plan.Merges) != 1 {
		t.Fatalf("merges: %+v", plan.Merges)
	}
	for w.now.UTC().Hour() < 16 {
		w.now = w.now.Add(time.Hour)
	}
	return w, p, plan
}

// Somebody's commit on a branch that waits in the queue: the forge must not merge it by itself.
func TestForeignWorkLeavesTheQueue(t *testing.T) {
	w := newWorld(t, strings.Replace(proposals("replace"), "count: 2", "count: 1", 1), nil)
	w.mustSubmit(1)
	w.approve("grace", 1)
	forge := &ruled{rules: scm.Rules{Queue: true}, queued: map[int]bool{}}
	w.with(forge)
	w.push("ferry/dev/shop", map[string]string{"dev/shop/mine.yaml": "a: b\n"})
	wantsIn(t, waits(w.with(forge)), "holds work of somebody else")
	if !slices.Equal(forge.history, []string{"in", "out"}) {
		t.Errorf("queue: %v", forge.history)
	}
}

// What goes straight to a branch is judged once more as well: the window closes between the plan and the write.
func TestAWindowThatClosesBeforeAWrite(t *testing.T) {
	windowed := strings.Replace(ferryYAML, "{name: dev, pullRequest: false}",
		`{name: dev, pullRequest: false, gates: {windows: [{days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun], from: "09:00", to: "16:00", zone: UTC}]}}`, 1)
	w := newWorld(t, windowed, nil)
	for w.now.UTC().Hour() != 17 {
		w.now = w.now.Add(time.Hour)
	}
	w.mustSubmit(1)
	for w.now.UTC().Hour() != 10 {
		w.now = w.now.Add(time.Hour)
	}
	p := w.ferry()
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	plan, err := p.Plan(w.ctx, s, promote.Options{})
	w.must(err)
	if len(plan.Promotions) != 1 || plan.Promotions[0].Action != promote.ActionWrite || len(plan.Waiting) > 0 {
		t.Fatalf("%+v, waiting: %+v", plan.Promotions, plan.Waiting)
	}
	for w.now.UTC().Hour() < 16 {
		w.now = w.now.Add(time.Hour)
	}
	done, err := p.Apply(w.ctx, plan)
	w.must(err)
	if got := w.version("dev", "shop"); got != "" || len(done) > 0 {
		t.Errorf("dev has %q: %+v", got, done)
	}
	wantsIn(t, waits(&promote.Report{Plan: plan}), "dev: windows: ")
	if plan.NextWakeup.UTC().Hour() != 9 {
		t.Errorf("wakes at %s", plan.NextWakeup)
	}
	for w.now.UTC().Hour() != 10 {
		w.now = w.now.Add(time.Hour)
	}
	w.advance()
	if got := w.version("dev", "shop"); got != "1.1.0" {
		t.Errorf("in the next window dev has %q", got)
	}
}

// Where somebody reports there is only to wait, however the account is spelt: no advice on how to get reports.
func TestNoAdviceWhereSomebodyReports(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	hints := func() (all []string) {
		for _, wait := range w.advance().Plan.Waiting {
			for _, c := range wait.Conditions {
				if c.Gate == "healthy" && wait.Environment == "qa" {
					all = append(all, c.Hint)
				}
			}
		}
		return all
	}
	if got := hints(); len(got) == 0 || got[0] == "" {
		t.Fatalf("nobody has reported, and the advice is %q", got)
	}
	w.says("Connector", "dev", "shop", scm.Success)
	w.advance()
	w.tick()
	w.mustSubmit(2)
	if got := hints(); len(got) == 0 || strings.Join(got, "") != "" {
		t.Errorf("the advice is %q", got)
	}
}

// A queue that asks nobody may merge what a window let in after it has closed: the plan says so, unless the branch asks for
// ferry's own status.
func TestAQueueOutlastsAWindow(t *testing.T) {
	windowed := strings.Replace(ferryYAML, "{name: dev, pullRequest: false}",
		`{name: dev, merge: auto, gates: {approvals: {count: 1}, windows: [{days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun], from: "09:00", to: "16:00", zone: UTC}]}}`, 1)
	const note = "the queue of main may merge it when the windows of dev say no, unless ferry gates --commit answers for what the queue makes"
	for _, c := range []struct {
		rules scm.Rules
		want  []string
	}{
		{scm.Rules{Queue: true}, []string{note}},
		{scm.Rules{Queue: true, Statuses: []string{"ferry/gates"}}, nil},
		{scm.Rules{}, nil},
	} {
		w := newWorld(t, windowed, nil)
		w.mustSubmit(1)
		p := w.ferry()
		p.Forge = &ruled{Forge: p.Forge, rules: c.rules, queued: map[int]bool{}}
		s, err := p.Load(w.ctx, promote.Scope{})
		w.must(err)
		plan, err := p.Plan(w.ctx, s, promote.Options{})
		w.must(err)
		if len(plan.Promotions) != 1 || !slices.Equal(plan.Promotions[0].Notes, c.want) {
			t.Errorf("%+v: %+v", c.rules, plan.Promotions)
		}
	}
}
