package promote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// maxAudits bounds how much of the past one round catches up with, where ferry-state is new: each costs some calls of the forge.
const maxAudits = 50

// audits puts on record what was merged into environments with pull requests, whoever merged it, and later how it did.
// What is on record is told by one look at a tree.
func (p *Promoter) audits(ctx context.Context, s *Snapshot, o Options, plan *Plan) error {
	if p.Forge == nil {
		return nil
	}
	before := len(plan.Decisions)
	for _, pl := range s.placements {
		live := s.lives[key(pl)]
		if !o.has(key(pl)) || !s.audited(pl) || !live.Found && !s.retires(pl, live.Record) {
			continue
		}
		if len(plan.Decisions)-before >= maxAudits {
			unknown, err := p.unaudited(ctx, s, pl, live)
			if err != nil {
				return err
			}
			plan.Backlog += unknown
			continue
		}
		if err := p.auditOne(ctx, s, pl, live, plan); err != nil {
			return fmt.Errorf("audit %s in %s: %w", pl.App, pl.Environment, err)
		}
	}
	if plan.Backlog > 0 {
		plan.wake(p.Now())
	}
	s.sawAll(o, plan)
	return nil
}

// unaudited is 1 where what runs is not on record yet, by one look at a tree.
func (p *Promoter) unaudited(ctx context.Context, s *Snapshot, pl environments.Placement, live Live) (int, error) {
	known, err := ledger.Audited(ctx, p.Repo, s.heads[release.StateBranch].Tree, pl.Environment, pl.App)
	if err != nil || known == live.blob {
		return 0, err
	}
	return 1, nil
}

func (p *Promoter) auditOne(ctx context.Context, s *Snapshot, pl environments.Placement, live Live, plan *Plan) error {
	state := s.heads[release.StateBranch].Tree
	known, err := ledger.Audited(ctx, p.Repo, state, pl.Environment, pl.App)
	if err != nil {
		return err
	}
	pending, err := ledger.Pending(ctx, p.Repo, state, pl.Environment, pl.App)
	if err != nil {
		return err
	}
	if !live.Found {
		return p.auditEnd(ctx, s, pl, known, pending, plan)
	}
	if known == live.blob {
		if again, err := p.stirred(ctx, s, pl); err != nil || !again {
			return errors.Join(err, p.auditHealth(ctx, s, pl, pending, plan))
		}
		before := len(plan.Decisions)
		if err := p.catchUp(ctx, s, pl, pending, plan); err != nil || len(plan.Decisions) > before {
			return err
		}
		return p.auditHealth(ctx, s, pl, pending, plan)
	}
	return p.catchUp(ctx, s, pl, pending, plan)
}

// mistake is a merge that brought something else than was reviewed.
type mistake struct {
	Key
	commit, why string
}

// cry sets an error status on a merge that brought something else than was reviewed.
func (p *Promoter) cry(ctx context.Context, m mistake) error {
	_, err := p.Forge.SetStatus(ctx, m.commit, scm.Status{Context: "ferry/merged/" + m.Environment + "/" + m.App, State: scm.Failure, Text: m.why})
	if err != nil {
		return fmt.Errorf("say that %s is not what was reviewed: %w", m.commit, err)
	}
	return nil
}

// entry gathers the evidence of what came.
func (p *Promoter) entry(ctx context.Context, s *Snapshot, pl environments.Placement, g past) (ledger.Entry, error) {
	came, before, at := g.came, g.before, g.commit()
	e := ledger.Entry{App: pl.App, Environment: pl.Environment, Release: came.Record.Release, Inputs: came.Record.Inputs.Digest,
		Commit: string(at.ID), Time: at.Time, Merged: string(came.Folder), Merger: at.Committer.Name}
	if before.Found {
		from := ledger.Name(before.Record)
		e.From = &from
	}
	e.Kind = s.kindOf(pl, came.Record, e.From)
	if o, ok := s.overrideOf(pl, came.Record); ok {
		e.Overrides = []ledger.Override{o}
	}
	return e, p.reviewed(ctx, s, pl, came, before, &e)
}

func (s *Snapshot) kindOf(pl environments.Placement, r release.Record, from *ledger.Named) string {
	for _, h := range s.book.Holds {
		if h.App != pl.App || h.Environment != pl.Environment || from == nil {
			continue
		}
		if h.Rollback != nil && h.Rollback.To.Is(r) && h.Rollback.From.Sequence == from.Sequence {
			return "rollback"
		}
		if h.Hotfix != nil && h.Hotfix.Release.Sequence == r.Release.Sequence {
			return "hotfix"
		}
	}
	if from != nil && from.Sequence == r.Release.Sequence {
		return "refresh"
	}
	return "promotion"
}

