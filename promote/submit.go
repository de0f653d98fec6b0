package promote

import (
	"context"
	"fmt"
	"slices"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/render"
)

// Intake is releases on their way in. As Sources it answers as if they had been accepted, so that they can be planned
// before anything is written.
type Intake interface {
	Sources
	// Accept writes the releases and their templates. Accepting what is accepted already writes nothing.
	Accept(ctx context.Context) error
}

// PlanSubmit shows what handing releases over would do. It writes nothing.
func (p *Promoter) PlanSubmit(ctx context.Context, s *Snapshot, in Intake, o Options) (*Plan, error) {
	var err error
	if s.Accepted, err = in.Accepted(ctx, s.together(o.Apps)...); err != nil {
		return nil, err
	}
	if o, err = s.entering(o); err != nil {
		return nil, err
	}
	q := *p
	q.Sources = in
	return q.Plan(ctx, s, o)
}

// Submit hands releases over: they enter the environments that come after nothing. A release that cannot be rendered or
// placed somewhere is refused before anything is written.
func (p *Promoter) Submit(ctx context.Context, s *Snapshot, in Intake, o Options) (*Report, error) {
	plan, err := p.PlanSubmit(ctx, s, in, o)
	if err != nil {
		return nil, err
	}
	if len(plan.Failures) > 0 {
		return &Report{Plan: plan}, nil
	}
	if err := in.Accept(ctx); err != nil {
		return nil, err
	}
	if o, err = s.entering(o); err != nil {
		return nil, err
	}
	r := &Report{Plan: plan}
	if err := p.enter(ctx, o, r); err != nil {
		return r, err
	}
	if !s.merges(o.Scope) {
		return r, nil
	}
	// Ferry itself merges here: go on from what is there now.
	rest, err := p.Advance(ctx, o)
	rest.Done = append(r.Done, rest.Done...)
	return rest, err
}

// enter applies a plan that was made before the releases were accepted; where somebody was faster, what is planned then.
func (p *Promoter) enter(ctx context.Context, o Options, r *Report) error {
	return git.Retry(ctx, git.RetryOptions{Attempts: moveTries}, func(try int) error {
		var done []Done
		var err error
		if try == 1 {
			done, err = p.Apply(ctx, r.Plan)
		} else {
			var plan *Plan
			if done, plan, err = p.once(ctx, o); plan != nil {
				r.Plan = plan
			}
		}
		r.Done = append(r.Done, done...)
		return err
	})
}

// RenderIntake is Render for a release on its way in.
func (p *Promoter) RenderIntake(ctx context.Context, s *Snapshot, in Intake, k Key) (render.Manifests, []string, error) {
	var err error
	if s.Accepted, err = in.Accepted(ctx, k.App); err != nil {
		return nil, nil, err
	}
	q := *p
	q.Sources = in
	return q.Render(ctx, s, k)
}

// entering narrows options to the environments that their apps enter first, unless they name environments.
func (s *Snapshot) entering(o Options) (Options, error) {
	if len(o.Environments) > 0 {
		return o, nil
	}
	var err error
	o.Environments, err = s.entries(o.Apps)
	return o, err
}

// entries lists the environments that apps enter first.
func (s *Snapshot) entries(apps []string) ([]string, error) {
	var all []string
	for _, app := range apps {
		before := len(all)
		for _, p := range s.placements {
			if p.App == app && len(p.After) == 0 {
				all = append(all, p.Environment)
			}
		}
		if _, known := s.Config.App(app); known && len(all) == before {
			return nil, fmt.Errorf("%s goes to no environment that comes after nothing: there is nowhere to hand it over to", app)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// merges tells whether ferry itself merges pull requests somewhere in scope.
func (s *Snapshot) merges(scope Scope) bool {
	return slices.ContainsFunc(s.placements, func(p environments.Placement) bool {
		return scope.has(key(p)) && p.PullRequest && p.Merge == environments.Auto
	})
}
