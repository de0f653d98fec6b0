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
