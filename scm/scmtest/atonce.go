package scmtest

import (
	"sync"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

// twins makes n clients of Bot's identity.
func (s *stage) twins(t *testing.T, n int) []scm.Client {
	t.Helper()
	var twins []scm.Client
	for range n {
		twins = append(twins, s.Twin(t))
	}
	return twins
}

// atOnce runs n calls and waits for all.
func atOnce(n int, call func(int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			call(i)
		})
	}
	close(start)
	all.Wait()
}

// tally collects numbers by word from several goroutines.
type tally struct {
	mu sync.Mutex
	of map[string][]int
}

func (c *tally) add(word string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[string][]int{}
	}
	c.of[word] = append(c.of[word], n)
}
