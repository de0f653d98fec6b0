// Package connectortest holds a cluster in memory, for tests of what is decided from one.
package connectortest

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/ferry-cd/ferry/connector"
)

// Cluster is a connector.Cluster that says what it was told. It begins unsynced; the first Set makes it synced.
type Cluster struct {
	mu       sync.Mutex
	synced   bool
	units    map[connector.Ref]connector.Unit
	woken    []connector.Ref
	problems []connector.Problem
	changed  chan struct{}
	onWake   func(connector.Ref)
}

var _ connector.Cluster = (*Cluster)(nil)

// New gives a cluster that has these units. Without any it is not synced.
func New(units ...connector.Unit) *Cluster {
	c := &Cluster{units: map[connector.Ref]connector.Unit{}, changed: make(chan struct{}, 1)}
	if len(units) > 0 {
		c.Set(units...)
	}
	return c
}

// Set puts units in place of those of the same name, and says that something changed.
func (c *Cluster) Set(units ...connector.Unit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, u := range units {
		c.units[u.Ref()] = u
	}
	c.synced = true
	c.tell()
}

// Remove takes a unit away, and says that something changed.
func (c *Cluster) Remove(unit connector.Ref) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.units, unit)
	c.tell()
}

// Trouble sets what Problems says.
func (c *Cluster) Trouble(problems ...connector.Problem) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems = problems
	c.tell()
}

// OnWake has f run at each Wake, before it returns, as the reading of the object that a real one makes.
func (c *Cluster) OnWake(f func(connector.Ref)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onWake = f
}

// Woken lists what Wake was called with.
func (c *Cluster) Woken() []connector.Ref {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.woken)
}

// Units gives what was set.
func (c *Cluster) Units(ctx context.Context) ([]connector.Unit, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.synced {
		return nil, connector.ErrNotSynced
	}
	units := make([]connector.Unit, 0, len(c.units))
	for _, u := range c.units {
		units = append(units, u)
	}
	slices.SortFunc(units, func(a, b connector.Unit) int {
		return cmp.Or(cmp.Compare(a.Engine, b.Engine), a.Ref().Compare(b.Ref()))
	})
	return units, ctx.Err()
}

// Changed has a notice after Set, Remove and Trouble.
func (c *Cluster) Changed() <-chan struct{} { return c.changed }

// Wake notes the name.
func (c *Cluster) Wake(ctx context.Context, object connector.Ref) error {
	c.mu.Lock()
	c.woken = append(c.woken, object)
	f := c.onWake
	c.mu.Unlock()
	if f != nil {
		f(object)
	}
	return ctx.Err()
}

// Synced tells whether Set was ever called.
func (c *Cluster) Synced() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.synced
}

// Problems gives what Trouble set.
func (c *Cluster) Problems() []connector.Problem {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.problems)
}

// tell leaves a notice, unless one lies there.
func (c *Cluster) tell() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}
