package promote

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/release"
)

// HoldLabel on a pull request stops it, whoever put it there.
const HoldLabel = "ferry/hold"

// Decision is something that a plan puts on record, before anything else is written.
type Decision struct {
	Key
	What  string        // for people: "ada rejected 1.5.0 by closing #4"
	Audit *ledger.Entry // where it is one of the audit: a merge, or how it did
	files []ledger.File
}

// readDecisions reads what people decided: from ferry-state, and holds from the default branch.
func (s *Snapshot) readDecisions(ctx context.Context, repo *git.Repository) (err error) {
	s.book, err = ledger.Read(ctx, repo, s.heads[release.StateBranch].Tree, s.heads[s.DefaultBranch].Tree)
	return err
}

// decide notes a decision of a plan, once for each file.
func (plan *Plan) decide(k Key, what string, files ...ledger.File) *Decision {
	plan.Decisions = append(plan.Decisions, Decision{Key: k, What: what, files: files})
	return &plan.Decisions[len(plan.Decisions)-1]
}

// Holds lists the holds that are on now, of everything in scope.
func (p *Promoter) Holds(s *Snapshot, scope Scope) []ledger.Hold {
	var on []ledger.Hold
	for _, h := range s.book.Holds {
		if h.Over(p.Now()) || !scope.has(Key{h.App, h.Environment}) && h.App != "" && h.Environment != "" {
			continue
		}
		if _, there := s.Config.Placement(h.App, h.Environment); h.Retire != nil && !there {
			continue // retired, and left ferry.yaml since
		}
		if l, single := s.lives[Key{h.App, h.Environment}]; single && s.moot(h, l) {
			continue
		}
		h.ID = h.Name()
		on = append(on, h)
	}
	return on
}

// holdsOn gives the holds that stop a release at a configuration from entering an environment.
func (s *Snapshot) holdsOn(pl environments.Placement, to release.Record) []gates.Hold {
	var out []gates.Hold
	for _, h := range s.book.Holds {
		if !h.Covers(pl.App, pl.Environment) || slices.Contains(h.Except, to.Release.Sequence) || s.moot(h, s.lives[key(pl)]) || own(h, to) ||
			s.retires(pl, to) && (h.Rollback != nil || h.Hotfix != nil) { // where an app goes, it does not matter which way it went before
			continue
		}
		out = append(out, gates.Hold{App: h.App, Environment: h.Environment, Reason: ReasonOf(h), By: h.By, Until: h.Until})
	}
	return out
}

// own tells whether a hold wants just this in the environment.
func own(h ledger.Hold, to release.Record) bool {
	switch {
	case h.Rollback != nil:
		return h.Rollback.To.Is(to)
	case h.Hotfix != nil:
		return h.Hotfix.Release.Sequence == to.Release.Sequence
	case h.Retire != nil:
		return leaving(to)
	}
	return false
}

// moot tells whether a rollback or hotfix is history: something newer was promoted by name since, or it was confirmed.
func (s *Snapshot) moot(h ledger.Hold, live Live) bool {
	var of ledger.Named
	switch {
	case h.Rollback != nil:
		of = h.Rollback.From
		if live.Found && of.Is(live.Record) {
			return slices.Contains(h.Except, of.Sequence)
		}
	case h.Hotfix != nil:
		of = ledger.Named{Sequence: h.Hotfix.Release.Sequence}
	default:
		return false
	}
	return live.Found && of.Sequence.Kind == live.Record.Release.Sequence.Kind && live.Record.Release.Sequence.Number > of.Sequence.Number
}

// ReasonOf says why a hold is on, in one sentence.
func ReasonOf(h ledger.Hold) string {
	switch {
	case h.Rollback != nil:
		return fmt.Sprintf("rolled back from %s to %s: %s", h.Rollback.From.Version, h.Rollback.To.Version, h.Reason)
	case h.Hotfix != nil:
		r := h.Hotfix.Release
		return fmt.Sprintf("%s is a hotfix; a later release must contain its commit %.10s, which none did when it was submitted: %s", r.Version, r.Source.Commit, h.Reason)
	}
	if h.Retire != nil {
		return "retired: " + h.Reason
	}
	return h.Reason
}

