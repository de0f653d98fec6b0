package connector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ferry-cd/ferry/scm"
)

// letter is something that is to be said and is not yet.
type letter struct {
	slot
	to      Destination
	status  scm.Status
	deploy  *scm.Deployment // in place of a status
	phase   Phase
	primary bool // on the GitOps commit itself
	verdict Verdict
	target  string // the verdict's, by name

	since  time.Time // first wanted
	due    time.Time
	tries  int
	parked error // why it is not tried any more
}

// outbox holds what is to be said. It is made anew from evidence at any time: losing it loses nothing.
type outbox struct {
	memory  *memory
	letters map[slot]*letter
	lines   map[string]*forgeLine // by destination; deployments have one of their own, as they need a right of their own
	paces   func(Destination) *pace
	timing  Timing
	counter Counter
	leading func() bool
	ended   func(Verdict) // an end was delivered
	now     func() time.Time
	dropped int // letters for which there was no room, since the last look
}

// forgeLine is how it goes with one forge.
type forgeLine struct {
	self     string
	failures int
	blocked  time.Time // nothing is tried before
	parked   bool      // the credentials are not good for it
	err      error
	since    time.Time
}

// Waits between attempts.
const (
	firstWait   = 5 * time.Second
	longestWait = 5 * time.Minute
	parkedWait  = 15 * time.Minute // credentials are renewed without anybody telling
	unknownFor  = 10 * time.Minute // how long a forge may not know a commit that was just pushed
	attempt     = 30 * time.Second // the longest that one attempt may take
)

// replace makes these letters the only ones. Those that wait already keep their place.
func (o *outbox) replace(want map[slot]*letter) {
	o.dropped = 0
	for at := range o.letters {
		if want[at] == nil {
			delete(o.letters, at)
		}
	}
	// Where there is no room for all, those that matter most have it.
	for _, l := range slices.SortedFunc(maps.Values(want), (*letter).compare) {
		o.want(l.slot, l)
	}
}

// want takes in a letter, unless it says nothing new.
func (o *outbox) want(at slot, l *letter) {
	now := o.now()
	old := o.letters[at]
	news, from := o.news(l)
	switch {
	case !news:
		delete(o.letters, at)
		return
	case old == nil && !o.room(l):
		o.dropped++
		return
	case old != nil && old.phase == l.phase && alike(old.status.Text, l.status.Text):
		return
	}
	l.since, l.due = now, now
	if !l.phase.End() {
		l.due = now.Add(o.timing.Debounce)
	}
	if old != nil {
		l.since = old.since
		if !old.phase.End() && !l.phase.End() && old.due.Before(l.due) {
			l.due = old.due
		}
	}
	l.due = later(l.due, from)
	o.letters[at] = l
}

// room makes room for a letter, if need be in the place of one that matters less.
func (o *outbox) room(l *letter) bool {
	if len(o.letters) < o.timing.Waiting {
		return true
	}
	if !l.phase.End() {
		return false
	}
	for at, other := range o.letters {
		if !other.phase.End() {
			delete(o.letters, at)
			o.dropped++
			return true
		}
	}
	return false
}

// news tells whether a letter says anything that the forge does not, as far as that was read.
func (o *outbox) news(l *letter) (bool, time.Time) {
	k, read := o.memory.at(l.slot)
	if !read {
		return true, time.Time{}
	}
	return k.differs(l.status, l.phase)
}

// deliver makes at most one attempt, and tells when the next makes sense; zero where nothing is left.
func (o *outbox) deliver(ctx context.Context) time.Time {
	l, next := o.pick()
	if l == nil {
		return next
	}
	if !o.leading() {
		return time.Time{}
	}
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	wait, err := o.send(ctx, l)
	if !wait.IsZero() {
		return wait
	}
	if err != nil {
		o.failed(ctx, l, err)
	}
	return o.now()
}

// pick chooses the letter that matters most of those whose time has come.
func (o *outbox) pick() (*letter, time.Time) {
	now := o.now()
	var best *letter
	var next time.Time
	for _, l := range o.letters {
		if l.parked != nil {
			continue
		}
		due := later(l.due, o.lineOf(l).blocked)
		if _, read := o.memory.at(l.slot); read || l.deploy != nil { // reading first costs no write
			due = later(due, o.paces(l.to).when(now, !l.phase.End()))
		}
		switch {
		case due.After(now):
			next = earliest(next, due)
		case best == nil || l.before(best):
			best = l
		}
	}
	return best, next
}

// before orders letters by compare: ends first, the GitOps commit before its copies, what was not tried in vain, older commits before
// newer ones. The slot decides among equals, so that no order of a map shows.
func (l *letter) before(o *letter) bool { return l.compare(o) < 0 }

func (l *letter) compare(o *letter) int {
	return cmp.Or(cmp.Compare(l.class(), o.class()), cmp.Compare(l.tries, o.tries), l.verdict.Landed.Compare(o.verdict.Landed),
		cmp.Compare(l.sha, o.sha), cmp.Compare(l.context, o.context), cmp.Compare(l.destination, o.destination))
}

func (l *letter) class() int {
	class := 0
	if !l.phase.End() {
		class = 2
	}
	if !l.primary {
		class++
	}
	return class
}

func (o *outbox) line(d Destination) *forgeLine { return o.lineTo(d.Name) }