// reviewed adds what the pull request tells.
func (p *Promoter) reviewed(ctx context.Context, s *Snapshot, pl environments.Placement, came, before stretch, e *ledger.Entry) error {
	u := s.unitOf(pl)
	prs, err := p.Forge.PullRequests(ctx, scm.Filter{Head: u.branch(), Base: u.base, State: scm.Merged})
	if err != nil {
		return err
	}
	pr, head, err := p.brought(ctx, s, pl, came, prs)
	if err != nil {
		return err
	}
	if pr.Number == 0 {
		e.Gates = []ledger.Gate{}
		return nil
	}
	e.PullRequest, e.URL, e.Author, e.Merger, e.Time = pr.Number, pr.URL, pr.Author, pr.ClosedBy, pr.Closed
	if head.ID != "" {
		folder, err := folderAt(ctx, p.Repo, head.Tree, pl.Folder)
		if err != nil {
			return err
		}
		name, err := p.changed(ctx, stretch{Live: Live{Folder: came.Folder, Record: came.Record}})
		if err != nil {
			return err
		}
		e.Reviewed, e.Same = string(folder), name == ""
	}
	return p.judgedThen(ctx, s, pl, came, before.Live, pr, e)
}

// brought finds the pull request that brought a state: by the commit of its merge, else by the record at its head, for
// merges that made other commits (squash, rebase, by hand).
func (p *Promoter) brought(ctx context.Context, s *Snapshot, pl environments.Placement, came stretch, prs []scm.PullRequest) (scm.PullRequest, git.Commit, error) {
	history := s.chainOf(s.base(pl)).commits
	for _, pr := range prs {
		is := func(c git.Commit) bool { return string(c.ID) == pr.MergeCommit }
		merged := slices.ContainsFunc(came.commits, is)
		if !merged && slices.ContainsFunc(history, is) {
			continue // it brought something else, or the same at another time
		}
		head, err := p.Repo.Commit(ctx, git.ID(pr.HeadSHA))
		if err != nil && !isNotFound(err) {
			return pr, head, err
		}
		if isNotFound(err) {
			if merged {
				return pr, git.Commit{}, nil
			}
			continue
		}
		r, err := recordAt(ctx, p.Repo, head.Tree, pl)
		if err != nil {
			return pr, head, err
		}
		if r.Found && (merged || r.blob == came.blob) {
			return pr, head, nil
		}
	}
	return scm.PullRequest{}, git.Commit{}, nil
}

// judgedThen notes the gates as they stood at the merge, and who approved.
func (p *Promoter) judgedThen(ctx context.Context, s *Snapshot, pl environments.Placement, came stretch, before Live, pr scm.PullRequest, e *ledger.Entry) error {
	have := &proposal{head: git.Commit{ID: git.ID(pr.HeadSHA), Time: pr.Created}}
	if c, err := p.Repo.Commit(ctx, git.ID(pr.HeadSHA)); err == nil {
		have.head = c
	}
	head, reviews, err := p.judged(ctx, s, s.unitOf(pl), have, pr)
	if err != nil {
		return err
	}
	q := *p
	q.Now = func() time.Time { return pr.Closed }
	v, err := q.mergeVerdict(ctx, s.before(key(pl), before), pl, came.Record, head, reviews, Options{Explicit: true, dated: true})
	if err != nil {
		return err
	}
	for _, cs := range [][]gates.Condition{v.Propose, v.Merge} {
		for _, c := range cs {
			e.Gates = append(e.Gates, ledger.Gate{Gate: c.Gate, Pass: c.Pass, Reason: c.Reason})
		}
	}
	for _, r := range reviews {
		if r.Decision == gates.Approved && !slices.Contains(e.Approvers, r.Author) && (r.SHA == head.ID || slices.Contains(head.Same, r.SHA)) {
			e.Approvers = append(e.Approvers, r.Author)
		}
	}
	return nil
}

// before gives the snapshot as if the last promotion of an app had not come: the decision that led to it counts still.
func (s *Snapshot) before(k Key, was Live) *Snapshot {
	then := *s
	then.lives = map[Key]Live{k: was}
	for _, h := range s.book.Holds {
		switch {
		case h.App != k.App || h.Environment != k.Environment:
		case h.Rollback != nil:
			then.lives[k] = ran(h.Rollback.From)
		case h.Hotfix != nil:
			then.lives[k] = ran(h.Hotfix.Base)
		}
	}
	return &then
}

