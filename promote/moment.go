package promote

import (
	"context"
	"fmt"
	"time"

	"github.com/ferry-cd/ferry/gates"
)

// over judges once more, in the moment of merging, what was judged when the plan was made: a run over many apps may take
// long enough for a window to close or a freeze to begin.
func (m Merge) over(now time.Time) []gates.Condition {
	var late []gates.Condition
	for _, in := range m.judged {
		in.Now = now
		late = append(late, gates.Evaluate(in).Waiting()...)
	}
	return late
}

// tooLate says on the head what its merge waits for again. The next run finds it waiting.
func (p *Promoter) tooLate(ctx context.Context, m Merge, late []gates.Condition) error {
	p.say("notice: pull request #%d is not merged: %s", m.PullRequest.Number, late[0].Reason)
	if _, err := p.Forge.SetStatus(ctx, m.PullRequest.HeadSHA, gatesStatus(late)); err != nil {
		return fmt.Errorf("say on pull request #%d that it waits: %w", m.PullRequest.Number, err)
	}
	return nil
}
