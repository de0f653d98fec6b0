package connector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Connector watches one cluster and answers for it in any number of GitOps repositories.
type Connector struct {
	o       Options
	keepers []*keeper
}

// New makes a Connector. It does nothing before Run.
func New(o Options) (*Connector, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	c := &Connector{o: o}
	paces := &paces{timing: o.Timing, by: map[string]*pace{}}
	for _, r := range o.Repositories {
		c.keepers = append(c.keepers, newKeeper(&c.o, r, paces))
	}
	return c, nil
}

// fill puts defaults in the place of what is not given.
func (o *Options) fill() error {
	if o.Cluster == nil {
		return errors.New("a connector needs a cluster to watch")
	}
	for _, r := range o.Repositories {
		if unknown := r.Forge.Forge == nil || r.Forge.Name == ""; r.Name == "" || r.Open == nil || unknown && r.Connect == nil {
			return fmt.Errorf("repository %q has no name, no way to open it, or no forge", r.Name)
		}
	}
	if o.Leading == nil {
		o.Leading = func() bool { return true }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Counter == nil {
		o.Counter = nobodyCounts{}
	}
	o.Timing = o.Timing.filled()
	return nil
}

func (t Timing) filled() Timing {
	return Timing{
		Poll: cmp.Or(t.Poll, time.Minute), Debounce: cmp.Or(t.Debounce, 10*time.Second), Settle: cmp.Or(t.Settle, DefaultRules.Settle),
		Pace: cmp.Or(t.Pace, time.Second), Advance: cmp.Or(t.Advance, 30*time.Minute), Budget: cmp.Or(t.Budget, 50), Waiting: cmp.Or(t.Waiting, 10_000),
	}
}

type nobodyCounts struct{}

func (nobodyCounts) Evaluated(string, int, time.Duration) {}
func (nobodyCounts) Posted(string, PostResult)            {}
func (nobodyCounts) Continued(string, Phase, error)       {}
func (nobodyCounts) Troubled(string, string)              {}
func (nobodyCounts) Ended(Verdict, time.Duration)         {}

// paces gives each credential one pace, in however many repositories it writes.
type paces struct {
	timing Timing
	mu     sync.Mutex
	by     map[string]*pace
}

// defaultPerHour is below the 500 requests an hour that GitHub allows of what creates content.
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
const defaultPerHour = 480

func (p *paces) of(d Destination) *pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := cmp.Or(d.Credential, d.Name)
	if p.by[key] == nil {
		perHour := cmp.Or(d.PerHour, defaultPerHour)
		p.by[key] = newPace(min(p.timing.Pace, time.Hour/time.Duration(max(perHour, 1))), perHour)
	}
	return p.by[key]
}

func newKeeper(o *Options, r Repository, paces *paces) *keeper {
	k := &keeper{o: o, repo: r, woken: make(chan struct{}, 1), state: RepositoryState{Name: r.Name}}
	k.reader = &reader{o: r, cluster: o.ClusterName, version: o.Version, now: o.Now}
	k.outbox = &outbox{memory: newMemory(), letters: map[slot]*letter{}, lines: map[string]*forgeLine{}, paces: paces.of, timing: o.Timing,
		counter: o.Counter, leading: o.Leading, ended: k.ended, now: o.Now}
	k.goOn = &continuer{k: k}
	k.goOn.reset(o.Now())
	return k
}

// ended hears that an end was delivered.
func (k *keeper) ended(v Verdict) {
	now := k.o.Now()
	k.o.Counter.Ended(v, max(0, now.Sub(v.Landed)))
	k.goOn.next.wish(now, fmt.Sprintf("%s in %s is %s", v.App, v.Environment, v.Phase))
	k.tidy(now)
}

// Run works until the context ends, one goroutine for each repository.
func (c *Connector) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, k := range c.keepers {
		all.Go(func() { k.run(ctx) })
	}
	all.Go(func() { c.listen(ctx) })
	all.Wait()
}

// listen passes the cluster's one notice on to every repository.
func (c *Connector) listen(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.o.Cluster.Changed():
			for _, k := range c.keepers {
				k.notify(&k.think)
			}
		}
	}
}

// Wake has the heads of a repository read at once, because somebody says that it changed; "" means all repositories. A
// wake too many changes nothing.
func (c *Connector) Wake(repository string) {
	for _, k := range c.keepers {
		if repository == "" || k.repo.Name == repository {
			k.notify(&k.look)
		}
	}
}
