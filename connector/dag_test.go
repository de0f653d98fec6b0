package connector

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git"
)

// graph is a random history with what a brute-force search says of it.
type graph struct {
	repo    *git.Repository
	ids     []git.ID
	parents map[git.ID][]git.ID
	trees   map[git.ID]git.ID
}

func newGraph(t *testing.T, dice *rand.Rand, size int) *graph {
	t.Helper()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	repo, err := git.Init(t.Context(), t.TempDir(), git.Options{Identity: git.Identity{Name: "Ada", Email: "ada@example.com"}, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	g := &graph{repo: repo, parents: map[git.ID][]git.ID{}, trees: map[git.ID]git.ID{}}
	for i := range size {
		now = now.Add(time.Duration(dice.IntN(7200)-1800) * time.Second) // clocks of several machines
		blob, err := repo.WriteBlob(fmt.Append(nil, dice.IntN(3)))
		if err != nil {
			t.Fatal(err)
		}
		tree, err := repo.EditTree(t.Context(), "", git.Edit{Path: "dev/shop/a.yaml", ID: blob})
		if err != nil {
			t.Fatal(err)
		}
		var parents []git.ID
		for range min(i, 1+dice.IntN(2)) {
			if p := g.ids[max(0, i-1-dice.IntN(4))]; len(parents) == 0 || parents[0] != p {
				parents = append(parents, p)
			}
		}
		id, err := repo.WriteCommit(t.Context(), git.NewCommit{Tree: tree, Parents: parents, Message: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		g.ids, g.parents[id], g.trees[id] = append(g.ids, id), parents, tree
	}
	return g
}

// holds searches the whole history of a commit.
func (g *graph) holds(commit, ancestor git.ID) bool {
	seen, todo := map[git.ID]bool{}, []git.ID{commit}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if at == ancestor {
			return true
		}
		for _, p := range g.parents[at] {
			if !seen[p] {
				seen[p] = true
				todo = append(todo, p)
			}
		}
	}
	return false
}

// Where a unit stands, seen from a target, is what a search through the whole history says, for every pair of commits of
// random histories with merges, side branches and wrong clocks, also when the branch has moved on since.
func TestAncestryAgainstAnOracle(t *testing.T) {
	for seed := range uint64(25) {
		dice := rand.New(rand.NewPCG(seed, 3))
		g := newGraph(t, dice, 30)
		head, ctx := g.ids[29-dice.IntN(8)], t.Context()
		c := chainAt(t, g, g.firstParents(head), dice)
		r := &reader{repo: g.repo, trees: &trees{repo: g.repo}}
		for {
			if grew, err := c.more(ctx, g.repo); err != nil || !grew {
				break
			}
		}
		for i, on := range c.commits {
			for _, commit := range g.ids {
				got, known, err := r.fact(ctx, c, i, "dev/shop", commit)
				if err != nil || !known {
					t.Fatalf("seed %d: %v", seed, err)
				}
				tree, _ := r.trees.folder(ctx, g.trees[commit], "dev/shop")
				if want := (Fact{g.holds(commit, on.ID), string(tree)}); got != want {
					t.Errorf("seed %d: %.7s seen from %.7s: %+v, want %+v", seed, commit, on.ID, got, want)
				}
			}
		}
		g.checkChanges(ctx, t, c, r)
	}
}

func (g *graph) firstParents(head git.ID) []git.ID {
	out := []git.ID{head}
	for len(g.parents[head]) > 0 {
		head = g.parents[head][0]
		out = append(out, head)
	}
	return out
}

// chainAt reads a chain at an older commit of the branch, then follows it to the head, as a connector does that has watched.
func chainAt(t *testing.T, g *graph, line []git.ID, dice *rand.Rand) *chain {
	t.Helper()
	old, err := g.repo.Commit(t.Context(), line[dice.IntN(min(4, len(line)))])
	if err != nil {
		t.Fatal(err)
	}
	c := newChain(old, []string{"dev/shop"})
	if _, err := c.more(t.Context(), g.repo); err != nil {
		t.Fatal(err)
	}
	head, err := g.repo.Commit(t.Context(), line[0])
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := c.follow(t.Context(), g.repo, head); !ok || err != nil {
		t.Fatalf("follow: %t %v", ok, err)
	}
	return c
}

// checkChanges compares the changes of the folder with those found by comparing every commit of the branch with the next.
func (g *graph) checkChanges(ctx context.Context, t *testing.T, c *chain, r *reader) {
	t.Helper()
	line := g.firstParents(c.commits[0].ID)
	var want []git.ID
	for i, id := range line {
		if i == len(line)-1 || g.trees[id] != g.trees[line[i+1]] {
			want = append(want, id)
		}
	}
	for n, id := range want {
		is, ok, err := c.change(ctx, r.trees, "dev/shop", n, true)
		if err != nil || !ok || is.commit.ID != id || c.commits[is.index].ID != id {
			t.Errorf("change %d: %.7s %t %v, want %.7s", n, is.commit.ID, ok, err, id)
		}
	}
	if is, ok, _ := c.change(ctx, r.trees, "dev/shop", len(want), true); ok {
		t.Errorf("one change too many: %.7s", is.commit.ID)
	}
}

// A branch that was turned back, or replaced by another history, is not followed but read anew.
func TestRewrittenBranchesAreNotFollowed(t *testing.T) {
	g := newGraph(t, rand.New(rand.NewPCG(9, 9)), 12)
	line := g.firstParents(g.ids[11])
	commit := func(id git.ID) git.Commit {
		c, err := g.repo.Commit(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := newChain(commit(line[0]), []string{"dev/shop"})
	if _, err := c.more(t.Context(), g.repo); err != nil {
		t.Fatal(err)
	}
	root, err := g.repo.WriteCommit(t.Context(), git.NewCommit{Tree: g.trees[line[0]], Message: "another history"})
	if err != nil {
		t.Fatal(err)
	}
	for _, head := range []git.ID{line[1], root} {
		if ok, err := c.follow(t.Context(), g.repo, commit(head)); ok || err != nil {
			t.Errorf("followed to %.7s: %v", head, err)
		}
	}
}

// No hour, wherever it begins, has more writes than the limit, and what can wait leaves room.
func TestPaceKeepsEveryHour(t *testing.T) {
	p := newPace(time.Second, 480)
	dice := rand.New(rand.NewPCG(1, 1))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var writes []time.Time
	for range 3000 {
		if dice.IntN(400) == 0 {
			now = now.Add(time.Duration(dice.IntN(90)) * time.Minute)
		}
		canWait := dice.IntN(2) == 0
		if at := p.when(now, canWait); canWait && p.when(now, false).After(at) {
			t.Fatal("what can wait goes first")
		} else if now = at; len(writes) > 0 && now.Sub(writes[len(writes)-1]) < time.Second {
			t.Fatal("two within a second")
		}
		p.wrote(now)
		writes = append(writes, now)
	}
	for i, from := range writes {
		n := 0
		for _, at := range writes[i:] {
			if at.Sub(from) >= time.Hour {
				break
			}
			n++
		}
		if n > 480 {
			t.Fatalf("%d writes in the hour from %s", n, from)
		}
	}
}
