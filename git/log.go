package git

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// Log visits head and its ancestors, newest first by commit time, a commit always before its parents. It ends when visit
// wants no more. Where only the newest part of the history is at hand, more is fetched on the way.
func (r *Repository) Log(ctx context.Context, head ID, visit func(Commit) (more bool, err error)) error {
	first, err := r.Commit(ctx, head)
	if err != nil {
		return err
	}
	w := &logWalk{r: r, head: first.ID, commits: map[ID]*logCommit{}}
	w.meet(first)
	heap.Push(&w.ready, w.commits[first.ID])
	for len(w.ready) > 0 {
		c, err := w.next(ctx)
		if c == nil || err != nil {
			return err
		}
		if more, err := visit(c.Commit); err != nil || !more {
			return err
		}
		if err := w.pass(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// clockSkew is by how much the clocks of those who commit may differ. Within it a commit is held back until it is sure
// that no commit still unread is its child.
const clockSkew = time.Hour

// logWalk runs two frontiers over the history: unread holds commits whose parents are not counted yet, ready those all
// of whose known children have been visited. The first runs ahead of the second by clockSkew.
type logWalk struct {
	r       *Repository
	head    ID
	commits map[ID]*logCommit
	unread  commitHeap
	ready   commitHeap
}

type logCommit struct {
	Commit
	children int // known and not visited
	read     bool
	visited  bool
	order    int // of first meeting, which decides among equal times
}

func (w *logWalk) meet(c Commit) *logCommit {
	lc := &logCommit{Commit: c, order: len(w.commits)}
	w.commits[c.ID] = lc
	heap.Push(&w.unread, lc)
	return lc
}

// next gives the commit to visit. One that is on the heap although a child of it has been met since comes again later.
func (w *logWalk) next(ctx context.Context) (*logCommit, error) {
	for len(w.ready) > 0 {
		// A single one that is ready is an ancestor of nothing that is left: no need to look ahead.
		for len(w.ready) > 1 && len(w.unread) > 0 && !w.unread[0].Time.Before(w.ready[0].Time.Add(-clockSkew)) {
			if err := w.readParents(ctx, heap.Pop(&w.unread).(*logCommit)); err != nil {
				return nil, err
			}
		}
		c := heap.Pop(&w.ready).(*logCommit)
		if c.children == 0 && !c.visited {
			c.visited = true
			return c, nil
		}
	}
	return nil, nil
}

// readParents counts a commit as child of its parents.
func (w *logWalk) readParents(ctx context.Context, c *logCommit) error {
	if c.read {
		return nil
	}
	c.read = true
	if w.r.home.isEdge(c.ID) {
		c.Parents = nil
		return nil
	}
	for _, id := range c.Parents {
		p := w.commits[id]
		if p == nil {
			parent, err := w.parent(ctx, id)
			if err != nil {
				return err
			}
			p = w.meet(parent)
		}
		p.children++
	}
	return nil
}

// pass leaves a visited commit for its parents.
func (w *logWalk) pass(ctx context.Context, c *logCommit) error {
	if err := w.readParents(ctx, c); err != nil {
		return err
	}
	for _, id := range c.Parents {
		p := w.commits[id]
		if p.children--; p.children == 0 {
			heap.Push(&w.ready, p)
		}
	}
	return nil
}

func (w *logWalk) parent(ctx context.Context, id ID) (Commit, error) {
	for {
		o, err := w.r.object(id)
		switch {
		case err == nil && o.kind == plumbing.CommitObject:
			return parseCommit(id, o.data)
		case err == nil:
			return Commit{}, fmt.Errorf("%s: parent %s is a %s", w.r.url, id.Short(), o.kind)
		case !errors.Is(err, errAbsent):
			return Commit{}, err
		}
		more, err := w.r.home.deepen(ctx, w.head)
		if err != nil {
			return Commit{}, fmt.Errorf("read history of %s: %w", w.head.Short(), err)
		}
		if !more && !w.r.has(id) {
			return Commit{}, w.r.notFound("commit %s, a parent in the history of %s", id, w.head)
		}
	}
}

// commitHeap has the newest commit on top.
type commitHeap []*logCommit

func (h commitHeap) Len() int      { return len(h) }
func (h commitHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *commitHeap) Push(x any)   { *h = append(*h, x.(*logCommit)) }

func (h commitHeap) Less(i, j int) bool {
	if !h[i].Time.Equal(h[j].Time) {
		return h[i].Time.After(h[j].Time)
	}
	return h[i].order < h[j].order
}

func (h *commitHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
