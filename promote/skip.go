package promote

import (
	"fmt"
	"slices"

	"github.com/ferry-cd/ferry/diff"
)

// skipped tells of environments that a release should have run in before it comes here, and has not: a hotfix goes past
// them, and so does an override of their health.
func (s *Snapshot) skipped(w *want) []diff.Fact {
	var facts []diff.Fact
	add := func(format string, a ...any) {
		facts = append(facts, diff.Fact{Rule: "environment-skipped", Reason: fmt.Sprintf(format, a...)})
	}
	if s.fixes(w.placement, w.release) {
		for _, up := range w.placement.After {
			add("is a hotfix, which did not run in %s", up)
		}
		return facts
	}
	o, ok := s.overrideOf(w.placement, w.record())
	if !ok || !slices.Contains(o.Gates, "healthy") {
		return nil
	}
	for _, from := range w.origins {
		if !from.proven {
			add("is not proven in %s (%s), which %s overrides", from.Environment, from.Why, o.By)
		}
	}
	return facts
}
