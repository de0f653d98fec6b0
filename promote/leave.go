package promote

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// planRetire decides for an app that leaves an environment: nothing is proposed for it but its end.
func (p *Promoter) planRetire(ctx context.Context, s *Snapshot, u unit, h ledger.Hold, o Options, plan *Plan) error {
	pl, live := u.placements[0], s.lives[u.Key]
	have, err := p.proposed(ctx, s, u)
	if err != nil {
		return err
	}
	plan.late(s, u, h)
	promotion := s.begin(u)
	promotion.Branch = u.branch()
	if have != nil {
		promotion.old = have.head.ID
	}
	pr, isOpen := s.open[u.Key]
	if isOpen && have != nil {
		promotion.PullRequest = &pr
	}
	switch {
	case live.Err != nil:
		return mayTouch(u.Key, pl, live, nil, nil, o)
	case !live.Found:
		return p.retired(ctx, s, u, promotion, plan)
	case have != nil && have.foreign != "" && o.Rebuild:
		promotion.Discards, have = append(promotion.Discards, "work of somebody else on "+u.branch()), nil
	case have != nil && have.foreign != "":
		plan.foreign(u, promotion, have)
		return nil
	}
	stays, err := p.stays(ctx, s, u, h, isOpen, plan)
	if err != nil {
		return err
	}
	if len(stays) > 0 {
		plan.stay(u, promotion, have, live, stays)
		return nil
	}
	return p.planEnd(ctx, s, u, promotion, have, o, plan)
}

// retired is for an app that is gone: what is left of its pull request is closed.
func (p *Promoter) retired(ctx context.Context, s *Snapshot, u unit, promotion Promotion, plan *Plan) error {
	if pr, isOpen := s.open[u.Key]; isOpen {
		mine, err := p.isMine(ctx, s, pr, true)
		if err != nil || !mine {
			return err
		}
		promotion.Action, promotion.PullRequest, promotion.Notes = ActionClose, &pr, []string{u.App + " is not in " + u.Environment + " any more"}
		plan.Promotions = append(plan.Promotions, promotion)
	}
	return nil
}

// late tells a release that came after the decision why it waits.
func (plan *Plan) late(s *Snapshot, u unit, h ledger.Hold) {
	rel, ok := s.Accepted[u.App]
	if !ok || len(u.placements[0].After) > 0 || h.Retire.Last != nil && rel.Sequence == h.Retire.Last.Sequence {
		return
	}
	plan.Waiting = append(plan.Waiting, Waiting{Key: u.Key, Version: rel.Version, Conditions: []gates.Condition{
		{Gate: "retired", Holds: gates.Proposing, Reason: ReasonOf(h), Hint: fmt.Sprintf("ferry resume --app %s --env %s lets it come back", u.App, u.Environment)}}})
}

// stays says why an app is not proposed to leave yet: holds, environments after this one that still have it, or a person
// who closed the pull request.
func (p *Promoter) stays(ctx context.Context, s *Snapshot, u unit, h ledger.Hold, isOpen bool, plan *Plan) ([]gates.Condition, error) {
	pl := u.placements[0]
	r := farewell(s.lives[u.Key].Record)
	cs := gates.Holding(gates.Input{Placement: pl, Holds: s.holdsOn(pl, r), Now: p.Now()})
	for _, other := range s.below(pl) {
		if s.lives[key(other)].Found {
			cs = append(cs, gates.Condition{Gate: "retire", Holds: gates.Proposing, Reason: fmt.Sprintf("retire: %s still has it; the last environment goes first", other.Environment)})
		}
	}
	if !isOpen && len(cs) == 0 {
		by, err := p.declined(ctx, s, u, h, plan)
		if err != nil || by == "" {
			return nil, err
		}
		cs = append(cs, gates.Condition{Gate: "rejected", Holds: gates.Proposing, Reason: "rejected: " + by + " closed the pull request that retires it",
			Hint: fmt.Sprintf("ask again with ferry retire, or let it stay: ferry resume --app %s --env %s", u.App, u.Environment)})
	}
	return cs, nil
}

// stay lets an app wait for its end, and says so on a pull request that is open already.
func (plan *Plan) stay(u unit, promotion Promotion, have *proposal, live Live, cs []gates.Condition) {
	plan.Waiting = append(plan.Waiting, Waiting{Key: u.Key, Version: live.Record.Release.Version, Conditions: cs})
	if promotion.PullRequest == nil || have == nil {
		return
	}
	judged := *promotion.PullRequest
	judged.HeadSHA = string(have.head.ID)
	promotion.PullRequest, promotion.Action, promotion.Conditions = &judged, ActionKeep, cs
	if promotion.PullRequest.Queued {
		plan.Merges = append(plan.Merges, Merge{Environment: u.Environment, Unit: u.App, PullRequest: judged, Way: TakenOut})
	}
	plan.Promotions = append(plan.Promotions, promotion)
}