// ran is what a decision says that ran.
func ran(n ledger.Named) Live {
	return Live{Found: true, Record: release.Record{Release: release.Release{Version: n.Version, Sequence: n.Sequence}, Inputs: release.Inputs{Digest: n.Inputs}}}
}

// auditHealth completes an entry when it is known how the release does, or when the time for that is over.
func (p *Promoter) auditHealth(ctx context.Context, s *Snapshot, pl environments.Placement, e *ledger.Entry, plan *Plan) error {
	if e == nil {
		return nil
	}
	var proof gates.Proof
	err := s.stretches(ctx, p.Repo, pl, func(st stretch) (bool, error) {
		var err error
		proof, _, err = p.prove(ctx, s, pl.App, pl.Environment, st)
		return false, err
	})
	if err != nil {
		return err
	}
	h := ledger.Health{State: string(proof.State), Why: proof.Why, Since: proof.Since}
	switch proof.State {
	case gates.Healthy, gates.Failed:
	default:
		if proof.Due.IsZero() || p.Now().Before(proof.Due) {
			return nil
		}
		h.State, h.Since = "timed-out", proof.Due
	}
	if h.State == string(gates.Failed) {
		h.Since = proof.FailedAt
	}
	e.Health = &h
	plan.decide(key(pl), fmt.Sprintf("audit: %s is %s", e.Release.Version, h.State), e.Files(nil)...).Audit = e
	return nil
}

func orUnknown(name string) string {
	if strings.TrimSpace(name) == "" {
		return "someone unknown"
	}
	return name
}

// Audit is what was merged into environments in a span of time.
type Audit struct {
	Entries []ledger.Entry `json:"entries"`
	// Missing lists what came without evidence: no entry, no pull request, or other content than was proposed.
	Missing []Unproven `json:"withoutEvidence"`
}

// Unproven is a change of an environment that nothing shows a review of.
type Unproven struct {
	Key
	Version string    `json:"version"`
	Commit  string    `json:"commit"`
	Time    time.Time `json:"time"`
	By      string    `json:"by"` // the committer's name, which anyone may choose
	Why     string    `json:"why"`
}

// Audit reads the audit and compares it with the history of the environments.
func (p *Promoter) Audit(ctx context.Context, s *Snapshot, scope Scope, from, to time.Time) (Audit, error) {
	if err := s.Known(scope); err != nil {
		return Audit{}, err
	}
	a := Audit{Entries: []ledger.Entry{}, Missing: []Unproven{}}
	in := func(t time.Time) bool { return !t.Before(from) && (to.IsZero() || t.Before(to)) }
	for _, pl := range s.placements {
		if !scope.has(key(pl)) || !s.audited(pl) {
			continue
		}
		entries, err := ledger.Entries(ctx, p.Repo, s.heads[release.StateBranch].Tree, pl.Environment, pl.App)
		if err != nil {
			return a, err
		}
		for _, e := range entries {
			if in(e.Time) {
				a.Entries = append(a.Entries, e)
			}
		}
		if err := p.unproven(ctx, s, pl, entries, in, &a); err != nil {
			return a, err
		}
	}
	slices.SortStableFunc(a.Entries, func(x, y ledger.Entry) int { return x.Time.Compare(y.Time) })
	slices.SortStableFunc(a.Missing, func(x, y Unproven) int { return x.Time.Compare(y.Time) })
	return a, nil
}

func (p *Promoter) unproven(ctx context.Context, s *Snapshot, pl environments.Placement, entries []ledger.Entry, in func(time.Time) bool, a *Audit) error {
	return s.stretches(ctx, p.Repo, pl, func(st stretch) (bool, error) {
		at := st.commits[len(st.commits)-1]
		if !in(at.Time) || st.Folder == "" {
			return true, nil
		}
		why := "no audit entry"
		for _, e := range entries {
			switch {
			case !slices.ContainsFunc(st.commits, func(c git.Commit) bool { return string(c.ID) == e.Commit }):
				continue
			case e.Evidence():
				return true, nil
			case e.PullRequest == 0:
				why = "no pull request"
			default:
				why = fmt.Sprintf("pull request #%d proposed other content", e.PullRequest)
			}
		}
		a.Missing = append(a.Missing, Unproven{Key: key(pl), Version: st.Record.Release.Version, Commit: string(at.ID), Time: at.Time, By: at.Committer.Name, Why: why})
		return true, nil
	})
}
