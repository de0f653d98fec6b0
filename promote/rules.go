package promote

import (
	"context"
	"fmt"
	"slices"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// rulesOf asks a forge that can tell what a branch asks of a pull request, once; the zero value where it does not say.
func (p *Promoter) rulesOf(ctx context.Context, s *Snapshot, branch string) (scm.Rules, error) {
	if have, ok := s.rules[branch]; ok {
		return have, nil
	}
	forge, ok := p.Forge.(scm.Ruler)
	if !ok {
		return scm.Rules{}, nil
	}
	rules, err := forge.Rules(ctx, branch)
	if err != nil && !unreadable(err) {
		return rules, fmt.Errorf("read the rules of %s: %w", branch, err)
	}
	s.rules[branch] = rules
	return rules, nil
}

// required are the rules of a branch that a pull request which ferry would merge does not satisfy yet, by name. ferry's
// own status is not among them: it follows from the rest.
func required(rules scm.Rules, promotion Promotion, head gates.Head, reviews []gates.Review) []gates.Condition {
	if promotion.Merge != environments.Auto {
		return nil
	}
	var cs []gates.Condition
	for _, name := range rules.Statuses {
		i := slices.IndexFunc(head.Statuses, func(s gates.Status) bool { return s.Context == name })
		switch {
		case name == release.GatesContext || i >= 0 && head.Statuses[i].State == gates.Success:
			continue
		case i < 0:
			cs = append(cs, rule(promotion, "the status %s, which nobody has reported", name))
		default:
			cs = append(cs, rule(promotion, "the status %s, which is %s", name, head.Statuses[i].State))
		}
	}
	approved := 0
	for _, r := range reviews {
		if r.Decision == gates.Approved && r.SHA == head.ID {
			approved++
		}
	}
	if approved < rules.Approvals {
		cs = append(cs, rule(promotion, "%d approvals, of which there are %d", rules.Approvals, approved))
	}
	return cs
}

func rule(promotion Promotion, format string, a ...any) gates.Condition {
	return gates.Condition{Gate: "rule", Holds: gates.Merging, Reason: fmt.Sprintf("rule: %s asks for ", promotion.Base) + fmt.Sprintf(format, a...)}
}

// queue hands a pull request to the forge's queue, or takes it out.
func (p *Promoter) queue(ctx context.Context, m Merge) error {
	forge, ok := p.Forge.(scm.Queuer)
	if !ok {
		return fmt.Errorf("%s pull request #%d: the forge has no queue", m.Way, m.PullRequest.Number)
	}
	var err error
	if m.Way == Enqueue {
		err = forge.EnqueuePullRequest(ctx, m.PullRequest.Number, scm.Merge{Head: m.PullRequest.HeadSHA, Message: m.message})
	} else {
		err = forge.DequeuePullRequest(ctx, m.PullRequest.Number)
	}
	if err != nil {
		return fmt.Errorf("%s pull request #%d: %w", m.Way, m.PullRequest.Number, err)
	}
	return nil
}
