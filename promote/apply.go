package promote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// Done is what was written for one promotion.
type Done struct {
	Promotion
	Commit string        // the commit on the promotion branch, or on the base where it was written there
	Merged string        // the merge commit
	Audit  *ledger.Entry // what a decision put into the audit, if it did
	Wrote  bool          // false where everything was as it should be
	Err    error
}

// Apply writes a plan. It stops at the first moved branch with a *git.MovedError, so that the caller plans again from
// what is there now; every other failure stops only its own promotion.
func (p *Promoter) Apply(ctx context.Context, plan *Plan) ([]Done, error) {
	var all []Done
	for _, m := range plan.mistakes { // before they are on record, so that a run that dies in between says it again
		if err := p.cry(ctx, m); err != nil {
			return nil, err
		}
	}
	if len(plan.Decisions) > 0 {
		done, err := p.record(ctx, plan.Decisions)
		if err != nil {
			return nil, err
		}
		all = append(all, done...)
	}
	mute := map[Key]bool{}           // whose status could not be set
	moved := map[string]git.Commit{} // bases that this run itself moved on
	for _, pr := range plan.Promotions {
		if plan.overdue(pr, p.Now()) {
			continue
		}
		if base, ok := moved[pr.Base]; ok && pr.Action != ActionKeep {
			pr.parent = base
		}
		d := Done{Promotion: pr}
		d.Err = p.applyOne(ctx, &d)
		var lost *git.MovedError
		if errors.As(d.Err, &lost) {
			return all, d.Err
		}
		if pr.Action == ActionWrite && d.Err == nil {
			c, err := p.Repo.Commit(ctx, git.ID(d.Commit))
			if err != nil {
				return all, err
			}
			moved[pr.Base] = c
		}
		mute[Key{pr.Unit, pr.Environment}] = d.Err != nil
		all = append(all, d)
	}
	for _, m := range plan.Merges {
		if mute[Key{m.Unit, m.Environment}] && m.Way != TakenOut {
			continue // what nobody could read is not merged; the next run says it first
		}
		if late := m.over(p.Now()); m.Way != TakenOut && len(late) > 0 {
			if err := p.tooLate(ctx, m, late); err != nil {
				all = append(all, Done{Promotion: m.promotion(), Err: err})
			}
			continue
		}
		all = append(all, p.merge(ctx, m))
	}
	return all, nil
}

func (p *Promoter) applyOne(ctx context.Context, d *Done) error {
	switch d.Action {
	case ActionWrite:
		return p.write(ctx, d)
	case ActionClose:
		d.Wrote = true
		why := "everything in it is in " + d.Environment + " already"
		if len(d.Notes) > 0 {
			why = strings.Join(d.Notes, "; ")
		}
		p.say("closing pull request #%d: %s", d.PullRequest.Number, why)
		return p.Forge.ClosePullRequest(ctx, d.PullRequest.Number, why)
	case ActionKeep:
		return p.announce(ctx, d, d.PullRequest.HeadSHA, false)
	}
	return p.propose(ctx, d)
}

// write commits straight to the environment's branch.
func (p *Promoter) write(ctx context.Context, d *Done) error {
	id, err := p.commit(ctx, d.Promotion)
	if err != nil {
		return err
	}
	if err := p.push(ctx, d, git.Update{Ref: "refs/heads/" + d.Base, Old: d.parent.ID, New: id}); err != nil {
		return err
	}
	d.Commit, d.Wrote = string(id), true
	return nil
}

// propose moves the promotion branch and makes its pull request say so.
func (p *Promoter) propose(ctx context.Context, d *Done) error {
	if p.Forge == nil {
		return refuse(Key{d.Unit, d.Environment}, "use a repository on a forge that ferry knows, or set pullRequest: false for the environment",
			"%s has no pull requests that ferry can open", p.Repo.URL())
	}
	head := d.old
	if !d.reuse {
		if err := p.replaced(ctx, d); err != nil {
			return err
		}
		var err error
		if head, err = p.commit(ctx, d.Promotion); err != nil {
			return err
		}
		if err := p.push(ctx, d, git.Update{Ref: "refs/heads/" + d.Branch, Old: d.old, New: head}); err != nil {
			return err
		}
		d.Wrote = true
		if err := p.unapprove(ctx, d); err != nil {
			return err
		}
	}
	d.Commit = string(head)
	t := p.Write(d.Promotion)
	if d.PullRequest != nil {
		t.Labels = append(slices.Clone(t.Labels), d.PullRequest.Labels...) // people's own stay
	}
	pr, outcome, err := p.ensure(ctx, scm.Proposal{Head: d.Branch, Base: d.Base, Title: t.Title, Body: continues(t), Labels: t.Labels,
		New: d.PullRequest == nil, Reviewers: d.Reviewers, Assignees: d.Assignees})
	if err != nil {
		return fmt.Errorf("open the pull request of %s: %w", d.Branch, err)
	}
	before := d.PullRequest
	d.PullRequest, d.Wrote = &pr, d.Wrote || outcome != scm.Unchanged
	if outcome != scm.Unchanged {
		p.link(ctx, d)
	}
	if err := p.comment(ctx, d, before, t.Rest); err != nil {
		return err
	}
	return p.announce(ctx, d, d.Commit, !d.reuse)
}

