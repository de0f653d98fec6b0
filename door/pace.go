package door

import (
	"net/http"
	"sync"
	"time"
)

// pace is a bucket of calls that create something: full at first, refilled one by one.
type pace struct {
	every time.Duration // < 0 = no pacing
	burst int

	mu    sync.Mutex
	full  time.Time // when the bucket is full again
	never time.Time // nothing before this, whatever it is
}

func newPace(every time.Duration, burst int) *pace { return &pace{every: every, burst: burst} }

// take books the next call that creates something and tells how long to wait for its turn.
func (p *pace) take(now time.Time, creates bool) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	wait := max(p.never.Sub(now), 0)
	if !creates || p.every < 0 {
		return wait
	}
	if p.full.Before(now) {
		p.full = now
	}
	p.full = p.full.Add(p.every)
	return max(wait, p.full.Sub(now)-time.Duration(p.burst)*p.every)
}

// notBefore holds everything back until then.
func (p *pace) notBefore(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at.After(p.never) {
		p.never = at
	}
}

// admitted waits until it is the request's turn.
func (t *Transport) admitted(req *http.Request, s *state) error {
	creates := !reads(req) && req.Method != http.MethodDelete
	return t.wait(req.Context(), t.pace.take(t.o.Now(), creates), s)
}
