package promote

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// planMerge says of an open pull request what its merge waits for, and merges it where the environment's rule and every
// gate allow that.
func (p *Promoter) planMerge(ctx context.Context, s *Snapshot, u unit, promotion Promotion, have *proposal, o Options, plan *Plan) error {
	promotion.Action = ActionKeep
	judged := *promotion.PullRequest // by the head that was read, whatever was pushed since
	judged.HeadSHA = string(have.head.ID)
	promotion.PullRequest = &judged
	head, reviews, err := p.judged(ctx, s, u, have, *promotion.PullRequest)
	if err != nil {
		return err
	}
	var verdicts []gates.Verdict
	var judgedBy []gates.Input
	for _, pl := range u.placements {
		r, ok := have.records[pl.App]
		if !ok {
			continue
		}
		in, err := p.mergeInput(ctx, s, pl, r, head, reviews, o)
		if err != nil {
			return err
		}
		v := gates.Evaluate(in)
		judgedBy = append(judgedBy, in)
		verdicts = append(verdicts, v)
		promotion.Conditions = append(promotion.Conditions, v.Waiting()...)
	}
	promotion.Conditions = append(promotion.Conditions, byRule(promotion)...)
	taken, err := p.adoption(ctx, s, u, func(app string) bool { _, carried := have.records[app]; return carried })
	if err != nil {
		return err
	}
	promotion.Conditions = append(promotion.Conditions, taken...)
	rules, err := p.rulesOf(ctx, s, promotion.Base)
	if err != nil {
		return err
	}
	promotion.Conditions = append(promotion.Conditions, required(rules, promotion, head, reviews)...)
	if rules.UpToDate && promotion.Merge == environments.Auto && len(promotion.Conditions) == 0 && !slices.Contains(have.head.Parents, promotion.parent.ID) {
		return p.planMoved(ctx, s, u, promotion, have, o, plan)
	}
	_, queues := p.Forge.(scm.Queuer)
	if queues = queues && rules.Queue; queues && promotion.Merge == environments.Auto {
		promotion.Notes = append(promotion.Notes, u.outlasted(rules)...)
	}
	plan.Promotions = append(plan.Promotions, promotion)
	plan.wake(gates.NextWakeup(verdicts...))
	merge := Merge{Environment: u.Environment, Unit: u.App, PullRequest: *promotion.PullRequest, Way: AtOnce,
		message: have.message(promotion.PullRequest.Title), method: methodOf(rules), judged: judgedBy}
	if len(promotion.Conditions) > 0 {
		if merge.Way = TakenOut; promotion.Merge == environments.Auto && promotion.PullRequest.Queued {
			plan.Merges = append(plan.Merges, merge)
		}
		return nil
	}
	if queues {
		merge.Way = Enqueue
	}
	if promotion.PullRequest.Queued || rules.UpToDate && merge.Way == AtOnce && plan.mergesInto(promotion.PullRequest.Base) {
		return nil // of those that must hold the newest base, one at a time
	}
	if err := p.genuine(ctx, s, u, have, plan, func() { plan.merge(merge) }); err != nil || !rules.UpToDate {
		return err
	}
	return plan.part.line.drain() // whether this one is merged decides about the next
}

// genuine renders once more what a branch says it holds, and goes on where it is that. Records can be forged together with
// the manifests they list, by whoever may push to the branch; only what ferry itself would write is merged without a person.
func (p *Promoter) genuine(ctx context.Context, s *Snapshot, u unit, have *proposal, plan *Plan, then func()) error {
	var bad error // the first
	for _, pl := range u.placements {
		r, ok := have.records[pl.App]
		if !ok || have.gone { // what goes was held against the record of its base, file by file
			continue
		}
		if h, back := s.backwards(pl); back && h.Rollback.To.Is(r) {
			st, err := p.past(ctx, s, pl, h.Rollback.To)
			if err != nil {
				return err
			}
			if !slices.Equal(st.Record.Files, r.Files) {
				return refuse(u.Key, "close the pull request and delete its branch; ferry proposes the rollback again",
					"the branch %s does not hold what %s was", u.branch(), h.Rollback.To.Version)
			}
			continue
		}
		if err := plan.render(wanted(pl, r), func(made rendered) error {
			bad = cmp.Or(bad, differs(u, pl, r, made))
			return nil
		}); err != nil {
			return err
		}
	}
	return plan.then(func() error {
		if bad == nil {
			then()
		}
		return bad
	})
}

