package promote

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ferry-cd/ferry/gates"
)

// over judges once more, in the moment of merging, what was judged when the plan was made: a run over many apps may take
// long enough for a window to close or a freeze to begin.
func (m Merge) over(now time.Time) []gates.Condition {
	var late []gates.Condition
	for _, in := range m.judged {
		late = append(late, waitingAt(in, now)...)
	}
	return late
}

func waitingAt(in gates.Input, now time.Time) []gates.Condition {
	in.Now = now
	return gates.Evaluate(in).Waiting()
}

// overdue judges once more, in the moment of writing, what goes straight to a branch. One commit holds all of it: where a
// part has to wait now, nothing is written, and the next run writes the rest.
func (plan *Plan) overdue(pr Promotion, now time.Time) bool {
	found := false
	for _, in := range pr.judged {
		k := key(in.Placement)
		late := waitingAt(in, now)
		i := slices.IndexFunc(pr.Changes, func(c Change) bool { return c.Key == k })
		if i < 0 || len(late) == 0 {
			continue
		}
		found = true
		plan.Waiting = append(plan.Waiting, Waiting{Key: k, Version: pr.Changes[i].To.Release.Version, Conditions: late})
		plan.wake(gates.NextWakeup(gates.Verdict{Merge: late}))
	}
	return found
}

// tooLate says on the head what its merge waits for again. The next run finds it waiting.
func (p *Promoter) tooLate(ctx context.Context, m Merge, late []gates.Condition) error {
	p.say("notice: pull request #%d is not merged: %s", m.PullRequest.Number, late[0].Reason)
	if _, err := p.Forge.SetStatus(ctx, m.PullRequest.HeadSHA, gatesStatus(late)); err != nil {
		return fmt.Errorf("say on pull request #%d that it waits: %w", m.PullRequest.Number, err)
	}
	return nil
}
