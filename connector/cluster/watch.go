package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/klog/v2"

	"github.com/ferry-cd/ferry/connector"
)

// Discovery says what an API server has in one version of a group; a NotFound of Kubernetes where it does not have it.
type Discovery interface {
	ServerResourcesForGroupVersionWithContext(ctx context.Context, groupVersion string) (*metav1.APIResourceList, error)
}

// Options say how a cluster is watched.
type Options struct {
	Client     dynamic.Interface
	Discovery  Discovery
	Namespaces []string      // none means all
	Rediscover time.Duration // between looks for kinds that are not there yet, and readings of units in trouble: 20s
	Now        func() time.Time
}

// Watcher is one cluster, watched.
type Watcher struct {
	o      Options
	memory *memory
	again  chan struct{} // discovery is wanted before its time
	all    chan struct{} // a list of all Applications is wanted

	mu       sync.Mutex
	feeds    map[string]*feed // by name of the kind; only those that the cluster has
	looked   map[string]bool  // kinds of which it is known whether the cluster has them
	synced   bool
	problems map[string]connector.Problem
}

var _ connector.Cluster = (*Watcher)(nil)

// New makes a Watcher, which begins with Run.
func New(o Options) *Watcher {
	o.Rediscover = cmp.Or(o.Rediscover, 20*time.Second)
	w := &Watcher{o: o, again: make(chan struct{}, 1), all: make(chan struct{}, 1), feeds: map[string]*feed{}, looked: map[string]bool{}, problems: map[string]connector.Problem{}}
	w.memory = newMemory(w.complete)
	return w
}

// Run watches until the context ends. Trouble is told by Problems and tried again for ever.
func (w *Watcher) Run(ctx context.Context) {
	ctx = klog.NewContext(ctx, logr.Discard()) // what the client would log, Problems says
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { w.explain(ctx) })
	running.Go(func() { w.relist(ctx) })
	tick := time.NewTicker(w.o.Rediscover)
	defer tick.Stop()
	for {
		w.discover(ctx, &running)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-w.again:
			pause(ctx, time.Second) // whoever asks again and again is answered now and then
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// discover starts a feed for each kind that the cluster has and that is not fed yet.
func (w *Watcher) discover(ctx context.Context, running *sync.WaitGroup) {
	for _, k := range kinds {
		if w.feed(k.name) != nil {
			continue
		}
		version, err := w.served(ctx, k)
		if ctx.Err() != nil {
			return
		}
		w.report(k.String(), "look for", err)
		if err != nil {
			continue
		}
		w.settle(ctx, k, version, running)
	}
}

// served is the version of a kind that the cluster has, the best of those that are understood; "" where it has none.
func (w *Watcher) served(ctx context.Context, k kind) (string, error) {
	for _, version := range k.versions {
		list, err := w.o.Discovery.ServerResourcesForGroupVersionWithContext(ctx, k.group+"/"+version)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == k.resource }) {
			return version, nil
		}
	}
	return "", nil
}

// settle notes whether the cluster has a kind, and feeds it where it has.
func (w *Watcher) settle(ctx context.Context, k kind, version string, running *sync.WaitGroup) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looked[k.name] = true
	if version != "" {
		f := newFeed(w, k, version)
		w.feeds[k.name] = f
		f.start(ctx, running)
	}
	w.checkSynced()
}

func (w *Watcher) feed(kind string) *feed {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.feeds[kind]
}

// gone ends the feed of a kind that the cluster no longer has in this version, and looks for another.
func (w *Watcher) gone(f *feed) {
	w.mu.Lock()
	mine := w.feeds[f.kind.name] == f
	if mine {
		delete(w.feeds, f.kind.name)
		delete(w.problems, f.kind.String())
	}
	w.mu.Unlock()
	if mine {
		f.stop()
		w.memory.drop(f.kind.name)
		w.rediscover()
	}
}

func (w *Watcher) rediscover() {
	select {
	case w.again <- struct{}{}:
	default:
	}
}

// filled is told by each feed when it was listed for the first time.
func (w *Watcher) filled() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.checkSynced()
}

// checkSynced needs every kind to be looked for, and every kind of unit that is there to be listed. What a source says
// completes a unit, so that it is waited for too, unless it may not be read.
func (w *Watcher) checkSynced() {
	for _, k := range kinds {
		f := w.feeds[k.name]
		if !w.looked[k.name] || f != nil && !f.full() && (k.unit != nil || !f.refused()) {
			return
		}
	}
	if !w.synced {
		w.synced = true
		w.memory.tell()
	}
}

// Synced tells whether everything was listed once.
func (w *Watcher) Synced() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.synced
}

// Units gives every unit as it was read last. Callers share what they get and do not change it.
func (w *Watcher) Units(ctx context.Context) ([]connector.Unit, error) {
	if !w.Synced() {
		return nil, connector.ErrNotSynced
	}
	return w.memory.all(), ctx.Err()
}

// Changed has a notice when Units may answer differently than before.
func (w *Watcher) Changed() <-chan struct{} { return w.memory.changed }

// Wake reads one object again. Kinds that are not watched are nobody's news.
func (w *Watcher) Wake(ctx context.Context, ref connector.Ref) error {
	k, known := kindOf(ref.Kind)
	if !known || !w.within(ref.Namespace) || ref.Name == "" {
		return nil
	}
	f := w.feed(k.name)
	if f == nil {
		w.rediscover()
		return nil
	}
	o, err := w.o.Client.Resource(f.resource).Namespace(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		w.memory.remove(ref, "")
	case err != nil:
		return fmt.Errorf("read %s again: %w", ref, err)
	default:
		w.memory.set(ref, k.read(o))
	}
	return nil
}

// within tells whether a namespace is watched.
func (w *Watcher) within(namespace string) bool {
	return len(w.o.Namespaces) == 0 || slices.Contains(w.o.Namespaces, namespace)
}

// complete tells whether an object that is not in memory is known not to be there.
func (w *Watcher) complete(ref connector.Ref) bool {
	w.mu.Lock()
	f := w.feeds[ref.Kind]
	w.mu.Unlock()
	return f != nil && f.full() && w.within(ref.Namespace)
}

// Problems says what keeps units from being read.
func (w *Watcher) Problems() []connector.Problem {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]connector.Problem, 0, len(w.problems))
	for _, p := range w.problems {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b connector.Problem) int { return cmp.Compare(a.Object, b.Object) })
	return out
}

// report keeps what went wrong with an object of ours, and forgets it when the same goes right.
func (w *Watcher) report(object, act string, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	have, ok := w.problems[object]
	if err == nil {
		if ok {
			delete(w.problems, object)
			w.memory.tell()
		}
		return
	}
	p := problem(object, act, err)
	p.Since = w.o.Now()
	if ok && have.Text == p.Text {
		p.Since = have.Since
	}
	w.problems[object] = p
	if !ok || have.Text != p.Text {
		w.memory.tell()
	}
}

// problem says an error to people, and what to do about it where that is known.
func problem(object, act string, err error) connector.Problem {
	p := connector.Problem{Object: object, Text: fmt.Sprintf("cannot %s %s: %s", act, object, value{err.Error()}.message())}
	switch {
	case apierrors.IsForbidden(err):
		p.Next = "grant the connector's service account get, list and watch on " + object
	case apierrors.IsUnauthorized(err):
		p.Next = "renew the credential that the connector reads the cluster with"
	}
	return p
}
