// Package scmtest is the contract of scm as a suite of tests. Every driver runs it, on its fake and, where an address
// and a token are given, on a real server: a promise that is tested once per forge is kept by all forges.
//
// fixture.go says what a driver brings; worktree.go is a person with git; the other files hold the promises, one function
// each, named as one sentence.
package scmtest

import "testing"

// Run checks every promise on a forge of its own, which open makes.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	for _, group := range [][]promise{
		opening, asking, limiting, listing, forks, ending, merging, methods, queueing, guarding, ruling, reviewing, resetting,
		commenting, reporting, bulk, deploying, signing, knowing,
	} {
		for _, p := range group {
			t.Run(p.says, func(t *testing.T) { p.test(t, newStage(t, open(t))) })
		}
	}
}

// promise is one sentence of the contract and how it is tried.
type promise struct {
	says string
	test func(*testing.T, *stage)
}