// declined names who closed the pull request of a retirement without merging it, and puts that on record.
func (p *Promoter) declined(ctx context.Context, s *Snapshot, u unit, h ledger.Hold, plan *Plan) (string, error) {
	if h.Retire.ClosedBy != "" || p.Forge == nil {
		return h.Retire.ClosedBy, nil
	}
	prs, err := p.Forge.PullRequests(ctx, scm.Filter{Head: u.branch(), Base: u.base, Newest: 1, Brief: true})
	if err != nil || len(prs) == 0 {
		return "", err
	}
	pr := prs[0]
	if pr.State != scm.Closed || pr.Number <= h.Retire.PullRequest || pr.Closed.Before(h.Since) {
		return "", nil
	}
	if me, err := p.me(ctx, s); err != nil || pr.ClosedBy == me {
		return "", err
	}
	if head, err := p.Repo.Commit(ctx, git.ID(pr.HeadSHA)); err == nil {
		r, err := recordAt(ctx, p.Repo, head.Tree, u.placements[0])
		if err != nil || r.Found {
			return "", err // it proposed a release, not the end
		}
	}
	by := orUnknown(pr.ClosedBy)
	out := *h.Retire
	out.PullRequest, out.ClosedBy = pr.Number, by
	h.Retire = &out
	plan.decide(u.Key, fmt.Sprintf("%s closed pull request #%d, which retires it", by, pr.Number), h.File())
	return by, nil
}

// planEnd opens, updates, keeps or merges the pull request that removes an app.
func (p *Promoter) planEnd(ctx context.Context, s *Snapshot, u unit, promotion Promotion, have *proposal, o Options, plan *Plan) error {
	pl, pr := u.placements[0], promotion.PullRequest
	c, err := p.removal(ctx, s, pl, o)
	if err != nil {
		return err
	}
	promotion.Conditions = lostData(c)
	ready := have != nil && have.gone && !have.stale
	if ready && pr != nil && !pr.Conflict {
		return p.planMerge(ctx, s, u, promotion, have, o, plan)
	}
	promotion.Action, promotion.reuse, promotion.Changes = ActionOpen, ready && pr == nil, []Change{*c}
	if pr != nil {
		promotion.Action = ActionUpdate
		if promotion.Dropped, err = p.dropped(ctx, pr, have); err != nil {
			return err
		}
		if have != nil && !have.gone {
			promotion.Supersedes = append(slices.Clone(have.superseded), have.records[pl.App].Release)
		}
	}
	v, err := p.mergeVerdict(ctx, s, pl, farewell(c.To), gates.Head{}, nil, o)
	if err != nil {
		return err
	}
	promotion.Conditions = append(append(promotion.Conditions, v.Waiting()...), byRule(promotion)...)
	plan.Promotions = append(plan.Promotions, promotion)
	return nil
}

// removal is the change that deletes what ferry wrote, and the record with it. Other files in the folder stay.
func (p *Promoter) removal(ctx context.Context, s *Snapshot, pl environments.Placement, o Options) (*Change, error) {
	live := s.lives[key(pl)]
	c := &Change{Key: key(pl), Folder: pl.Folder, From: &live.Record, To: live.Record, Retires: true}
	here, err := p.folder(ctx, live.Folder, "")
	if err != nil {
		return nil, err
	}
	owned := ownedBy(live.Record)
	if err := mayTouch(c.Key, pl, live, here, owned, o); err != nil {
		return nil, err
	}
	c.discard(pl.Folder, here, owned)
	if c.Old, err = p.readManifests(ctx, pl, owned); err != nil {
		return nil, err
	}
	for _, name := range append(slices.Sorted(maps.Keys(owned)), release.RecordName) {
		c.edits = append(c.edits, edit{path: pl.Folder + "/" + name})
		delete(here, name)
	}
	if len(here) > 0 {
		c.Notices = append(c.Notices, fmt.Sprintf("%s stays, with what is not ferry's: %s", pl.Folder, some(slices.Sorted(maps.Keys(here)))))
	}
	c.Diff = diff.CompareWith(c.Old, nil, diff.Options{Namespace: pl.Namespace, Levels: levels(s.Config.Risk)})
	c.Old.Forget()
	return c, nil
}

// lostData leaves the merge to a person where more goes than can be made again from Git.
// What levels of risk ferry.yaml gives does not matter for that.
func lostData(c *Change) []gates.Condition {
	var what []string
	for _, r := range diff.Compare(c.Old, nil).Risks {
		if slices.Contains(dataRules, r.Rule) {
			what = append(what, r.Resource.String())
		}
	}
	if len(what) == 0 {
		return nil
	}
	slices.Sort(what)
	return []gates.Condition{{Gate: "data", Holds: gates.Merging, Reason: "data: a person merges what may delete data: " + strings.Join(slices.Compact(what), ", ")}}
}

// dataRules are the rules of risk about what an engine cannot bring back.
var dataRules = []string{"delete-namespace", "delete-definition", "delete-volume", "delete-statefulset"}

// removesAll checks that a branch leaves nothing of what a record lists.
func (p *Promoter) removesAll(ctx context.Context, pr *proposal, u unit, pl environments.Placement, before release.Record) error {
	left, err := p.Repo.Lookup(ctx, pr.head.Tree, pl.Folder)
	if err != nil && !isNotFound(err) {
		return err
	}
	here := map[string]git.ID{}
	if err == nil {
		if here, err = p.folder(ctx, left.ID, ""); err != nil {
			return err
		}
	}
	for _, f := range before.Files {
		if _, there := here[f.Name]; there {
			pr.foreign = fmt.Sprintf("it removes the record of %s and leaves %s", pl.Folder, f.Name)
			return nil
		}
	}
	if pr.gone = true; u.retires {
		pr.records[pl.App] = farewell(before)
	}
	return nil
}
