package promote

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/release"
)

// planPullRequest opens, updates, keeps or closes the one pull request of a unit.
func (p *Promoter) planPullRequest(ctx context.Context, s *Snapshot, u unit, promotion Promotion, wants []*want, have *proposal, o Options, plan *Plan) error {
	pr := promotion.PullRequest
	switch {
	case len(wants) == 0 && pr == nil:
		return nil
	case len(wants) == 0 && have != nil && (len(have.withdrawn) > 0 || p.arrived(s, u, have)):
		promotion.Action = ActionClose
		plan.Promotions = append(plan.Promotions, promotion)
		return nil
	case have != nil && !have.stale && matches(wants, have) && slices.Equal(have.overrides, s.overrideLines(wants)) && (pr == nil || !pr.Conflict):
		return p.planKept(ctx, s, u, promotion, wants, have, o, plan)
	case len(wants) == 0:
		return p.planMerge(ctx, s, u, promotion, have, o, plan)
	}
	promotion.Action = ActionOpen
	if pr != nil {
		promotion.Action = ActionUpdate
		promotion.Supersedes = supersedes(wants, have)
		if !matches(wants, have) {
			var err error
			if promotion.Dropped, err = p.dropped(ctx, pr, have); err != nil {
				return err
			}
		}
	}
	return p.planContent(ctx, s, u, promotion, wants, have, o, plan)
}

// planContent renders what a pull request will carry, and says what its merge will wait for.
func (p *Promoter) planContent(ctx context.Context, s *Snapshot, u unit, promotion Promotion, wants []*want, have *proposal, o Options, plan *Plan) error {
	return p.changes(ctx, s, &promotion, wants, o, plan, func(able []*want) error {
		return p.planMade(ctx, s, u, promotion, wants, able, have, o, plan)
	})
}

// planMade is planContent once everything is rendered; able is what could be.
func (p *Promoter) planMade(ctx context.Context, s *Snapshot, u unit, promotion Promotion, wants, able []*want, have *proposal, o Options, plan *Plan) error {
	if len(able) < len(wants) && u.placements[0].Together {
		plan.stopUnit(u, "together: "+strings.Join(promotion.LeftOut, "; "))
		return nil
	}
	promotion.Overrides = append(promotion.Overrides, s.overrideLines(able)...)
	if len(able) < len(wants) && promotion.PullRequest != nil && have != nil && !have.stale && matches(able, have) {
		// The branch holds already what can be made.
		promotion.Changes = nil
		return p.planMerge(ctx, s, u, promotion, have, o, plan)
	}
	for _, c := range promotion.Changes {
		pl, _ := s.Config.Placement(c.App, c.Environment)
		v, err := p.mergeVerdict(ctx, s, pl, c.To, gates.Head{}, nil, o)
		if err != nil {
			return err
		}
		promotion.Conditions = append(promotion.Conditions, v.Waiting()...)
	}
	promotion.Conditions = append(promotion.Conditions, byRule(promotion)...)
	taken, err := p.adoption(ctx, s, u, func(app string) bool {
		return slices.ContainsFunc(promotion.Changes, func(c Change) bool { return c.App == app })
	})
	if err != nil {
		return err
	}
	promotion.Conditions = append(promotion.Conditions, taken...)
	plan.Promotions = append(plan.Promotions, promotion)
	return nil
}

// planKept is for content that lies on the branch already: only the pull request may be missing.
func (p *Promoter) planKept(ctx context.Context, s *Snapshot, u unit, promotion Promotion, wants []*want, have *proposal, o Options, plan *Plan) error {
	if promotion.PullRequest != nil {
		promotion.Action = ActionKeep
		return p.planMerge(ctx, s, u, promotion, have, o, plan)
	}
	promotion.Action, promotion.reuse = ActionOpen, true
	return p.planContent(ctx, s, u, promotion, wants, have, o, plan)
}

// matches tells whether a branch carries just what is wanted.
func matches(wants []*want, have *proposal) bool {
	if have == nil || len(wants) != len(have.records) || len(wants) == 0 {
		return false
	}
	for _, w := range wants {
		r, ok := have.records[w.placement.App]
		if !ok || !release.SameContent(r.Release, w.release) || r.Inputs.Digest != w.reading.inputs.Digest {
			return false
		}
	}
	return true
}

// foreign stops at a branch that somebody else committed to; the pull request says so too.
func (plan *Plan) foreign(u unit, promotion Promotion, have *proposal) {
	why := fmt.Sprintf("the branch %s holds work of somebody else: %s", u.branch(), have.foreign)
	plan.Waiting = append(plan.Waiting, Waiting{Key: u.Key, Reason: why,
		Hint: fmt.Sprintf("merge or close its pull request and delete the branch, or discard that work: ferry promote --app %s --env %s --rebuild", u.placements[0].App, u.Environment)})
	if promotion.PullRequest == nil {
		return
	}
	judged := *promotion.PullRequest
	judged.HeadSHA = string(have.head.ID)
	promotion.PullRequest, promotion.Action = &judged, ActionKeep
	if promotion.PullRequest.Queued {
		plan.Merges = append(plan.Merges, Merge{Environment: u.Environment, Unit: u.App, PullRequest: judged, Way: TakenOut})
	}
	promotion.Conditions = []gates.Condition{{Gate: "foreign commit", Holds: gates.Merging, Reason: "foreign commit: " + why}}
	plan.Promotions = append(plan.Promotions, promotion)
}

// complete gives all that is wanted, or nothing where the apps of a unit travel together and one has to wait.
func (u unit) complete(wants []*want, promotion Promotion, plan *Plan) []*want {
	if !u.placements[0].Together || len(wants) == 0 || len(promotion.LeftOut) == 0 {
		return wants
	}
	plan.stopUnit(u, "together: "+strings.Join(promotion.LeftOut, "; "))
	return nil
}

// stopUnit lets a whole unit wait.
func (plan *Plan) stopUnit(u unit, reason string) {
	plan.Waiting = append(plan.Waiting, Waiting{Key: u.Key, Reason: reason})
}

// arrived tells whether everything that a branch proposes is in the environment already.
func (p *Promoter) arrived(s *Snapshot, u unit, have *proposal) bool {
	for _, pl := range u.placements {
		r, ok := have.records[pl.App]
		if h, back := s.backwards(pl); ok && back && h.Rollback.To.Is(r) {
			return false
		}
		if live := s.lives[key(pl)]; ok && (!live.Found || newer(r.Release, live.Record.Release) ||
			r.Release.Sequence == live.Record.Release.Sequence && (r.Inputs.Digest != live.Record.Inputs.Digest || !slices.Equal(r.Files, live.Record.Files))) {
			return false
		}
	}
	return true
}
