package connector

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/scm"
)

// slot is a place where something is said: one context on one commit of one forge.
type slot struct{ destination, sha, context string }

// commitAt is a commit on a forge.
type commitAt struct{ destination, sha string }

func (s slot) commit() commitAt { return commitAt{s.destination, s.sha} }

// said is what a forge says in a slot.
type said struct {
	scm.Status
	phase   Phase  // as which this process said it; "" where it was read
	count   int    // how often something was said here
	foreign bool   // somebody else said it last
	rival   string // who said it over what this account had said
	told    map[Phase]bool
}

// memory is what was read from forges, and said since. It can be lost at any time: the forge has it.
type memory struct {
	slots map[slot]said
	read  map[commitAt]time.Time
}

func newMemory() *memory { return &memory{slots: map[slot]said{}, read: map[commitAt]time.Time{}} }

// at gives what is known of a slot; false where its commit was not read yet.
func (m *memory) at(s slot) (said, bool) {
	_, read := m.read[s.commit()]
	return m.slots[s], read
}

// take remembers all that is said on a commit, of which only ferry's own matters.
func (m *memory) take(c commitAt, self string, history []scm.Status, now time.Time) {
	fresh := map[slot]said{}
	for _, s := range history { // newest first
		if !strings.HasPrefix(s.Context, "ferry/") {
			continue
		}
		at := slot{c.destination, c.sha, s.Context}
		k, known := fresh[at]
		if !known {
			k = said{Status: s, phase: m.slots[at].still(s), foreign: stranger(self, s.Creator), rival: m.slots[at].rival, told: map[Phase]bool{}}
		}
		if k.foreign && !stranger(self, s.Creator) {
			k.rival = k.Creator
		}
		k.count++
		if p, ok := toldOf(s); ok && !stranger(self, s.Creator) {
			k.told[p] = true
		}
		fresh[at] = k
	}
	for at := range m.slots {
		if _, there := fresh[at]; at.commit() == c && !there {
			delete(m.slots, at)
		}
	}
	for at, k := range fresh {
		m.slots[at] = k
	}
	m.read[c] = now
}

// stranger tells whether somebody else said something, as far as forges tell who did.
func stranger(self, creator string) bool {
	return self != "" && creator != "" && !strings.EqualFold(self, creator)
}

// end gives the end that a forge says.
func (k said) end() (Phase, bool) {
	switch {
	case k.phase.End():
		return k.phase, true
	case k.State == scm.Success:
		return Healthy, true
	case k.State == scm.Superseded:
		return Superseded, true
	case k.State == scm.Failure && strings.HasPrefix(k.Text, timedOut):
		return TimedOut, true
	case k.State == scm.Failure:
		return Failed, true
	}
	return "", false
}

// still gives the phase as which a status was said, where it is the one that this process said last.
func (k said) still(s scm.Status) Phase {
	if k.State == s.State && k.Text == s.Text {
		return k.phase
	}
	return ""
}

// say remembers what was said.
func (m *memory) say(at slot, s scm.Status, p Phase, wrote bool, now time.Time) {
	k := m.slots[at]
	if wrote {
		k.count++
	}
	s.Time = now
	k.Status, k.phase, k.foreign = s, p, false
	if k.told == nil {
		k.told = map[Phase]bool{}
	}
	if p, ok := toldOf(s); ok {
		k.told[p] = true
	}
	m.slots[at] = k
}

// forget drops what is not about one of these commits any more.
func (m *memory) forget(keep map[commitAt]bool) {
	for c := range m.read {
		if !keep[c] {
			delete(m.read, c)
		}
	}
	for at := range m.slots {
		if !keep[at.commit()] {
			delete(m.slots, at)
		}
	}
}

// doubt has everything read again that somebody else may have changed since a moment.
func (m *memory) doubt() { clear(m.read) }

// differs tells whether a state should take the place of what a forge says, and from when on. An end stays until the cluster
// says another: an engine that reconciles again does not unsay what it said, and nothing is superseded or times out that has
// ended. A text alone is news when it says something else than other numbers, and not too often.
func (k said) differs(s scm.Status, p Phase) (bool, time.Time) {
	switch {
	case k.State == "", k.foreign && p != Superseded:
		return true, time.Time{}
	case k.State != scm.Pending && p != Healthy && p != Failed:
		return false, time.Time{}
	case k.State != s.State:
		return true, time.Time{}
	case k.phase == p && !p.End(), alike(k.Text, s.Text):
		return false, time.Time{}
	case k.phase != "" && k.phase != p, k.phase == "" && !p.End():
		return true, time.Time{}
	}
	return true, k.Time.Add(textHold)
}

// textHold is the least time between two posts that differ in their text alone.
const textHold = 10 * time.Minute

var number = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[0-9]+`)
})

// alike compares texts as people read them: numbers change all the time, and forges cut what is long.
func alike(have, want string) bool {
	shape := func(s string) string { return number().ReplaceAllString(scm.Line(s), "0") }
	have, want = shape(have), shape(want)
	cut, was := strings.CutSuffix(have, "…")
	return have == want || was && strings.HasPrefix(want, cut)
}

// What the continue context says: first that pipelines are being told, then that they were.
const (
	telling   = "telling pipelines: "
	toldWords = "pipelines were told: "
)

// toldOf reads from a status which end pipelines were told of.
func toldOf(s scm.Status) (Phase, bool) {
	if s.State != scm.Success || !strings.HasSuffix(s.Context, "/"+continueName) {
		return "", false
	}
	for _, p := range Ends {
		if s.Text == toldWords+string(p) {
			return p, true
		}
	}
	return "", false
}

// recall reads what a forge says on a commit, and on others of the same destination that will be asked for next where the
// forge tells of many at once.
func (m *memory) recall(ctx context.Context, d Destination, self, sha string, next []string, now time.Time) error {
	bulk, ok := d.Forge.(scm.BulkReader)
	if !ok {
		history, err := d.Forge.Statuses(ctx, sha)
		if err == nil {
			m.take(commitAt{d.Name, sha}, self, history, now)
		}
		return err
	}
	shas := append([]string{sha}, next...)
	if len(shas) > inOneCall {
		shas = shas[:inOneCall]
	}
	all, err := bulk.StatusesOf(ctx, shas, nil)
	if err != nil {
		return err
	}
	for _, each := range shas {
		m.take(commitAt{d.Name, each}, self, all[each], now)
	}
	return nil
}

// inOneCall is how many commits forges tell of at once; GitHub's GraphQL takes a hundred.
const inOneCall = 100
