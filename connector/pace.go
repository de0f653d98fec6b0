package connector

import (
	"sync"
	"time"
)

// pace keeps writes with one credential below what a forge allows: never two within a second, and never more in any hour
// than the limit. A fifth of an hour's writes may come at once, the rest is spread over the hour, so that the sum stays
// below the limit wherever the hour begins.
type pace struct {
	every time.Duration // between any two; 0 = none
	fill  time.Duration // in which one more may be made; 0 = no limit by the hour
	room  int           // how many may come at once

	mu   sync.Mutex
	last time.Time
	full time.Time // when all the room is free again
}

func newPace(every time.Duration, perHour int) *pace {
	p := &pace{every: max(every, 0)}
	if perHour > 0 {
		p.room = max(1, perHour/5)
		p.fill = time.Hour / time.Duration(max(1, perHour-p.room))
	}
	return p
}

// when tells when the next write may be made. What can wait leaves half of the room to what cannot.
func (p *pace) when(now time.Time, canWait bool) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := now
	if next := p.last.Add(p.every); !p.last.IsZero() && next.After(at) {
		at = next
	}
	room := p.room
	if canWait {
		room = (room + 1) / 2
	}
	if free := p.full.Add(-time.Duration(room-1) * p.fill); p.fill > 0 && free.After(at) {
		at = free
	}
	return at
}

// wrote notes a write.
func (p *pace) wrote(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = now
	if p.full.Before(now) {
		p.full = now
	}
	p.full = p.full.Add(p.fill)
}
