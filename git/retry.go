package git

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// RetryOptions bound how often a lost race is run again; zero fields mean the defaults.
type RetryOptions struct {
	Attempts int                                        // 8
	First    time.Duration                              // the longest wait before the second attempt, doubled at each further; 100ms
	Longest  time.Duration                              // no wait is longer; 20s
	Jitter   func(longest time.Duration) time.Duration  // picks the wait, at most longest; random
	Sleep    func(context.Context, time.Duration) error // waits
	Now      func() time.Time                           // measures attempts; the machine's
}

// Retry runs fn until it returns anything but a *MovedError. fn begins each time from where the refs are now; try counts
// from 1. After the last attempt the *MovedError is returned, with how often it was tried.
//
// Who loses holds up who comes next, so waits grow with the attempts' own length: a queue of 32 that all need a second
// must spread over half a minute, or most of them lose eight times.
func Retry(ctx context.Context, o RetryOptions, fn func(try int) error) error {
	o = o.orDefaults()
	longest := o.First
	for try := 1; ; try++ {
		begin := o.Now()
		err := fn(try)
		var moved *MovedError
		if !errors.As(err, &moved) {
			return err
		}
		if try >= o.Attempts {
			return fmt.Errorf("after %d attempts: %w", try, err)
		}
		longest = min(max(longest, spread*o.Now().Sub(begin)), o.Longest)
		if err := o.Sleep(ctx, o.Jitter(longest)); err != nil {
			return err
		}
		longest *= 2
	}
}

// spread is how many attempts have room in the first wait.
const spread = 3

func (o RetryOptions) orDefaults() RetryOptions {
	if o.Attempts <= 0 {
		o.Attempts = 8
	}
	if o.First <= 0 {
		o.First = 100 * time.Millisecond
	}
	if o.Longest <= 0 {
		o.Longest = 20 * time.Second
	}
	if o.Jitter == nil {
		o.Jitter = rand.N[time.Duration]
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
