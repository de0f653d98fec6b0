package git_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git"
)

func TestRetryOnlyLostRaces(t *testing.T) {
	var waits []time.Duration
	o := git.RetryOptions{
		Attempts: 4, First: 100 * time.Millisecond, Longest: 300 * time.Millisecond,
		Jitter: func(longest time.Duration) time.Duration { return longest / 2 },
		Sleep:  func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil },
	}
	moved := fmt.Errorf("push: %w", &git.MovedError{Ref: "refs/heads/main"})
	other := errors.New("other")
	for name, c := range map[string]struct {
		answers []error
		tries   int
		is      error
	}{
		"at once":       {[]error{nil}, 1, nil},
		"third time":    {[]error{moved, moved, nil}, 3, nil},
		"another error": {[]error{moved, other}, 2, other},
		"never":         {[]error{moved, moved, moved, moved, nil}, 4, moved},
	} {
		t.Run(name, func(t *testing.T) {
			waits = nil
			tries := 0
			err := git.Retry(t.Context(), o, func(try int) error { tries++; return c.answers[try-1] })
			if !errors.Is(err, c.is) || tries != c.tries {
				t.Errorf("%v after %d tries", err, tries)
			}
			want := []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 150 * time.Millisecond}[:c.tries-1]
			if !slices.Equal(waits, want) {
				t.Errorf("waits %v, want %v", waits, want)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := git.Retry(ctx, git.RetryOptions{}, func(int) error { return moved }); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}
