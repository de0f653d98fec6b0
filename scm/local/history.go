package local

import (
	"container/heap"
	"context"
	"errors"
	"slices"

	"github.com/ferry-cd/ferry/git"
)

// history answers questions about commits by walking from both ends at once, newest first, until the walks have met. It
// costs what lies between two commits, not what lies below them.
type history struct {
	commit func(context.Context, git.ID) (git.Commit, error)
}

// sides of a commit in a walk.
type side uint8

const (
	left  side = 1 << iota // reached from the one end
	right                  // reached from the other
	below                  // lies below a commit that both reached
	both  = left | right
)

// walk is the commits between two ends and the parents of each.
type walk struct {
	sides   map[git.ID]side
	parents map[git.ID][]git.ID
	queue   queue
}

// between walks from both ends until all that is left to visit lies below what both have reached. A clock that runs
// wrong makes the walk longer, not the answer false: a commit that only one end reaches is always walked through.
func (h history) between(ctx context.Context, a, b git.ID) (*walk, error) {
	w := &walk{sides: map[git.ID]side{}, parents: map[git.ID][]git.ID{}}
	if err := errors.Join(h.reach(ctx, w, a, left), h.reach(ctx, w, b, right)); err != nil {
		return nil, err
	}
	for w.unfinished() {
		c := heap.Pop(&w.queue).(git.Commit)
		s := w.sides[c.ID]
		if s&both == both {
			s |= below
		}
		for _, p := range c.Parents {
			if err := h.reach(ctx, w, p, s); err != nil {
				return nil, err
			}
		}
	}
	return w, nil
}

// reach marks a commit and, where that is news, queues it.
func (h history) reach(ctx context.Context, w *walk, id git.ID, s side) error {
	if w.sides[id]&s == s {
		return nil
	}
	c, err := h.commit(ctx, id)
	if err != nil {
		return err
	}
	w.sides[id] |= s
	w.parents[id] = c.Parents
	heap.Push(&w.queue, c)
	return nil
}

func (w *walk) unfinished() bool {
	return slices.ContainsFunc(w.queue, func(c git.Commit) bool { return w.sides[c.ID]&below == 0 })
}

// queue gives the newest commit first; equal times by id, so that every walk is the same.
type queue []git.Commit

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if !q[i].Time.Equal(q[j].Time) {
		return q[i].Time.After(q[j].Time)
	}
	return q[i].ID < q[j].ID
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(git.Commit)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// contains tells whether id is tip or one of its ancestors. A commit that is no longer there is in no history.
func (h history) contains(ctx context.Context, tip, id git.ID) (bool, error) {
	if tip == id {
		return tip != "", nil
	}
	if tip == "" || id == "" {
		return false, nil
	}
	if _, err := h.commit(ctx, id); errors.Is(err, git.ErrNotFound) {
		return false, nil
	}
	w, err := h.between(ctx, tip, id)
	if err != nil {
		return false, err
	}
	return w.sides[id]&left != 0, nil
}

// mergeBases gives the newest common ancestors of two commits, sorted: one as a rule, several after merges in both
// directions, none where the histories have nothing in common.
func (h history) mergeBases(ctx context.Context, a, b git.ID) ([]git.ID, error) {
	w, err := h.between(ctx, a, b)
	if err != nil {
		return nil, err
	}
	var found []git.ID
	for id, s := range w.sides {
		if s == both {
			found = append(found, id)
		}
	}
	slices.Sort(found)
	return h.newest(ctx, found)
}

// newest drops commits that are ancestors of others; with true clocks there are none.
func (h history) newest(ctx context.Context, ids []git.ID) ([]git.ID, error) {
	var kept []git.ID
	for i, id := range ids {
		covered := false
		for j, other := range ids {
			if i == j || covered {
				continue
			}
			in, err := h.contains(ctx, other, id)
			if err != nil {
				return nil, err
			}
			covered = in
		}
		if !covered {
			kept = append(kept, id)
		}
	}
	return kept, nil
}

// landed gives the commit by which id came into the history of tip: the oldest on the line of first parents that has it.
// id must be in that history.
func (h history) landed(ctx context.Context, tip, id git.ID) (git.Commit, error) {
	w, err := h.between(ctx, tip, id)
	if err != nil {
		return git.Commit{}, err
	}
	has := w.descendants(id)
	for {
		parents := w.parents[tip]
		if tip == id || len(parents) == 0 || !has[parents[0]] {
			return h.commit(ctx, tip)
		}
		tip = parents[0]
	}
}

// descendants gives id and the walked commits that come after it.
func (w *walk) descendants(id git.ID) map[git.ID]bool {
	children := map[git.ID][]git.ID{}
	for child, parents := range w.parents {
		for _, p := range parents {
			children[p] = append(children[p], child)
		}
	}
	found, next := map[git.ID]bool{id: true}, []git.ID{id}
	for len(next) > 0 {
		at := next[len(next)-1]
		next = next[:len(next)-1]
		for _, child := range children[at] {
			if !found[child] {
				found[child] = true
				next = append(next, child)
			}
		}
	}
	return found
}

// MergeBase gives the commit that a branch started from, as seen from another: what a pull request changes is the
// difference between it and the head. Of several it is the first by name; "" where there is none.
func MergeBase(ctx context.Context, repo *git.Repository, a, b string) (string, error) {
	bases, err := history{repo.Commit}.mergeBases(ctx, git.ID(a), git.ID(b))
	if err != nil || len(bases) == 0 {
		return "", err
	}
	return string(bases[0]), nil
}