// differs says that a branch holds something else than what was rendered.
func differs(u unit, pl environments.Placement, r release.Record, made rendered) error {
	if made.err != nil {
		return &Failed{Key: key(pl), Err: made.err}
	}
	if !slices.Equal(filesOf(made.manifests), r.Files) {
		return refuse(u.Key, "close the pull request and delete its branch; ferry proposes the release again",
			"the branch %s does not hold what ferry renders for %s", u.branch(), pl.App)
	}
	return nil
}

// byRule are the conditions that no gate states: a conflict, and environments whose pull requests people merge.
func byRule(promotion Promotion) []gates.Condition {
	var cs []gates.Condition
	if pr := promotion.PullRequest; pr != nil && pr.Conflict && promotion.Action == ActionKeep {
		cs = append(cs, gates.Condition{Gate: "conflict", Holds: gates.Merging, Reason: "the branch conflicts with " + promotion.Base})
	}
	if pr := promotion.PullRequest; pr != nil && slices.Contains(pr.Labels, HoldLabel) {
		cs = append(cs, gates.Condition{Gate: "hold", Holds: gates.Merging, Reason: "hold: the pull request carries the label " + HoldLabel, Hint: "take the label off"})
	}
	if promotion.Merge == environments.Review {
		cs = append(cs, gates.Condition{Gate: "review", Holds: gates.Merging, Reason: "a person merges promotions into " + promotion.Environment})
	}
	return cs
}

// judged reads what people and checks say of the head of a pull request.
func (p *Promoter) judged(ctx context.Context, s *Snapshot, u unit, have *proposal, pr scm.PullRequest) (gates.Head, []gates.Review, error) {
	reviews, err := p.Forge.Reviews(ctx, pr.Number)
	if err != nil {
		return gates.Head{}, nil, fmt.Errorf("read reviews of pull request #%d: %w", pr.Number, err)
	}
	if pr, err = p.dated(ctx, pr, have, reviews); err != nil {
		return gates.Head{}, nil, err
	}
	me, err := p.judging(ctx, s, reviews)
	if err != nil {
		return gates.Head{}, nil, err
	}
	var said []gates.Review
	for _, rv := range reviews {
		if rv.SHA == "" && rv.Covers(pr) == "" {
			rv.SHA = pr.HeadSHA
		}
		said = append(said, gates.Review{Author: rv.Author, Decision: gates.Decision(rv.Verdict), SHA: rv.SHA, Time: rv.Time, Outsider: !rv.Writer || rv.Author == me})
	}
	statuses, err := s.statusesOf(ctx, p.Forge, have.head.ID)
	if err != nil {
		return gates.Head{}, nil, err
	}
	same, err := p.same(ctx, u, have, reviews)
	return gates.Head{ID: string(have.head.ID), Author: pr.Author, Pushed: pr.HeadPushed, Same: same, Statuses: reported(statuses)}, said, err
}

// judging is ferry's own name, whose approval never counts, also of what another account opened; "" where nobody approved.
func (p *Promoter) judging(ctx context.Context, s *Snapshot, reviews []scm.Review) (string, error) {
	if !slices.ContainsFunc(reviews, func(r scm.Review) bool { return r.Verdict == scm.Approved }) {
		return "", nil
	}
	return p.me(ctx, s)
}

