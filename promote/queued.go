package promote

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// Judged is what the gates say of one app that a commit would bring.
type Judged struct {
	Key
	Version    string            `json:"version"`
	Conditions []gates.Condition `json:"conditions"` // those that do not pass
}

// JudgeCommit answers for a commit that a forge's queue made of a base and one or several pull requests: for every app
// whose record it changes, may it be merged now? The answer is posted on the commit as ferry/gates.
func (p *Promoter) JudgeCommit(ctx context.Context, s *Snapshot, sha string) ([]Judged, error) {
	c, err := p.commitAt(ctx, sha)
	if err != nil {
		return nil, err
	}
	all := []Judged{}
	for _, pl := range s.placements {
		base := s.heads[s.base(pl)]
		r, err := recordAt(ctx, p.Repo, c.Tree, pl)
		if err != nil {
			return nil, err
		}
		now, err := recordAt(ctx, p.Repo, base.Tree, pl)
		if err != nil {
			return nil, err
		}
		if _, leaves := s.retiring(pl); leaves && now.Found && r.blob == "" {
			r.Record, r.Found = farewell(now.Record), true
		}
		if !r.Found || r.blob == now.blob || !s.descends(ctx, p.Repo, c, base) {
			continue
		}
		j, err := p.judgeApp(ctx, s, pl, r.Record)
		if err != nil {
			return nil, err
		}
		all = append(all, j)
	}
	return all, p.postGates(ctx, string(c.ID), all)
}

// descends tells whether a commit builds on the head of a branch: else it says nothing about that branch.
func (s *Snapshot) descends(ctx context.Context, repo *git.Repository, c, base git.Commit) bool {
	const far = 1000 // commits; a queue puts far fewer on top
	n, found := 0, false
	err := repo.Log(ctx, c.ID, func(g git.Commit) (bool, error) {
		n++
		found = g.ID == base.ID
		return !found && n < far, nil
	})
	return err == nil && found
}

func (p *Promoter) commitAt(ctx context.Context, sha string) (git.Commit, error) {
	if git.ID(sha).Valid() {
		return p.Repo.Commit(ctx, git.ID(sha))
	}
	refs, err := p.Repo.Refs(ctx)
	if err != nil {
		return git.Commit{}, err
	}
	found := map[git.ID]bool{}
	for _, id := range refs {
		found[id] = len(sha) >= 7 && strings.HasPrefix(string(id), strings.ToLower(sha))
	}
	maps.DeleteFunc(found, func(_ git.ID, is bool) bool { return !is })
	for id := range found {
		if len(found) == 1 {
			return p.Repo.Commit(ctx, id)
		}
	}
	return git.Commit{}, refuse(Key{}, "give all 40 digits, or at least 7 of a commit that a branch points to", "%q names no single commit", sha)
}

func (p *Promoter) judgeApp(ctx context.Context, s *Snapshot, pl environments.Placement, r release.Record) (Judged, error) {
	j := Judged{Key: key(pl), Version: r.Release.Version, Conditions: []gates.Condition{}}
	u := s.unitOf(pl)
	pr, isOpen := s.open[u.Key]
	have, err := p.proposed(ctx, s, u)
	if err != nil {
		return j, err
	}
	if !isOpen || have == nil || have.foreign != "" || have.records[pl.App].Inputs.Digest != r.Inputs.Digest || !release.SameContent(have.records[pl.App].Release, r.Release) {
		j.Conditions = append(j.Conditions, gates.Condition{Gate: "proposal", Holds: gates.Merging, Reason: "proposal: no open pull request of ferry's proposes this"})
		return j, nil
	}
	head, reviews, err := p.judged(ctx, s, u, have, pr)
	if err != nil {
		return j, err
	}
	v, err := p.mergeVerdict(ctx, s, pl, r, head, reviews, Options{})
	j.Conditions = append(j.Conditions, v.Waiting()...)
	return j, err
}

