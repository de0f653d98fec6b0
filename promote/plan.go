package promote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// Options say what is asked for.
type Options struct {
	Scope
	// Explicit says that a person asked for this by name: a closed pull request is proposed again.
	Explicit bool
	// Adopt takes over a folder that is not ferry's yet.
	Adopt bool
	// Release is the one that a person asked for by name (version or sequence); "" is the newest that may.
	Release string
	// Rebuild replaces a promotion branch that somebody else committed to.
	Rebuild bool
	// Overwrite discards hand edits in an environment's folder, on record.
	Overwrite bool
	// Upgrade proposes what environments hold in the bytes of this ferry, and nothing else.
	Upgrade bool
	// ConfirmShrink lets more than half of the resources go.
	ConfirmShrink bool
	dated         bool // reasons are read later: they say the day of every time
}

// Plan is what would be written, and why the rest is not. Making one only reads.
type Plan struct {
	State      *Snapshot  // what it was made from
	Decisions  []Decision // put on record before anything else
	Promotions []Promotion
	Merges     []Merge
	Waiting    []Waiting
	Failures   []error // each of one unit; the others are not touched by it
	NextWakeup time.Time
	Rendered   int  // how many apps had to be rendered
	Backlog    int  // apps that the audit has not come to yet; later runs do
	again      bool // a decision opens the way for more
	mistakes   []mistake
	part       *part // while it is being made
}

// Action is what happens to a promotion.
type Action string

// The actions of a plan.
const (
	ActionOpen   Action = "open"   // a pull request that is not there yet
	ActionUpdate Action = "update" // the open pull request gets new content
	ActionWrite  Action = "write"  // straight to the branch
	ActionKeep   Action = "keep"   // proposed already
	ActionClose  Action = "close"  // nothing left to promote
	ActionEffect Action = "effect" // what a person's commit would change; nothing is written
	ActionQueue  Action = "queue"  // handed to the forge's queue, or taken out of it
	ActionRecord Action = "record" // a decision is put on ferry-state
	ActionMerge  Action = "merge"  // every gate passes and the environment's rule lets ferry merge
)

// Promotion is the change of one unit in one environment, or of all units where an environment is written directly.
type Promotion struct {
	Environment string
	Unit        string
	Action      Action
	Branch      string // promotion branch; "" when written straight to Base
	Base        string
	Changes     []Change
	PullRequest *scm.PullRequest // the open one, if any
	Supersedes  []release.Release
	Dropped     []string // whose approvals end, since the content is new
	Overrides   []string // gates that a person passes: which, who, why
	Discards    []string // what is lost on request: hand edits, commits on the branch
	Notes       []string
	LeftOut     []string // apps of the unit that wait, each with its reason
	Labels      []string
	Reviewers   []string // who is asked to review; teams as team/NAME
	Assignees   []string
	Merge       environments.Merge
	Texts       environments.Texts // what ferry.yaml says instead of the built-in words
	TicketLink  string             // address of a ticket, with {ticket} in it; "" where ferry.yaml names none
	Conditions  []gates.Condition  // what merging waits for
	parent      git.Commit         // head of Base
	old         git.ID             // head of Branch, "" where there is none
	judged      []gates.Input      // by what it may be written without a pull request, an app each
	reuse       bool               // the branch carries the content already, only the pull request is missing
}

// Merge is a pull request that ferry may merge now.
type Merge struct {
	Environment, Unit string
	PullRequest       scm.PullRequest
	Way               Way
	message           string
	method            scm.Method
	judged            []gates.Input // by what it may be merged, an app each
}

// asked is the merge as a forge is asked for it: of the head that was judged.
func (m Merge) asked() scm.Merge {
	return scm.Merge{Head: m.PullRequest.HeadSHA, Message: m.message, Method: m.method}
}

// Way is how a pull request is merged.
type Way string

// The ways: at once, through the forge's queue, and out of it again where something holds it back.
const (
	AtOnce   Way = "at-once"
	Enqueue  Way = "enqueue"
	TakenOut Way = "dequeue"
)

// Waiting is a release that may not enter an environment yet.
type Waiting struct {
	Key
	Version    string
	Conditions []gates.Condition
	Reason     string // where it is no gate: a pull request that a person closed, a commit of somebody else
	Hint       string
}

