package gates

import (
	"cmp"
	"slices"
	"time"
)

// This file replays what was reported in one status context on the commits of one stretch.
//
// Which order? Every commit of a stretch puts the same content into the environment, so it does not matter on which of
// them a report landed: a reporter that had synced an older commit says as much about the content as one that had
// synced the newest. Commit order therefore decides nothing. What decides is the order in which the reports came, and
// the one clock that has seen all of them is the forge's. Committer times come from other machines and are never
// compared with it; a clock that is wrong on somebody's laptop cannot make a failure old or a success young.
//
// Forges tell whole seconds. On one commit the forge's own list gives the order of reports of one second, and we keep
// it (a pending and the success after it often share a second). Between commits nothing gives it, so a failure counts
// as the later one: waiting for one more report is cheap, a promotion on a withdrawn proof is not.
//
// The rules, at every moment:
//   - a commit proves when its newest report is a success and no failure came later on any commit of the stretch;
//   - pending and superseded end the proof by their own commit only: a reporter that starts to look at the next commit
//     does not unsay what it saw on this one;
//   - a failure anywhere ends all proofs, whatever comes on its commit afterwards, until a success comes again;
//   - a person's withdrawal is a failure without a commit.
//
// Healthy since is the beginning of the time in which at every moment some commit proved.

// report is a status that counts, with its place in the stretch.
type report struct {
	Status
	commit int // index into the stretch; -1 for a withdrawal
	place  int // in the commit's history; smaller is newer
}

// timeline is the outcome of a replay.
type timeline struct {
	proving map[int]bool    // commits that prove now
	newest  map[int]report  // newest report of each commit
	since   time.Time       // proven at every moment from here on; set while proving is not empty
	failure report          // the newest failure
	failed  bool            // it stands: no success came since
	ignored map[string]bool // creators whose statuses do not count
}

// replay judges the statuses of a context; withdrawals count as failures of no commit.
func replay(s Stretch, context string, who reporters) timeline {
	t := timeline{proving: map[int]bool{}, newest: map[int]report{}, ignored: map[string]bool{}}
	for moment := range moments(t.gather(s, context, who)) {
		t.pass(moment)
	}
	return t
}

// gather collects the reports that count, oldest first.
func (t *timeline) gather(s Stretch, context string, who reporters) []report {
	var out []report
	for i, c := range s.Commits {
		for place, status := range c.Statuses {
			switch {
			case status.Context != context:
			case who.trusted(status.Creator):
				out = append(out, report{status, i, place})
			default:
				t.ignored[named(status.Creator)] = true
			}
		}
	}
	for _, w := range s.Withdrawn {
		out = append(out, report{Status{State: Failure, Text: w.Reason, Time: w.Time}, -1, 0})
	}
	slices.SortStableFunc(out, func(a, b report) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(b.place, a.place))
	})
	return out
}

// moments splits sorted reports into those of one time each.
func moments(rs []report) func(yield func([]report) bool) {
	return func(yield func([]report) bool) {
		for len(rs) > 0 {
			n := 1
			for n < len(rs) && rs[n].Time.Equal(rs[0].Time) {
				n++
			}
			if !yield(rs[:n]) {
				return
			}
			rs = rs[n:]
		}
	}
}

// pass applies all reports of one moment.
func (t *timeline) pass(moment []report) {
	before := len(t.proving)
	failures := map[int]bool{}
	for _, r := range moment {
		if r.State == Failure {
			failures[r.commit] = true
			t.failure, t.failed = r, true
		}
		if r.commit < 0 {
			continue
		}
		t.newest[r.commit] = r
		if r.State == Success {
			t.proving[r.commit] = true
		} else {
			delete(t.proving, r.commit)
		}
	}
	t.withdraw(failures)
	if len(t.proving) == 0 {
		return
	}
	t.failed = false
	if before == 0 || len(failures) > 0 {
		t.since = moment[0].Time
	}
}

// withdraw ends the proofs of all commits but the one that failed, which its own history has judged already.
func (t *timeline) withdraw(failures map[int]bool) {
	for c := range t.proving {
		if len(failures) > 1 || (len(failures) == 1 && !failures[c]) {
			delete(t.proving, c)
		}
	}
}

func (t *timeline) proven() bool { return len(t.proving) > 0 }

// witness is the newest commit that proves.
func (t *timeline) witness() int {
	first := -1
	for c := range t.proving {
		if first < 0 || c < first {
			first = c
		}
	}
	return first
}

// last gives the report that says best why nothing is proven: the standing failure, else a pending one, else the
// newest of all.
func (t *timeline) last() (report, bool) {
	var pending, other report
	var isPending, isOther bool
	for _, r := range t.newest {
		switch {
		case r.State == Pending && (!isPending || later(r, pending)):
			pending, isPending = r, true
		case r.State != Pending && (!isOther || later(r, other)):
			other, isOther = r, true
		}
	}
	switch {
	case t.failed && (!isPending || !pending.Time.After(t.failure.Time)):
		return t.failure, true
	case isPending:
		return pending, true
	}
	return other, isOther
}

// later is a total order, so that no map order shows.
func later(a, b report) bool {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(b.commit, a.commit), cmp.Compare(b.place, a.place)) > 0
}
