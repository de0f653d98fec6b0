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
var teamSettings = []string{"values", "namespace", "labels", "gates", "patches", "extra", "drop", "hooks", "includeCRDs", "injectNamespace", "deterministic"}

func (l *loader) checkIncluded(a *writtenApp) {
	if a.AllowSecrets {
		l.add(a.node.at("allowSecrets"), "", "only %s may allow secrets", RootFile)
	}
	if a.Validate != "" {
		l.add(a.node.at("validate"), "", "only %s may say how strictly manifests are validated", RootFile)
	}
	if n := a.node.get("limits"); n != nil {
		l.add(a.node.at("limits"), "", "only %s may say what a render may take", RootFile)
	}
	for name, override := range a.node.get("environments").pairs() {
		for key := range override.pairs() {
			if _, known := fieldOf(reflect.TypeFor[settings](), key.text); known && !slices.Contains(teamSettings, key.text) {
				l.add(key.Position, "", "only %s may set %s; an included file sets values, namespace, labels, gates and how an app is rendered", RootFile, key.text)
			}
		}
		l.checkTightens(a, name.text, override.get("gates"))
	}
}

// checkTightens compares the gates of an included file with those of the environment.
func (l *loader) checkTightens(a *writtenApp, environment string, n *node) {
	t := tightening{loader: l, environment: environment, own: a.Environments[appName(environment)].Gates, base: l.gatesOf(environment),
		written: n, against: l.layers[environment].get("gates")}
	t.flags()
	t.lists()
	t.people()
	t.windows()
}

// tightening is a comparison of a team's gates with those of an environment.
type tightening struct {
	*loader
	environment      string
	own              gatesFile
	base             Gates
	written, against *node
}

// loosens reports a value below gates, unless it or what it is compared with was reported already.
func (t tightening) loosens(key string, at *node, format string, args ...any) {
	if at == nil || t.written.get(key).spoilt() || t.against.get(key).spoilt() {
		return
	}
	t.add(at.Position, "an included file may tighten gates, never loosen them", format+" %q", append(args, t.environment)...)
}

func (t tightening) flags() {
	if set := t.own.Healthy; set != nil && !*set && t.base.Healthy {
		t.loosens("healthy", t.written.get("healthy"), "healthy false drops a gate of")
	}
	if set := t.own.Manual; set != nil && !*set && t.base.Manual {
		t.loosens("manual", t.written.get("manual"), "manual false drops a gate of")
	}
	if set := t.own.ImageExists; set != nil && !*set && t.base.ImageExists {
		t.loosens("imageExists", t.written.get("imageExists"), "imageExists false drops a gate of")
	}
	if durationOf(t.own.Soak) < t.base.Soak {
		t.loosens("soak", t.written.get("soak"), "soak %s is shorter than the %s of", t.own.Soak, short(t.base.Soak))
	}
}

// lists reports empty lists, which take the environment's away.
func (t tightening) lists() {
	people := t.base.Approvals
	for _, k := range []struct {
		key  []string
		base int
	}{
		{[]string{"checks"}, len(t.base.Checks)}, {[]string{"freezes"}, len(t.base.Freezes)}, {[]string{"windows"}, len(t.base.Windows)},
		{[]string{"approvals", "from"}, len(people.From)}, {[]string{"approvals", "exclude"}, len(people.Exclude)},
	} {
		if at := t.written.get(k.key...); at != nil && at.kind == list && len(at.items) == 0 && k.base > 0 {
			t.loosens(k.key[0], at, "%s [] drops those of", k.key[len(k.key)-1])
		}
	}
}

func (t tightening) people() {
	n, base := t.written.get("approvals"), t.base.Approvals
	if t.own.Approvals.Count < base.Count {
		t.loosens("approvals", n.get("count"), "count %d is fewer than the %d of", t.own.Approvals.Count, base.Count)
	}
	for i, who := range t.own.Approvals.From {
		if len(base.From) > 0 && !slices.Contains(base.From, string(who)) {
			t.loosens("approvals", n.get("from").item(i), "from adds %q, whose approval does not count in", who)
		}
	}
}

func (t tightening) windows() {
	for i, w := range t.own.Windows {
		if len(t.base.Windows) > 0 && !coveredBy(windowOf(w), t.base.Windows) {
			t.loosens("windows", t.written.get("windows").item(i), "this window opens when it is closed in")
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
	out := gatesOf(s.Gates, nil)
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
