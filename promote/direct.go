package promote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/git"
)

// planWrite is for environments without pull requests.
func (p *Promoter) planWrite(ctx context.Context, s *Snapshot, promotion Promotion, wants []*want, o Options, plan *Plan) error {
	if len(wants) == 0 {
		return nil
	}
	promotion.Action, promotion.Unit = ActionWrite, ""
	return p.changes(ctx, s, &promotion, wants, o, plan, func(kept []*want) error {
		for _, w := range kept {
			promotion.judged = append(promotion.judged, w.judged...)
		}
		plan.Promotions = append(plan.Promotions, promotion)
		return nil
	})
}

// push moves a branch. A server that declines it names the rule, and that is an answer: the next run would hear it again.
func (p *Promoter) push(ctx context.Context, d *Done, u git.Update) error {
	err := p.Repo.Push(ctx, u)
	branch := strings.TrimPrefix(u.Ref, "refs/heads/")
	var no *git.RefusedError
	switch {
	case errors.As(err, &no) && d.Action == ActionWrite:
		return refuse(Key{}, fmt.Sprintf("let ferry's account pass that rule of %s, or let %s use pull requests with merge: auto, or give it a branch of its own", branch, d.Environment),
			"%s: %s does not take what ferry pushes: %s", d.Environment, branch, no.Reason)
	case errors.As(err, &no):
		return refuse(Key{}, "leave ferry/** out of that rule, or let ferry's account pass it", "%s: %s does not take what ferry pushes: %s", d.Environment, branch, no.Reason)
	case err != nil:
		return fmt.Errorf("push %s to %s: %w", d.Title(), branch, err)
	}
	return nil
}

// joinDirect makes one commit of everything that is written straight to one branch for one environment.
func (plan *Plan) joinDirect() {
	var joined []Promotion
	for _, pr := range plan.Promotions {
		i := slices.IndexFunc(joined, func(j Promotion) bool {
			return j.Action == ActionWrite && pr.Action == ActionWrite && j.Environment == pr.Environment && j.Base == pr.Base
		})
		if i < 0 {
			joined = append(joined, pr)
			continue
		}
		joined[i].Changes = append(joined[i].Changes, pr.Changes...)
		joined[i].judged = append(joined[i].judged, pr.judged...)
		joined[i].LeftOut = append(joined[i].LeftOut, pr.LeftOut...)
	}
	plan.Promotions = joined
}
