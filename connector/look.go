package connector

import (
	"fmt"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/door"
)

// look is what one unit says of a target.
type look struct {
	unit    Tracked
	phase   Phase
	why     string // the reason of a failure, or what is waited for
	since   time.Time
	checked bool
	next    time.Time // when time alone could change it
}

// lookAt asks one unit, by the rules of its engine.
func lookAt(e Evidence, u Tracked, r Rules, now time.Time) look {
	l := look{unit: u, since: u.Ready.Since}
	switch {
	case u.Deleting:
		return l.say(Applying, "is being deleted")
	case u.Engine == Flux:
		return lookFlux(e, l, r, now)
	case u.Engine == ArgoCD:
		return lookArgo(e, l, r, now)
	}
	return l.say(Unknown, "is of an engine that is not known")
}

func (l look) say(p Phase, why string) look {
	l.phase, l.why = p, why
	return l
}

// lasting is a failure once what is the matter has lasted; before, it is waited for.
func (l look) lasting(c Condition, since time.Time, r Rules, now time.Time) look {
	until := since.Add(r.Patience)
	if now.Before(until) {
		l.next = until
		return l.say(Applying, "tries again after "+line(c.Reason))
	}
	return l.say(Failed, l.blame(c.Reason, c.Message))
}

// at tells whether the unit brings what the target is, if it stands at a commit.
func (l look) at(e Evidence, commit string) bool { return l.unit.Declared || e.at(commit) }

// elsewhere is for a unit that does not bring the target yet.
func (l look) elsewhere(e Evidence, commit string) look {
	switch _, known := e.Facts[commit]; {
	case commit == "" && l.unit.Origin.Applied.IsZero():
		return l.say(Queued, "has applied nothing yet")
	case commit == "":
		return l.say(Unknown, "does not say which commit it applied")
	case !known:
		return l.say(Queued, fmt.Sprintf("is at %.7s, which %s does not hold", commit, line(e.Branch)))
	}
	return l.say(Queued, fmt.Sprintf("is at %.7s", commit))
}

// name is how a unit appears in a line.
func (l look) name() string { return line(l.unit.Ref().String()) }

// bad finds the resource that explains best why a unit is not healthy: engines list them in an order of their own, so the
// first by name is taken.
func bad(u Unit) (Resource, bool) {
	var found Resource
	ok := false
	for _, r := range u.Resources {
		if !sick[r.Health] {
			continue
		}
		if better := r.Message != "" && found.Message == ""; !ok || better || (found.Message == "") == (r.Message == "") && r.less(found) {
			found, ok = r, true
		}
	}
	return found, ok
}

// sick are the words of the engines and of kstatus for a resource that failed.
var sick = map[string]bool{"Degraded": true, "Failed": true, "Missing": true}

func (r Resource) less(o Resource) bool {
	return strings.Compare(r.Kind+"/"+r.Namespace+"/"+r.Name, o.Kind+"/"+o.Namespace+"/"+o.Name) < 0
}

// blame says why a unit failed: the resource that is sick where one is known, else the unit's own words.
func (l look) blame(reason, message string) string {
	if r, ok := bad(l.unit.Unit); ok {
		return line(r.Kind+" "+r.Name) + ": " + short(firstOf(r.Message, r.Health))
	}
	return l.name() + ": " + strings.Trim(line(reason)+": "+short(message), ": ")
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// summary puts all units into one line, the most important first: forges cut it.
func summary(v Verdict, looks []look) string {
	healthy, unchecked := 0, 0
	for _, l := range looks {
		if l.phase == Healthy {
			healthy++
			if !l.checked {
				unchecked++
			}
		}
	}
	text := tally(healthy, unchecked, looks)
	if v.By != "" {
		text = fmt.Sprintf("included in %.7s: %s", v.By, text)
	}
	if first := looks[0]; first.phase == Failed {
		text += "; " + first.why
	} else if first.phase != Healthy {
		text += "; " + first.name() + " " + first.why
	}
	return text + shared(looks)
}

func tally(healthy, unchecked int, looks []look) string {
	n := len(looks)
	switch {
	case n == 1 && unchecked == 1:
		return looks[0].name() + ": applied, not health-checked"
	case n == healthy && unchecked > 0:
		return fmt.Sprintf("%d of %d units healthy, %d applied, not health-checked", healthy-unchecked, n, unchecked)
	}
	return fmt.Sprintf("%d of %d %s healthy", healthy, n, plural(n, "unit"))
}

// shared says that a verdict is not about this app alone.
func shared(looks []look) string {
	others := 0
	for _, l := range looks {
		others = max(others, l.unit.Others)
	}
	if others == 0 {
		return ""
	}
	return fmt.Sprintf(" (together with %d other %s)", others, plural(others, "app"))
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// line makes text of a cluster or of Git fit to be shown.
func line(s string) string { return door.Outside(door.Redact(s)).Line() }

// short keeps a message of an engine, which may be a page of text, to what still helps in a status.
func short(s string) string { return door.Outside(door.Redact(s)).Cut(200).Line() }

// span writes a duration as people do: 1h, 90m as 1h30m.
func span(d time.Duration) string {
	s := d.Round(time.Second).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}
