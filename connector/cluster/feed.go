package cluster

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/ferry-cd/ferry/connector"
)

// pageSize is how many objects are asked for at once: an Application may have a megabyte.
const pageSize = 100

// feed fills the memory with one kind, by a reflector of Kubernetes' client for each namespace: it lists, watches, takes up a
// watch that broke off where it was, and lists again when the server no longer knows that place.
type feed struct {
	watcher  *Watcher
	kind     kind
	resource schema.GroupVersionResource
	cancel   context.CancelFunc

	mu      sync.Mutex
	waiting map[string]bool // namespaces that were not listed yet
	forbid  bool            // the last list was refused
}

func newFeed(w *Watcher, k kind, version string) *feed {
	f := &feed{watcher: w, kind: k, resource: k.at(version), waiting: map[string]bool{}}
	for _, ns := range f.namespaces() {
		f.waiting[ns] = true
	}
	return f
}

// namespaces has one entry, "" for all, where none are named.
func (f *feed) namespaces() []string {
	if len(f.watcher.o.Namespaces) == 0 {
		return []string{metav1.NamespaceAll}
	}
	return f.watcher.o.Namespaces
}

func (f *feed) start(ctx context.Context, running *sync.WaitGroup) {
	ctx, f.cancel = context.WithCancel(ctx)
	logger := klog.FromContext(ctx)
	for _, ns := range f.namespaces() {
		s := f.shelf(ns)
		r := cache.NewReflectorWithOptions(s, &reading{}, s, cache.ReflectorOptions{
			Name: f.kind.String(), Logger: &logger, TypeDescription: f.kind.name,
			Backoff: &wait.Backoff{Duration: time.Second, Cap: 8 * time.Second, Steps: 4, Factor: 2, Jitter: 0.5}, // a server that was started again is soon read
		})
		running.Go(func() { r.RunWithContext(ctx) })
	}
}

func (f *feed) shelf(namespace string) *shelf {
	return &shelf{feed: f, namespace: namespace, client: f.watcher.o.Client.Resource(f.resource).Namespace(namespace)}
}

func (f *feed) stop() { f.cancel() }

// full tells whether everything was listed once.
func (f *feed) full() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.waiting) == 0
}

func (f *feed) refused() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.forbid
}

// heard notes how asking the server went.
func (f *feed) heard(act string, err error) {
	if apierrors.IsNotFound(err) {
		f.watcher.gone(f)
		return
	}
	f.mu.Lock()
	changed := f.forbid != apierrors.IsForbidden(err)
	f.forbid = apierrors.IsForbidden(err)
	f.mu.Unlock()
	f.watcher.report(f.kind.String(), act, err)
	if changed {
		f.watcher.filled()
	}
}

// listed notes that a namespace was.
func (f *feed) listed(namespace string) {
	f.mu.Lock()
	first := f.waiting[namespace]
	delete(f.waiting, namespace)
	f.mu.Unlock()
	if first {
		f.watcher.filled()
	}
}

// shelf is what a reflector asks for objects, and what it puts them on.
type shelf struct {
	feed      *feed
	namespace string
	client    dynamic.ResourceInterface
}

var (
	_ cache.ReflectorStore           = (*shelf)(nil)
	_ cache.ListerWatcherWithContext = (*shelf)(nil)
)

// IsWatchListSemanticsUnSupported has the reflector list page by page: a stream of everything that is there would be as
// good, and older servers do not have it.
func (s *shelf) IsWatchListSemanticsUnSupported() bool { return true }

// ListWithContext reads a page of what is there now. To an API server a resource version beside a limit means exactly that one,
// however old: whoever lists again after 410 with the version that it knew gets what it knew, and 410 again. And "0" would be
// answered from a cache in one piece, however large.
func (s *shelf) ListWithContext(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	o.ResourceVersion, o.ResourceVersionMatch = "", ""
	o.Limit = pageSize
	page, err := s.client.List(ctx, o)
	if err != nil {
		if ctx.Err() == nil && !apierrors.IsResourceExpired(err) {
			s.feed.heard("list", err)
		}
		return nil, err
	}
	return s.feed.kind.readPage(page), nil
}

// WatchWithContext reads what happens from a place on.
func (s *shelf) WatchWithContext(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	w, err := s.client.Watch(ctx, o)
	if err != nil {
		if ctx.Err() == nil && !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
			s.feed.heard("watch", err)
		}
		return nil, err
	}
	s.feed.heard("watch", nil)
	return s.feed.kind.translate(w), nil
}

// List and Watch are the same for callers without a context, of which there are none.
func (s *shelf) List(o metav1.ListOptions) (runtime.Object, error) {
	return s.ListWithContext(context.Background(), o)
}

// Watch is List's pair.
func (s *shelf) Watch(o metav1.ListOptions) (watch.Interface, error) {
	return s.WatchWithContext(context.Background(), o)
}

// Add puts an object on the shelf.
func (s *shelf) Add(o any) error {
	r, ok := o.(*reading)
	if !ok {
		return fmt.Errorf("add a %T to the memory of %s", o, s.feed.kind)
	}
	s.feed.watcher.memory.set(r.ref(s.feed.kind), r)
	return nil
}

// Update does the same.
func (s *shelf) Update(o any) error { return s.Add(o) }

// Delete takes it away.
func (s *shelf) Delete(o any) error {
	r, ok := o.(*reading)
	if !ok {
		return fmt.Errorf("take a %T from the memory of %s", o, s.feed.kind)
	}
	s.feed.watcher.memory.remove(r.ref(s.feed.kind), r.ResourceVersion)
	return nil
}

// Replace puts a whole list in place of what was there.
func (s *shelf) Replace(list []any, at string) error {
	all := make(map[connector.Ref]*reading, len(list))
	for _, o := range list {
		r, ok := o.(*reading)
		if !ok {
			return fmt.Errorf("list a %T in the memory of %s", o, s.feed.kind)
		}
		all[r.ref(s.feed.kind)] = r
	}
	s.feed.watcher.memory.replace(s.feed.kind.name, s.namespace, all, at)
	s.feed.listed(s.namespace)
	return nil
}

// Resync has nothing to do: nothing is derived from events alone.
func (s *shelf) Resync() error { return nil }
