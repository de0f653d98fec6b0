package connector

import "time"

// mending are reasons of things that mostly mend themselves: an artifact or a repository that does not answer. They are
// failures when they last.
var mending = map[string]bool{"ArtifactFailed": true, "ComparisonError": true}

// lookFlux follows the convention of Flux's conditions: they speak of the generation in observedGeneration; Reconciling and
// Stalled stand beside Ready only while there is something to say.
func lookFlux(e Evidence, l look, r Rules, now time.Time) look {
	u := l.unit
	switch {
	case u.Suspended && !l.at(e, u.Origin.Commit):
		return l.say(Queued, "is suspended")
	case !u.seen():
		return l.say(Queued, "has not looked at its newest spec yet")
	case u.Stalled.Is():
		return l.trouble(e, u.Stalled, r, now)
	case u.Ready.State == False:
		return l.trouble(e, u.Ready, r, now)
	case u.Reconciling.Is() || !u.Ready.Is():
		return l.underway(e)
	case !l.at(e, u.Origin.Commit):
		return l.elsewhere(e, u.Origin.Commit)
	}
	return l.applied(u)
}

// seen tells whether the engine has looked at the newest spec. Flux's controllers write observedGeneration when they were
// successful with it; a unit that fails, or is at work, says it in its conditions alone.
func (u Tracked) seen() bool {
	if u.Observed == u.Generation {
		return !u.Ready.stale(u.Generation)
	}
	return !u.Ready.Is() && u.Ready.Observed == u.Generation
}

// finally tells whether the unit gave up: Stalled says so with any reason.
func (c Condition) finally(u Tracked) bool { return c == u.Stalled }

// stale tells whether a condition speaks of an older spec.
func (c Condition) stale(generation int64) bool { return c.Observed != 0 && c.Observed < generation }

// trouble is for a unit that is not ready: which commit did it try, and does its reason mean that it failed?
func (l look) trouble(e Evidence, c Condition, r Rules, now time.Time) look {
	why := l.blame(c.Reason, c.Message)
	tried := l.unit.Origin.Attempting
	l.since = c.Since
	switch m := Means(c.Reason); {
	case m == Working, m == Waiting, m == Overtaken, m == Done, c.Reason == "ProgressingWithRetry":
		return l.underway(e)
	case m == Unheard && !c.finally(l.unit):
		return l.say(Unknown, "says "+line(c.Reason)+", which is not known")
	case mending[c.Reason]:
		return l.lasting(c, later(c.Since, e.Landed), r, now)
	case l.at(e, tried):
		return l.say(Failed, why)
	case tried == "" && !c.Since.Before(e.Landed): // it failed before it knew a revision: the newest one was due
		return l.say(Failed, why+" (commit inferred)")
	}
	return l.elsewhere(e, tried)
}

// underway is for a unit that works: on the target, or still on what came before.
func (l look) underway(e Evidence) look {
	u := l.unit
	switch {
	case !l.at(e, u.Origin.Attempting) && !l.at(e, u.Origin.Commit):
		if u.Origin.Attempting == "" {
			return l.say(Applying, "is at work")
		}
		return l.elsewhere(e, u.Origin.Attempting)
	case u.Checks && u.Healthy.State == Unclear || l.at(e, u.Origin.Commit):
		return l.say(Verifying, "is verifying")
	}
	return l.say(Applying, "is applying")
}

// applied is for a unit that is ready with the target: what is its health?
func (l look) applied(u Tracked) look {
	reason := u.Ready.Reason
	switch {
	case u.Kind == "HelmRelease" && (reason == "RollbackSucceeded" || reason == "UninstallSucceeded"):
		return l.say(Failed, l.blame(reason, u.Ready.Message))
	case u.Healthy.State == False && !u.Healthy.stale(u.Generation):
		return l.say(Failed, l.blame(u.Healthy.Reason, u.Healthy.Message))
	case u.Tests.State == False:
		return l.say(Failed, l.blame(u.Tests.Reason, u.Tests.Message))
	case u.Tests.State == Unclear:
		return l.say(Verifying, "waits for its tests")
	case u.Checks && (!u.Healthy.Is() || u.Healthy.stale(u.Generation)):
		return l.say(Verifying, "is verifying")
	}
	l.checked = u.Healthy.Is()
	return l.say(Healthy, "")
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
