package promote

import (
	"context"
	"fmt"
	"slices"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/scm"
)

// audited tells whether what comes into an environment is reviewed there. A retirement is, everywhere, which changes nothing
// about the releases before it.
func (s *Snapshot) audited(pl environments.Placement) bool {
	if _, leaves := s.retiring(pl); leaves {
		pl, _ = s.Config.Placement(pl.App, pl.Environment)
	}
	return pl.PullRequest
}

// auditEnd puts on record that an app left, once: afterwards the audit names nothing that runs.
func (p *Promoter) auditEnd(ctx context.Context, s *Snapshot, pl environments.Placement, known git.ID, pending *ledger.Entry, plan *Plan) error {
	if known == "" || s.lives[key(pl)].Err != nil {
		return nil
	}
	var gone, before stretch
	err := s.stretches(ctx, p.Repo, pl, func(st stretch) (bool, error) {
		if st.Found {
			before = st
			return false, nil
		}
		gone.Live, gone.commits = st.Live, append(gone.commits, st.commits...)
		return true, nil
	})
	if err != nil || !before.Found || len(gone.commits) == 0 {
		return err
	}
	at := gone.commits[len(gone.commits)-1]
	from := ledger.Name(before.Record)
	e := ledger.Entry{App: pl.App, Environment: pl.Environment, Release: before.Record.Release, Inputs: before.Record.Inputs.Digest, Kind: "retirement", From: &from,
		Commit: string(at.ID), Time: at.Time, Merged: string(gone.Folder), Merger: at.Committer.Name, Gates: []ledger.Gate{},
		Health: &ledger.Health{State: "retired", Why: "nothing of it is there any more", Since: at.Time}}
	if err := p.reviewedEnd(ctx, s, pl, gone, before, &e); err != nil {
		return err
	}
	files := []ledger.File{ledger.Forgotten(pl.Environment, pl.App)}
	if pending != nil {
		pending.Health = &ledger.Health{State: "superseded", Why: "retired before it was seen healthy", Since: e.Time}
		files = append(files, pending.Files(nil)...)
	}
	plan.decide(key(pl), fmt.Sprintf("audit: retirement of %s by %s", e.Release.Version, orUnknown(e.Merger)), append(files, e.Files(nil)...)...).Audit = &e
	return nil
}

// reviewedEnd adds what the pull request of a retirement tells.
func (p *Promoter) reviewedEnd(ctx context.Context, s *Snapshot, pl environments.Placement, gone, before stretch, e *ledger.Entry) error {
	u := s.unitOf(pl)
	prs, err := p.Forge.PullRequests(ctx, scm.Filter{Head: u.branch(), Base: u.base, State: scm.Merged})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(prs, func(pr scm.PullRequest) bool {
		return slices.ContainsFunc(gone.commits, func(c git.Commit) bool { return string(c.ID) == pr.MergeCommit })
	})
	if i < 0 {
		return nil
	}
	pr := prs[i]
	e.PullRequest, e.URL, e.Author, e.Merger, e.Time = pr.Number, pr.URL, pr.Author, pr.ClosedBy, pr.Closed
	if head, err := p.Repo.Commit(ctx, git.ID(pr.HeadSHA)); err == nil {
		folder, err := folderAt(ctx, p.Repo, head.Tree, pl.Folder)
		if err != nil {
			return err
		}
		e.Reviewed, e.Same = string(folder), folder == gone.Folder
	}
	gone.Record = farewell(before.Record)
	return p.judgedThen(ctx, s, pl, gone, before.Live, pr, e)
}
