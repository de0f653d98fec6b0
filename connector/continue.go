package connector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// continuer tells pipelines how promotions ended. What it did is on the forge: before it tells, it says so in the continue
// context, and after it again. Whoever begins anew and finds the first without the second tells again, with the same key; who
// finds the second does not. A process that dies anywhere in between therefore tells once or twice, and never not at all.
type continuer struct {
	k     *keeper
	tasks map[string]*task
	known map[string]map[Phase]bool // by promotion: ends that pipelines know of
	shut  map[string]time.Time      // closed promotions that were looked at, by head and environment
	heads map[proposal]time.Time    // proposals that were asked what they replace
	next  advancer
}

// task is an end that pipelines may not know of yet.
type task struct {
	verdict  Verdict
	clusters []string // that all have to end, where the environment names some
	apart    bool     // nothing of it reached the environment's branch: no evaluation finds it, and no status says its end before
	due      time.Time
	tries    int
	err      error
}

func (c *continuer) reset(now time.Time) {
	c.tasks, c.known, c.shut = map[string]*task{}, map[string]map[Phase]bool{}, map[string]time.Time{}
	c.heads = map[proposal]time.Time{}
	c.next.reset(now)
}

// promotion is a target's name for pipelines, which are told once for all clusters.
func (t Target) promotion() string { return t.Commit + "/" + t.Environment + "/" + t.App }

// knows tells whether pipelines were told of an end, or nobody wants to be.
func (c *continuer) knows(t Target, end Phase) bool {
	if c.k.o.Pipelines == nil || c.known[t.promotion()][end] {
		return true
	}
	if !c.awaited(t, end) {
		return true
	}
	said, _ := c.k.outbox.memory.at(c.slot(t))
	return said.told[end] || end == TimedOut && said.told[Failed]
}

// awaited tells whether anybody wants to be told of an end. Several clusters may end together in another way than one of them.
func (c *continuer) awaited(t Target, end Phase) bool {
	if t.Cluster == "" {
		return c.k.o.Pipelines.Awaits(Verdict{Target: t, Phase: end})
	}
	return slices.ContainsFunc(Ends, func(p Phase) bool { return c.k.o.Pipelines.Awaits(Verdict{Target: t, Phase: p}) })
}

func (c *continuer) slot(t Target) slot {
	return slot{c.k.repo.Forge.Name, t.Commit, t.ContinueContext()}
}

// consider takes in the verdicts of one evaluation. Pipelines do not wait for ever: of what landed long ago, as everything
// has when a connector is new, they are not told.
func (c *continuer) consider(all []judged, now time.Time) {
	want, names := map[string]*task{}, map[string]bool{}
	for _, j := range all {
		v := c.k.standing(j)
		names[v.promotion()] = true
		if v.Phase.End() && isRecent(v.Target, now) && !c.knows(v.Target, v.Phase) {
			want[v.promotion()] = &task{verdict: v, clusters: j.Placement.Clusters}
		}
	}
	for name, old := range c.tasks {
		fresh := want[name]
		switch {
		case old.apart && isRecent(old.verdict.Target, now):
			want[name] = old
		case fresh != nil && fresh.verdict.Phase == old.verdict.Phase:
			old.verdict = fresh.verdict
			want[name] = old
		}
	}
	c.tasks = want
	maps.DeleteFunc(c.known, func(name string, _ map[Phase]bool) bool { return !names[name] })
	c.next.consider(c.k, all, now)
}

// once tells of at most one end, and says when there is more to do.
func (c *continuer) once(ctx context.Context) time.Time {
	now := c.k.o.Now()
	next := c.next.once(ctx, c.k)
	blocked := later(c.k.outbox.line(c.k.repo.Forge).blocked, c.k.outbox.paces(c.k.repo.Forge).when(now, false))
	for _, name := range slices.Sorted(maps.Keys(c.tasks)) {
		t := c.tasks[name]
		if !c.ready(t) {
			continue
		}
		if due := later(t.due, blocked); due.After(now) {
			next = earliest(next, due)
			continue
		}
		if !c.k.o.Leading() {
			return next
		}
		c.act(ctx, name, t)
		return now
	}
	return next
}

// ready tells whether the end itself has been said; nobody is told before. One that can never be said keeps nobody waiting.
func (c *continuer) ready(t *task) bool {
	if t.apart {
		return true
	}
	said, _ := c.k.outbox.memory.at(c.k.primary(t.verdict.Target))
	end, is := said.end()
	return is && end == t.verdict.Phase && !said.foreign || c.unsayable(t)
}

// unsayable tells whether the forge will never take an end, as of a commit that it does not have.
func (c *continuer) unsayable(t *task) bool {
	l := c.k.outbox.letters[c.k.primary(t.verdict.Target)]
	return l != nil && l.parked != nil && l.phase == t.verdict.Phase
}

// never leaves out errors that trying again does not change. What the forge will not take is remembered by this process
// alone, and the next one tells again.
func (c *continuer) never(t *task, err error) error {
	if errors.Is(err, scm.ErrInvalid) || errors.Is(err, scm.ErrNotFound) && c.unsayable(t) {
		return nil
	}
	return err
}

