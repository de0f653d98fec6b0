package promote

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// want is what an environment should hold for an app next, and why it may.
type want struct {
	placement environments.Placement
	release   release.Release
	reading   reading
	origins   []Origin
	restore   *restored     // a rollback: the state of that time instead of a render
	notices   []string      // for people
	judged    []gates.Input // by what it may be written without a pull request
}

// decision is the answer for one app in one environment.
type decision struct {
	want    *want             // nil where the environment holds what it should, or has to wait
	waiting []gates.Condition // what stands before the next release, if anything
	newest  release.Release   // the newest release upstream, "" App where there is none
	first   *want             // the newest candidate, also where it has to wait
}

// decide finds what should enter an environment next. It renders nothing.
func (p *Promoter) decide(ctx context.Context, s *Snapshot, pl environments.Placement, o Options) (decision, error) {
	if h, ok := s.backwards(pl); ok {
		return p.decideBack(ctx, s, pl, h)
	}
	if h, ok := s.fixing(pl); ok {
		return p.decideFix(ctx, s, pl, h)
	}
	if len(pl.After) == 0 {
		return p.decideEntry(ctx, s, pl, o)
	}
	d, err := p.decideNext(ctx, s, pl, o)
	if err != nil || d.want != nil || o.Release != "" {
		return d, err
	}
	// Nothing new from upstream: files that only this environment reads may still have changed.
	d.want, err = p.refresh(ctx, s, pl)
	if err == nil && d.want == nil && o.Overwrite {
		d.want, err = p.again(ctx, s, pl)
	}
	return d, err
}

// again wants what runs already, to put right what was edited by hand.
func (p *Promoter) again(ctx context.Context, s *Snapshot, pl environments.Placement) (*want, error) {
	live := s.lives[key(pl)]
	if !live.Found {
		return nil, nil
	}
	name, err := p.changed(ctx, stretch{Live: live})
	if err != nil || name == "" {
		return nil, err
	}
	return wanted(pl, live.Record), nil
}

// free holds back a want that stands before a hold or, where there is no pull request to wait in, before any gate.
func (p *Promoter) free(ctx context.Context, s *Snapshot, pl environments.Placement, d *decision, o Options) error {
	if d.want == nil {
		return nil
	}
	cs, err := p.missing(ctx, s, pl, d.want)
	if err != nil {
		return err
	}
	cs = append(p.held(s, d.want), cs...)
	if !pl.PullRequest && !o.Adopt {
		in, err := p.mergeInput(ctx, s, pl, d.want.record(), gates.Head{}, nil, o)
		if err != nil {
			return err
		}
		d.want.judged, cs = []gates.Input{in}, gates.Evaluate(in).Waiting()
	}
	if len(cs) > 0 {
		d.first, d.want, d.waiting = d.want, nil, cs
	}
	return nil
}

// decideEntry is for environments that come after nothing: the newest accepted release, with today's configuration.
func (p *Promoter) decideEntry(ctx context.Context, s *Snapshot, pl environments.Placement, o Options) (decision, error) {
	rel, ok := s.Accepted[pl.App]
	live := s.lives[key(pl)]
	if live.Found && (!ok || newer(live.Record.Release, rel)) {
		rel, ok = live.Record.Release, true
	}
	if !ok {
		return decision{}, nil
	}
	r, err := s.read(ctx, p.Repo, pl, rel, func(string) (release.Record, bool, error) { return release.Record{}, false, nil })
	if err != nil {
		return decision{}, err
	}
	d := decision{newest: rel}
	if o.Release != "" && !named(rel, o.Release) {
		return d, refuse(key(pl), "", "%s is not the newest release, %s", o.Release, rel.Version)
	}
	if !holds(live, rel, r) {
		d.want = &want{placement: pl, release: rel, reading: r}
	} else if o.Overwrite {
		d.want, err = p.again(ctx, s, pl)
	}
	return d, err
}

