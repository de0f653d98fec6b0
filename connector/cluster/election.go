package cluster

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"k8s.io/client-go/dynamic"
)

// Election is held among the connectors of one cluster, by a Lease: one of them leads. It is the only thing in the cluster
// that this package writes.
type Election struct {
	Client          dynamic.Interface
	Namespace, Name string        // of the Lease
	Identity        string        // of this connector; no other may have it
	Duration        time.Duration // after which a leader that is not heard of is none: 15s

	Now func() time.Time // nil is the real clock

	leading atomic.Bool
}

// Leading tells whether this one leads now. It is false as soon as the Lease could not be renewed in time, before anybody else
// may take it, and as soon as the context of Run ends.
func (e *Election) Leading() bool { return e.leading.Load() }

// Run takes part until the context ends. While this one leads, lead runs; its context ends when the Lease is lost or Run's
// context ends. The Lease is given back only after lead has returned, so that the next leader never finds this one at work.
func (e *Election) Run(ctx context.Context, lead func(context.Context)) error {
	if e.Identity == "" || e.Namespace == "" || e.Name == "" {
		return fmt.Errorf("take part in election %s/%s as %q: namespace, name and identity are all needed", e.Namespace, e.Name, e.Identity)
	}
	if e.Now == nil {
		e.Now = time.Now
	}
	for ctx.Err() == nil {
		e.term(ctx, lead)
	}
	return nil
}

// term waits for the Lease, leads, and gives it back.
func (e *Election) term(ctx context.Context, lead func(context.Context)) {
	l := &lease{client: e.Client.Resource(leases).Namespace(e.Namespace), namespace: e.Namespace, name: e.Name, identity: e.Identity,
		duration: cmp.Or(e.Duration, 15*time.Second), now: e.Now}
	if !l.acquire(ctx) {
		return
	}
	atWork := context.WithoutCancel(ctx) // lead ends by its own context, and then the Lease goes back
	e.led(ctx, atWork, l, lead)
	l.giveBack(atWork)
}

// led runs lead until it returns, and keeps the Lease for as long. Its context ends when the Lease is lost, or when ctx ends.
func (e *Election) led(ctx, atWork context.Context, l *lease, lead func(context.Context)) {
	work, stop := context.WithCancel(ctx)
	keeping, leave := context.WithCancel(atWork)
	e.leading.Store(true)
	defer context.AfterFunc(ctx, func() { e.leading.Store(false) })()
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		l.keep(keeping)
		e.leading.Store(false)
		stop()
	}()
	lead(work)
	leave()
	<-kept
}
