package promote

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/release"
)

// Fix is a release that goes straight into an environment.
type Fix struct {
	Environment string
	Release     release.Release
	Base        string // version or sequence that must run there
	Reason, By  string
	// Descends tells whether the release's source contains the commit; nil where there is no checkout to ask.
	Descends func(ctx context.Context, ancestor string) (bool, error)
}

// Hotfix stores a release beside the accepted ones, puts the decision on record and carries it out. Environments before
// are not touched; what comes after it must contain it, or be asked for by name.
func (p *Promoter) Hotfix(ctx context.Context, in Storer, f Fix) (*Report, error) {
	s, err := p.Load(ctx, Scope{Apps: []string{f.Release.App}})
	if err != nil {
		return nil, err
	}
	h, err := p.fix(ctx, s, f)
	if err != nil {
		return nil, err
	}
	if err := in.Store(ctx); err != nil {
		return nil, err
	}
	if _, err := ledger.Write(ctx, p.Repo, fmt.Sprintf("Hotfix %s %s in %s: %s", f.Release.App, f.Release.Version, f.Environment, f.Reason), h.File()); err != nil {
		return nil, err
	}
	return p.Advance(ctx, Options{Scope: Scope{Apps: []string{h.App}, Environments: []string{h.Environment}}, Explicit: true})
}

// Storer keeps the templates of a release without accepting it as the newest.
type Storer interface {
	Store(ctx context.Context) error
}

// fix makes the hold of a hotfix, or says why there can be none.
func (p *Promoter) fix(ctx context.Context, s *Snapshot, f Fix) (ledger.Hold, error) {
	k := Key{f.Release.App, f.Environment}
	if err := s.Known(Scope{Apps: []string{k.App}, Environments: []string{k.Environment}}); err != nil {
		return ledger.Hold{}, err
	}
	pl, ok := s.Config.Placement(k.App, k.Environment)
	live := s.lives[k]
	switch {
	case !ok || !live.Found:
		return ledger.Hold{}, refuse(k, "", "there is nothing to fix: no release of ferry's is there")
	case !pl.PullRequest:
		return ledger.Hold{}, refuse(k, "set pullRequest: true for "+k.Environment, "a hotfix is never merged without a person, and this environment has no pull requests")
	case live.Record.Release.Sequence == f.Release.Sequence:
		return ledger.Hold{}, refuse(k, "", "%s runs there already", f.Release.Version)
	case !named(live.Record.Release, f.Base):
		return ledger.Hold{}, refuse(k, "make the hotfix on top of what runs there", "it runs %s, not %s", live.Record.Release.Version, f.Base)
	case !newer(f.Release, live.Record.Release):
		return ledger.Hold{}, refuse(k, "submit it with a higher --sequence", "%s (%s) is not newer than %s (%s), which runs there",
			f.Release.Version, f.Release.Sequence, live.Record.Release.Version, live.Record.Release.Sequence)
	}
	if err := s.notRetired(pl); err != nil {
		return ledger.Hold{}, err
	}
	if err := descends(ctx, k, f, live.Record.Release); err != nil {
		return ledger.Hold{}, err
	}
	return ledger.Hold{App: k.App, Environment: k.Environment, Reason: f.Reason, By: f.By, Since: p.Now(),
		Hotfix: &ledger.Hotfix{Release: f.Release, Base: ledger.Name(live.Record)}}, nil
}

// descends refuses a source that does not contain what runs: it would take back more than it fixes.
func descends(ctx context.Context, k Key, f Fix, base release.Release) error {
	if f.Descends == nil || base.Source.Commit == "" || f.Release.Source.Commit == "" {
		return refuse(k, "run this in a checkout of the app's repository, with its history", "cannot tell whether %s contains %s", f.Release.Version, base.Version)
	}
	yes, err := f.Descends(ctx, base.Source.Commit)
	if err != nil {
		return fmt.Errorf("look for %s in the history of %s: %w", base.Source.Commit, f.Release.Version, err)
	}
	if !yes {
		return refuse(k, "branch off "+base.Source.Commit+", fix it there, and build a release of that", "the source %s does not descend from %s, which runs there as %s",
			f.Release.Source.Commit, base.Source.Commit, base.Version)
	}
	return nil
}