// decideNext is for environments that come after others: the newest release that all of them have proven and whose
// gates pass, unless the environment holds it already.
func (p *Promoter) decideNext(ctx context.Context, s *Snapshot, pl environments.Placement, o Options) (decision, error) {
	var d decision
	for _, up := range pl.After {
		if l := s.lives[Key{pl.App, up}]; l.Found && (d.newest.App == "" || newer(l.Record.Release, d.newest)) {
			d.newest = l.Record.Release
		}
	}
	if settled, err := p.settled(ctx, s, pl); err != nil || settled {
		return d, err
	}
	lead, err := s.upstream(pl, pl.After[0])
	if err != nil {
		return d, err
	}
	live := s.lives[key(pl)]
	err = s.stretches(ctx, p.Repo, lead, func(st stretch) (bool, error) {
		if !st.Found || live.Found && newer(live.Record.Release, st.Record.Release) {
			return st.Err != nil, nil // older than what is here: nothing further down can be newer
		}
		if newer(st.Record.Release, s.lives[key(lead)].Record.Release) {
			return true, nil // rolled back upstream: what came after it does not count
		}
		if o.Release != "" && !named(st.Record.Release, o.Release) {
			return true, nil
		}
		w, verdict, err := p.candidate(ctx, s, pl, st, o)
		if err != nil || holds(live, w.release, w.reading) {
			return false, err
		}
		if r, no := s.rejectedBy(s.book.Rejections, w); no && !o.Explicit {
			verdict.Propose = append(verdict.Propose, rejectedFor(w, r))
		}
		if d.waiting == nil {
			d.waiting, d.first = gates.Verdict{Propose: verdict.Propose}.Waiting(), w
		}
		if verdict.MayPropose() {
			d.want, d.waiting = w, nil
			return false, nil
		}
		// Below the state that was promoted from lie older ones: going on would turn configuration back.
		return !s.sharesWith(pl, live, w), nil
	})
	s.settle(pl, d.waiting)
	return d, err
}

// settle drops the advice on how to get statuses reported where somebody does report: then there is only to wait.
func (s *Snapshot) settle(pl environments.Placement, waiting []gates.Condition) {
	heard := func(environment string) bool {
		prefix := release.StatusContext(environment, "", "")
		for _, statuses := range s.statuses {
			if slices.ContainsFunc(statuses, func(st scm.Status) bool {
				return strings.HasPrefix(st.Context, prefix) && gates.Reports(s.Config.Trust, st.Creator)
			}) {
				return true
			}
		}
		return false
	}
	if !slices.ContainsFunc(pl.After, func(up string) bool { return !heard(up) }) {
		for i := range waiting {
			if waiting[i].Gate == "healthy" {
				waiting[i].Hint = ""
			}
		}
	}
}

// sharesWith tells whether an environment already holds the release and all of the configuration that comes from upstream.
func (s *Snapshot) sharesWith(pl environments.Placement, live Live, w *want) bool {
	if !live.Found || live.Record.Release.Sequence != w.release.Sequence {
		return false
	}
	for _, e := range pl.Configuration() {
		if s.sharedAbove(pl, e.Path) && !slices.Equal(reading{live.Record.Inputs}.of(e), w.reading.of(e)) {
			return false
		}
	}
	return true
}

// settled tells, without looking at history, that an environment holds just what all environments upstream hold.
func (p *Promoter) settled(ctx context.Context, s *Snapshot, pl environments.Placement) (bool, error) {
	live := s.lives[key(pl)]
	if !live.Found {
		return false, nil
	}
	for _, up := range pl.After {
		l := s.lives[Key{pl.App, up}]
		if !l.Found || l.Record.Release.Sequence != live.Record.Release.Sequence {
			return false, nil
		}
	}
	r, err := s.read(ctx, p.Repo, pl, live.Record.Release, func(path string) (release.Record, bool, error) {
		for _, up := range pl.After {
			if s.reads(pl.App, up, path) {
				return s.lives[Key{pl.App, up}].Record, true, nil
			}
		}
		return live.Record, s.sharedAbove(pl, path), nil
	})
	return err == nil && holds(live, live.Record.Release, r), err
}

// candidate weighs one state of the leading upstream environment: the release and configuration it stands for, and the
// gates before it.
func (p *Promoter) candidate(ctx context.Context, s *Snapshot, pl environments.Placement, lead stretch, o Options) (*want, gates.Verdict, error) {
	w := &want{placement: pl, release: lead.Record.Release}
	records := map[string]release.Record{}
	in := gates.Input{Placement: pl, Trust: s.Config.Trust, Now: p.Now(), Tickets: lead.Record.Release.Tickets, Explicit: o.Explicit}
	for i, up := range pl.After {
		st := lead
		if i > 0 {
			var err error
			if st, err = p.find(ctx, s, pl, up, lead.Record.Release); err != nil {
				return nil, gates.Verdict{}, err
			}
		}
		proof, evidence, err := p.prove(ctx, s, pl.App, up, st)
		if err != nil {
			return nil, gates.Verdict{}, err
		}
		records[up] = st.Record
		in.Upstreams = append(in.Upstreams, proof)
		in.Evidence = append(in.Evidence, evidence.Commits...)
		w.origins = append(w.origins, Origin{Environment: up, Commit: proof.Commit, Why: proof.Why, files: st.Record.Files, proven: proof.Proven})
	}
	r, err := s.read(ctx, p.Repo, pl, w.release, func(path string) (release.Record, bool, error) {
		return p.shared(ctx, s, pl, path, records)
	})
	if err != nil {
		return nil, gates.Verdict{}, err
	}
	w.reading = r
	in.Holds = s.holdsOn(pl, w.record())
	in.Override, err = p.overriding(ctx, s, pl, w.record())
	return w, gates.Evaluate(in), err
}

