package environments

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// An included file belongs to a team, not to those who answer for the environments: it may ask for more than the
// environment does, never for less.

// teamSettings are what an included file may say about an environment.
var teamSettings = []string{"values", "namespace", "labels", "gates"}

func (l *loader) checkIncluded(a *writtenApp) {
	if a.AllowSecrets {
		l.add(a.node.at("allowSecrets"), "", "only %s may allow secrets", RootFile)
	}
	overrides := a.node.get("environments")
	for i, override := range overrides.entries() {
		for _, key := range override.keys {
			if _, known := fieldOf(reflect.TypeFor[settings](), key.text); known && !slices.Contains(teamSettings, key.text) {
				l.add(key.Position, "", "only %s may set %s; an included file sets %s", RootFile, key.text, strings.Join(teamSettings, ", "))
			}
		}
		l.checkTightens(a, overrides.keys[i].text, override.get("gates"))
	}
}

// checkTightens compares the gates of an included file with those of the environment.
func (l *loader) checkTightens(a *writtenApp, environment string, n *node) {
	if n.spoilt() || l.layers[environment].get("gates").spoilt() {
		return
	}
	base := l.gatesOf(environment)
	own := a.Environments[appName(environment)].Gates
	loosens := func(key string, at *node, format string, args ...any) {
		l.add(at.Position, "an included file may tighten gates, never loosen them", "%s "+format, append([]any{key}, args...)...)
	}
	if at := n.get("healthy"); at != nil && own.Healthy != nil && !*own.Healthy && base.Healthy {
		loosens("healthy", at, "false drops a gate of %q", environment)
	}
	if at := n.get("manual"); at != nil && own.Manual != nil && !*own.Manual && base.Manual {
		loosens("manual", at, "false drops a gate of %q", environment)
	}
	if at := n.get("soak"); at != nil && durationOf(own.Soak) < base.Soak {
		loosens("soak", at, "%s is shorter than the %s of %q", own.Soak, short(base.Soak), environment)
	}
	for _, k := range []struct {
		key   []string
		drops bool
	}{
		{[]string{"checks"}, len(base.Checks) > 0}, {[]string{"freezes"}, len(base.Freezes) > 0}, {[]string{"windows"}, len(base.Windows) > 0},
		{[]string{"approvals", "from"}, len(base.Approvals.From) > 0}, {[]string{"approvals", "exclude"}, len(base.Approvals.Exclude) > 0},
	} {
		if at := n.get(k.key...); at != nil && at.kind == list && len(at.items) == 0 && k.drops {
			loosens(k.key[len(k.key)-1], at, "[] drops those of %q", environment)
		}
	}
	l.checkPeople(own.Approvals, base.Approvals, environment, n.get("approvals"), loosens)
	for i, w := range own.Windows {
		if at := n.get("windows").item(i); len(base.Windows) > 0 && !coveredBy(windowOf(w), base.Windows) {
			loosens("this window", at, "opens when %q is closed", environment)
		}
	}
}

func (l *loader) checkPeople(own approvalsFile, base Approvals, environment string, n *node, loosens func(string, *node, string, ...any)) {
	if at := n.get("count"); at != nil && own.Count < base.Count {
		loosens("count", at, "%d is fewer than the %d of %q", own.Count, base.Count, environment)
	}
	for i, who := range own.From {
		if len(base.From) > 0 && !slices.Contains(base.From, string(who)) {
			loosens("from", n.get("from").item(i), "adds %q, whose approval does not count in %q", who, environment)
		}
	}
}

// gatesOf are an environment's own gates, defaults filled in.
func (l *loader) gatesOf(environment string) Gates {
	n := l.layers[environment]
	if n == nil {
		return Gates{}
	}
	s := quiet(n)
	out := gatesOf(s.Gates, noFill)
	out.Healthy = len(s.After) > 0
	if s.Gates.Healthy != nil {
		out.Healthy = *s.Gates.Healthy
	}
	return out
}

const week = 7 * 24 * 60

// coveredBy tells whether a window is open only when one of the others is, minute by minute of a week. Zones that differ
// cannot be compared: their distance changes with the seasons.
func coveredBy(w Window, others []Window) bool {
	var open, allowed [week]bool
	mark(&open, w)
	for _, o := range others {
		if o.Zone == nil || w.Zone == nil || o.Zone.String() != w.Zone.String() {
			continue
		}
		mark(&allowed, o)
	}
	for minute := range open {
		if open[minute] && !allowed[minute] {
			return false
		}
	}
	return true
}

func mark(minutes *[week]bool, w Window) {
	from, to := int(w.From/time.Minute), int(w.To/time.Minute)
	if to <= from {
		to += 24 * 60
	}
	for _, day := range w.Days {
		for m := from; m < to; m++ {
			minutes[(int(day)*24*60+m)%week] = true
		}
	}
}

// short prints a duration as people write it: 24h, 1h30m.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
