package promote

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
	if rules.Pipeline {
		cs = append(cs, pipeline(promotion, head)...)
	}
	if approved := approvers(head, reviews); approved < rules.Approvals {
		cs = append(cs, rule(promotion, "%d approvals, of which there are %d", rules.Approvals, approved))
	}
	return cs
}

// approvers counts people whose newest verdict approves the head, as forges do: each once, never the author, and nobody who
// may not write. reviews are oldest first.
func approvers(head gates.Head, reviews []gates.Review) int {
	newest := map[string]gates.Review{}
	for _, r := range reviews {
		if r.Decision == gates.Approved || r.Decision == gates.ChangesRequested {
			newest[strings.ToLower(r.Author)] = r
		}
	}
	n := 0
	for _, r := range newest {
		if r.Decision == gates.Approved && r.SHA == head.ID && !r.Outsider && !strings.EqualFold(r.Author, head.Author) {
			n++
		}
	}
	return n
}

// methodOf chooses how to merge where a branch takes no merge commits; "" is the forge's own way. A forge that rebases makes
// commits that nobody signed, one that squashes signs its own.
func methodOf(rules scm.Rules) scm.Method {
	if len(rules.Methods) == 0 || slices.Contains(rules.Methods, scm.MergeCommit) {
		return ""
	}
	if slices.Contains(rules.Methods, scm.Rebase) && !rules.Signed {
		return scm.Rebase
	}
	if slices.Contains(rules.Methods, scm.Squash) {
		return scm.Squash
	}
	return rules.Methods[0]
}

// pipeline are the statuses of a head that do not let the whole of them be success.
func pipeline(promotion Promotion, head gates.Head) []gates.Condition {
	var cs []gates.Condition
	for _, st := range head.Statuses {
		if st.State != gates.Success && st.Context != release.GatesContext {
			cs = append(cs, rule(promotion, "a pipeline that succeeds, and its part %s is %s", st.Context, st.State))
		}
	}
	return cs
}

// mergesInto tells whether a plan merges something into a branch at once.
func (plan *Plan) mergesInto(base string) bool { return plan.part.atOnce[base] }

// merge lets the plan merge a pull request.
func (plan *Plan) merge(m Merge) {
	plan.Merges = append(plan.Merges, m)
	if m.Way == AtOnce {
		plan.part.atOnce[m.PullRequest.Base] = true
	}
}

// planMoved puts what waits for nothing else onto the newest base, where the rules of the branch ask for that. Earlier would
// be in vain: every merge moves the base.
func (p *Promoter) planMoved(ctx context.Context, s *Snapshot, u unit, promotion Promotion, have *proposal, o Options, plan *Plan) error {
	promotion.Action, promotion.Supersedes = ActionUpdate, have.superseded
	promotion.Notes = append(promotion.Notes, promotion.Base+" asks for its newest commit below the pull request")
	if have.gone {
		c, err := p.removal(ctx, s, u.placements[0], o)
		if err != nil {
			return err
		}
		promotion.Changes = []Change{*c}
		plan.Promotions = append(plan.Promotions, promotion)
		return nil
	}
	wants := u.carried(have)
	for i, w := range wants {
		h, back := s.backwards(w.placement)
		if !back || !h.Rollback.To.Is(w.record()) {
			continue
		}
		d, err := p.decideBack(ctx, s, w.placement, h)
		if err != nil {
			return err
		}
		wants[i] = d.want
	}
	return p.planContent(ctx, s, u, promotion, wants, have, o, plan)
}

func rule(promotion Promotion, format string, a ...any) gates.Condition {
	return gates.Condition{Gate: "rule", Holds: gates.Merging, Reason: fmt.Sprintf("rule: %s asks for ", promotion.Base) + fmt.Sprintf(format, a...)}
}

// outlasted names what a queue asks nobody about: it merges when a turn comes, not when ferry let it in.
func (u unit) outlasted(rules scm.Rules) []string {
	times := u.all(func(pl environments.Placement) []string { return pl.Gates.Calendars() })
	if len(times) == 0 || slices.Contains(rules.Statuses, release.GatesContext) {
		return nil
	}
	return []string{fmt.Sprintf("the queue of %s may merge it when the %s of %s say no, unless ferry gates --commit answers for what the queue makes",
		u.base, strings.Join(times, " and "), u.Environment)}
}

// queue hands a pull request to the forge's queue, or takes it out.
func (p *Promoter) queue(ctx context.Context, m Merge) error {
	forge, ok := p.Forge.(scm.Queuer)
	if !ok {
		return fmt.Errorf("%s pull request #%d: the forge has no queue", m.Way, m.PullRequest.Number)
	}
	var err error
	if m.Way == Enqueue {
		err = forge.EnqueuePullRequest(ctx, m.PullRequest.Number, m.asked())
	} else {
		err = forge.DequeuePullRequest(ctx, m.PullRequest.Number)
	}
	if err != nil {
		return fmt.Errorf("%s pull request #%d: %w", m.Way, m.PullRequest.Number, err)
	}
	return nil
}