func (c *continuer) act(ctx context.Context, name string, t *task) {
	now := c.k.o.Now()
	done, err := c.tell(ctx, t)
	switch {
	case err == nil && done:
		c.learn(t)
		delete(c.tasks, name)
		c.k.tidy(now)
		return
	case err == nil:
		t.due = firstAfter(now, t.verdict.Deadline.Add(overlap), t.verdict.Landed.Add(recent))
	case errors.Is(context.Cause(ctx), context.Canceled):
		return
	default:
		t.tries++
		t.due = now.Add(backoff(t.tries))
	}
	t.err = err
}

// firstAfter gives the first of these moments that is still to come, else an hour from now.
func firstAfter(now time.Time, moments ...time.Time) time.Time {
	for _, m := range moments {
		if m.After(now) {
			return m
		}
	}
	return now.Add(time.Hour)
}

func (c *continuer) learn(t *task) {
	name := t.verdict.promotion()
	if c.known[name] == nil {
		c.known[name] = map[Phase]bool{}
	}
	c.known[name][t.verdict.Phase] = true
}

// tell tells of one end: false where other clusters have not ended yet.
func (c *continuer) tell(ctx context.Context, t *task) (bool, error) {
	look, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	forge := c.k.repo.Forge
	history, err := forge.Forge.Statuses(look, t.verdict.Commit)
	if err = c.never(t, err); err != nil {
		return false, c.blame(err)
	}
	v, all := c.together(t, history)
	if !all {
		return false, nil
	}
	if !c.k.o.Pipelines.Awaits(v) || told(history, v, c.k.outbox.line(forge).self) {
		return true, nil
	}
	if err := c.never(t, c.say(ctx, v, scm.Pending, telling+string(v.Phase))); err != nil {
		return false, c.blame(err)
	}
	err = c.k.o.Pipelines.Continue(ctx, v)
	c.k.o.Counter.Continued(c.k.repo.Name, v.Phase, err)
	if err != nil {
		return false, fmt.Errorf("tell pipelines that %s in %s is %s: %w", v.App, v.Environment, v.Phase, err)
	}
	if err := c.never(t, c.say(ctx, v, scm.Success, toldWords+string(v.Phase))); err != nil {
		return false, c.blame(err)
	}
	return true, nil
}

// blame keeps a forge in peace that does not answer.
func (c *continuer) blame(err error) error {
	if !errors.Is(err, scm.ErrNotFound) && !errors.Is(err, scm.ErrInvalid) && !errors.Is(err, context.Canceled) {
		c.k.outbox.line(c.k.repo.Forge).block(err, c.k.o.Now())
	}
	return err
}

// say writes the continue context. It goes before everything else, and still counts against the pace.
func (c *continuer) say(ctx context.Context, v Verdict, state scm.StatusState, text string) error {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	forge := c.k.repo.Forge
	c.k.outbox.paces(forge).wrote(c.k.o.Now())
	_, err := forge.Forge.SetStatus(ctx, v.Commit, scm.Status{Context: v.ContinueContext(), State: state, Text: text, URL: v.URL})
	return err
}

// told tells whether this connector has told pipelines of an end; what others write there counts for nothing.
func told(history []scm.Status, v Verdict, self string) bool {
	return slices.ContainsFunc(history, func(s scm.Status) bool {
		p, is := toldOf(s)
		return is && !stranger(self, s.Creator) && s.Context == v.ContinueContext() && (p == v.Phase || v.Phase == TimedOut && p == Failed)
	})
}

// together makes one end of all clusters of an environment, as their connectors said it: whoever ends last sees all. Where
// one says nothing until the deadline, the promotion has timed out.
func (c *continuer) together(t *task, history []scm.Status) (Verdict, bool) {
	v := t.verdict
	if len(t.clusters) == 0 || v.Phase == Closed || v.Phase == Superseded {
		return v, true
	}
	states := map[scm.StatusState][]string{}
	for _, cluster := range t.clusters {
		s := newestOf(history, release.StatusContext(v.Environment, v.App, cluster), c.k.reader.config.Trust.Connector)
		states[s.State] = append(states[s.State], cluster+": "+s.Text)
	}
	failed, waiting := states[scm.Failure], slices.Concat(states[scm.Pending], states[""])
	switch end := later(v.Landed, v.Deadline); {
	case len(failed) > 0:
		if v.Phase != TimedOut || len(failed) > 1 {
			v.Phase = Failed
		}
		v.Text = strings.Join(failed, "; ")
	case len(waiting) > 0 && c.k.o.Now().Before(end.Add(overlap)):
		return v, false
	case len(waiting) > 0:
		v.Phase, v.Text = TimedOut, timedOut+span(end.Sub(v.Landed))+"; "+strings.Join(waiting, "; ")
	case len(states[scm.Superseded]) > 0:
		v.Phase, v.Text = Superseded, strings.Join(states[scm.Superseded], "; ")
	}
	return v, true
}

// newestOf gives the newest status of a context by somebody whose word counts.
func newestOf(history []scm.Status, name string, trusted []string) scm.Status {
	for _, s := range history {
		counts := len(trusted) == 0 || slices.ContainsFunc(trusted, func(who string) bool { return strings.EqualFold(who, s.Creator) })
		if s.Context == name && counts {
			return s
		}
	}
	return scm.Status{}
}
