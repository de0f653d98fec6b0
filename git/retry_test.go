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
		Now:    func() time.Time { return time.Time{} },
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

// What takes longer waits longer, up to the longest wait: many that each need a second do not fit into the first tenth.
func TestRetryWaitsAsLongAsAnAttemptTakes(t *testing.T) {
	var now time.Time
	var waits []time.Duration
	o := git.RetryOptions{
		Jitter: func(longest time.Duration) time.Duration { return longest },
		Sleep:  func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil },
		Now:    func() time.Time { return now },
	}
	err := git.Retry(t.Context(), o, func(int) error {
		now = now.Add(time.Second)
		return &git.MovedError{Ref: "refs/heads/main"}
	})
	var moved *git.MovedError
	want := []time.Duration{3, 6, 12, 20, 20, 20, 20}
	for i := range want {
		want[i] *= time.Second
	}
	if !errors.As(err, &moved) || !slices.Equal(waits, want) {
		t.Errorf("waits %v, want %v: %v", waits, want, err)
	}
}
