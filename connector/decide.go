package connector

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Evidence is all that a verdict follows from: one reading of the cluster and of Git. In which order it came plays no part.
type Evidence struct {
	Target
	Newest  string          // the commit that changed the app's folder last
	Next    Step            // the change of the folder that came after this one; zero at the newest
	Units   []Tracked       // all units that track the app
	Problem string          // why none does, where there is more to say than that
	Facts   map[string]Fact // what Git says of each commit that an origin of a unit names
}

// Step is a change of an app's folder.
type Step struct {
	Commit, Version string
	Removed         bool // the folder is gone
	Landed          time.Time
}

// Tracked is a unit that brings the app.
type Tracked struct {
	Unit
	Origin   Origin // by which it does; zero where none of its origins tells
	Declared bool   // it is a manifest of the app's folder itself: what applies the folder has the commit, it has none
	Others   int    // other apps that come with it
}

// Fact is what Git says of a commit, seen from a target.
type Fact struct {
	Contains bool   // it is the target's commit, or comes after it
	Tree     string // the app's folder in it; "" where there is none
}

// at tells whether a unit that stands at a commit brings what the target is.
func (e *Evidence) at(commit string) bool {
	f, known := e.Facts[commit]
	return known && f.Contains && f.Tree == e.Tree
}

// Rules are the spans of the decision.
type Rules struct {
	Settle   time.Duration // how long Argo CD must say the same after a sync; its times are whole seconds
	Patience time.Duration // how long what often mends itself may last before it is a failure
}

// DefaultRules suit engines as they are installed.
var DefaultRules = Rules{Settle: 5 * time.Second, Patience: 2 * time.Minute}

// Decide tells how far a target has come. next is when time alone could change the answer; zero where it cannot.
func Decide(e Evidence, r Rules, now time.Time) (v Verdict, next time.Time) {
	v = Verdict{Target: e.Target}
	if !e.Live {
		return superseded(v, e), time.Time{}
	}
	for _, u := range e.Units {
		v.Units = append(v.Units, u.Ref())
	}
	slices.SortFunc(v.Units, Ref.Compare)
	looks := lookAll(e, r, now)
	conclude(&v, e, looks)
	for _, l := range looks {
		next = earliest(next, l.next)
	}
	return expire(v, next, now)
}

// superseded answers a target whose folder is not the live one: what the cluster says of it does not count any more.
func superseded(v Verdict, e Evidence) Verdict {
	v.Phase, v.By, v.Since = Superseded, e.Next.Commit, e.Next.Landed
	switch {
	case e.Next.Removed:
		v.Text = fmt.Sprintf("superseded: %.7s removes it", e.Next.Commit)
	case e.Next.Version == "":
		v.Text = fmt.Sprintf("superseded by %.7s", e.Next.Commit)
	default:
		v.Text = fmt.Sprintf("superseded by %s (%.7s)", line(e.Next.Version), e.Next.Commit)
	}
	return v
}

// lookAll asks each unit, in an order of its own, so that the order of the evidence does not show.
func lookAll(e Evidence, r Rules, now time.Time) []look {
	looks := make([]look, 0, len(e.Units))
	quiet := e.quiet(r)
	for _, u := range e.Units {
		looks = append(looks, lookAt(e, u, r, now).unless(now, quiet))
	}
	slices.SortStableFunc(looks, func(a, b look) int {
		return cmp.Or(cmp.Compare(slices.Index(worst, a.phase), slices.Index(worst, b.phase)), a.unit.Ref().Compare(b.unit.Ref()))
	})
	return looks
}

// quiet is until when units that others apply are not believed: the news of both come on ways of their own, so that the one
// which was applied may still be read as it was before, or not at all. Zero where no unit applies others.
func (e *Evidence) quiet(r Rules) time.Time {
	var applied time.Time
	brings := false
	for _, u := range e.Units {
		if brings = brings || u.Declared || slices.ContainsFunc(u.Resources, Resource.isUnit); !u.Declared {
			applied = later(applied, later(u.Ready.Since, u.Operation.Finished))
		}
	}
	if !brings || applied.IsZero() {
		return time.Time{}
	}
	return applied.Add(r.Settle)
}

// unless has an end wait until others have had time to speak.
func (l look) unless(now, quiet time.Time) look {
	early := l.phase == Healthy || l.phase == Failed && l.unit.Declared
	if !early || !now.Before(quiet) {
		return l
	}
	l.next = quiet
	return l.say(Verifying, "settles")
}

// worst orders phases: the unit with the first of them speaks for all.
var worst = []Phase{Failed, Unknown, Queued, Applying, Verifying, Healthy}

// conclude makes one answer of all units: one that failed fails all, and none is seen is never a success.
func conclude(v *Verdict, e Evidence, looks []look) {
	if len(looks) == 0 {
		v.Phase, v.Text = Queued, line(firstOf(e.Problem, "no Kustomization, HelmRelease or Application tracks "+e.Path))
		return
	}
	first := looks[0]
	v.Phase, v.Since, v.Checked = first.phase, first.since, true
	for _, l := range looks {
		v.Checked = v.Checked && l.checked
		if l.phase == v.Phase && l.since.After(v.Since) {
			v.Since = l.since
		}
	}
	v.Checked = v.Checked && v.Phase == Healthy
	if e.Commit != e.Newest && v.Phase == Healthy {
		v.By = e.Newest
	}
	v.Text = summary(*v, looks)
}

// expire ends what waits longer than it may.
func expire(v Verdict, next, now time.Time) (Verdict, time.Time) {
	if v.Phase.End() || v.Deadline.IsZero() {
		return v, next
	}
	if now.Before(v.Deadline) {
		return v, earliest(next, v.Deadline)
	}
	v.Text = fmt.Sprintf(timedOut+"%s while %s: %s", span(v.Deadline.Sub(v.Landed)), v.Phase, v.Text)
	v.Phase, v.Since = TimedOut, v.Deadline
	return v, next
}

const timedOut = "timed out after "

// earliest of two moments, of which either may be none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