// cause says to reviewers who goes back, or past the environments before, and why; "" for anything that walks the road.
func (s *Snapshot) cause(w *want) string {
	for _, h := range s.book.Holds {
		if h.App != w.placement.App || h.Environment != w.placement.Environment {
			continue
		}
		by := ""
		if h.By != "" {
			by = ", by " + h.By
		}
		switch {
		case h.Rollback != nil && w.restore != nil && h.Rollback.To.Is(w.record()):
			return ReasonOf(h) + by
		case h.Hotfix != nil && h.Hotfix.Release.Sequence == w.release.Sequence:
			return fmt.Sprintf("%s is a hotfix, past the environments before: %s%s", w.release.Version, h.Reason, by)
		}
	}
	return ""
}

// held gives the conditions of the holds on something that no other gate judges, such as a refresh.
func (p *Promoter) held(s *Snapshot, w *want) []gates.Condition {
	return gates.Holding(gates.Input{Placement: w.placement, Holds: s.holdsOn(w.placement, w.record()), Now: p.Now()})
}

// record is what a want would put beside the manifests, as far as gates look at it.
func (w *want) record() release.Record {
	return release.Record{App: w.placement.App, Environment: w.placement.Environment, Release: w.release, Inputs: w.reading.inputs}
}

// withdrawals are the decisions of people against what a state of an environment carries.
func (s *Snapshot) withdrawals(k Key, r release.Record) []gates.Withdrawal {
	var out []gates.Withdrawal
	for _, h := range s.book.Holds {
		if h.Rollback != nil && h.App == k.App && h.Environment == k.Environment && h.Rollback.From.Is(r) && !slices.Contains(h.Except, r.Release.Sequence) {
			out = append(out, gates.Withdrawal{Time: h.Since, Reason: fmt.Sprintf("rolled back to %s by %s: %s", h.Rollback.To.Version, h.By, h.Reason)})
		}
	}
	for _, rej := range s.book.Rejections {
		if rej.App == k.App && rej.Environment == k.Environment && rej.Release.Is(r) {
			out = append(out, gates.Withdrawal{Time: rej.Time, Reason: whyRejected(rej)})
		}
	}
	slices.SortStableFunc(out, func(a, b gates.Withdrawal) int { return a.Time.Compare(b.Time) })
	return out
}

// changed names a file of ferry's in a state of an environment that is not as the record says; "" where all are. What a
// forge merged differently, or a person edited, was not what the record stands for.
func (p *Promoter) changed(ctx context.Context, st stretch) (string, error) {
	here, err := p.folder(ctx, st.Folder, "")
	if err != nil {
		return "", err
	}
	for _, f := range st.Record.Files {
		if here[f.Name] != git.ID(f.ID) {
			return f.Name, nil
		}
	}
	return "", nil
}

// record writes the decisions of a plan in one commit.
func (p *Promoter) record(ctx context.Context, decisions []Decision) ([]Done, error) {
	var files []ledger.File
	var titles []string
	for _, d := range decisions {
		files = append(files, d.files...)
		titles = append(titles, fmt.Sprintf("%s in %s: %s", d.App, d.Environment, d.What))
	}
	title := titles[0]
	if len(titles) > 1 {
		title = fmt.Sprintf("%d decisions\n\n%s", len(titles), strings.Join(titles, "\n"))
	}
	wrote, err := ledger.Write(ctx, p.Repo, title, unique(files)...)
	if err != nil {
		return nil, err
	}
	var done []Done
	for _, d := range decisions {
		done = append(done, Done{Promotion: Promotion{Environment: d.Environment, Unit: d.App, Action: ActionRecord, Notes: []string{d.What}}, Audit: d.Audit, Wrote: wrote})
	}
	return done, nil
}

// unique keeps the last of several files of one path.
func unique(files []ledger.File) []ledger.File {
	var out []ledger.File
	for i, f := range files {
		if !slices.ContainsFunc(files[i+1:], func(o ledger.File) bool { return o.Path == f.Path }) {
			out = append(out, f)
		}
	}
	return out
}