// dated reads a pull request anew where a forge does not tell which commit its reviews are about: then it counts when the
// head was pushed, by the forge's clock, since a pusher chooses the time in a commit. Lists do not always tell.
func (p *Promoter) dated(ctx context.Context, pr scm.PullRequest, have *proposal, reviews []scm.Review) (scm.PullRequest, error) {
	blind := slices.ContainsFunc(reviews, func(r scm.Review) bool { return r.SHA == "" })
	if !blind || pr.ResetsApprovals || !pr.HeadPushed.IsZero() {
		return pr, nil
	}
	now, err := p.Forge.PullRequest(ctx, pr.Number)
	if err != nil {
		return pr, fmt.Errorf("read pull request #%d: %w", pr.Number, err)
	}
	if now.HeadSHA == string(have.head.ID) {
		pr.HeadPushed, pr.ResetsApprovals = now.HeadPushed, now.ResetsApprovals
	}
	return pr, nil
}

// mergeVerdict judges one app of a pull request, also long after it was proposed: upstream may have failed since.
func (p *Promoter) mergeVerdict(ctx context.Context, s *Snapshot, pl environments.Placement, r release.Record, head gates.Head, reviews []gates.Review, o Options) (gates.Verdict, error) {
	in, err := p.mergeInput(ctx, s, pl, r, head, reviews, o)
	if err != nil {
		return gates.Verdict{}, err
	}
	return gates.Evaluate(in), nil
}

// mergeInput gathers what one app of a pull request is judged by.
func (p *Promoter) mergeInput(ctx context.Context, s *Snapshot, pl environments.Placement, r release.Record, head gates.Head, reviews []gates.Review, o Options) (gates.Input, error) {
	quick := s.quick(pl, r)
	in := gates.Input{Placement: quick, Trust: s.Config.Trust, Now: p.Now(), Tickets: r.Release.Tickets, Head: head, Reviews: reviews, Explicit: o.Explicit, Holds: s.holdsOn(pl, r),
		Authors: s.authorsOf(quick, r), Dated: o.dated}
	var err error
	if in.Groups, err = p.groups(ctx, s, append(slices.Clone(pl.Gates.Approvals.From), pl.Gates.Approvals.Exclude...)); err != nil {
		return gates.Input{}, err
	}
	if in.Override, err = p.overriding(ctx, s, pl, r); err != nil {
		return gates.Input{}, err
	}
	in.Images = p.there(ctx, s, pl, r.Release)
	for _, up := range quick.After {
		proof, evidence, err := p.origin(ctx, s, pl, up, r)
		if err != nil {
			return gates.Input{}, err
		}
		in.Upstreams = append(in.Upstreams, proof)
		in.Evidence = append(in.Evidence, evidence.Commits...)
	}
	return in, nil
}

// origin proves a proposed record upstream: by a state of that environment with the same release and the same content of
// every file both read. Of several such states (files that only upstream reads may have changed) the newest proven one
// counts, else the newest.
func (p *Promoter) origin(ctx context.Context, s *Snapshot, pl environments.Placement, up string, r release.Record) (gates.Proof, gates.Stretch, error) {
	at, err := s.upstream(pl, up)
	if err != nil {
		return gates.Proof{}, gates.Stretch{}, err
	}
	proof, evidence, err := p.prove(ctx, s, pl.App, up, stretch{})
	if err != nil {
		return proof, evidence, err
	}
	first := true
	err = s.stretches(ctx, p.Repo, at, func(st stretch) (bool, error) {
		if !st.Found || !release.SameContent(st.Record.Release, r.Release) || !s.agrees(pl, up, st.Record, r) {
			return st.goesOn(r.Release), nil
		}
		this, seen, err := p.prove(ctx, s, pl.App, up, st)
		if first || this.Proven {
			proof, evidence, first = this, seen, false
		}
		return !this.Proven, err
	})
	return proof, evidence, err
}

// agrees tells whether two records read every file that both environments name at the same content.
func (s *Snapshot) agrees(pl environments.Placement, up string, theirs, ours release.Record) bool {
	for _, v := range pl.Values {
		if s.reads(pl.App, up, v.Path) && inputID(theirs, v.Path) != inputID(ours, v.Path) {
			return false
		}
	}
	return true
}
