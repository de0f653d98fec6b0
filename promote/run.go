package promote

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ferry-cd/ferry/git"
)

// Report is what a run found and did.
type Report struct {
	Plan *Plan // the last one: what is still open or waiting
	Done []Done
}

// Wrote tells whether anything changed.
func (r *Report) Wrote() bool {
	for _, d := range r.Done {
		if d.Wrote && d.Err == nil {
			return true
		}
	}
	return false
}

// Errors joins every failure of a run; each concerns one promotion only.
func (r *Report) Errors() error {
	errs := append([]error{}, r.Plan.Failures...)
	for _, d := range r.Done {
		errs = append(errs, d.Err)
	}
	return errors.Join(errs...)
}

// Join adds what another run found and did.
func (r *Report) Join(more *Report) {
	r.Done = append(r.Done, more.Done...)
	p, q := r.Plan, more.Plan
	p.Promotions, p.Merges, p.Waiting = append(p.Promotions, q.Promotions...), append(p.Merges, q.Merges...), append(p.Waiting, q.Waiting...)
	p.Failures = append(p.Failures, q.Failures...)
	p.wake(q.NextWakeup)
}

const (
	moveTries = 8  // lost races for a branch before giving up
	rounds    = 32 // a merge may open the way for the next environment: more than any sane chain is long
)

// Advance moves everything in scope that may move, until nothing does. Each round plans from a new snapshot.
func (p *Promoter) Advance(ctx context.Context, o Options) (*Report, error) {
	r := &Report{}
	for round := 0; round < rounds; round++ {
		done, plan, err := p.round(ctx, o)
		r.Done = append(r.Done, done...)
		if err != nil {
			return r, err
		}
		r.Plan = plan
		if !progressed(done) && !(plan.again && wrote(done)) {
			return r, nil
		}
	}
	return r, fmt.Errorf("still changing after %d rounds: stopped, so that two automations do not chase each other", rounds)
}

// round plans and applies once; a lost race is planned again from what won.
func (p *Promoter) round(ctx context.Context, o Options) (done []Done, plan *Plan, err error) {
	err = git.Retry(ctx, git.RetryOptions{Attempts: moveTries}, func(int) error {
		var some []Done
		var err error
		some, plan, err = p.once(ctx, o)
		done = append(done, some...)
		return err
	})
	return done, plan, err
}

// once plans from what is there now, and applies that.
func (p *Promoter) once(ctx context.Context, o Options) ([]Done, *Plan, error) {
	s, err := p.Load(ctx, o.Scope)
	if err != nil {
		return nil, nil, err
	}
	plan, err := p.Plan(ctx, s, o)
	if err != nil {
		return nil, nil, err
	}
	done, err := p.Apply(ctx, plan)
	return done, plan, err
}

func wrote(done []Done) bool {
	return slices.ContainsFunc(done, func(d Done) bool { return d.Wrote && d.Err == nil })
}

// progressed tells whether another round could find more to do: something was written and nothing failed twice.
func progressed(done []Done) bool {
	for _, d := range done {
		if d.Wrote && d.Err == nil && (d.Action == ActionMerge || d.Action == ActionWrite || d.Action == ActionOpen || d.Action == ActionUpdate) {
			return true
		}
	}
	return false
}