func (o *outbox) lineOf(l *letter) *forgeLine { return o.lineTo(l.destination) }

func (o *outbox) lineTo(name string) *forgeLine {
	if o.lines[name] == nil {
		o.lines[name] = &forgeLine{}
	}
	return o.lines[name]
}

// send says it, unless the forge turns out to say it already. wait is set where its turn has not come.
func (o *outbox) send(ctx context.Context, l *letter) (wait time.Time, err error) {
	if l.deploy != nil {
		return o.sendDeployment(ctx, l)
	}
	if err := o.recall(ctx, l); err != nil {
		return time.Time{}, fmt.Errorf("read the statuses of %.10s from %s: %w", l.sha, l.to.Name, err)
	}
	news, from := o.news(l)
	if !news {
		o.done(l, false)
		return time.Time{}, nil
	}
	now := o.now()
	if l.due = later(l.due, from); l.due.After(now) {
		return now, nil
	}
	if at := o.paces(l.to).when(now, !l.phase.End()); at.After(now) {
		return now, nil // to choose again: by then another may matter more
	}
	k, _ := o.memory.at(l.slot)
	status, fits := o.afford(l, k.count)
	if !fits {
		l.parked = errSpent
		return time.Time{}, nil
	}
	o.paces(l.to).wrote(now)
	wrote, err := l.to.Forge.SetStatus(ctx, l.sha, status)
	if err != nil {
		return time.Time{}, err
	}
	o.memory.say(l.slot, status, l.phase, wrote, now)
	o.done(l, wrote)
	return time.Time{}, nil
}

var errSpent = errors.New("this status has changed too often on this commit; ferry says no more about it")

// afford spends the budget of a context on a commit. Its last post is a failure whatever the state is: a success that could
// never be taken back would be worse.
func (o *outbox) afford(l *letter, count int) (scm.Status, bool) {
	switch {
	case count >= o.timing.Budget:
		return scm.Status{}, false
	case count == o.timing.Budget-1:
		return scm.Status{Context: l.context, State: scm.Failure, URL: l.status.URL,
			Text: fmt.Sprintf("changed %d times, so nothing more is said; last: %s", count, l.status.Text)}, true
	}
	return l.status, true
}

// recall reads the commit where that was not done, and again before anything is said that is no end: somebody else who
// leads, or has led, may have said the end.
func (o *outbox) recall(ctx context.Context, l *letter) error {
	_, read := o.memory.at(l.slot)
	switch {
	case read && l.phase.End():
		return nil
	case read:
		return o.read(ctx, l.to, l.sha, nil)
	}
	return o.read(ctx, l.to, l.sha, o.unread(l))
}

// read asks a forge for all that it says on a commit, and on others that will be asked for next.
func (o *outbox) read(ctx context.Context, d Destination, sha string, next []string) error {
	line := o.line(d)
	if line.self == "" {
		self, err := d.Forge.Self(ctx)
		if err != nil {
			return err
		}
		line.self = self
	}
	return o.memory.recall(ctx, d, line.self, sha, next, o.now())
}

// ask gives what a forge says in a slot. A forge that did not answer before is not asked again at once.
func (o *outbox) ask(ctx context.Context, d Destination, at slot, next []string) (said, error) {
	if k, read := o.memory.at(at); read {
		return k, nil
	}
	line := o.line(d)
	if o.now().Before(line.blocked) {
		return said{}, line.err
	}
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	next = slices.DeleteFunc(slices.Clone(next), func(sha string) bool { _, read := o.memory.read[commitAt{d.Name, sha}]; return read || sha == at.sha })
	if err := o.read(ctx, d, at.sha, next); err != nil {
		line.block(err, o.now())
		return said{}, err
	}
	k, _ := o.memory.at(at)
	return k, nil
}

// unread names other commits that will have to be read from the same forge.
func (o *outbox) unread(l *letter) []string {
	var out []string
	listed := map[string]bool{l.sha: true}
	for at, other := range o.letters {
		if _, read := o.memory.at(at); !read && other.deploy == nil && at.destination == l.destination && !listed[at.sha] && len(out) < inOneCall {
			listed[at.sha] = true
			out = append(out, at.sha)
		}
	}
	return out
}

func (o *outbox) sendDeployment(ctx context.Context, l *letter) (time.Time, error) {
	now := o.now()
	if at := o.paces(l.to).when(now, !l.phase.End()); at.After(now) {
		return now, nil
	}
	o.paces(l.to).wrote(now)
	wrote, err := l.to.Forge.(scm.Deployer).EnsureDeployment(ctx, *l.deploy)
	if err != nil {
		return time.Time{}, err
	}
	o.memory.read[l.commit()] = now
	o.memory.say(l.slot, l.status, l.phase, wrote, now)
	o.done(l, wrote)
	return time.Time{}, nil
}

// done takes a letter out: the forge says it now.
func (o *outbox) done(l *letter, wrote bool) {
	line := o.lineOf(l)
	*line = forgeLine{self: line.self}
	delete(o.letters, l.slot)
	result := Unchanged
	if wrote {
		result = Delivered
	}
	o.counter.Posted(l.to.Name, result)
	if (wrote || l.tries > 0) && l.primary && l.phase.End() { // the reply to an earlier attempt may be what was lost
		o.ended(l.verdict)
	}
}
