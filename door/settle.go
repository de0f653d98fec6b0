package door

import (
	"context"
	"errors"
	"time"
)

const (
	settleActs  = 3 // how often something is asked for
	settleLooks = 4 // how often one looks after a lost reply, before asking again: lists lag behind writes
)

// Settle asks for a state: it looks, and acts where the state is not there. When the reply to an act is lost it looks
// again, several times with growing pauses, before it acts again. The last lost reply is the error when it gives up.
func (t *Transport) Settle(ctx context.Context, look func(context.Context) (done bool, err error), act func(context.Context) error) error {
	done, err := look(ctx)
	for try := 0; err == nil && !done; try++ {
		var lost *LostError
		err = act(ctx)
		if !errors.As(err, &lost) {
			return err
		}
		if try+1 == settleActs {
			return err
		}
		done, err = t.lookAfter(ctx, look)
	}
	return err
}

func (t *Transport) lookAfter(ctx context.Context, look func(context.Context) (bool, error)) (done bool, err error) {
	for n := range settleLooks {
		if err := t.o.Sleep(ctx, backoff(firstPause, 4*time.Second, n, t.o.Chance())); err != nil {
			return false, err
		}
		if done, err = look(ctx); done || err != nil {
			return done, err
		}
	}
	return false, nil
}
