package gates

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/environments"
)

// Windows and freezes are read off a calendar and a clock on the wall of their zone; no length of time is ever
// computed. So a window from 09:00 to 16:00 is open when that clock shows 09:00 up to 15:59:59, however long that takes
// on the day the clocks change: 02:00 to 03:00 does not happen in spring and lasts two hours in autumn.

const day = 24 * time.Hour

// windows passes while one of the windows is open.
func windows(in Input) []Condition {
	ws := in.Placement.Gates.Windows
	if len(ws) == 0 {
		return nil
	}
	c := Condition{Gate: gateWindows, Holds: Merging}
	for _, w := range ws {
		if open(w, in.Now) {
			c.Pass = true
			c.Reason = "windows: open, " + describe(w)
			return []Condition{c}
		}
	}
	all := make([]string, len(ws))
	for i, w := range ws {
		all[i] = describe(w)
	}
	c.Reason = "windows: closed, open " + strings.Join(all, " or ")
	if next := nextOpen(ws, in.Now); !next.IsZero() {
		c.Until = next
		c.Reason += "; opens " + clock(next, in.Now)
	}
	return []Condition{c}
}

// open tells whether the wall clock lies in the window: From inclusive, To exclusive. A window whose To is not after
// its From runs past midnight and belongs to the day it began on.
func open(w environments.Window, t time.Time) bool {
	t = t.In(zone(w.Zone))
	wall := sinceMidnight(t)
	today := t.Weekday()
	if w.From < w.To {
		return on(w, today) && w.From <= wall && wall < w.To
	}
	yesterday := (today + 6) % 7
	return on(w, today) && w.From <= wall || on(w, yesterday) && wall < w.To
}

func on(w environments.Window, d time.Weekday) bool {
	return len(w.Days) == 0 || slices.Contains(w.Days, d)
}

// sinceMidnight reads the clock; it is not the time that has passed since midnight on days when clocks change.
func sinceMidnight(t time.Time) time.Duration {
	h, m, s := t.Clock()
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second + time.Duration(t.Nanosecond())
}

func zone(z *time.Location) *time.Location {
	if z == nil {
		return time.UTC
	}
	return z
}

// horizon is how far ahead an opening is looked for: a weekly window whose day lost that hour to the change of clocks
// opens a week later.
const horizon = 16

// nextOpen gives the first moment after now at which a window opens. A wall clock enters a window either by reaching
// its From or by being changed, so those moments are all that can be.
func nextOpen(ws []environments.Window, now time.Time) time.Time {
	var next time.Time
	for _, w := range ws {
		for _, t := range openings(w, now) {
			if t.After(now) && open(w, t) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
	}
	return next
}

func openings(w environments.Window, now time.Time) []time.Time {
	var out []time.Time
	local := now.In(zone(w.Zone))
	y, m, d := local.Date()
	for i := range horizon {
		midnight := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC)
		// The wall clock of that date under each offset that is in force around it. A date has at most two.
		for _, near := range []time.Time{midnight.Add(-day), midnight.Add(2 * day)} {
			_, offset := near.In(local.Location()).Zone()
			out = append(out, midnight.Add(w.From-time.Duration(offset)*time.Second))
		}
	}
	limit := now.Add(horizon * day)
	for t := local; ; {
		_, change := t.ZoneBounds()
		if change.IsZero() || change.After(limit) {
			return out
		}
		out = append(out, change)
		t = change
	}
}

// describe names a window as a person wrote it: Mon, Tue 09:00-16:00 Europe/Berlin.
func describe(w environments.Window) string {
	days := "every day"
	if len(w.Days) > 0 {
		names := make([]string, len(w.Days))
		for i, d := range w.Days {
			names[i] = d.String()[:3]
		}
		days = strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s %s-%s %s", days, wallTime(w.From), wallTime(w.To), zone(w.Zone))
}

func wallTime(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", d/time.Hour, d%time.Hour/time.Minute)
}

// freezes passes outside all freezes; each that is on is a condition of its own.
func freezes(in Input) []Condition {
	fs := in.Placement.Gates.Freezes
	if len(fs) == 0 {
		return nil
	}
	var out []Condition
	for _, f := range fs {
		if !frozen(f, in.Now) {
			continue
		}
		c := Condition{Gate: gateFreezes, Holds: Merging, Until: thaw(f)}
		c.Reason = fmt.Sprintf("freezes: frozen from %s to %s (%s)", f.From, f.To, zone(f.Zone))
		if f.Reason != "" {
			c.Reason += ": " + f.Reason
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		out = append(out, Condition{Gate: gateFreezes, Pass: true, Holds: Merging, Reason: "freezes: none now"})
	}
	return out
}

// frozen compares dates as they are written: both ends belong to the freeze, in its zone. The layout sorts as text.
func frozen(f environments.Freeze, t time.Time) bool {
	date := t.In(zone(f.Zone)).Format(time.DateOnly)
	return f.From <= date && date <= f.To
}

// thaw gives the first moment of the day after a freeze; zero for a date that cannot be read.
func thaw(f environments.Freeze) time.Time {
	last, err := time.Parse(time.DateOnly, f.To)
	if err != nil {
		return time.Time{}
	}
	return firstMoment(last.AddDate(0, 0, 1), zone(f.Zone))
}

// firstMoment gives the beginning of a date in a zone: the first of the midnights under the offsets around it that shows
// the date. Some zones change their clocks at midnight, so there may be two of them, or one that shows 01:00.
func firstMoment(date time.Time, z *time.Location) time.Time {
	first := time.Date(date.Year(), date.Month(), date.Day(), 12, 0, 0, 0, z)
	for _, near := range []time.Time{first.Add(-day), first} {
		_, offset := near.Zone()
		midnight := date.Add(-time.Duration(offset) * time.Second).In(z)
		if midnight.Format(time.DateOnly) >= date.Format(time.DateOnly) && midnight.Before(first) {
			first = midnight
		}
	}
	return first
}

// holding gives the holds that apply now; they stop everything.
func holding(in Input) []Condition {
	var out []Condition
	for _, h := range in.Holds {
		if !applies(h, in) {
			continue
		}
		c := Condition{Gate: gateHold, Until: h.Until, Reason: "hold: " + h.Reason}
		if h.By != "" {
			c.Reason += ", by " + h.By
		}
		if h.Until.IsZero() {
			c.Hint = resume(h) + " ends it"
		} else {
			c.Reason += ", until " + clock(h.Until, in.Now)
		}
		out = append(out, c)
	}
	return out
}

// resume is the command that ends a hold: it has to name the same scope.
func resume(h Hold) string {
	command := "ferry resume"
	if h.App != "" {
		command += " --app " + h.App
	}
	if h.Environment != "" {
		command += " --env " + h.Environment
	}
	return command
}

func applies(h Hold, in Input) bool {
	return (h.App == "" || h.App == in.Placement.App) &&
		(h.Environment == "" || h.Environment == in.Placement.Environment) &&
		(h.Until.IsZero() || in.Now.Before(h.Until))
}
