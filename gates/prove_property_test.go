package gates

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/environments"
)

// The oracle states DESIGN's definition for one moment at a time and asks it of every moment there is. It shares no
// code with Prove and is as slow as it is plain.
type oracle struct {
	s       Stretch
	context string
	trusted []string
}

func (o oracle) counts(s Status) bool {
	return s.Context == o.context && (len(o.trusted) == 0 || slices.Contains(o.trusted, s.Creator))
}

func (o oracle) times() []time.Time {
	var out []time.Time
	for _, c := range o.s.Commits {
		for _, s := range c.Statuses {
			if o.counts(s) {
				out = append(out, s.Time)
			}
		}
	}
	for _, w := range o.s.Withdrawn {
		out = append(out, w.Time)
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// newest gives the newest report on a commit at a moment: histories are newest first within one second.
func (o oracle) newest(c Commit, now time.Time) (newest Status, ok bool) {
	for _, s := range c.Statuses {
		if o.counts(s) && !s.Time.After(now) && (!ok || s.Time.After(newest.Time)) {
			newest, ok = s, true
		}
	}
	return newest, ok
}

func (o oracle) failed(from, to time.Time, except int) bool {
	for i, c := range o.s.Commits {
		for _, s := range c.Statuses {
			if i != except && o.counts(s) && s.State == Failure && !s.Time.Before(from) && !s.Time.After(to) {
				return true
			}
		}
	}
	return slices.ContainsFunc(o.s.Withdrawn, func(w Withdrawal) bool { return !w.Time.Before(from) && !w.Time.After(to) })
}

func (o oracle) proven(now time.Time) bool {
	for i, c := range o.s.Commits {
		if n, ok := o.newest(c, now); ok && n.State == Success && !o.failed(n.Time, now, i) {
			return true
		}
	}
	return false
}

// since walks back from the end while every moment is proven and no failure lies behind it.
func (o oracle) since() (time.Time, bool) {
	var since time.Time
	found := false
	for _, now := range slices.Backward(o.times()) {
		if !o.proven(now) {
			break
		}
		since, found = now, true
		if o.failed(now, now, -1) {
			break
		}
	}
	return since, found
}

// randomStretch has few distinct times where ties is set, so that seconds are shared; else no two are the same.
func randomStretch(r *rand.Rand, contexts []string, ties bool) Stretch {
	var s Stretch
	ticks := r.Perm(400)
	tick := func() time.Time {
		if ties {
			return at("10:00").Add(time.Duration(r.IntN(12)) * time.Second)
		}
		t := ticks[0]
		ticks = ticks[1:]
		return at("10:00").Add(time.Duration(t) * time.Second)
	}
	states := []State{Success, Success, Success, Pending, Failure, Superseded, "odd"}
	for i := range 1 + r.IntN(5) {
		c := Commit{ID: fmt.Sprintf("%040x", i), Time: at("09:00")}
		for range r.IntN(8) {
			c.Statuses = append(c.Statuses, Status{
				Context: contexts[r.IntN(len(contexts))],
				State:   states[r.IntN(len(states))],
				Creator: []string{"app/connector", "app/connector", "app/connector", "mallory"}[r.IntN(4)],
				Time:    tick(),
			})
		}
		slices.SortStableFunc(c.Statuses, func(a, b Status) int { return b.Time.Compare(a.Time) })
		s.Commits = append(s.Commits, c)
	}
	if r.IntN(6) == 0 {
		s.Withdrawn = append(s.Withdrawn, Withdrawal{Time: tick(), Reason: "rolled back"})
	}
	return s
}

func TestProveAgainstOracle(t *testing.T) {
	proven := 0
	for seed := range uint64(20000) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := environments.Placement{App: "shop", Environment: "prod", Clusters: [][]string{nil, {"a"}, {"a", "b"}, {"b", "c", "a"}}[r.IntN(4)]}
		contexts := []string{"ferry/prod/shop"}
		for i, c := range p.Clusters {
			contexts = append(contexts[:i:i], "ferry/prod/shop/"+c)
		}
		s := randomStretch(r, append([]string{"ferry/qa/shop"}, contexts...), seed%2 == 0)
		trust := []environments.Trust{connector, {}}[r.IntN(2)]

		want, since := true, time.Time{}
		for _, context := range contexts {
			from, ok := oracle{s, context, trust.Connector}.since()
			want = want && ok
			if from.After(since) {
				since = from
			}
		}
		got := Prove(p, trust, s)
		if got.Proven != want || want && !got.Since.Equal(since) || got.Proven != (got.State == Healthy) {
			t.Fatalf("seed %d: got %+v, want proven %v since %v\n%+v", seed, got, want, since, s)
		}
		if want {
			proven++
		}
	}
	// The comparison is worth little if nearly all histories end the same way.
	if proven < 2000 || proven > 18000 {
		t.Errorf("%d of 20000 histories are proven", proven)
	}
}

// In whatever order commits and statuses reach us, the answer is the same, word for word.
func TestProveAnyArrivalOrder(t *testing.T) {
	p := environments.Placement{App: "shop", Environment: "prod", Clusters: []string{"a", "b"}}
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 2))
		s := randomStretch(r, []string{"ferry/prod/shop/a", "ferry/prod/shop/b"}, false)
		want := Prove(p, connector, s)
		other := Stretch{Withdrawn: s.Withdrawn}
		for _, c := range s.Commits {
			c.Statuses = slices.Clone(c.Statuses)
			r.Shuffle(len(c.Statuses), func(i, j int) { c.Statuses[i], c.Statuses[j] = c.Statuses[j], c.Statuses[i] })
			other.Commits = append(other.Commits, c)
		}
		if got := Prove(p, connector, other); cmp.Diff(want, got) != "" {
			t.Fatalf("seed %d: statuses shuffled: %s", seed, cmp.Diff(want, got))
		}
		r.Shuffle(len(other.Commits), func(i, j int) { other.Commits[i], other.Commits[j] = other.Commits[j], other.Commits[i] })
		got := Prove(p, connector, other)
		if got.Proven != want.Proven || got.State != want.State || !got.Since.Equal(want.Since) {
			t.Fatalf("seed %d: commits shuffled: %+v, want %+v", seed, got, want)
		}
	}
}

// A pattern is a regular expression in which only the star is special.
func FuzzMatch(f *testing.F) {
	f.Fuzz(func(t *testing.T, pattern, name string) {
		parts := strings.Split(pattern, "*")
		for i, part := range parts {
			parts[i] = regexp.QuoteMeta(part)
		}
		re, err := regexp.Compile(`(?s)\A` + strings.Join(parts, ".*") + `\z`)
		if err != nil || len(pattern) > 200 {
			return
		}
		if got, want := match(pattern, name), re.MatchString(name); got != want {
			t.Errorf("match(%q, %q) = %v, want %v", pattern, name, got, want)
		}
	})
}
