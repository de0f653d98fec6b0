package promote

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/release"
)

// Course is how far one release has come.
type Course struct {
	Release release.Release
	Cells   []Cell // of its app, in promotion order; they wait for what this release waits for
	Places  []Place
}

// Overtaken is the state of a place that a release never came to: a newer one went there.
const Overtaken = "overtaken"

// Courses tells of the releases of an app that somebody may be waiting for, newest first: the accepted one, what is
// proposed, and what each environment holds and held before. plan is one of everything about the app.
func (p *Promoter) Courses(ctx context.Context, s *Snapshot, plan *Plan, app string) ([]Course, error) {
	m, err := p.Status(ctx, s, plan, Scope{Apps: []string{app}})
	if err != nil {
		return nil, err
	}
	recent, err := p.recent(ctx, s, app)
	if err != nil {
		return nil, err
	}
	var all []Course
	for _, r := range recent {
		c := Course{Release: r}
		for _, pl := range s.placements {
			if pl.App != app {
				continue
			}
			places, err := p.wherein(ctx, s, pl, m, r.Sequence.String())
			if err != nil {
				return nil, err
			}
			if live := s.lives[key(pl)]; len(places) == 0 && live.Found && newer(live.Record.Release, r) {
				places = []Place{{Key: key(pl), Release: r, State: Overtaken, Now: live.Record.Release.Version}}
			}
			cell, _ := m.Cell(app, pl.Environment)
			cell.Waiting = plan.holdingBack(pl, r)
			c.Cells, c.Places = append(c.Cells, cell), append(c.Places, places...)
		}
		all = append(all, c)
	}
	return all, nil
}

// recent lists releases of an app that are on their way, came last, or left last, newest first.
func (p *Promoter) recent(ctx context.Context, s *Snapshot, app string) ([]release.Release, error) {
	var all []release.Release
	add := func(r release.Release) {
		if !slices.ContainsFunc(all, func(have release.Release) bool { return have.Sequence == r.Sequence }) {
			all = append(all, r)
		}
	}
	if r, ok := s.Accepted[app]; ok {
		add(r)
	}
	for _, pl := range s.placements {
		if pl.App != app {
			continue
		}
		if head, ok := s.heads[release.PromotionBranch(pl.Environment, pl.Unit)]; ok {
			r, err := recordAt(ctx, p.Repo, head.Tree, pl)
			if err != nil {
				return nil, err
			}
			if r.Found {
				add(r.Record.Release)
			}
		}
		if err := p.lately(ctx, s, pl, add); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(all, func(a, b release.Release) int {
		c, err := release.Compare(b, a)
		if err != nil { // of different kinds: as they were found
			return 0
		}
		return c
	})
	return all, nil
}

// lately finds what an environment holds and the release that it held before.
func (p *Promoter) lately(ctx context.Context, s *Snapshot, pl environments.Placement, add func(release.Release)) error {
	var last release.Sequence
	n := 0
	return s.stretches(ctx, p.Repo, pl, func(st stretch) (bool, error) {
		if r := st.Record.Release; st.Found && r.Sequence != last {
			add(r)
			last, n = r.Sequence, n+1
		}
		return n < 2, nil
	})
}

// holdingBack says what one release waits for, in words that stay the same until something happens.
func (plan *Plan) holdingBack(pl environments.Placement, r release.Release) []string {
	var all []string
	for _, w := range plan.Waiting {
		if w.Environment != pl.Environment || w.App != pl.App && w.App != pl.Unit || w.Version != "" && w.Version != r.Version {
			continue
		}
		if w.Reason != "" {
			all = append(all, w.Reason)
		}
		all = append(all, steady(w.Conditions)...)
	}
	for _, pr := range plan.Promotions {
		if pr.Environment == pl.Environment && pr.Unit == pl.Unit {
			all = append(all, steady(pr.Conditions)...)
		}
	}
	return all
}

func steady(cs []gates.Condition) []string {
	var all []string
	for _, c := range cs {
		words := c.Gate + ": " + strings.TrimPrefix(c.Reason, c.Gate+": ")
		if !c.Until.IsZero() {
			words = c.Gate + " until " + c.Until.UTC().Format(time.DateOnly+" 15:04 MST")
		}
		all = append(all, words)
	}
	return all
}
