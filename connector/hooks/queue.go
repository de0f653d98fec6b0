package hooks

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"
)

// Hint says which object to look at again. Where there is no Name, its sender did not give one: Commit and Part are what it gave
// in its place, as far as it did.
type Hint struct {
	Kind, Namespace, Name string
	Commit                string
	Part                  Part
}

// queue holds hints until somebody has time for them. A hint that waits already is not put twice: whoever reads the object
// then sees both changes.
type queue struct {
	most int
	wake chan struct{}

	mu    sync.Mutex
	known map[Hint]bool
	order []Hint
}

func newQueue(most int) *queue {
	return &queue{most: most, wake: make(chan struct{}, 1), known: map[Hint]bool{}}
}

// put adds a hint, false where there is no room for it.
func (q *queue) put(h Hint) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.known[h] {
		return true
	}
	if len(q.known) >= q.most {
		return false
	}
	q.known[h] = true
	q.order = append(q.order, h)
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return true
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.known)
}

// next takes the oldest hint.
func (q *queue) next() (Hint, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.order) == 0 {
		return Hint{}, false
	}
	h := q.order[0]
	q.order = q.order[1:]
	delete(q.known, h)
	return h, true
}

func (q *queue) drain(ctx context.Context, wake func(Hint)) {
	for {
		h, ok := q.next()
		if ok && ctx.Err() == nil {
			wake(h)
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-q.wake:
		}
	}
}

// repeats knows the bodies that were taken lately.
type repeats struct {
	mu    sync.Mutex
	until map[[sha256.Size]byte]time.Time
	order []known
}

type known struct {
	id    [sha256.Size]byte
	until time.Time
}

// maxKnown bounds the memory of bodies: the oldest are forgotten. What comes back after that is looked at once more.
const maxKnown = 20_000

func newRepeats() *repeats { return &repeats{until: map[[sha256.Size]byte]time.Time{}} }

func fingerprint(body []byte) [sha256.Size]byte { return sha256.Sum256(body) }

func (s *repeats) has(id [sha256.Size]byte, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Before(s.until[id])
}

func (s *repeats) add(id [sha256.Size]byte, until, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until[id] = until
	s.order = append(s.order, known{id, until})
	for len(s.order) > 0 && (len(s.order) > maxKnown || !now.Before(s.order[0].until)) {
		oldest := s.order[0]
		s.order = s.order[1:]
		if s.until[oldest.id].Equal(oldest.until) {
			delete(s.until, oldest.id)
		}
	}
}
