package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// lease is the Lease of an election, as one candidate sees it. Kubernetes' own elections do the same, and a connector of an
// earlier version that uses them may be a candidate too; but they bring every typed client along, which costs each start of
// ferry more than most commands take.
//
// Clocks of machines differ, so that no time in the Lease is believed: it is held for as long as it says from the moment on
// at which this candidate saw it change. What is written carries the version that was read, so of two who write one loses.
type lease struct {
	client                    dynamic.ResourceInterface
	namespace, name, identity string
	duration                  time.Duration
	now                       func() time.Time

	last *unstructured.Unstructured // as it was read or written last
	seen time.Time                  // when it was first seen like that
}

// deadline is how long after a renewal one that leads believes that it does. Others wait for a third longer.
func (l *lease) deadline() time.Duration { return l.duration * 2 / 3 }

// pause waits until the next look at the Lease: some time between an eighth and a fourth of its duration, so that candidates
// do not come all at once. It is false when the context has ended.
func (l *lease) pause(ctx context.Context) bool {
	period := l.duration / 8
	wait := time.NewTimer(period + rand.N(period+1))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wait.C:
		return true
	}
}

// acquire waits until the Lease is this candidate's, and is false when the context ended before.
func (l *lease) acquire(ctx context.Context) bool {
	for {
		if l.take(ctx, l.now().Add(l.deadline())) == nil {
			return true
		}
		if !l.pause(ctx) {
			return false
		}
	}
}

// keep renews the Lease until the context ends, somebody else has it, or it could not be renewed in time.
func (l *lease) keep(ctx context.Context) {
	for l.pause(ctx) {
		if err := l.take(ctx, l.seen.Add(l.deadline())); err == nil {
			continue
		}
		if !l.ours() || l.now().Sub(l.seen) > l.deadline() {
			return
		}
	}
}

// ours tells whether this candidate has the Lease, as far as it knows.
func (l *lease) ours() bool { return l.last != nil && l.holder() == l.identity }

func (l *lease) holder() string {
	holder, _, _ := unstructured.NestedString(l.last.Object, "spec", "holderIdentity")
	return holder
}

// expires is when the Lease is nobody's unless it changes before.
func (l *lease) expires() time.Time {
	seconds, _, _ := unstructured.NestedInt64(l.last.Object, "spec", "leaseDurationSeconds")
	return l.seen.Add(time.Duration(seconds) * time.Second)
}

// take acquires or renews the Lease. The error says why not: another one has it, or the server did not answer by then.
func (l *lease) take(ctx context.Context, by time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, by.Sub(l.now()))
	defer cancel()
	if l.ours() && l.now().Before(l.expires()) && l.write(ctx, l.identity) == nil {
		return nil // most renewals ask once
	}
	now := l.now()
	o, err := l.client.Get(ctx, l.name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		l.last = nil
		return l.write(ctx, l.identity)
	case err != nil:
		return fmt.Errorf("read lease %s: %w", l, err)
	}
	if l.last == nil || !reflect.DeepEqual(l.last.Object["spec"], o.Object["spec"]) {
		l.seen = now
	}
	l.last = o
	if holder := l.holder(); holder != "" && !l.ours() && l.now().Before(l.expires()) {
		return fmt.Errorf("lease %s: %s has it", l, holder)
	}
	return l.write(ctx, l.identity)
}

// giveBack makes the Lease nobody's, where it is this candidate's: another one need not wait then.
func (l *lease) giveBack(ctx context.Context) {
	if !l.ours() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, l.deadline())
	defer cancel()
	_ = l.write(ctx, "") // else it expires
}

// write makes the Lease holder's, over what was read or written last.
func (l *lease) write(ctx context.Context, holder string) (err error) {
	now := l.now()
	var written *unstructured.Unstructured
	if o := l.next(holder, now); l.last == nil {
		written, err = l.client.Create(ctx, o, metav1.CreateOptions{})
	} else {
		written, err = l.client.Update(ctx, o, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("write lease %s: %w", l, err)
	}
	l.last, l.seen = written, now
	return nil
}

// next is the Lease with another holder, or renewed.
func (l *lease) next(holder string, now time.Time) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": map[string]any{"name": l.name, "namespace": l.namespace}}}
	renewal := false
	if l.last != nil {
		o, renewal = l.last.DeepCopy(), l.holder() == holder
	}
	spec, _ := o.Object["spec"].(map[string]any)
	if spec == nil {
		spec = map[string]any{}
	}
	seconds := int64(max(1, l.duration/time.Second))
	if holder == "" {
		seconds = 1
	}
	at := now.UTC().Format(metav1.RFC3339Micro)
	if spec["renewTime"] = at; !renewal {
		spec["acquireTime"] = at
		if before, known := spec["leaseTransitions"].(int64); holder != "" {
			if known {
				before++
			}
			spec["leaseTransitions"] = before
		}
	}
	spec["holderIdentity"], spec["leaseDurationSeconds"] = holder, seconds
	o.Object["spec"] = spec
	return o
}

// String names the Lease.
func (l *lease) String() string { return l.namespace + "/" + l.name }