// Plan decides, for everything in scope, what should be written.
func (p *Promoter) Plan(ctx context.Context, s *Snapshot, o Options) (*Plan, error) {
	if err := s.Known(o.Scope); err != nil {
		return nil, err
	}
	plan := &Plan{State: s, Decisions: slices.Clone(s.confirmed)}
	if err := p.planUnits(ctx, s, o, plan); err != nil {
		return nil, err
	}
	plan.Failures = append(plan.Failures, p.collisions(ctx, s, plan)...)
	if err := p.stale(ctx, s, o, plan); err != nil {
		return nil, err
	}
	if err := p.audits(ctx, s, o, plan); err != nil {
		return nil, err
	}
	plan.joinDirect()
	return plan, nil
}

// perUnit tells the failures that stop one unit from those that stop the run.
func perUnit(err error) bool {
	var refused *Refused
	var failed *Failed
	return errors.As(err, &refused) || errors.As(err, &failed)
}

// Known refuses names that the configuration does not have.
func (s *Snapshot) Known(scope Scope) error {
	var have Scope
	for _, a := range s.Config.Apps {
		have.Apps = append(have.Apps, a.Name)
	}
	for _, e := range s.Config.Environments {
		have.Environments = append(have.Environments, e.Name)
	}
	for _, a := range scope.Apps {
		if !slices.Contains(have.Apps, a) {
			return &Unknown{Kind: "app", Name: a, Known: have.Apps}
		}
	}
	for _, e := range scope.Environments {
		if !slices.Contains(have.Environments, e) {
			return &Unknown{Kind: "environment", Name: e, Known: have.Environments}
		}
	}
	return nil
}

// planUnit decides for one unit in one environment.
func (p *Promoter) planUnit(ctx context.Context, s *Snapshot, u unit, o Options, plan *Plan) error {
	if h, leaves := s.retiring(u.placements[0]); leaves {
		return p.planRetire(ctx, s, u, h, o, plan)
	}
	promotion := s.begin(u)
	have, err := p.proposed(ctx, s, u)
	if err != nil {
		return err
	}
	if !o.Adopt {
		if o.Adopt, err = p.adopting(ctx, s, u, have); err != nil {
			return err
		}
	}
	wants, err := p.wants(ctx, s, u, o, plan, &promotion)
	if err != nil {
		return err
	}
	if have != nil && have.foreign != "" && o.Rebuild {
		have, promotion.old = nil, have.head.ID
		promotion.Discards = append(promotion.Discards, "work of somebody else on "+u.branch())
	}
	pr, isOpen := s.open[u.Key]
	if isOpen && (have != nil || promotion.old != "") {
		promotion.PullRequest = &pr
	}
	if !u.placements[0].PullRequest && !o.Adopt {
		mine, err := p.isMine(ctx, s, pr, isOpen)
		if err != nil {
			return err
		}
		if mine {
			plan.Promotions = append(plan.Promotions, Promotion{Environment: u.Environment, Unit: u.App, Action: ActionClose, Branch: u.branch(), Base: u.base, PullRequest: &pr,
				Notes: []string{u.Environment + " has no pull requests any more: releases go straight to the branch"}})
		}
		if wants, err = p.accepted(ctx, s, u, wants, nil, o, plan); err != nil {
			return err
		}
		return p.planWrite(ctx, s, promotion, wants, o, plan)
	}
	promotion.Branch = u.branch()
	if have != nil {
		promotion.old = have.head.ID
	}
	if have != nil && have.foreign != "" && (isOpen || len(wants) > 0) {
		plan.foreign(u, promotion, have)
		return nil
	}
	if have != nil {
		promotion.Notes = append(promotion.Notes, s.takeBack(u, have)...)
	}
	if wants, err = p.accepted(ctx, s, u, wants, have, o, plan); err != nil {
		return err
	}
	if have != nil {
		wants = s.keepNewer(wants, have, isOpen)
	}
	if isOpen && have != nil && slices.Contains(pr.Labels, HoldLabel) {
		wants = u.carried(have)
	}
	if wants, err = p.pinned(ctx, s, u, wants, have, o, plan); err != nil {
		return err
	}
	if have != nil && have.gone {
		promotion.Notes = append(promotion.Notes, "its retirement was taken back")
	}
	if wants = u.complete(wants, promotion, plan); wants == nil && promotion.PullRequest == nil {
		return nil
	}
	return p.planPullRequest(ctx, s, u, promotion, wants, have, o, plan)
}

// begin is a promotion of which nothing is decided yet.
func (s *Snapshot) begin(u unit) Promotion {
	return Promotion{Environment: u.Environment, Unit: u.App, Base: u.base, parent: s.heads[u.base], Merge: u.placements[0].Merge, Labels: labels(u),
		Reviewers: u.all(func(pl environments.Placement) []string { return pl.Reviewers }), Assignees: u.all(func(pl environments.Placement) []string { return pl.Assignees }),
		Texts: s.Config.Texts, TicketLink: s.Config.Tickets.Link}
}

