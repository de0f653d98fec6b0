package promote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// pinned keeps what an open pull request proposes where the environment's rule lets newer releases wait: from the first
// approval on, or always. Rollbacks and what a person asks for by name do not wait.
func (p *Promoter) pinned(ctx context.Context, s *Snapshot, u unit, wants []*want, have *proposal, o Options, plan *Plan) ([]*want, error) {
	pr, isOpen := s.open[u.Key]
	mode := u.placements[0].Supersede
	if !isOpen || have == nil || len(wants) == 0 || mode == environments.Replace || o.Explicit || matches(wants, have) || p.arrived(s, u, have) ||
		slices.ContainsFunc(wants, func(w *want) bool { return w.restore != nil }) {
		return wants, nil
	}
	because := "it is open"
	if mode == environments.OnApproval {
		approvers, err := p.approvers(ctx, pr, have)
		if err != nil || len(approvers) == 0 {
			return wants, err
		}
		because = strings.Join(approvers, ", ") + " approved it"
	}
	for _, w := range wants {
		if have.carries(w) {
			continue
		}
		plan.Waiting = append(plan.Waiting, Waiting{Key: key(w.placement), Version: w.release.Version,
			Reason: fmt.Sprintf("supersede: %s: pull request #%d keeps what it proposes, since %s", mode, pr.Number, because),
			Hint:   fmt.Sprintf("merge or close #%d, or put this into it: ferry promote --app %s --env %s", pr.Number, w.placement.App, u.Environment)})
	}
	return u.carried(have), nil
}

// approvers names who approves the content of a branch.
func (p *Promoter) approvers(ctx context.Context, pr scm.PullRequest, have *proposal) ([]string, error) {
	reviews, err := p.Forge.Reviews(ctx, pr.Number)
	if err != nil {
		return nil, fmt.Errorf("read reviews of pull request #%d: %w", pr.Number, err)
	}
	pr.HeadSHA = string(have.head.ID)
	return scm.Approvers(pr, reviews), nil
}

// carried gives what a branch proposes as what is wanted.
func (u unit) carried(have *proposal) []*want {
	var wants []*want
	for _, pl := range u.placements {
		if r, ok := have.records[pl.App]; ok {
			wants = append(wants, wanted(pl, r))
		}
	}
	return wants
}

// wanted reads a record back into what it was made from.
func wanted(pl environments.Placement, r release.Record) *want {
	return &want{placement: pl, release: r.Release, reading: reading{inputs: r.Inputs}}
}

// supersedes lists the releases that a pull request has proposed and does not any more: what its branch carries now, and
// what that had superseded before.
func supersedes(wants []*want, have *proposal) []release.Release {
	if have == nil {
		return nil
	}
	var old []release.Release
	add := func(r release.Release) {
		wanted := slices.ContainsFunc(wants, func(w *want) bool { return w.release.App == r.App && w.release.Sequence == r.Sequence })
		if !wanted && !slices.ContainsFunc(old, func(o release.Release) bool { return o.App == r.App && o.Sequence == r.Sequence }) {
			old = append(old, r)
		}
	}
	for _, w := range wants {
		if r, ok := have.records[w.placement.App]; ok {
			add(r.Release)
		}
	}
	for _, r := range slices.Concat(have.withdrawn, have.superseded) {
		add(r)
	}
	return old
}

// dropped names whose approvals end with new content.
func (p *Promoter) dropped(ctx context.Context, pr *scm.PullRequest, have *proposal) ([]string, error) {
	if pr == nil || have == nil {
		return nil, nil
	}
	return p.approvers(ctx, *pr, have)
}

// replaced says on the head that a new one takes the place of that it is superseded, before it is. A head that the forge
// has lost needs no word.
func (p *Promoter) replaced(ctx context.Context, d *Done) error {
	if d.old == "" || d.PullRequest == nil || len(d.Supersedes) == 0 {
		return nil
	}
	_, err := p.Forge.SetStatus(ctx, string(d.old), scm.Status{Context: release.GatesContext, State: scm.Superseded, Text: "superseded by " + d.Title()})
	if err != nil && !errors.Is(err, scm.ErrNotFound) {
		return fmt.Errorf("set %s on %s: %w", release.GatesContext, d.old.Short(), err)
	}
	return nil
}

// unapprove lets the forge drop approvals of what a promotion does not propose any more, where it can and does not do so
// by itself: its own rules count them, too. Where ferry may not, its gates still do not count them.
func (p *Promoter) unapprove(ctx context.Context, d *Done) error {
	forge, can := p.Forge.(scm.Resetter)
	if !can || len(d.Dropped) == 0 || d.PullRequest == nil || d.PullRequest.ResetsApprovals {
		return nil
	}
	err := forge.ResetApprovals(ctx, d.PullRequest.Number, "The content has changed since: "+d.Title()+".")
	if errors.Is(err, scm.ErrForbidden) || errors.Is(err, scm.ErrNotFound) {
		p.say("notice: pull request #%d: approvals of older content stay on the forge: %v", d.PullRequest.Number, err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("drop the approvals of pull request #%d: %w", d.PullRequest.Number, err)
	}
	return nil
}

// same lists the reviewed heads whose content is that of the branch now, as after moving to a newer base.
func (p *Promoter) same(ctx context.Context, u unit, have *proposal, reviews []scm.Review) ([]string, error) {
	var all []string
	for _, rv := range reviews {
		if rv.SHA == "" || rv.SHA == string(have.head.ID) || slices.Contains(all, rv.SHA) {
			continue
		}
		c, err := p.Repo.Commit(ctx, git.ID(rv.SHA))
		if isNotFound(err) {
			continue // gone: nobody can say what it was
		}
		if err != nil {
			return nil, fmt.Errorf("read what was reviewed, %s: %w", rv.SHA, err)
		}
		equal, err := p.equal(ctx, u, c.Tree, have.head.Tree)
		if err != nil {
			return nil, err
		}
		if equal {
			all = append(all, rv.SHA)
		}
	}
	return all, nil
}

// equal tells whether two trees hold the same in every folder of a unit.
func (p *Promoter) equal(ctx context.Context, u unit, a, b git.ID) (bool, error) {
	for _, pl := range u.placements {
		x, err := folderAt(ctx, p.Repo, a, pl.Folder)
		if err != nil {
			return false, err
		}
		y, err := folderAt(ctx, p.Repo, b, pl.Folder)
		if err != nil || x != y {
			return false, err
		}
	}
	return true, nil
}
