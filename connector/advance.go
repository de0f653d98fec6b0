package connector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ferry-cd/ferry/environments"
)

// advancer asks for runs of `ferry advance`: when an end was said, when a soak time that a later environment asks for has
// passed, when somebody begins to lead, and once in a while for what nothing here can see: windows that open, approvals,
// holds that end. A run too many does nothing, a run too few only waits for the next.
type advancer struct {
	due   time.Time // of what was wished
	why   string
	soak  time.Time // when the next soak time has passed
	last  time.Time // the last run
	tries int
	err   error
}

// afterEnds gathers ends that come together.
const afterEnds = 5 * time.Second

func (a *advancer) reset(now time.Time) {
	*a = advancer{due: now.Add(overlap), why: "the connector begins to watch", last: now}
}

// wish asks for a run soon.
func (a *advancer) wish(now time.Time, why string) {
	if a.due.IsZero() {
		a.due, a.why = now.Add(afterEnds), why
	}
}

// consider finds out when the next soak time has passed.
func (a *advancer) consider(k *keeper, all []judged, now time.Time) {
	a.soak = time.Time{}
	soaks := soaksOf(k.reader.config)
	if len(soaks) == 0 {
		return
	}
	for _, j := range all {
		said, _ := k.outbox.memory.at(k.primary(j.Target))
		if end, _ := said.end(); !j.Live || end != Healthy {
			continue
		}
		for _, soak := range soaks[j.place()] {
			if over := said.Time.Add(soak + afterEnds); over.After(a.last) && over.After(now) {
				a.soak = earliest(a.soak, over)
			}
		}
	}
}

// soaksOf gives, for each app in each environment, how long it must have been healthy there for the environments after it.
func soaksOf(config *environments.Config) map[place][]time.Duration {
	soaks := map[place][]time.Duration{}
	for _, p := range config.Placements() {
		for _, before := range p.After {
			if at := (place{before, p.App}); p.Gates.Soak > 0 {
				soaks[at] = append(soaks[at], p.Gates.Soak)
			}
		}
	}
	return soaks
}

// once asks for a run when one is due, and tells when the next will be.
func (a *advancer) once(ctx context.Context, k *keeper) time.Time {
	if k.o.Pipelines == nil {
		return time.Time{}
	}
	now := k.o.Now()
	due, why := a.soonest(k.o.Timing.Advance)
	if due.IsZero() || due.After(now) {
		return due
	}
	if !k.o.Leading() {
		return time.Time{}
	}
	err := k.o.Pipelines.Advance(ctx, k.repo.Name, why)
	switch {
	case errors.Is(context.Cause(ctx), context.Canceled):
	case err != nil:
		a.tries++
		a.due, a.why, a.err = now.Add(backoff(a.tries)), why, fmt.Errorf("ask for ferry advance: %w", err)
		a.last, a.soak = now, time.Time{}
	default:
		*a = advancer{last: now}
		k.tidy(now)
	}
	return now
}

func (a *advancer) soonest(every time.Duration) (time.Time, string) {
	due, why := a.due, a.why
	if !a.soak.IsZero() && (due.IsZero() || a.soak.Before(due)) {
		due, why = a.soak, "a soak time has passed"
	}
	if next := a.last.Add(every); every > 0 && (due.IsZero() || next.Before(due)) {
		due, why = next, "it is time to look again"
	}
	return due, why
}
