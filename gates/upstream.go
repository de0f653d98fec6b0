package gates

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// healthy judges every environment that the placement comes after. Where health is not asked for, the release must
// still have been merged there: an environment is never skipped.
func healthy(in Input) []Condition {
	var out []Condition
	for _, env := range in.Placement.After {
		p := upstream(in, env)
		c := Condition{Gate: gateHealthy, Holds: Proposing, Pass: p.Proven, Hint: p.Hint}
		switch {
		case p.Proven && p.Unchecked:
			c.Reason = fmt.Sprintf("healthy: %s is not health-checked; merged there since %s", env, in.clock(p.Since))
		case p.Proven:
			c.Reason = fmt.Sprintf("healthy: %s since %s", env, in.clock(p.Since))
		case !in.Placement.Gates.Healthy && p.State != Absent:
			c.Pass, c.Hint = true, ""
			c.Reason = fmt.Sprintf("healthy: merged in %s; its health is not asked for (%s)", env, p.State)
		default:
			c.fixed = p.State == Absent
			c.Reason = fmt.Sprintf("healthy: %s in %s: %s", p.State, env, p.Why)
			late(&c, p, in.Now)
		}
		c.Reason += ignored(p)
		out = append(out, c)
	}
	return out
}

// late says that a machine did not answer in the time it had. The wait for it ends there: only somebody can help.
func late(c *Condition, p Proof, now time.Time) {
	if p.Due.IsZero() || p.State != Missing && p.State != InDoubt && p.State != Untrusted {
		return
	}
	if now.Before(p.Due) {
		return
	}
	c.Reason = fmt.Sprintf("healthy: timed out in %s, where it should have been healthy by %s; %s: %s", p.Environment, clock(p.Due, now), p.State, p.Why)
}

// upstream finds an environment's proof. One that was not handed in is as good as none.
func upstream(in Input, env string) Proof {
	i := slices.IndexFunc(in.Upstreams, func(p Proof) bool { return p.Environment == env })
	if i < 0 {
		return Proof{Environment: env, State: Absent, Why: "not there yet"}
	}
	return in.Upstreams[i]
}

func ignored(p Proof) string {
	if len(p.Ignored) == 0 || p.State == Untrusted {
		return ""
	}
	return "; ignored statuses that are not trusted, by " + strings.Join(p.Ignored, ", ")
}

// soak asks that the proof has stood for long enough in every environment upstream. The time goes on for a release
// that a newer one has replaced there: else an app that is released more often than it soaks would never get further.
// A failure, rollback or rejection ends it.
func soak(in Input) []Condition {
	need := in.Placement.Gates.Soak
	if need <= 0 {
		return nil
	}
	var out []Condition
	for _, env := range in.Placement.After {
		p := upstream(in, env)
		since, word := p.Since, "healthy"
		if !p.Proven && !in.Placement.Gates.Healthy && p.State != Absent {
			since, word = p.Merged, "merged"
		}
		out = append(out, soaked(in, env, word, since, need))
	}
	return out
}

func soaked(in Input, env, word string, since time.Time, need time.Duration) Condition {
	c := Condition{Gate: gateSoak, Holds: Proposing}
	if since.IsZero() {
		c.Reason = fmt.Sprintf("soak: needs %s in %s and has not begun", span(need), env)
		return c
	}
	done := since.Add(need)
	c.Pass = !in.Now.Before(done)
	c.Reason = fmt.Sprintf("soak: %s in %s since %s, needs %s", word, env, in.clock(since), span(need))
	if !c.Pass {
		c.Until = done
		c.Reason += ", " + span(done.Sub(in.Now)) + " left"
	}
	return c
}

// clock shows a time to whoever reads the verdict.
func (in Input) clock(t time.Time) string {
	if in.Dated {
		return t.In(in.Now.Location()).Format(dated)
	}
	return clock(t, in.Now)
}

const dated = "2006-01-02 15:04 MST"

// clock shows a time to a person who reads it now, in the zone of now.
func clock(t, now time.Time) string {
	t = t.In(now.Location())
	layout := "15:04 MST"
	if t.Format(time.DateOnly) != now.Format(time.DateOnly) {
		layout = dated
	}
	return t.Format(layout)
}

// span shows a duration to a person: 24h, 3h12m, 40s; rounded up, so that it never says less than what is left.
func span(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%ds", roundUp(d, time.Second)/time.Second)
	}
	d = roundUp(d, time.Minute)
	h, m := d/time.Hour, d%time.Hour/time.Minute
	switch {
	case h == 0:
		return fmt.Sprintf("%dm", m)
	case m == 0:
		return fmt.Sprintf("%dh", h)
	}
	return fmt.Sprintf("%dh%dm", h, m)
}

func roundUp(d, unit time.Duration) time.Duration { return (d + unit - 1) / unit * unit }
