package promote

import (
	"context"
	"slices"
)

// planWrite is for environments without pull requests.
func (p *Promoter) planWrite(ctx context.Context, s *Snapshot, promotion Promotion, wants []*want, o Options, plan *Plan) error {
	if len(wants) == 0 {
		return nil
	}
	promotion.Action, promotion.Unit = ActionWrite, ""
	return p.changes(ctx, s, &promotion, wants, o, plan, func([]*want) error {
		plan.Promotions = append(plan.Promotions, promotion)
		return nil
	})
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
		joined[i].LeftOut = append(joined[i].LeftOut, pr.LeftOut...)
	}
	plan.Promotions = joined
}