// ensure asks for a pull request. Somebody who cannot be asked to review it is no reason not to have it.
func (p *Promoter) ensure(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error) {
	pr, outcome, err := p.Forge.EnsurePullRequest(ctx, want)
	var persons *scm.PersonsError
	if errors.As(err, &persons) && pr.Number > 0 {
		p.say("notice: pull request #%d: %v", pr.Number, persons)
		err = nil
	}
	return pr, outcome, err
}

// announce says on a judged head of a pull request what its merge waits for: never on what the forge calls its head by
// then, which somebody may have pushed since. fresh says that the head was made just now.
func (p *Promoter) announce(ctx context.Context, d *Done, head string, fresh bool) error {
	st := gatesStatus(d.Conditions)
	st.First = fresh
	wrote, err := p.Forge.SetStatus(ctx, head, st)
	if err != nil {
		return fmt.Errorf("set %s on pull request #%d: %w", st.Context, d.PullRequest.Number, err)
	}
	d.Wrote = d.Wrote || wrote
	return nil
}

// waitsFor names gates in words that stay the same until something changes: no "3 minutes left", which would post a new
// status at every run.
func waitsFor(cs []gates.Condition) string {
	var parts []string
	for _, c := range cs {
		part := c.Gate
		if !c.Until.IsZero() {
			part += " until " + c.Until.UTC().Format(time.RFC3339)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// merge merges a pull request at just the head that was judged.
func (p *Promoter) merge(ctx context.Context, m Merge) Done {
	d := Done{Promotion: m.promotion(), Wrote: true}
	if m.Way != AtOnce {
		d.Action, d.Err = ActionQueue, p.queue(ctx, m)
		return d
	}
	d.Merged, d.Err = p.Forge.MergePullRequest(ctx, m.PullRequest.Number, m.asked())
	if d.Err != nil {
		d.Err = fmt.Errorf("merge pull request #%d: %w", m.PullRequest.Number, d.Err)
	}
	return d
}

func (m Merge) promotion() Promotion {
	return Promotion{Environment: m.Environment, Unit: m.Unit, Action: ActionMerge, PullRequest: &m.PullRequest}
}

// message is the commit message: a title, and trailers for tools.
func (p *Promoter) message(pr Promotion) string {
	var t release.Trailers
	for _, c := range pr.Changes {
		t = t.Add(release.TrailerApp, c.App)
		t = t.Add(release.TrailerRelease, c.To.Release.Version+" ("+c.To.Release.Sequence.String()+")")
		if src := c.To.Release.Source; src.Commit != "" {
			t = t.Add(release.TrailerSource, strings.TrimSpace(src.Repository+" "+src.Commit))
		}
		if c.Hotfix {
			t = t.Add(release.TrailerHotfix, c.App)
		}
		if c.Retires {
			t = t.Add(release.TrailerRetires, c.App)
		}
		for _, o := range c.Origins {
			t = t.Add(release.TrailerPromotedFrom, o.Environment+" "+o.Commit)
		}
	}
	t = t.Add(release.TrailerEnvironment, pr.Environment)
	for _, old := range pr.Supersedes {
		t = t.Add(release.TrailerSupersedes, old.App+" "+old.Version+" ("+old.Sequence.String()+")")
	}
	for _, o := range pr.Overrides {
		t = t.Add(release.TrailerOverride, o)
	}
	for _, what := range pr.Discards {
		t = t.Add(release.TrailerDiscards, what)
	}
	if p.Run != "" {
		t = t.Add(release.TrailerRun, p.Run)
	}
	if p.Message != nil {
		return t.Message(p.Message(pr))
	}
	return t.Message(pr.Title())
}
