package promote

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/release"
)

// Leave says which app leaves which environment; Environment "" means all that it goes to.
type Leave struct {
	Key
	Reason, By string
}

// Retire puts it on record that an app leaves environments and carries that out, the last environment first. From then on
// nothing proposes the app there, until somebody resumes it.
func (p *Promoter) Retire(ctx context.Context, l Leave) (*Report, error) {
	s, err := p.Load(ctx, Scope{Apps: []string{l.App}})
	if err != nil {
		return nil, err
	}
	holds, err := s.leave(l, p.Now())
	if err != nil {
		return nil, err
	}
	var files []ledger.File
	var notes []Done
	for _, h := range holds {
		files = append(files, h.File())
		notes = append(notes, Done{Promotion: Promotion{Environment: h.Environment, Unit: h.App, Action: ActionRecord, Notes: []string{"hold: " + ReasonOf(h)}}, Wrote: true})
	}
	if len(files) > 0 {
		if _, err := ledger.Write(ctx, p.Repo, fmt.Sprintf("Retire %s: %s", l.App, l.Reason), files...); err != nil {
			return nil, err
		}
	}
	o := Options{Scope: Scope{Apps: []string{l.App}}}
	if l.Environment != "" {
		o.Environments = []string{l.Environment}
	}
	r, err := p.Advance(ctx, o)
	if r != nil {
		r.Done = append(notes, r.Done...)
	}
	return r, err
}

// leave makes the holds of a retirement that are not there yet, or says why there can be none.
func (s *Snapshot) leave(l Leave, now time.Time) ([]ledger.Hold, error) {
	scope := scopeOf(l.Key)
	if err := s.Known(scope); err != nil {
		return nil, err
	}
	var holds []ledger.Hold
	known, found := false, false
	for _, pl := range s.placements {
		if !scope.has(key(pl)) {
			continue
		}
		if after := s.keptAfter(pl); l.Environment != "" && len(after) > 0 {
			return nil, refuse(l.Key, "retire it there first, or everywhere: ferry retire --app "+l.App, "%s comes after %s and is to keep it", after[0], l.Environment)
		}
		h, ok := s.retiring(pl)
		known, found = known || ok, found || s.lives[key(pl)].Folder != ""
		if ok && h.Retire.ClosedBy == "" {
			continue // under way, or done
		}
		var out ledger.Retire
		if ok {
			out.PullRequest = h.Retire.PullRequest
		}
		if live := s.lives[key(pl)]; live.Found {
			last := ledger.Name(live.Record)
			out.Last = &last
		}
		holds = append(holds, ledger.Hold{App: pl.App, Environment: pl.Environment, Reason: l.Reason, By: l.By, Since: now, Retire: &out})
	}
	if !known && !found {
		return nil, refuse(l.Key, "take it out of ferry.yaml", "there is nothing of it to retire")
	}
	return holds, nil
}

func scopeOf(k Key) Scope {
	s := Scope{Apps: []string{k.App}}
	if k.Environment != "" {
		s.Environments = []string{k.Environment}
	}
	return s
}

// retiring gives the decision that an app leaves an environment.
func (s *Snapshot) retiring(pl environments.Placement) (ledger.Hold, bool) {
	i := slices.IndexFunc(s.book.Holds, func(h ledger.Hold) bool {
		return h.Retire != nil && h.App == pl.App && h.Environment == pl.Environment
	})
	if i < 0 {
		return ledger.Hold{}, false
	}
	return s.book.Holds[i], true
}

// notRetired refuses other ways for an app that is on its way out.
func (s *Snapshot) notRetired(pl environments.Placement) error {
	h, ok := s.retiring(pl)
	if !ok {
		return nil
	}
	return refuse(key(pl), fmt.Sprintf("ferry resume --app %s --env %s lets it stay", pl.App, pl.Environment), "it is being retired: %s", h.Reason)
}

// separate makes each app on its way out a unit of its own, with a pull request wherever it is: what deletes is reviewed
// alone, and never written straight to a branch.
func (s *Snapshot) separate() {
	for i, pl := range s.placements {
		if _, leaves := s.retiring(pl); leaves {
			s.placements[i].Unit, s.placements[i].PullRequest, s.placements[i].Together = pl.App, true, false
		}
	}
}

// farewell is the record of what goes: it names the release and lists no files.
func farewell(r release.Record) release.Record {
	r.Files = nil
	return r
}

// leaving tells whether a record stands for what goes.
func leaving(r release.Record) bool { return r.Files == nil }

// retires tells whether a record stands for the retirement of a placement.
func (s *Snapshot) retires(pl environments.Placement, r release.Record) bool {
	_, ok := s.retiring(pl)
	return ok && leaving(r)
}

// farewellGates keeps calendars and people: what is deleted needs a person's approval, also where ferry merges.
func farewellGates(pl environments.Placement) environments.Placement {
	return gates.Quick(pl, environments.Quick{Approvals: max(1, pl.Gates.Approvals.Count)})
}

// below lists the environments that come after a placement, for its app.
func (s *Snapshot) below(pl environments.Placement) []environments.Placement {
	var all []environments.Placement
	for _, other := range s.placements {
		if other.App == pl.App && slices.Contains(s.ancestors(other), pl.Environment) {
			all = append(all, other)
		}
	}
	return all
}

// keptAfter names the environments after a placement that hold the app and are to keep it.
func (s *Snapshot) keptAfter(pl environments.Placement) []string {
	var all []string
	for _, other := range s.below(pl) {
		if _, leaves := s.retiring(other); !leaves && s.lives[key(other)].Folder != "" {
			all = append(all, other.Environment)
		}
	}
	return all
}
