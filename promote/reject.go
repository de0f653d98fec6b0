package promote

import (
	"context"
	"fmt"

	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// accepted drops what a person rejected by closing its pull request, and puts a rejection on record that is not there
// yet: from then on the forge may forget the pull request.
func (p *Promoter) accepted(ctx context.Context, s *Snapshot, u unit, wants []*want, have *proposal, o Options, plan *Plan) ([]*want, error) {
	_, isOpen := s.open[u.Key]
	if len(wants) == 0 {
		return wants, nil
	}
	if o.Explicit {
		s.forgive(u, wants, plan)
		return wants, nil
	}
	rejections := s.book.Rejections
	if !isOpen && u.placements[0].PullRequest {
		fresh, err := p.closed(ctx, s, u, wants)
		if err != nil {
			return nil, err
		}
		for _, r := range fresh {
			plan.decide(Key{r.App, r.Environment}, fmt.Sprintf("%s closed pull request #%d of %s", r.By, r.PullRequest, r.Release.Version), r.File())
		}
		rejections = append(append([]ledger.Rejection{}, rejections...), fresh...)
	}
	var free []*want
	for _, w := range wants {
		if isOpen && have != nil && have.carries(w) {
			free = append(free, w)
			continue
		}
		r, no := s.rejectedBy(rejections, w)
		if !no {
			free = append(free, w)
			continue
		}
		plan.Waiting = append(plan.Waiting, Waiting{Key: key(w.placement), Version: w.release.Version, Conditions: []gates.Condition{rejectedFor(w, r)}})
	}
	return free, nil
}

func rejectedFor(w *want, r ledger.Rejection) gates.Condition {
	return gates.Condition{Gate: "rejected", Holds: gates.Proposing, Reason: "rejected: " + whyRejected(r),
		Hint: fmt.Sprintf("propose it again: ferry promote --app %s --env %s", w.placement.App, w.placement.Environment)}
}

// whyRejected says who refused a release, and how.
func whyRejected(r ledger.Rejection) string {
	if r.PullRequest == 0 {
		return fmt.Sprintf("%s was rolled back, and stays out since %s resumed", r.Release.Version, orUnknown(r.By))
	}
	return fmt.Sprintf("%s closed pull request #%d without merging it", orUnknown(r.By), r.PullRequest)
}

// carries tells whether a branch has just this release and configuration of an app.
func (pr *proposal) carries(w *want) bool {
	r, ok := pr.records[w.placement.App]
	return ok && release.SameContent(r.Release, w.release) && r.Inputs.Digest == w.reading.inputs.Digest
}

// rejectedBy finds the rejection that a want falls under: it, or a newer release, was closed. What the environment runs
// already is only rejected at the configuration that was closed.
func (s *Snapshot) rejectedBy(rejections []ledger.Rejection, w *want) (ledger.Rejection, bool) {
	live := s.lives[key(w.placement)]
	for _, r := range rejections {
		if r.App != w.placement.App || r.Environment != w.placement.Environment {
			continue
		}
		runs := live.Found && live.Record.Release.Sequence == w.release.Sequence
		same, mine := r.Release.Sequence, w.release.Sequence
		if r.Release.Is(w.record()) || !runs && w.restore == nil && same.Kind == mine.Kind && mine.Number <= same.Number {
			return r, true
		}
	}
	return ledger.Rejection{}, false
}

// forgive takes back rejections of what a person asks for by name.
func (s *Snapshot) forgive(u unit, wants []*want, plan *Plan) {
	for _, w := range wants {
		for _, r := range s.book.Rejections {
			if _, no := s.rejectedBy([]ledger.Rejection{r}, w); no {
				plan.decide(key(w.placement), fmt.Sprintf("%s is asked for again", w.release.Version), ledger.File{Path: r.Path()})
			}
		}
	}
}

// closed gives the rejections that the newest pull request of a unit stands for and that are not on record.
func (p *Promoter) closed(ctx context.Context, s *Snapshot, u unit, wants []*want) ([]ledger.Rejection, error) {
	if p.Forge == nil {
		return nil, nil
	}
	prs, err := p.Forge.PullRequests(ctx, scm.Filter{Head: u.branch(), Base: u.base, Newest: 1, Brief: true})
	if err != nil || len(prs) == 0 || prs[0].State != scm.Closed {
		return nil, err
	}
	if me, err := p.me(ctx, s); err != nil || prs[0].ClosedBy == me {
		return nil, err
	}
	pr := prs[0]
	for _, r := range s.book.Rejections {
		if r.PullRequest == pr.Number && r.Environment == u.Environment {
			return nil, nil
		}
	}
	records, err := p.proposedAt(ctx, u, pr, wants)
	var fresh []ledger.Rejection
	for _, r := range records {
		if live := s.lives[Key{r.App, u.Environment}]; live.Found && ledger.Name(live.Record) == ledger.Name(r) {
			continue // arrived in another way
		}
		fresh = append(fresh, ledger.Rejection{App: r.App, Environment: u.Environment, Release: ledger.Name(r), By: pr.ClosedBy, Time: pr.Closed, PullRequest: pr.Number})
	}
	return fresh, err
}

// proposedAt reads what a pull request proposed. Where the forge has lost its head, it stands for what would be proposed
// now: rather one promotion too few than one that a person refused.
func (p *Promoter) proposedAt(ctx context.Context, u unit, pr scm.PullRequest, wants []*want) ([]release.Record, error) {
	head, err := p.Repo.Commit(ctx, git.ID(pr.HeadSHA))
	var all []release.Record
	if isNotFound(err) {
		for _, w := range wants {
			all = append(all, w.record())
		}
		return all, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read pull request #%d: %w", pr.Number, err)
	}
	for _, pl := range u.placements {
		r, err := recordAt(ctx, p.Repo, head.Tree, pl)
		if err != nil {
			return nil, err
		}
		if r.Found {
			all = append(all, r.Record)
		}
	}
	return all, nil
}
