package promote

import (
	"context"
	"fmt"
	"slices"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// restored is a state that an environment was in.
type restored struct {
	record release.Record
	folder git.ID
}

// Back says what to go back from and to.
type Back struct {
	Key
	To     string // version or sequence; "" is the newest that was proven there before what runs now
	Reason string
	By     string
}

// Rollback puts the decision to go back on record and carries it out. The decision comes first: a run that dies after it
// is finished by the next one, and no automation rolls forward again.
func (p *Promoter) Rollback(ctx context.Context, b Back) (*Report, error) {
	s, err := p.Load(ctx, Scope{Apps: []string{b.App}})
	if err != nil {
		return nil, err
	}
	h, err := p.goBack(ctx, s, b)
	if err != nil {
		return nil, err
	}
	wrote, err := ledger.Write(ctx, p.Repo, fmt.Sprintf("Roll back %s in %s to %s: %s", b.App, b.Environment, h.Rollback.To.Version, b.Reason), h.File())
	if err != nil {
		return nil, err
	}
	r, err := p.Advance(ctx, Options{Scope: Scope{Apps: []string{b.App}, Environments: []string{b.Environment}}, Explicit: true, ConfirmShrink: true})
	if r != nil && wrote {
		note := Done{Promotion: Promotion{Environment: b.Environment, Unit: b.App, Action: ActionRecord, Notes: []string{"hold: " + ReasonOf(h)}}, Wrote: true}
		r.Done = append([]Done{note}, r.Done...)
	}
	return r, err
}

// goBack makes the hold of a rollback. Asked again for what is under way, it gives the hold that is there.
func (p *Promoter) goBack(ctx context.Context, s *Snapshot, b Back) (ledger.Hold, error) {
	if err := s.Known(Scope{Apps: []string{b.App}, Environments: []string{b.Environment}}); err != nil {
		return ledger.Hold{}, err
	}
	pl, ok := s.Config.Placement(b.App, b.Environment)
	live := s.lives[b.Key]
	if !ok || !live.Found {
		return ledger.Hold{}, refuse(b.Key, "", "there is nothing to go back from")
	}
	if err := s.notRetired(pl); err != nil {
		return ledger.Hold{}, err
	}
	for _, h := range s.book.Holds {
		if h.Rollback != nil && h.App == b.App && h.Environment == b.Environment && !s.moot(h, live) && (b.To == "" || b.To == h.Rollback.To.Version || b.To == h.Rollback.To.Sequence.String()) {
			return h, nil
		}
	}
	to, err := p.before(ctx, s, pl, b.To)
	if err != nil {
		return ledger.Hold{}, err
	}
	return ledger.Hold{App: b.App, Environment: b.Environment, Reason: b.Reason, By: b.By, Since: p.Now(),
		Rollback: &ledger.Rollback{From: ledger.Name(live.Record), To: ledger.Name(to)}}, nil
}

// before finds what an environment ran earlier: the release that is asked for, else the newest other release that was
// proven there.
func (p *Promoter) before(ctx context.Context, s *Snapshot, pl environments.Placement, to string) (release.Record, error) {
	live := s.lives[key(pl)].Record
	var found release.Record
	var seen []string
	err := s.stretches(ctx, p.Repo, pl, func(st stretch) (bool, error) {
		if !st.Found || st.Record.Release.Sequence == live.Release.Sequence {
			return true, nil
		}
		if v := st.Record.Release.Version; !slices.Contains(seen, v) {
			seen = append(seen, v)
		}
		if to != "" {
			if named(st.Record.Release, to) {
				found = st.Record
			}
			return found.Version == 0, nil
		}
		proven, err := p.proveThen(ctx, s, pl, st)
		if proven {
			found = st.Record
		}
		return err == nil && found.Version == 0, err
	})
	if err == nil && found.Version == 0 {
		hint := "it never ran anything else"
		if len(seen) > 0 {
			hint = "it ran " + some(seen) + " before: choose one with --to"
		}
		what := "no release that was proven there is known"
		if to != "" {
			what = to + " never ran there"
		}
		return found, refuse(key(pl), hint, "cannot go back: %s", what)
	}
	return found, err
}

// proveThen tells whether a state of the past was proven before it was replaced: what came after it does not count
// against it, a failure of its own does.
func (p *Promoter) proveThen(ctx context.Context, s *Snapshot, pl environments.Placement, st stretch) (bool, error) {
	proof, _, err := p.proveBy(ctx, s, pl.App, pl.Environment, st, func(st scm.Status) bool { return st.State != scm.Superseded })
	return proof.Proven, err
}

// backwards gives the rollback of an app in an environment that is decided and not carried out.
func (s *Snapshot) backwards(pl environments.Placement) (ledger.Hold, bool) {
	live := s.lives[key(pl)]
	for _, h := range s.book.Holds {
		if h.Rollback != nil && h.App == pl.App && h.Environment == pl.Environment && live.Found && h.Rollback.From.Is(live.Record) && !s.moot(h, live) {
			return h, true
		}
	}
	return ledger.Hold{}, false
}

// decideBack wants the state of that time again, byte for byte.
func (p *Promoter) decideBack(ctx context.Context, s *Snapshot, pl environments.Placement, h ledger.Hold) (decision, error) {
	st, err := p.past(ctx, s, pl, h.Rollback.To)
	if err != nil {
		return decision{}, err
	}
	if !st.Found {
		return decision{}, refuse(key(pl), "ferry resume --app "+pl.App+" --env "+pl.Environment+" ends the rollback", "cannot go back to %s: the history of %s does not hold it any more", h.Rollback.To.Version, pl.Folder)
	}
	w := &want{placement: pl, release: st.Record.Release, reading: reading{inputs: st.Record.Inputs}, restore: &restored{st.Record, st.Folder}}
	return decision{newest: w.release, want: w}, nil
}

// past finds a state of an environment by what it was.
func (p *Promoter) past(ctx context.Context, s *Snapshot, pl environments.Placement, of ledger.Named) (stretch, error) {
	var found stretch
	err := s.stretches(ctx, p.Repo, pl, func(st stretch) (bool, error) {
		if st.Found && of.Is(st.Record) {
			found = st
		}
		return !found.Found, nil
	})
	return found, err
}

// revive reads the manifests of a former state instead of rendering them.
func (p *Promoter) revive(ctx context.Context, w *want) (*Change, error) {
	k := key(w.placement)
	here, err := p.folder(ctx, w.restore.folder, "")
	if err != nil {
		return nil, err
	}
	owned := map[string]git.ID{}
	for _, f := range w.restore.record.Files {
		if here[f.Name] != git.ID(f.ID) {
			return nil, refuse(k, "choose another release with --to", "cannot go back to %s: %s/%s was changed by hand then", w.release.Version, w.placement.Folder, f.Name)
		}
		owned[f.Name] = git.ID(f.ID)
	}
	ms, err := p.readManifests(ctx, w.placement, owned)
	if err != nil {
		return nil, err
	}
	raw, err := p.Repo.Blob(ctx, here[release.RecordName])
	return &Change{Key: k, Folder: w.placement.Folder, New: ms, To: w.restore.record, Restores: true, record: raw}, err
}

// undone warns of what a rollback does not bring back: schemas that have stored objects, work that was done.
func (c *Change) undone() {
	for _, r := range c.Diff.Resources {
		switch r.Resource.Kind {
		case "CustomResourceDefinition":
			c.Notices = append(c.Notices, fmt.Sprintf("%s differs: objects that were stored meanwhile stay as they are", r.Resource))
		case "Job", "CronJob":
			c.Notices = append(c.Notices, fmt.Sprintf("%s differs: what it has done meanwhile, such as a migration, is not undone", r.Resource))
		}
	}
}

// automatic decides to go back where an environment wants that of itself: when what came last was reported as failed
// soon after it came. What a rollback brought is never rolled back again.
func (p *Promoter) automatic(ctx context.Context, s *Snapshot, pl environments.Placement, plan *Plan) error {
	live := s.lives[key(pl)]
	if !pl.Rollback.OnFailure || !live.Found || slices.ContainsFunc(s.book.Holds, func(h ledger.Hold) bool {
		return h.Rollback != nil && h.App == pl.App && h.Environment == pl.Environment
	}) {
		return nil
	}
	var failed *gates.Proof
	err := s.stretches(ctx, p.Repo, pl, func(st stretch) (bool, error) {
		proof, _, err := p.prove(ctx, s, pl.App, pl.Environment, st)
		if err == nil && proof.State == gates.Failed && proof.FailedAt.Sub(proof.Merged) <= pl.Rollback.Within {
			failed = &proof
		}
		return false, err
	})
	if err != nil || failed == nil {
		return err
	}
	to, err := p.before(ctx, s, pl, "")
	if err != nil {
		if perUnit(err) {
			return nil // nothing to go back to: the failure is shown as such
		}
		return err
	}
	h := ledger.Hold{App: pl.App, Environment: pl.Environment, Reason: "failed soon after it came: " + failed.Why, By: "ferry", Since: p.Now(),
		Rollback: &ledger.Rollback{From: ledger.Name(live.Record), To: ledger.Name(to)}}
	plan.decide(key(pl), ReasonOf(h), h.File())
	plan.again = true
	return nil
}

// Also lists the other environments that run the release of a rollback.
func (s *Snapshot) Also(k Key) []string {
	here := s.lives[k]
	if !here.Found {
		return nil
	}
	of := here.Record.Release.Sequence
	var also []string
	for _, pl := range s.placements {
		if l := s.lives[key(pl)]; pl.App == k.App && pl.Environment != k.Environment && l.Found && l.Record.Release.Sequence == of {
			also = append(also, pl.Environment)
		}
	}
	return also
}

// quick gives a placement with the gates of the way that a record takes: a rollback's, a hotfix's, a
// retirement's, or its own.
func (s *Snapshot) quick(pl environments.Placement, r release.Record) environments.Placement {
	if s.retires(pl, r) {
		return farewellGates(pl)
	}
	if h, ok := s.backwards(pl); ok && h.Rollback.To.Is(r) {
		return gates.Quick(pl, pl.Rollback)
	}
	if h, ok := s.fixing(pl); ok && h.Hotfix.Release.Sequence == r.Release.Sequence {
		q := pl.Hotfix
		q.Approvals = max(1, q.Approvals) // what no environment has proven needs a person at least
		q.Ignore = slices.DeleteFunc(slices.Clone(q.Ignore), func(g string) bool { return g == "approvals" })
		return gates.Quick(pl, q)
	}
	return pl
}
