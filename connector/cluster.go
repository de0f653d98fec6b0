package connector

import (
	"context"
	"errors"
	"time"
)

// Cluster is one cluster as it is watched. What it says is always a whole reading: a missed change is made good by the next
// one, and nothing depends on how many notices came, or in which order.
type Cluster interface {
	// Units gives every unit as it was read last, ordered by engine and Ref. It reads memory and answers at once;
	// ErrNotSynced before every kind that the cluster has was listed, since a unit that was not read yet is not a unit
	// that is not there. Callers share what they get, and do not change it.
	Units(ctx context.Context) ([]Unit, error)
	// Changed has a notice when Units may answer differently than before. It holds one; more are the same news.
	Changed() <-chan struct{}
	// Wake reads one object again, at once and past every cache, because somebody says that it changed. A name that the
	// cluster does not have is no error: the hint may be wrong or late.
	Wake(ctx context.Context, object Ref) error
	// Synced tells whether Units answers, and goes on doing so when the connection is lost later.
	Synced() bool
	// Problems says what keeps units from being read, or being fresh, in sentences for people, ordered by their object.
	Problems() []Problem
}

// ErrNotSynced says that a cluster was not read completely yet.
var ErrNotSynced = errors.New("the cluster's objects are not all read yet")

// Problem is something a person has to mend, or to wait for, before a cluster can be read.
type Problem struct {
	Object string // what it is about: kustomizations.kustomize.toolkit.fluxcd.io
	Text   string // what is the matter
	Next   string // what to do about it; empty where there is nothing to do
	Since  time.Time
}
