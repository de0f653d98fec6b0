package promote

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/release"
)

// Cell is one app in one environment, as Git and the forge tell it.
type Cell struct {
	Key
	Version  string           `json:"version"` // "" where nothing of ferry's is there
	Sequence release.Sequence `json:"sequence,omitzero"`
	Commit   string           `json:"sourceCommit,omitempty"`
	State    string           `json:"state"` // healthy, pending, failed, missing ... as gates.Prove says it
	Why      string           `json:"why,omitempty"`
	Since    time.Time        `json:"since,omitzero"` // when this (release, configuration) came
	Behind   int              `json:"behind"`         // releases that the first environment has had since
	Open     *Proposed        `json:"open,omitempty"` // the open pull request
	Waiting  []string         `json:"waiting,omitempty"`
}

// Proposed is an open promotion as status shows it.
type Proposed struct {
	Number  int    `json:"number"`
	URL     string `json:"url"`
	Version string `json:"version"`
}

// Matrix is the state of everything: apps by environments in promotion order.
type Matrix struct {
	Apps         []string `json:"apps"`
	Environments []string `json:"environments"`
	Cells        []Cell   `json:"cells"` // by app, then environment
	// What needs a person: holds that are on, overrides that nobody confirmed, folders of nobody.
	Holds      []ledger.Hold     `json:"holds,omitempty"`
	Unreviewed []ledger.Override `json:"unreviewed,omitempty"`
	Orphans    []Orphan          `json:"orphans,omitempty"`
}

// Cell finds one cell; false where the app does not go there.
func (m Matrix) Cell(app, environment string) (Cell, bool) {
	i := slices.IndexFunc(m.Cells, func(c Cell) bool { return c.App == app && c.Environment == environment })
	if i < 0 {
		return Cell{}, false
	}
	return m.Cells[i], true
}

// Status reads the matrix. plan may be nil; with one, cells say what they wait for.
func (p *Promoter) Status(ctx context.Context, s *Snapshot, plan *Plan, scope Scope) (Matrix, error) {
	if err := s.Known(scope); err != nil {
		return Matrix{}, err
	}
	m := Matrix{Holds: p.Holds(s, scope), Unreviewed: s.Unreviewed(scope)}
	if len(scope.Apps) == 0 && len(scope.Environments) == 0 {
		var err error
		if m.Orphans, err = p.Orphans(ctx, s); err != nil {
			return m, err
		}
	}
	for _, pl := range s.placements {
		if !scope.has(key(pl)) {
			continue
		}
		c, err := p.cell(ctx, s, pl, plan)
		if err != nil {
			return m, err
		}
		m.Cells = append(m.Cells, c)
		if !slices.Contains(m.Apps, pl.App) {
			m.Apps = append(m.Apps, pl.App)
		}
		if !slices.Contains(m.Environments, pl.Environment) {
			m.Environments = append(m.Environments, pl.Environment)
		}
	}
	slices.Sort(m.Apps)
	slices.SortStableFunc(m.Cells, func(a, b Cell) int { return strings.Compare(a.App, b.App) })
	return m, nil
}

func (p *Promoter) cell(ctx context.Context, s *Snapshot, pl environments.Placement, plan *Plan) (Cell, error) {
	c := Cell{Key: key(pl)}
	live := s.lives[key(pl)]
	switch {
	case live.Err != nil:
		c.State, c.Why = "unreadable", live.Err.Error()
	case !live.Found:
		c.State = "empty"
		if h, gone := s.retiring(pl); gone {
			c.State, c.Why = "retired", ReasonOf(h)
		}
	default:
		if err := p.describe(ctx, s, pl, live, &c); err != nil {
			return c, err
		}
	}
	if err := p.opened(ctx, s, pl, &c); err != nil {
		return c, err
	}
	c.Waiting = waiting(plan, pl)
	return c, nil
}

func (p *Promoter) describe(ctx context.Context, s *Snapshot, pl environments.Placement, live Live, c *Cell) error {
	c.Version, c.Sequence, c.Commit = live.Record.Release.Version, live.Record.Release.Sequence, live.Record.Release.Source.Commit
	err := s.stretches(ctx, p.Repo, pl, func(st stretch) (bool, error) {
		proof, _, err := p.prove(ctx, s, pl.App, pl.Environment, st)
		c.State, c.Why = string(proof.State), proof.Why
		c.Since = st.commits[len(st.commits)-1].Time
		return false, err
	})
	if err != nil {
		return err
	}
	c.Behind, err = p.behind(ctx, s, pl, live.Record.Release)
	return err
}

// behind counts the releases that the first environment on the way has had since.
func (p *Promoter) behind(ctx context.Context, s *Snapshot, pl environments.Placement, rel release.Release) (int, error) {
	ancestors := s.ancestors(pl)
	if len(ancestors) == 0 {
		if accepted, ok := s.Accepted[pl.App]; ok && newer(accepted, rel) {
			return 1, nil
		}
		return 0, nil
	}
	first, err := s.upstream(pl, ancestors[len(ancestors)-1])
	if err != nil {
		return 0, err
	}
	seen := map[release.Sequence]bool{}
	err = s.stretches(ctx, p.Repo, first, func(st stretch) (bool, error) {
		if !st.Found || !newer(st.Record.Release, rel) {
			return false, nil
		}
		seen[st.Record.Release.Sequence] = true
		return true, nil
	})
	return len(seen), err
}

