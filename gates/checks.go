package gates

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// checks judges the named statuses. One is looked for on every upstream commit that carries the release and on the
// head, under the same rules as a proof: a failure anywhere withdraws it until success comes again.
//
// A check holds back proposing when it speaks of an environment upstream: it was reported there, or its name names one
// (acceptance/dev/shop). Any other can only be reported on the head, so it holds back merging: it would otherwise wait
// for a pull request that waits for it.
func checks(in Input) []Condition {
	var out []Condition
	for _, context := range in.Placement.Gates.Checks {
		out = append(out, check(in, context))
	}
	return out
}

func check(in Input, context string) Condition {
	seen := Stretch{Commits: slices.Clone(in.Evidence)}
	if in.Head.ID != "" {
		seen.Commits = append(seen.Commits, Commit{ID: in.Head.ID, Statuses: in.Head.Statuses})
	}
	t := replay(seen, context, checkReporters(in.Trust, context))
	state := t.standing()
	c := Condition{Gate: gateChecks, Pass: state == Healthy, Holds: Merging}
	if upstreamCheck(in, context, t) {
		c.Holds = Proposing
	}
	if state == Healthy {
		c.Reason = fmt.Sprintf("checks: %s: %s", context, said(t.newest[t.witness()], seen))
	} else {
		c.Reason = fmt.Sprintf("checks: %s: %s", context, t.say(seen, state))
	}
	if len(t.ignored) > 0 && state != Untrusted {
		c.Reason += "; ignored statuses that are not trusted, by " + strings.Join(slices.Sorted(maps.Keys(t.ignored)), ", ")
	}
	if state == Untrusted {
		c.Hint = "if it may report, add it to trust.checks in ferry.yaml"
	}
	return c
}

func upstreamCheck(in Input, context string, t timeline) bool {
	for commit := range t.newest {
		if commit < len(in.Evidence) {
			return true
		}
	}
	words := strings.FieldsFunc(context, func(r rune) bool { return !nameRune(r) })
	return slices.ContainsFunc(in.Placement.After, func(env string) bool { return slices.Contains(words, env) })
}

// nameRune tells whether a rune can be part of an environment's name.
func nameRune(r rune) bool { return r == '-' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' }
