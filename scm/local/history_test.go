package local

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git"
)

// dag is a history in memory: commits by id, each with its parents and the time its committer's clock showed.
type dag map[git.ID]git.Commit

func (d dag) history() history {
	return history{func(_ context.Context, id git.ID) (git.Commit, error) {
		c, ok := d[id]
		if !ok {
			return c, fmt.Errorf("%s: %w", id, git.ErrNotFound)
		}
		return c, nil
	}}
}

// randomDAG makes n commits; every clock may be wrong by skew.
func randomDAG(r *rand.Rand, n int, skew time.Duration) (dag, []git.ID) {
	d, ids := dag{}, []git.ID(nil)
	for i := range n {
		id := git.ID(fmt.Sprintf("c%03d", i))
		var parents []git.ID
		for range min(i, r.IntN(3)) {
			if p := ids[max(0, i-1-r.IntN(4))]; !slices.Contains(parents, p) {
				parents = append(parents, p)
			}
		}
		at := time.Unix(int64(i)*60, 0).Add(time.Duration((r.Float64() - 0.5) * float64(skew)))
		d[id], ids = git.Commit{ID: id, Parents: parents, Time: at}, append(ids, id)
	}
	return d, ids
}

// ancestors is the plain definition, id included.
func (d dag) ancestors(id git.ID) map[git.ID]bool {
	all := map[git.ID]bool{id: true}
	for _, p := range d[id].Parents {
		for a := range d.ancestors(p) {
			all[a] = true
		}
	}
	return all
}

// bases is the plain definition: common ancestors that are no ancestor of another common one.
func (d dag) bases(a, b git.ID) []git.ID {
	var common, best []git.ID
	of := d.ancestors(b)
	for id := range d.ancestors(a) {
		if of[id] {
			common = append(common, id)
		}
	}
	for _, id := range common {
		if !slices.ContainsFunc(common, func(o git.ID) bool { return o != id && d.ancestors(o)[id] }) {
			best = append(best, id)
		}
	}
	slices.Sort(best)
	return best
}

func TestHistoryAgainstDefinition(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		d, ids := randomDAG(r, 24, time.Duration(seed%3)*30*time.Minute)
		h := d.history()
		for _, a := range ids {
			for _, b := range ids {
				in, err := h.contains(t.Context(), a, b)
				if want := d.ancestors(a)[b]; err != nil || in != want {
					t.Fatalf("seed %d: %s contains %s: %v, %v; want %v", seed, a, b, in, err, want)
				}
				got, err := h.mergeBases(t.Context(), a, b)
				if want := d.bases(a, b); err != nil || !slices.Equal(got, want) {
					t.Fatalf("seed %d: merge bases of %s and %s: %v, %v; want %v", seed, a, b, got, err, want)
				}
				if in {
					landedAgainstDefinition(t, d, a, b)
				}
			}
		}
	}
}

func landedAgainstDefinition(t *testing.T, d dag, tip, id git.ID) {
	t.Helper()
	want := tip
	for len(d[want].Parents) > 0 && want != id && d.ancestors(d[want].Parents[0])[id] {
		want = d[want].Parents[0]
	}
	if got, err := d.history().landed(t.Context(), tip, id); err != nil || got.ID != want {
		t.Fatalf("%s landed in %s by %s, %v; want %s", id, tip, got.ID, err, want)
	}
}

// A long history below the meeting point is not read.
func TestHistoryReadsOnlyWhatLiesBetween(t *testing.T) {
	d := dag{}
	for i := range 5000 {
		c := git.Commit{ID: git.ID(fmt.Sprintf("m%d", i)), Time: time.Unix(int64(i), 0)}
		if i > 0 {
			c.Parents = []git.ID{git.ID(fmt.Sprintf("m%d", i-1))}
		}
		d[c.ID] = c
	}
	d["head"] = git.Commit{ID: "head", Parents: []git.ID{"m4990"}, Time: time.Unix(6000, 0)}
	reads := 0
	h := history{func(ctx context.Context, id git.ID) (git.Commit, error) {
		reads++
		return d.history().commit(ctx, id)
	}}
	if in, err := h.contains(t.Context(), "m4999", "head"); err != nil || in {
		t.Errorf("contained: %v, %v", in, err)
	}
	if bases, err := h.mergeBases(t.Context(), "m4999", "head"); err != nil || !slices.Equal(bases, []git.ID{"m4990"}) {
		t.Errorf("merge bases %v, %v", bases, err)
	}
	if reads > 60 {
		t.Errorf("%d commits read for a difference of 10", reads)
	}
}

func TestHistoryOfWhatIsGone(t *testing.T) {
	h := dag{"a": {ID: "a"}}.history()
	for _, row := range [][2]git.ID{{"a", ""}, {"", "a"}, {"", ""}, {"a", "pruned"}} {
		if in, err := h.contains(t.Context(), row[0], row[1]); in || err != nil {
			t.Errorf("%q contains %q: %v, %v", row[0], row[1], in, err)
		}
	}
	if _, err := h.mergeBases(t.Context(), "a", "pruned"); err == nil {
		t.Error("a commit that is not there has merge bases")
	}
}
