package cluster

import (
	"sync"

	"k8s.io/apimachinery/pkg/watch"
)

// translated is a watch whose events are made readings as they come. The filter of Kubernetes' own waits for ever to hand over
// what comes after its reader has stopped, as it often does where the server says 410.
type translated struct {
	from watch.Interface
	out  chan watch.Event
	done chan struct{}
	once sync.Once
}

func (k kind) translate(from watch.Interface) watch.Interface {
	t := &translated{from: from, out: make(chan watch.Event), done: make(chan struct{})}
	go t.run(k)
	return t
}

func (t *translated) run(k kind) {
	defer close(t.out)
	for e := range t.from.ResultChan() {
		select {
		case t.out <- k.readEvent(e):
		case <-t.done:
			return
		}
	}
}

// ResultChan has the events.
func (t *translated) ResultChan() <-chan watch.Event { return t.out }

// Stop ends the watch.
func (t *translated) Stop() {
	t.once.Do(func() { close(t.done) })
	t.from.Stop()
}
