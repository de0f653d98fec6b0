package promote

import (
	"cmp"
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/ferry-cd/ferry/render"
)

// Renders are begun one after the other, made at the same time, and finished in the order in which they were begun: so
// what comes of them, and its order, does not depend on how many processors there are. What bounds them is bytes: a hundred
// small charts may be under way together, two collections of definitions may not.
const (
	mostRendering = 3 << 20  // bytes of inputs that are being rendered; a render takes up to eighty times its inputs
	mostHeld      = 4 << 20  // bytes of inputs whose renders are not finished
	leastHeld     = 96 << 10 // bytes that a render counts at least
	manyRenders   = 6        // after which it is worth to prepare for more
)

// line holds renders that are under way, oldest first. Only renders leave its owner's goroutine: what reads Git or asks the
// forge happens in it, and so does every finish.
type line struct {
	*Promoter
	ctx    context.Context
	cancel context.CancelFunc
	room   *semaphore.Weighted
	least  int64 // of room for one render, so that no more run than there are processors
	tasks  []task
	held   int64
	begun  int // renders
	all    sync.WaitGroup
}

// task is what is left to do, once the render before it is there.
type task struct {
	held   int64
	done   chan struct{} // nil where nothing is rendered
	finish func() error
}

// rendered is what an app comes to in an environment.
type rendered struct {
	manifests render.Manifests
	notices   []string
	renderer  string // name and version
	err       error
}

// newLine starts a line. Whoever does ends it, too.
func (p *Promoter) newLine(ctx context.Context) *line {
	l := &line{Promoter: p, room: semaphore.NewWeighted(mostRendering), least: mostRendering / int64(runtime.GOMAXPROCS(0))}
	l.ctx, l.cancel = context.WithCancel(ctx)
	return l
}

// end stops what is under way and nobody waits for.
func (l *line) end() {
	l.cancel()
	l.all.Wait()
}

// render begins a render. Where too much is under way, the oldest is finished first; the error is one of finishing, after
// which nothing goes on.
func (l *line) render(w *want, finish func(rendered) error) error {
	in, err := l.gather(l.ctx, w)
	if err != nil {
		return l.then(func() error { return finish(rendered{err: err}) })
	}
	size := max(in.size(), leastHeld)
	for l.held+size > mostHeld && len(l.tasks) > 0 {
		if err := l.finishOne(); err != nil {
			return err
		}
	}
	if l.begun++; l.begun == manyRenders && l.Busy != nil {
		l.Busy()
	}
	done, out := make(chan struct{}), rendered{}
	l.all.Go(func() {
		defer close(done)
		out = l.inTurn(in, size)
	})
	l.held += size
	l.tasks = append(l.tasks, task{held: size, done: done, finish: func() error { return finish(out) }})
	return nil
}

// inTurn makes a render once there is room for it.
func (l *line) inTurn(in *ingredients, size int64) rendered {
	takes := min(max(size, l.least), mostRendering)
	if err := l.room.Acquire(l.ctx, takes); err != nil {
		return rendered{err: err}
	}
	defer l.room.Release(takes)
	return l.make(l.ctx, in)
}

// then does something after all that was begun before.
func (l *line) then(finish func() error) error {
	if len(l.tasks) == 0 {
		return finish()
	}
	l.tasks = append(l.tasks, task{finish: finish})
	return nil
}

// drain finishes all that is under way.
func (l *line) drain() error {
	for len(l.tasks) > 0 {
		if err := l.finishOne(); err != nil {
			return err
		}
	}
	return nil
}

func (l *line) finishOne() error {
	t := l.tasks[0]
	if t.done != nil {
		<-t.done
	}
	l.tasks[0] = task{} // with the manifests that it holds
	l.tasks, l.held = l.tasks[1:], l.held-t.held
	if err := l.ctx.Err(); err != nil {
		return err
	}
	return t.finish()
}

// part is what belongs to the plan of one unit while renders are under way. Parts are joined in the order of units.
type part struct {
	line   *line
	atOnce map[string]bool // branches that some part merges into at once
}

// planUnits plans one unit after the other, with their renders at the same time.
func (p *Promoter) planUnits(ctx context.Context, s *Snapshot, o Options, plan *Plan) error {
	if o.Upgrade {
		if _, err := p.Upgrades(ctx, s, o.Scope); err != nil {
			return err
		}
	}
	l, atOnce := p.newLine(ctx), map[string]bool{}
	defer l.end()
	var parts []*Plan
	units := s.units(o)
	for i, u := range units {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.step(i+1, len(units), "plan "+u.App+" in "+u.Environment)
		of := &Plan{State: s, part: &part{l, atOnce}}
		parts = append(parts, of)
		if err := of.note(p.planUnit(ctx, s, u, o, of)); err != nil {
			return cmp.Or(l.drain(), err) // what was begun before may have failed, too, and comes first
		}
	}
	if err := l.drain(); err != nil {
		return err
	}
	for _, of := range parts {
		plan.join(of)
	}
	return nil
}

// join adds the plan of a unit.
func (plan *Plan) join(of *Plan) {
	plan.Decisions, plan.Promotions = append(plan.Decisions, of.Decisions...), append(plan.Promotions, of.Promotions...)
	plan.Merges, plan.Waiting = append(plan.Merges, of.Merges...), append(plan.Waiting, of.Waiting...)
	plan.Failures = append(plan.Failures, of.Failures...)
	plan.Rendered += of.Rendered
	plan.again = plan.again || of.again
	plan.wake(of.NextWakeup)
}

// note keeps a failure that stops one unit only; it gives back any other.
func (plan *Plan) note(err error) error {
	if err == nil || !perUnit(err) {
		return err
	}
	plan.Failures = append(plan.Failures, err)
	return nil
}

// render begins a render for the plan.
func (plan *Plan) render(w *want, finish func(rendered) error) error {
	return plan.part.line.render(w, func(r rendered) error { return plan.note(finish(r)) })
}

// then goes on with the plan once what was begun before is there.
func (plan *Plan) then(finish func() error) error {
	return plan.part.line.then(func() error { return plan.note(finish()) })
}