func (p *Promoter) opened(ctx context.Context, s *Snapshot, pl environments.Placement, c *Cell) error {
	pr, ok := s.open[Key{App: pl.Unit, Environment: pl.Environment}]
	if !ok {
		return nil
	}
	head, ok := s.heads[pr.Head]
	if !ok {
		return nil
	}
	r, err := recordAt(ctx, p.Repo, head.Tree, pl)
	if err != nil || !r.Found || holds(s.lives[c.Key], r.Record.Release, reading{inputs: r.Record.Inputs}) {
		return err
	}
	c.Open = &Proposed{Number: pr.Number, URL: pr.URL, Version: r.Record.Release.Version}
	return nil
}

// waiting gathers what a plan says about one placement.
func waiting(plan *Plan, pl environments.Placement) []string {
	if plan == nil {
		return nil
	}
	var out []string
	for _, w := range plan.Waiting {
		if w.Environment != pl.Environment || w.App != pl.App && w.App != pl.Unit {
			continue
		}
		if w.Reason != "" {
			out = append(out, w.Reason)
		}
		for _, c := range w.Conditions {
			out = append(out, c.Reason)
		}
	}
	for _, pr := range plan.Promotions {
		if pr.Environment == pl.Environment && pr.Unit == pl.Unit {
			for _, c := range pr.Conditions {
				out = append(out, subject(pr)+" waits for "+c.Reason)
			}
		}
	}
	return out
}

// subject names the pull request of a promotion, also before there is one.
func subject(pr Promotion) string {
	if pr.PullRequest == nil {
		return "merging, once it is proposed,"
	}
	return fmt.Sprintf("#%d", pr.PullRequest.Number)
}

// Place is where a release is found.
type Place struct {
	Key
	Release release.Release `json:"release"`
	State   string          `json:"state"` // running, open, passed (an older one runs now, or a newer one), rejected, held, accepted
	Now     string          `json:"now,omitempty"`
	Why     string          `json:"why,omitempty"` // what stands in the way, where it is rejected or held
	Cell    *Cell           `json:"cell,omitempty"`
}

// Where finds a release by version, source commit (a prefix of at least 7 digits) or sequence, in every environment.
func (p *Promoter) Where(ctx context.Context, s *Snapshot, plan *Plan, what string) ([]Place, error) {
	m, err := p.Status(ctx, s, plan, Scope{})
	if err != nil {
		return nil, err
	}
	var places []Place
	for _, pl := range s.placements {
		found, err := p.wherein(ctx, s, pl, m, what)
		if err != nil {
			return nil, err
		}
		places = append(places, found...)
	}
	places = append(places, p.barred(s, places)...)
	for _, app := range m.Apps {
		rel, ok := s.Accepted[app]
		if ok && named(rel, what) && !slices.ContainsFunc(places, func(pl Place) bool { return pl.App == app }) {
			places = append(places, Place{Key: Key{App: app}, Release: rel, State: "accepted"})
		}
	}
	slices.SortStableFunc(places, func(a, b Place) int { return strings.Compare(a.App, b.App) })
	return places, nil
}

// barred names the environments that a release which was found does not reach, because somebody refused it there or holds it.
func (p *Promoter) barred(s *Snapshot, found []Place) []Place {
	var more []Place
	for _, pl := range s.placements {
		at := func(q Place) bool { return q.App == pl.App && q.Environment == pl.Environment }
		i := slices.IndexFunc(found, func(q Place) bool { return q.App == pl.App })
		if i < 0 || slices.ContainsFunc(found, at) || s.lives[key(pl)].Found && newer(s.lives[key(pl)].Record.Release, found[i].Release) {
			continue
		}
		w := &want{placement: pl, release: found[i].Release}
		if r, no := s.rejectedBy(s.book.Rejections, w); no {
			more = append(more, Place{Key: key(pl), Release: w.release, State: "rejected", Why: whyRejected(r)})
		} else if cs := p.held(s, w); len(cs) > 0 {
			more = append(more, Place{Key: key(pl), Release: w.release, State: "held", Why: strings.TrimPrefix(cs[0].Reason, "hold: ")})
		}
	}
	return more
}

func (p *Promoter) wherein(ctx context.Context, s *Snapshot, pl environments.Placement, m Matrix, what string) ([]Place, error) {
	cell, _ := m.Cell(pl.App, pl.Environment)
	var places []Place
	if head, ok := s.heads[release.PromotionBranch(pl.Environment, pl.Unit)]; ok && cell.Open != nil {
		r, err := recordAt(ctx, p.Repo, head.Tree, pl)
		if err != nil {
			return nil, err
		}
		if r.Found && named(r.Record.Release, what) {
			places = append(places, Place{Key: key(pl), Release: r.Record.Release, State: "open", Cell: &cell})
		}
	}
	first := true
	err := s.stretches(ctx, p.Repo, pl, func(st stretch) (bool, error) {
		running := first
		first = false
		if !st.Found || !named(st.Record.Release, what) {
			return true, nil
		}
		place := Place{Key: key(pl), Release: st.Record.Release, State: "running", Cell: &cell}
		if !running {
			place.State, place.Now = "passed", cell.Version
		}
		places = append(places, place)
		return false, nil
	})
	return places, err
}

// named tells whether a person means this release.
func named(r release.Release, what string) bool {
	return r.Version == what || r.Sequence.String() == what || len(what) >= 7 && strings.HasPrefix(r.Source.Commit, strings.ToLower(what))
}
