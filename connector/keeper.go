package connector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// keeper keeps the forge's word about one GitOps repository equal to what the cluster says. It works in steps, each short;
// between two of them it may be stopped, or lose the lead, and nothing is lost.
type keeper struct {
	o      *Options
	repo   Repository
	reader *reader
	outbox *outbox
	goOn   *continuer
	step   stepper // what is known while it leads

	woken chan struct{} // somebody says that something changed
	look  flag          // that the forge did: heads are read at once
	think flag          // that the cluster did

	mu    sync.Mutex
	state RepositoryState
}

// stepper is what a keeper knows while it leads: when what is due, and what has been found out. A new one begins with nothing.
type stepper struct {
	leading bool
	fetch   time.Time // heads are read
	tries   int       // fetches in vain
	trouble string    // the last that was told of
	think   time.Time // verdicts are made anew, because time alone changes them
	thought time.Time // when they were made last
	again   time.Time // something could not be found out and is asked again
	closed  time.Time // closed pull requests are looked for
	doubt   time.Time // what was read of forges is read once more: who led before may have written since

	merges    merges
	pulls     map[string]*pulls    // merged promotions, by their branch
	settled   map[string]time.Time // targets with nothing left to say, by name
	ended     map[string]Verdict   // the last end of a target that was delivered
	answered  map[string]bool      // older targets that are done
	answering map[string]bool      // the same, as this evaluation finds out
}

func newStepper(now time.Time) stepper {
	return stepper{leading: true, fetch: now, doubt: now.Add(overlap),
		pulls: map[string]*pulls{}, settled: map[string]time.Time{}, ended: map[string]Verdict{}}
}

// flag is raised by others and taken down by the keeper.
type flag struct {
	mu sync.Mutex
	up bool
}

func (f *flag) raise() { f.mu.Lock(); f.up = true; f.mu.Unlock() }

func (f *flag) take() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	up := f.up
	f.up = false
	return up
}

// Spans of a keeper.
const (
	overlap    = time.Minute     // after it, nobody who led before leads any more
	closedLook = 5 * time.Minute // between looks for pull requests that ended
	recent     = 24 * time.Hour  // beyond the deadline: how long anybody waits for an end
	tidyUp     = 5 * time.Minute // between a delivery and what follows from it
	rethink    = time.Second     // the least time between two looks at everything
)

// notify wakes the keeper.
func (k *keeper) notify(f *flag) {
	f.raise()
	select {
	case k.woken <- struct{}{}:
	default:
	}
}