// fixing gives the hotfix of an app in an environment that is decided and not there yet.
func (s *Snapshot) fixing(pl environments.Placement) (ledger.Hold, bool) {
	live := s.lives[key(pl)]
	for _, h := range s.book.Holds {
		if h.Hotfix != nil && h.App == pl.App && h.Environment == pl.Environment && !s.moot(h, live) &&
			(!live.Found || live.Record.Release.Sequence != h.Hotfix.Release.Sequence) {
			return h, true
		}
	}
	return ledger.Hold{}, false
}

// fixes tells whether a release is the hotfix that is decided for a place and not there yet.
func (s *Snapshot) fixes(pl environments.Placement, rel release.Release) bool {
	h, ok := s.fixing(pl)
	return ok && h.Hotfix.Release.Sequence == rel.Sequence
}

// takeBack takes from a proposal the hotfixes that are not on record any more: whoever resumes takes the decision back, so
// that nothing but the decision lets them past the environments before.
func (s *Snapshot) takeBack(u unit, have *proposal) (notes []string) {
	for _, pl := range u.placements {
		r, ok := have.records[pl.App]
		if !ok || !have.hotfixes[pl.App] || s.fixes(pl, r.Release) || s.lives[key(pl)].Record.Release.Sequence == r.Release.Sequence {
			continue
		}
		delete(have.records, pl.App)
		have.withdrawn, have.stale = append(have.withdrawn, r.Release), true
		notes = append(notes, fmt.Sprintf("the hotfix %s of %s was taken back", r.Release.Version, pl.App))
	}
	return notes
}

// decideFix wants the hotfix with the configuration that runs there, and today's of the environment's own files.
func (p *Promoter) decideFix(ctx context.Context, s *Snapshot, pl environments.Placement, h ledger.Hold) (decision, error) {
	live := s.lives[key(pl)]
	rel := h.Hotfix.Release
	if !live.Found || live.Record.Release.Sequence != h.Hotfix.Base.Sequence {
		return decision{}, refuse(key(pl), "ferry resume --app "+pl.App+" --env "+pl.Environment+" takes the hotfix back", "the hotfix %s was made for %s, which does not run there any more", rel.Version, h.Hotfix.Base.Version)
	}
	r, err := s.read(ctx, p.Repo, pl, rel, func(path string) (release.Record, bool, error) {
		return live.Record, s.sharedAbove(pl, path), nil
	})
	return decision{newest: rel, want: &want{placement: pl, release: rel, reading: r}}, err
}

// Promote moves one release that a person asks for by name. What a rollback or a hotfix holds back lets it pass from
// then on; every other hold stays.
func (p *Promoter) Promote(ctx context.Context, o Options) (*Report, error) {
	o.Explicit = true
	if o.Release == "" {
		return p.Advance(ctx, o)
	}
	s, err := p.Load(ctx, o.Scope)
	if err != nil {
		return nil, err
	}
	if err := s.Known(o.Scope); err != nil {
		return nil, err
	}
	var files []ledger.File
	for _, pl := range s.placements {
		if !o.has(key(pl)) {
			continue
		}
		excepted, err := p.except(ctx, s, pl, o.Release)
		if err != nil {
			return nil, err
		}
		files = append(files, excepted...)
	}
	if len(files) > 0 {
		if _, err := ledger.Write(ctx, p.Repo, fmt.Sprintf("%s in %s is asked for by name", o.Release, o.Environments[0]), files...); err != nil {
			return nil, err
		}
	}
	r, err := p.Advance(ctx, o)
	if err == nil && !r.Wrote() {
		err = p.idle(ctx, r, o)
	}
	return r, err
}

