package connector

import (
	"context"
	"errors"
	"time"

	"github.com/ferry-cd/ferry/scm"
)

// failed decides what becomes of a letter that could not be delivered. What is wrong with the forge or the credentials
// stops everything that goes there; what is wrong with the letter stops it alone.
func (o *outbox) failed(ctx context.Context, l *letter, err error) {
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return // this process ends, or does not lead any more
	}
	now := o.now()
	l.tries++
	result := Retried
	switch {
	case errors.Is(err, scm.ErrNotFound) && now.Sub(l.since) >= unknownFor, errors.Is(err, scm.ErrInvalid):
		l.parked, result = err, Dropped
	case errors.Is(err, scm.ErrNotFound), errors.Is(err, scm.ErrConflict):
		l.due = now.Add(backoff(l.tries))
	default:
		o.lineOf(l).block(err, now)
		if o.lineOf(l).parked {
			result = Dropped
		}
	}
	o.counter.Posted(l.to.Name, result)
}

// block keeps everything back that goes to a forge, for a while that grows.
func (f *forgeLine) block(err error, now time.Time) {
	f.failures++
	if f.err == nil {
		f.since = now
	}
	f.err = err
	var limited *scm.RateLimitedError
	f.parked = errors.Is(err, scm.ErrUnauthorized) || errors.Is(err, scm.ErrForbidden)
	switch {
	case errors.As(err, &limited):
		f.parked = false
		f.blocked = now.Add(max(limited.RetryAfter, firstWait))
	case f.parked:
		f.blocked = now.Add(parkedWait)
	default:
		f.blocked = now.Add(backoff(f.failures))
	}
}

// backoff grows from firstWait to longestWait.
func backoff(tries int) time.Duration {
	return min(firstWait<<min(max(tries-1, 0), 10), longestWait)
}