// run steps until the context ends.
func (k *keeper) run(ctx context.Context) {
	for ctx.Err() == nil {
		next := k.once(ctx)
		timer := time.NewTimer(max(0, next.Sub(k.o.Now())))
		select {
		case <-ctx.Done():
		case <-k.woken:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// once does what is due, and tells when something is due again.
func (k *keeper) once(ctx context.Context) time.Time {
	now := k.o.Now()
	if !k.leads(now) {
		return now.Add(rethink)
	}
	looked, thought := k.look.take(), k.think.take()
	fetched := false
	if looked || !now.Before(k.step.fetch) {
		fetched = k.fetch(ctx, now)
	}
	if k.repo.Forge.Forge == nil {
		return k.step.fetch
	}
	if thought || fetched {
		k.step.think = now
	}
	if soonest := k.step.thought.Add(rethink); !k.step.think.IsZero() && k.step.think.Before(soonest) {
		k.step.think = soonest
	}
	if !k.step.think.IsZero() && !now.Before(k.step.think) {
		k.evaluate(ctx, now)
	}
	next := earliest(k.step.fetch, k.step.think)
	next = earliest(next, k.outbox.deliver(ctx))
	next = earliest(next, k.goOn.once(ctx))
	k.publish()
	return earliest(next, k.step.doubt)
}

// leads tells whether to work at all. Who begins to lead knows nothing of what forges say, and asks again when whoever led
// before has surely stopped.
func (k *keeper) leads(now time.Time) bool {
	is := k.o.Leading()
	if is != k.step.leading {
		k.step.leading = is
		if is {
			k.reset(now)
		}
	}
	if is && !k.step.doubt.IsZero() && !now.Before(k.step.doubt) {
		k.step.doubt = time.Time{}
		k.outbox.memory.doubt()
		k.think.raise()
	}
	return is
}

func (k *keeper) reset(now time.Time) {
	k.outbox.memory = newMemory()
	k.outbox.letters = map[slot]*letter{}
	k.goOn.reset(now)
	k.step = newStepper(now)
}

// fetch reads the heads. Who cannot reach the repository goes on with what was read.
func (k *keeper) fetch(ctx context.Context, now time.Time) bool {
	changed, err := k.refresh(ctx)
	problem := ""
	if trouble := cmp.Or(err, k.reader.lacks()); trouble != nil {
		problem = line(trouble.Error())
	}
	k.mu.Lock()
	if problem != "" && problem != k.state.Problem {
		k.o.Counter.Troubled(k.repo.Name, problem)
	}
	k.state.Problem = problem
	k.mu.Unlock()
	if err != nil {
		k.step.tries++
		k.step.fetch = now.Add(backoff(k.step.tries))
		return false
	}
	k.step.tries, k.step.fetch = 0, now.Add(k.o.Timing.Poll)
	return changed
}

// refresh reads the heads, after the forge was found: without it nothing can be said of them.
func (k *keeper) refresh(ctx context.Context) (bool, error) {
	if k.repo.Forge.Forge == nil {
		forge, err := k.repo.Connect(ctx)
		if err != nil {
			return false, fmt.Errorf("open %s with its forge: %w", k.repo.Name, err)
		}
		k.repo.Forge = forge
	}
	return k.reader.refresh(ctx)
}

// tidy has everything looked at again soon, since something was delivered: targets may be done with, and the next soak time
// may be known.
func (k *keeper) tidy(now time.Time) { k.step.think = earliest(k.step.think, now.Add(tidyUp)) }

// evaluate makes every verdict anew and hands over what follows from them.
func (k *keeper) evaluate(ctx context.Context, now time.Time) {
	k.step.thought, k.step.again, k.step.answering = now, time.Time{}, map[string]bool{}
	next, err := k.judgeAll(ctx, now)
	k.step.answered = k.step.answering
	if err != nil {
		next = now.Add(firstWait)
		if !errors.Is(err, ErrNotSynced) {
			k.trouble(err)
		}
	}
	k.step.think = earliest(next, k.step.again)
}

// trouble tells of an error once, until another one comes.
func (k *keeper) trouble(err error) {
	if said := line(err.Error()); said != k.step.trouble {
		k.step.trouble = said
		k.o.Counter.Troubled(k.repo.Name, said)
	}
}

func (k *keeper) judgeAll(ctx context.Context, now time.Time) (time.Time, error) {
	units, err := k.o.Cluster.Units(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the units: %w", err)
	}
	if k.reader.config == nil {
		return time.Time{}, nil // the first fetch will wake
	}
	if units, err = k.reader.unpack(ctx, units); err != nil {
		return time.Time{}, err
	}
	if err := k.hear(ctx, now); err != nil {
		return time.Time{}, err
	}
	targets, err := k.reader.targets(ctx, k.answered)
	if err != nil {
		return time.Time{}, err
	}
	verdicts, unused, next, err := k.verdicts(ctx, targets, units, now)
	if err != nil {
		return time.Time{}, err
	}
	k.tell(ctx, verdicts, now)
	k.goOn.consider(verdicts, now)
	if !now.Before(k.step.closed) {
		k.step.closed = now.Add(closedLook)
		k.goOn.unlanded(ctx, now)
	}
	k.remember(verdicts, unused, now)
	k.o.Counter.Evaluated(k.repo.Name, len(targets), k.o.Now().Sub(now))
	return earliest(next, k.step.closed), nil
}

// judged is a target with its verdict.
type judged struct {
	waiting
	Verdict Verdict
}

// verdicts decides about each target, oldest first for each app, so that what is said of a source commit is what the newest
// target says.
func (k *keeper) verdicts(ctx context.Context, targets []waiting, units []Unit, now time.Time) ([]judged, []Ref, time.Time, error) {
	var next time.Time
	tracked, err := k.track(ctx, targets, units)
	if err != nil {
		return nil, nil, time.Time{}, err
	}
	out := make([]judged, 0, len(targets))
	for _, w := range slices.Backward(targets) {
		e := Evidence{Target: w.Target, Newest: w.Newest, Next: w.Next, Units: tracked.units[w.place()], Problem: tracked.problem[w.place()]}
		if e.Facts, err = k.reader.facts(ctx, w, commitsOf(e.Units)); err != nil {
			return nil, nil, time.Time{}, err
		}
		v, at := Decide(e, k.rules(), now)
		if k.repo.URL != nil {
			v.URL = k.repo.URL(v)
		}
		next = earliest(next, at)
		out = append(out, judged{w, v})
	}
	return out, tracked.unused, next, nil
}

func (k *keeper) rules() Rules {
	r := DefaultRules
	r.Settle = k.o.Timing.Settle
	return r
}

// commitsOf names every commit at which a unit is, was, or compares.
func commitsOf(units []Tracked) []string {
	var out []string
	for _, u := range units {
		for _, c := range []string{u.Origin.Commit, u.Origin.Attempting, u.Origin.Compared.Commit(), u.Origin.Applied.Commit(), u.Origin.Attempted.Commit()} {
			if c != "" && !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}

// name tells targets apart.
func (t Target) name() string {
	return strings.Join([]string{t.Commit, t.Environment, t.App, t.Cluster}, "/")
}