// wants decides for each app of a unit; those that must wait or cannot be decided are left out, by name.
func (p *Promoter) wants(ctx context.Context, s *Snapshot, u unit, o Options, plan *Plan, promotion *Promotion) ([]*want, error) {
	var wants []*want
	for _, pl := range u.placements {
		d, err := p.decideOne(ctx, s, pl, o)
		if err == nil {
			err = p.free(ctx, s, pl, &d, o)
		}
		if err == nil {
			err = p.automatic(ctx, s, pl, plan)
		}
		if err != nil {
			if err := plan.stop(pl, err, o, promotion); err != nil {
				return nil, err
			}
			continue
		}
		if d.want != nil {
			wants = append(wants, d.want)
		}
		if len(d.waiting) > 0 {
			plan.wait(pl, d)
			promotion.LeftOut = append(promotion.LeftOut, fmt.Sprintf("%s %s: %s", pl.App, d.newest.Version, d.waiting[0].Reason))
		}
	}
	return wants, nil
}

func (p *Promoter) decideOne(ctx context.Context, s *Snapshot, pl environments.Placement, o Options) (decision, error) {
	if live := s.lives[key(pl)]; live.Err != nil {
		return decision{}, mayTouch(key(pl), pl, live, nil, nil, o)
	}
	if o.Upgrade {
		return p.decideUpgrade(ctx, s, pl)
	}
	return p.decide(ctx, s, pl, o)
}

func (plan *Plan) wait(pl environments.Placement, d decision) {
	plan.Waiting = append(plan.Waiting, Waiting{Key: key(pl), Version: d.newest.Version, Conditions: d.waiting})
	plan.wake(gates.NextWakeup(gates.Verdict{Propose: d.waiting}))
}

func (plan *Plan) wake(at time.Time) {
	if !at.IsZero() && (plan.NextWakeup.IsZero() || at.Before(plan.NextWakeup)) {
		plan.NextWakeup = at
	}
}

// keepNewer drops what the branch has already in a newer form: an older release never replaces a newer one.
// What a person rejected is left on a branch without a pull request, and keeps nothing out.
func (s *Snapshot) keepNewer(wants []*want, have *proposal, isOpen bool) []*want {
	return slices.DeleteFunc(wants, func(w *want) bool {
		r, ok := have.records[w.placement.App]
		if _, no := s.rejectedBy(s.book.Rejections, wanted(w.placement, r)); ok && no && !isOpen {
			return false
		}
		return ok && newer(r.Release, w.release) && w.restore == nil
	})
}

// changes renders what is wanted. Apps that share a pull request do not share a fate: one that cannot be rendered or placed
// is left out, by name, and the others go on. then gets what could be made, if anything.
func (p *Promoter) changes(ctx context.Context, s *Snapshot, promotion *Promotion, wants []*want, o Options, plan *Plan, then func(able []*want) error) error {
	var able []*want
	take := func(w *want, c *Change, err error) error {
		if err != nil {
			return plan.stop(w.placement, err, o, promotion)
		}
		able = append(able, w)
		promotion.Changes = append(promotion.Changes, *c)
		if len(c.Discards) > 0 {
			promotion.Discards = append(promotion.Discards, "hand edits of "+some(c.Discards))
		}
		return nil
	}
	for _, w := range wants {
		plan.Rendered++
		var err error
		if w.restore != nil {
			err = plan.then(func() error {
				c, err := p.backChange(ctx, s, w, o)
				return take(w, c, err)
			})
		} else {
			err = plan.render(w, func(r rendered) error {
				c, err := p.change(ctx, s, w, r, o)
				return take(w, c, err)
			})
		}
		if err != nil {
			return err
		}
	}
	return plan.then(func() error {
		if len(able) == 0 {
			return nil
		}
		return then(able)
	})
}

// stop leaves one app out. It is a failure of the run only where the run is about that app.
func (plan *Plan) stop(pl environments.Placement, err error, o Options, promotion *Promotion) error {
	if !perUnit(err) {
		return err
	}
	promotion.LeftOut = append(promotion.LeftOut, fmt.Sprintf("%s: %v", pl.App, err))
	if o.Scope.has(key(pl)) {
		plan.Failures = append(plan.Failures, err)
	} else {
		plan.Waiting = append(plan.Waiting, Waiting{Key: key(pl), Reason: err.Error()})
	}
	return nil
}
