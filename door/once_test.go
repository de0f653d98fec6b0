package door

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestOnce(t *testing.T) {
	var o Once[int32]
	var asked atomic.Int32
	var all sync.WaitGroup
	broken := errors.New("broken")
	for range 20 {
		all.Go(func() {
			if got, err := o.Do("a", func() (int32, error) { return asked.Add(1), nil }); got != 1 || err != nil {
				t.Errorf("got %d, %v", got, err)
			}
			if _, err := o.Do("b", func() (int32, error) { return asked.Add(1), broken }); !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
		})
	}
	all.Wait()
	if asked.Load() != 2 {
		t.Errorf("asked %d times", asked.Load())
	}
}