func (p *Promoter) postGates(ctx context.Context, sha string, all []Judged) error {
	if p.Forge == nil {
		return nil
	}
	st := scm.Status{Context: release.GatesContext, State: scm.Success, Text: "not a promotion"}
	var waiting []gates.Condition
	for _, j := range all {
		st.Text = "every gate passes"
		waiting = append(waiting, j.Conditions...)
	}
	if len(waiting) > 0 {
		st.State, st.Text = scm.Failure, "waits for "+waitsFor(waiting)
	}
	if _, err := p.Forge.SetStatus(ctx, sha, st); err != nil {
		return fmt.Errorf("set %s on %s: %w", st.Context, sha, err)
	}
	return nil
}

// Check says what a person's commit to the GitOps repository would do: it reads the configuration of that commit and
// renders every app whose inputs it changes, with what it runs now, before and after.
func (p *Promoter) Check(ctx context.Context, s *Snapshot, sha string) (*Plan, error) {
	c, err := p.commitAt(ctx, sha)
	if err != nil {
		return nil, err
	}
	refs, err := p.Repo.Refs(ctx)
	if err != nil {
		return nil, err
	}
	after := *s
	after.heads = map[string]git.Commit{}
	for name, head := range s.heads {
		after.heads[name] = head
	}
	after.heads[s.DefaultBranch] = c
	if err := after.configure(ctx, p.Repo, p.Version, p.Words, refs); err != nil {
		return nil, err
	}
	l := p.newLine(ctx)
	defer l.end()
	plan := &Plan{part: &part{line: l}}
	for _, pl := range after.placements {
		live := s.lives[key(pl)]
		was, there := s.Config.Placement(pl.App, pl.Environment)
		if !live.Found || !there {
			continue
		}
		if err := plan.note(p.effect(ctx, s, &after, was, pl, plan, func(c Change) {
			plan.Promotions = append(plan.Promotions, Promotion{Environment: pl.Environment, Unit: pl.App, Action: ActionEffect, Base: s.DefaultBranch, Branch: sha, Changes: []Change{c}})
		})); err != nil {
			return nil, err
		}
	}
	return plan, l.drain()
}

// effect renders one app before and after, unless its inputs stay the same.
func (p *Promoter) effect(ctx context.Context, s, after *Snapshot, was, pl environments.Placement, plan *Plan, then func(Change)) error {
	none := func(string) (release.Record, bool, error) { return release.Record{}, false, nil }
	record := s.lives[key(pl)].Record
	before, err := s.read(ctx, p.Repo, was, record.Release, none)
	if err != nil {
		return err
	}
	now, err := after.read(ctx, p.Repo, pl, record.Release, none)
	if err != nil || before.inputs.Digest == now.inputs.Digest {
		return err
	}
	plan.Rendered += 2
	var from rendered
	if err := plan.render(&want{placement: was, release: record.Release, reading: before}, func(r rendered) error {
		from = r
		return nil
	}); err != nil {
		return err
	}
	return plan.render(&want{placement: pl, release: record.Release, reading: now}, func(to rendered) error {
		if from.err != nil {
			return &Failed{Key: key(pl), Err: fmt.Errorf("before the change: %w", from.err)}
		}
		if to.err != nil {
			return &Failed{Key: key(pl), Err: to.err}
		}
		c := Change{Key: key(pl), Folder: pl.Folder, From: &record, To: record, Old: from.manifests, New: to.manifests, Notices: to.notices}
		c.To.Inputs = now.inputs
		c.Diff = diff.CompareWith(from.manifests, to.manifests, diff.Options{Namespace: pl.Namespace})
		then(c)
		return nil
	})
}

// PassCheck says on a person's pull request that ferry's gates do not hold it.
func (p *Promoter) PassCheck(ctx context.Context, sha string, ok bool, why string) error {
	if p.Forge == nil {
		return nil
	}
	st := scm.Status{Context: release.GatesContext, State: scm.Success, Text: "not a promotion"}
	if !ok {
		st.State, st.Text = scm.Failure, why
	}
	if _, err := p.Forge.SetStatus(ctx, sha, st); err != nil {
		return fmt.Errorf("set %s on %s: %w", st.Context, sha, err)
	}
	return nil
}
