package promote

import (
	"context"
	"fmt"
	"strings"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/release"
)

// Goal is what somebody waits for.
type Goal string

// The goals: a release is in an environment, and is proven there.
const (
	ForMerged  Goal = "merged"
	ForHealthy Goal = "healthy"
)

// Outcome is how a wait stands.
type Outcome string

// The outcomes; Waiting is the only one that may change.
const (
	Underway   Outcome = "waiting"
	Reached    Outcome = "reached"
	Unhealthy  Outcome = "failed"
	Superseded Outcome = "superseded"
	Rejected   Outcome = "rejected"
	TimedOut   Outcome = "timed-out"
)

// Standing tells how a release (a version, sequence or source commit) stands in an environment, with a sentence.
func (p *Promoter) Standing(ctx context.Context, s *Snapshot, k Key, name string, goal Goal) (Outcome, string, error) {
	if err := s.Known(Scope{Apps: []string{k.App}, Environments: []string{k.Environment}}); err != nil {
		return "", "", err
	}
	pl, ok := s.Config.Placement(k.App, k.Environment)
	if !ok {
		return "", "", refuse(k, "", "the app does not go there")
	}
	var found stretch
	newest := true
	err := s.stretches(ctx, p.Repo, pl, func(st stretch) (bool, error) {
		if st.Found && named(st.Record.Release, name) {
			found = st
			return false, nil
		}
		newest = false
		return true, nil
	})
	switch {
	case err != nil:
		return "", "", err
	case found.Found && goal == ForMerged:
		return Reached, fmt.Sprintf("%s came to %s with %.10s", name, k.Environment, found.commits[len(found.commits)-1].ID), nil
	case found.Found && newest:
		return p.doing(ctx, s, pl, found, name)
	case found.Found:
		return Superseded, fmt.Sprintf("%s runs in %s instead", s.lives[k].Record.Release.Version, k.Environment), nil
	}
	return p.coming(ctx, s, pl, name)
}

// doing is for what runs.
func (p *Promoter) doing(ctx context.Context, s *Snapshot, pl environments.Placement, st stretch, name string) (Outcome, string, error) {
	proof, _, err := p.prove(ctx, s, pl.App, pl.Environment, st)
	why := fmt.Sprintf("%s in %s is %s: %s", name, pl.Environment, proof.State, proof.Why)
	switch {
	case err != nil:
		return "", "", err
	case proof.Proven:
		return Reached, why, nil
	case proof.State == gates.Failed || proof.State == gates.Withdrawn:
		return Unhealthy, why, nil
	case !proof.Due.IsZero() && !p.Now().Before(proof.Due):
		return TimedOut, why, nil
	}
	return Underway, why, nil
}

// coming is for what is not there yet, if it ever will be.
func (p *Promoter) coming(ctx context.Context, s *Snapshot, pl environments.Placement, name string) (Outcome, string, error) {
	rel, err := p.byName(ctx, s, pl, name)
	if perUnit(err) {
		return Underway, fmt.Sprintf("%s is nowhere before %s yet", name, pl.Environment), nil
	}
	if err != nil {
		return "", "", err
	}
	live := s.lives[key(pl)]
	if live.Found && newer(live.Record.Release, rel) {
		return Superseded, fmt.Sprintf("%s runs in %s and is newer", live.Record.Release.Version, pl.Environment), nil
	}
	w := &want{placement: pl, release: rel, reading: reading{inputs: release.Inputs{}}}
	if r, no := s.rejectedBy(s.book.Rejections, w); no {
		return Rejected, whyRejected(r), nil
	}
	if cs := p.held(s, w); len(cs) > 0 {
		return Underway, fmt.Sprintf("%s is on its way to %s, which is held: %s", name, pl.Environment, strings.TrimPrefix(cs[0].Reason, "hold: ")), nil
	}
	return Underway, fmt.Sprintf("%s is on its way to %s", name, pl.Environment), nil
}
