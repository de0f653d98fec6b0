package gates

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/environments"
)

// graph is a random set of environments, each after some of those before it, with what was reported in each.
type graph struct {
	placements []environments.Placement
	stretches  []Stretch
	now        time.Time
}

func randomGraph(r *rand.Rand) graph {
	g := graph{now: at("10:00").Add(time.Duration(r.IntN(800)) * time.Second)}
	for i := range 2 + r.IntN(5) {
		p := environments.Placement{App: "shop", Environment: fmt.Sprintf("e%d", i), Clusters: [][]string{nil, {"a", "b"}}[r.IntN(2)]}
		p.Gates = environments.Gates{Healthy: r.IntN(5) > 0, Soak: []time.Duration{0, 0, 200 * time.Second}[r.IntN(3)]}
		for before := range i {
			if r.IntN(2) == 0 {
				p.After = append(p.After, g.placements[before].Environment)
			}
		}
		var s Stretch
		if r.IntN(6) > 0 {
			s = randomStretch(r, needed(p), r.IntN(2) == 0)
		}
		g.placements, g.stretches = append(g.placements, p), append(g.stretches, s)
	}
	return g
}

func needed(p environments.Placement) []string {
	out := []string{"ferry/" + p.Environment + "/shop"}
	for i, c := range p.Clusters {
		out = append(out[:i:i], "ferry/"+p.Environment+"/shop/"+c)
	}
	return out
}

// proven asks the oracle of one environment.
func (g graph) proven(i int) (since time.Time, ok bool) {
	for _, context := range needed(g.placements[i]) {
		from, ok := oracle{g.stretches[i], context, connector.Connector}.since()
		if !ok {
			return time.Time{}, false
		}
		if from.After(since) {
			since = from
		}
	}
	return since, len(g.stretches[i].Commits) > 0
}

// mayEnter states in one loop what the gates of an environment promise: nothing enters unless everything before it has
// it, proven where that is asked for, for as long as that is asked for.
func (g graph) mayEnter(p environments.Placement) bool {
	for _, before := range p.After {
		var i int
		_, _ = fmt.Sscanf(before, "e%d", &i)
		since, proven := g.proven(i)
		switch {
		case len(g.stretches[i].Commits) == 0 || p.Gates.Healthy && !proven:
			return false
		case !proven:
			since = g.stretches[i].Commits[len(g.stretches[i].Commits)-1].Time
		}
		if p.Gates.Soak > 0 && g.now.Sub(since) < p.Gates.Soak {
			return false
		}
	}
	return true
}

// Over random graphs, histories, clusters and reporters, the verdict is the oracle's; and when it only waits for time,
// that time is when it changes.
func TestEvaluateAgainstOracle(t *testing.T) {
	asked, entered, woken := 0, 0, 0
	for seed := range uint64(5000) {
		g := randomGraph(rand.New(rand.NewPCG(seed, 4)))
		for _, p := range g.placements {
			in := Input{Placement: p, Trust: connector, Now: g.now}
			for i, before := range g.placements {
				in.Upstreams = append(in.Upstreams, Prove(before, connector, g.stretches[i]))
			}
			v := Evaluate(in)
			wellFormed(t, v)
			want := g.mayEnter(p)
			if v.MayPropose() != want || v.MayMerge() != want {
				t.Fatalf("seed %d, %s: propose %v, merge %v, want %v: %+v", seed, p.Environment, v.MayPropose(), v.MayMerge(), want, v)
			}
			if len(p.After) > 0 {
				asked++
			}
			if want && len(p.After) > 0 {
				entered++
			}
			if onlyTime(v) {
				woken++
				g.checkWakeup(t, in, NextWakeup(v))
			}
		}
	}
	if entered < asked/20 || entered > asked*19/20 || woken < 200 {
		t.Errorf("of %d, %d may enter and %d wait for time alone: nearly all end the same way", asked, entered, woken)
	}
}

func onlyTime(v Verdict) bool {
	waiting := v.Waiting()
	for _, c := range waiting {
		if c.Until.IsZero() {
			return false
		}
	}
	return len(waiting) > 0
}

func (g graph) checkWakeup(t *testing.T, in Input, when time.Time) {
	t.Helper()
	for _, now := range []time.Time{when.Add(-time.Second), when} {
		g.now, in.Now = now, now
		if got, want := Evaluate(in).MayPropose(), now.Equal(when); got != want || g.mayEnter(in.Placement) != want {
			t.Fatalf("at %s, woken at %s: %v", now, when, got)
		}
	}
}
