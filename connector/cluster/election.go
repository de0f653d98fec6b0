package cluster

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/klog/v2"
)

// Election is held among the connectors of one cluster, by a Lease: one of them leads. It is the only thing in the cluster
// that this package writes.
type Election struct {
	Client          dynamic.Interface
	Namespace, Name string        // of the Lease
	Identity        string        // of this connector; no other may have it
	Duration        time.Duration // after which a leader that is not heard of is none: 15s

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
	for ctx.Err() == nil {
		if err := e.term(ctx, lead); err != nil {
			return err
		}
	}
	return nil
}

// term waits for the Lease, leads, and gives it back.
func (e *Election) term(ctx context.Context, lead func(context.Context)) error {
	held, giveBack := context.WithCancel(klog.NewContext(context.WithoutCancel(ctx), logr.Discard()))
	defer giveBack()
	begun, ended := make(chan struct{}), make(chan struct{})
	stopWaiting := context.AfterFunc(ctx, func() {
		e.leading.Store(false)
		select {
		case <-begun: // lead ends by its own context, and then the Lease goes back
		default:
			giveBack()
		}
	})
	defer stopWaiting()
	config := e.config(leaderelection.LeaderCallbacks{
		OnStartedLeading: func(c context.Context) {
			defer close(ended)
			defer giveBack()
			close(begun)
			e.led(ctx, c, lead)
		},
		OnStoppedLeading: func() { e.leading.Store(false) },
	})
	elector, err := leaderelection.NewLeaderElector(config)
	if err != nil {
		return fmt.Errorf("take part in election %s/%s: %w", e.Namespace, e.Name, err)
	}
	elector.Run(held)
	select {
	case <-begun:
		<-ended
	default:
	}
	return nil
}

// led runs lead until it returns: when the Lease is lost, which ends c, or when ctx ends.
func (e *Election) led(ctx, c context.Context, lead func(context.Context)) {
	work, cancel := context.WithCancel(c)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	e.leading.Store(ctx.Err() == nil && c.Err() == nil)
	lead(work)
}

func (e *Election) config(callbacks leaderelection.LeaderCallbacks) leaderelection.LeaderElectionConfig {
	duration := cmp.Or(e.Duration, 15*time.Second)
	return leaderelection.LeaderElectionConfig{
		Lock:          &lease{client: e.Client.Resource(leases).Namespace(e.Namespace), namespace: e.Namespace, name: e.Name, identity: e.Identity},
		LeaseDuration: duration, RenewDeadline: duration * 2 / 3, RetryPeriod: duration / 8,
		ReleaseOnCancel: true, Name: e.Name, Callbacks: callbacks,
	}
}
