package connector

import (
	"cmp"
	"strings"
)

// Worst is the resource of a unit that is furthest from being well, and why: "Deployment web: ImagePullBackOff". Where no
// resource says anything, it is the unit's own reason; "" where the unit has nothing to complain about.
func (u Unit) Worst() string {
	worst, at := Resource{}, 0
	for _, r := range u.Resources {
		if s := ailing[r.Health]; s > at {
			worst, at = r, s
		}
	}
	if at > 0 {
		return worst.Kind + " " + worst.Name + ": " + brief(cmp.Or(worst.Message, worst.Health))
	}
	if r, ok := u.mentioned(); ok {
		return r.Kind + " " + r.Name + ": " + cmp.Or(u.Healthy.Reason, u.Ready.Reason)
	}
	switch {
	case u.Stalled.Is():
		return u.Stalled.why()
	case u.Ready.State == False:
		return u.Ready.why()
	case u.Healthy.State == False:
		return u.Healthy.why()
	}
	return ""
}

func (c Condition) why() string { return strings.TrimSuffix(c.Reason+": "+brief(c.Message), ": ") }

// ailing orders what is said of a resource; what is well, or not known, is not in it.
var ailing = map[string]int{"Progressing": 1, "Unknown": 1, "Suspended": 1, "Missing": 2, "Degraded": 3, "SyncFailed": 4}

// mentioned is the first resource that the unit's messages of failure name.
func (u Unit) mentioned() (Resource, bool) {
	for _, c := range []Condition{u.Healthy, u.Ready} {
		if c.State != False {
			continue
		}
		for _, r := range u.Resources {
			if Mentions(c.Message, r) {
				return r, true
			}
		}
	}
	return Resource{}, false
}

// Mentions tells whether a message of Flux names a resource, as Deployment/default/web. It serves texts alone; nothing is
// decided by it.
func Mentions(message string, r Resource) bool {
	name := r.Kind + "/" + r.Namespace + "/" + r.Name
	if r.Namespace == "" {
		name = r.Kind + "/" + r.Name
	}
	for rest := message; ; {
		i := strings.Index(rest, name)
		if i < 0 {
			return false
		}
		rest = rest[i+len(name):]
		if rest == "" || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-.", rune(rest[0])) {
			return true
		}
	}
}

// brief is the first line of a message, as long as a forge shows it.
func brief(s string) string {
	const most = 200
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if r := []rune(s); len(r) > most {
		s = string(r[:most-3]) + "..."
	}
	return s
}