// idle says why a release that was asked for by name does not come, where no gate does.
func (p *Promoter) idle(ctx context.Context, r *Report, o Options) error {
	s := r.Plan.State
	for _, pl := range s.placements {
		said := func(k Key) bool { return k.Environment == pl.Environment && (k.App == pl.App || k.App == pl.Unit) }
		if !o.has(key(pl)) || len(r.Plan.Failures) > 0 || slices.ContainsFunc(r.Plan.Waiting, func(w Waiting) bool { return said(w.Key) }) ||
			slices.ContainsFunc(r.Plan.Promotions, func(pr Promotion) bool { return said(Key{pr.Unit, pr.Environment}) }) {
			continue
		}
		live := s.lives[key(pl)]
		rel, err := p.byName(ctx, s, pl, o.Release)
		switch {
		case live.Found && named(live.Record.Release, o.Release):
			p.say("%s runs in %s already", o.Release, pl.Environment)
			continue
		case perUnit(err):
		case err != nil:
			return err
		case live.Found && newer(live.Record.Release, rel):
			err = refuse(key(pl), fmt.Sprintf("ferry rollback --app %s --env %s --to %s --reason ... goes back", pl.App, pl.Environment, o.Release),
				"%s is older than %s, which runs there", rel.Version, live.Record.Release.Version)
		default:
			err = refuse(key(pl), "ferry status --why --app "+pl.App+" says more", "%s is not what %s has now: a newer or other release took its place there", rel.Version, strings.Join(pl.After, " and "))
		}
		r.Plan.Failures = append(r.Plan.Failures, err)
	}
	return nil
}

// except lets a release pass the holds of a rollback and a hotfix.
func (p *Promoter) except(ctx context.Context, s *Snapshot, pl environments.Placement, name string) ([]ledger.File, error) {
	var files []ledger.File
	for _, h := range s.book.Holds {
		if h.App != pl.App || h.Environment != pl.Environment || h.Rollback == nil && h.Hotfix == nil || s.moot(h, s.lives[key(pl)]) {
			continue
		}
		rel, err := p.byName(ctx, s, pl, name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(h.Except, rel.Sequence) {
			h.Except = append(h.Except, rel.Sequence)
			files = append(files, h.File())
		}
	}
	return files, nil
}

// maxExcepted bounds how many releases one decision names; the oldest of them have passed, or never will.
const maxExcepted = 200

// Confirm lets a release on its way in pass the guard of every hotfix whose commit its source contains, and has the next
// plan put that on record: only at submit is the source's history at hand. What cannot be told is left to people.
func (s *Snapshot) Confirm(ctx context.Context, rel release.Release, contains func(ctx context.Context, commit string) (bool, error)) error {
	for i, h := range s.book.Holds {
		if h.Hotfix == nil || h.App != rel.App || h.Hotfix.Release.Sequence == rel.Sequence || slices.Contains(h.Except, rel.Sequence) ||
			s.moot(h, s.lives[Key{h.App, h.Environment}]) || h.Hotfix.Release.Source.Repository != rel.Source.Repository {
			continue
		}
		fix := h.Hotfix.Release
		yes, err := contains(ctx, fix.Source.Commit)
		if err != nil {
			return fmt.Errorf("look for the hotfix %s in the history of %s: %w", fix.Version, rel.Version, err)
		}
		if !yes {
			continue
		}
		h.Except = append(slices.Clone(h.Except), rel.Sequence)
		h.Except = h.Except[max(0, len(h.Except)-maxExcepted):]
		s.book.Holds[i] = h
		s.confirmed = append(s.confirmed, Decision{Key: Key{h.App, h.Environment}, files: []ledger.File{h.File()},
			What: fmt.Sprintf("%s contains the hotfix %s, commit %.10s", rel.Version, fix.Version, fix.Source.Commit)})
	}
	return nil
}

// byName finds a release that an environment upstream has or had.
func (p *Promoter) byName(ctx context.Context, s *Snapshot, pl environments.Placement, name string) (release.Release, error) {
	if rel, ok := s.Accepted[pl.App]; ok && len(pl.After) == 0 && named(rel, name) {
		return rel, nil
	}
	for _, up := range pl.After {
		at, err := s.upstream(pl, up)
		if err != nil {
			return release.Release{}, err
		}
		var found release.Release
		err = s.stretches(ctx, p.Repo, at, func(st stretch) (bool, error) {
			if st.Found && named(st.Record.Release, name) {
				found = st.Record.Release
			}
			return found.App == "", nil
		})
		if err != nil || found.App != "" {
			return found, err
		}
	}
	return release.Release{}, refuse(key(pl), "", "%s was never in an environment before %s", name, pl.Environment)
}
