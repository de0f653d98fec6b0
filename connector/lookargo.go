package connector

import (
	"strings"
	"time"
)

// Argo CD writes the outcome of a sync and the state it compared independently, each with its own delay: right after a sync
// it may say Synced and Healthy of what ran before. So nothing is believed that was compared before the operation finished,
// nor before the settle window after it. A change of health is never waited for, since a change of configuration makes none.

// lookArgo judges an Application.
func lookArgo(e Evidence, l look, r Rules, now time.Time) look {
	u, op := l.unit, l.unit.Operation
	here := l.at(e, u.Origin.Compared.Commit())
	l.since = later(op.Finished, u.Healthy.Since)
	switch {
	case op.Asked, op.Phase == "Running", op.Phase == "Terminating":
		return l.syncing(e)
	case !phases[op.Phase]:
		return l.say(Unknown, "is in a phase that is not known: "+line(op.Phase))
	case (op.Phase == "Failed" || op.Phase == "Error") && l.tried(e):
		l.since = op.Finished
		return l.say(Failed, l.blame("sync "+strings.ToLower(op.Phase), op.Message))
	case u.Stalled.Is() && !here:
		return l.say(Failed, l.blame(u.Stalled.Reason, u.Stalled.Message))
	case u.Ready.State == False && strings.HasSuffix(u.Ready.Reason, "Error") && !here:
		return l.broken(e, r, now)
	case !here && l.at(e, l.synced()):
		return l.say(Verifying, "has synced and compares")
	case !here:
		return l.elsewhere(e, firstOf(u.Origin.Compared.Commit(), l.synced()))
	case u.Reconciling.Is(): // asked to compare again: what it says is about to change
		return l.say(Verifying, "compares")
	case !u.Sync.Is():
		return l.say(Applying, "is "+line(firstOf(u.Sync.Reason, "not synced")))
	case u.Reconciled.Before(op.Finished):
		return l.say(Verifying, "has synced and compares")
	}
	return l.settled(r, now)
}

// phases are those of an operation that is over; without one there was none yet.
var phases = map[string]bool{"": true, "Succeeded": true, "Failed": true, "Error": true}

// synced is the commit that the last operation brought.
func (l look) synced() string { return firstOf(l.unit.Origin.Commit, l.unit.Origin.Applied.Commit()) }

// tried tells whether the last operation was about the target. One that does not say was about what was due then.
func (l look) tried(e Evidence) bool {
	tried := firstOf(l.unit.Origin.Attempting, l.unit.Origin.Attempted.Commit())
	return l.at(e, tried) || tried == "" && !l.unit.Operation.Started.Before(e.Landed)
}

func (l look) syncing(e Evidence) look {
	if l.tried(e) {
		return l.say(Applying, "is syncing")
	}
	return l.say(Queued, "is syncing another commit")
}

// broken is for an Application that cannot compare: a repository that does not answer mends itself, a template that does not
// render lasts.
func (l look) broken(e Evidence, r Rules, now time.Time) look {
	u := l.unit
	l.since = u.Ready.Since
	return l.lasting(u.Ready, later(u.Ready.Since, e.Landed), r, now)
}

// settled waits until Argo CD has said the same for a while, then reads its health.
func (l look) settled(r Rules, now time.Time) look {
	u := l.unit
	quiet := later(u.Operation.Finished, u.Healthy.Since).Add(r.Settle)
	if health[u.Healthy.Reason] != Verifying && now.Before(quiet) {
		l.next = quiet
		return l.say(Verifying, "has synced and settles")
	}
	phase, known := health[u.Healthy.Reason]
	switch {
	case u.Healthy.State == "" && u.Healthy.Reason == "":
		return l.say(Healthy, "")
	case !known:
		return l.say(Unknown, "has a health that is not known: "+line(u.Healthy.Reason))
	case phase == Failed:
		return l.say(Failed, l.blame(u.Healthy.Reason, u.Healthy.Message))
	}
	l.checked = phase == Healthy
	return l.say(phase, "is "+line(u.Healthy.Reason))
}

// health is what Argo CD's words mean. Suspended waits for a person or a rollout step; Missing is not there yet.
var health = map[string]Phase{
	"Healthy": Healthy, "Progressing": Verifying, "Degraded": Failed, "Suspended": Verifying, "Missing": Applying, "Unknown": Unknown,
}
