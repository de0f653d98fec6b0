package promote

import (
	"context"
	"fmt"
	"slices"

	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/scm"
)

// prove asks the gates whether a state of an environment is proven, with the statuses of its commits as evidence.
func (p *Promoter) prove(ctx context.Context, s *Snapshot, app, environment string, st stretch) (gates.Proof, gates.Stretch, error) {
	return p.proveBy(ctx, s, app, environment, st, func(scm.Status) bool { return true })
}

// proveBy is prove with only those statuses that count.
func (p *Promoter) proveBy(ctx context.Context, s *Snapshot, app, environment string, st stretch, counts func(scm.Status) bool) (gates.Proof, gates.Stretch, error) {
	pl, ok := s.Config.Placement(app, environment)
	if !ok {
		return gates.Proof{}, gates.Stretch{}, fmt.Errorf("%s does not go to %s", app, environment)
	}
	evidence := gates.Stretch{Release: st.Record.Release, Inputs: st.Record.Inputs.Digest}
	if !st.Found {
		return gates.Prove(pl, s.Config.Trust, evidence), evidence, nil
	}
	evidence.Withdrawn = s.withdrawals(Key{app, environment}, st.Record)
	for _, c := range st.evidence() {
		statuses, err := s.statusesOf(ctx, p.Forge, c.ID)
		if err != nil {
			return gates.Proof{}, evidence, fmt.Errorf("read statuses of %s: %w", c.ID, err)
		}
		statuses = slices.DeleteFunc(slices.Clone(statuses), func(st scm.Status) bool { return !counts(st) })
		evidence.Commits = append(evidence.Commits, gates.Commit{ID: string(c.ID), Time: c.Time, Statuses: reported(statuses)})
	}
	file, err := p.changed(ctx, st)
	if err != nil {
		return gates.Proof{}, evidence, err
	}
	proof := gates.Prove(pl, s.Config.Trust, evidence)
	if file != "" {
		proof.Proven, proof.State = false, gates.Withdrawn
		proof.Why = fmt.Sprintf("%s/%s is not what ferry proposed: it was merged differently, or edited since", pl.Folder, file)
	}
	return proof, evidence, nil
}

func reported(statuses []scm.Status) []gates.Status {
	out := make([]gates.Status, 0, len(statuses))
	for _, st := range statuses {
		out = append(out, gates.Status{Context: st.Context, State: gates.State(st.State), Creator: st.Creator, Text: st.Text, Time: st.Time})
	}
	return out
}