// shared finds the record that says at which content an environment upstream reads a file; the nearest one decides.
func (p *Promoter) shared(ctx context.Context, s *Snapshot, pl environments.Placement, path string, records map[string]release.Record) (release.Record, bool, error) {
	for _, up := range s.ancestors(pl) {
		if !s.reads(pl.App, up, path) {
			continue
		}
		if r, ok := records[up]; ok {
			return r, true, nil
		}
		r, err := p.proven(ctx, s, pl.App, up)
		return r, true, err
	}
	return release.Record{}, false, nil
}

// refresh is the same release again because a file that only this environment reads, or its settings, changed.
func (p *Promoter) refresh(ctx context.Context, s *Snapshot, pl environments.Placement) (*want, error) {
	live := s.lives[key(pl)]
	if !live.Found {
		return nil, nil
	}
	r, err := s.read(ctx, p.Repo, pl, live.Record.Release, func(path string) (release.Record, bool, error) {
		return live.Record, s.sharedAbove(pl, path), nil
	})
	if err != nil || holds(live, live.Record.Release, r) {
		return nil, err
	}
	return &want{placement: pl, release: live.Record.Release, reading: r}, nil
}

// find gives the newest state of an environment that holds a release; Found is false where there is none.
func (p *Promoter) find(ctx context.Context, s *Snapshot, pl environments.Placement, up string, rel release.Release) (stretch, error) {
	at, err := s.upstream(pl, up)
	if err != nil {
		return stretch{}, err
	}
	var found stretch
	err = s.stretches(ctx, p.Repo, at, func(st stretch) (bool, error) {
		if st.Found && st.Record.Release.Sequence == rel.Sequence {
			found = st
			return false, nil
		}
		return st.goesOn(rel), nil
	})
	return found, err
}

// goesOn tells whether a release may lie further down in history. Below an older release, or an emptied folder, everything
// was taken back: what came before does not count.
func (st stretch) goesOn(rel release.Release) bool {
	return st.Err != nil || st.Found && !newer(rel, st.Record.Release)
}

// proven gives the record of the newest proven state of an app in an environment; the zero record where there is none.
func (p *Promoter) proven(ctx context.Context, s *Snapshot, app, environment string) (release.Record, error) {
	at, ok := s.Config.Placement(app, environment)
	if !ok {
		return release.Record{}, nil
	}
	var record release.Record
	err := s.stretches(ctx, p.Repo, at, func(st stretch) (bool, error) {
		proof, _, err := p.prove(ctx, s, app, environment, st)
		if err != nil || !proof.Proven {
			return err == nil, err
		}
		record = st.Record
		return false, nil
	})
	return record, err
}

// upstream gives the placement of an app in an environment that it must have passed.
func (s *Snapshot) upstream(pl environments.Placement, environment string) (environments.Placement, error) {
	up, ok := s.Config.Placement(pl.App, environment)
	if !ok {
		return up, fmt.Errorf("%s does not go to %s, which comes before %s", pl.App, environment, pl.Environment)
	}
	return up, nil
}

// ancestors lists the environments upstream of a placement, nearest first.
func (s *Snapshot) ancestors(pl environments.Placement) []string {
	var all []string
	for queue := slices.Clone(pl.After); len(queue) > 0; queue = queue[1:] {
		if slices.Contains(all, queue[0]) {
			continue
		}
		all = append(all, queue[0])
		if up, ok := s.Config.Placement(pl.App, queue[0]); ok {
			queue = append(queue, up.After...)
		}
	}
	return all
}

// reads tells whether an app's configuration in an environment names a file.
func (s *Snapshot) reads(app, environment, path string) bool {
	p, ok := s.Config.Placement(app, environment)
	return ok && slices.ContainsFunc(p.Configuration(), func(e environments.Reading) bool { return e.Covers(path) })
}

func (s *Snapshot) sharedAbove(pl environments.Placement, path string) bool {
	return slices.ContainsFunc(s.ancestors(pl), func(up string) bool { return s.reads(pl.App, up, path) })
}

// holds tells whether an environment has a release with just these inputs already.
func holds(live Live, rel release.Release, r reading) bool {
	return live.Found && live.Record.Release.Sequence == rel.Sequence && live.Record.Inputs.Digest == r.inputs.Digest
}

// newer tells whether a is surely newer than b. Releases that cannot be ordered are not: a promotion between them needs
// a person.
func newer(a, b release.Release) bool {
	c, err := release.Compare(a, b)
	return err == nil && c > 0
}
