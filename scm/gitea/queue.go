package gitea

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// EnqueuePullRequest implements scm.Queuer by auto-merge. The server merges the head as it is when its checks pass: it
// compares with m.Head only now. Where the branch asks for nothing, it merges at once.
func (c *Client) EnqueuePullRequest(ctx context.Context, number int, m scm.Merge) error {
	return c.about(number, "enqueue", c.enqueue(ctx, number, m))
}

func (c *Client) enqueue(ctx context.Context, number int, m scm.Merge) error {
	if err := checkMerge(m); err != nil {
		return err
	}
	for wait := c.patience(); ; {
		p, err := c.read(ctx, number)
		if err != nil {
			return err
		}
		if _, done, err := c.outcome(ctx, p, m); done || err != nil {
			return err
		}
		if queued, err := c.queued(ctx, number); queued || err != nil {
			return err
		}
		err = c.post(ctx, p, m, true)
		code, said := door.Refusal(err)
		switch {
		case err == nil, code == http.StatusConflict && strings.Contains(said, "scheduled"):
			return nil
		case !passing(err):
			return c.forbidden(ctx, p, m, err)
		}
		if more, slept := wait.more(ctx); slept != nil || !more {
			return errors.Join(slept, c.exhausted(ctx, p, m, err))
		}
	}
}

// DequeuePullRequest implements scm.Queuer.
func (c *Client) DequeuePullRequest(ctx context.Context, number int) error {
	p, err := c.read(ctx, number)
	if err == nil && state3(p) == scm.Merged {
		err = fmt.Errorf("it is merged: %w", scm.ErrConflict)
	}
	if err == nil {
		_, err = c.api(ctx).CancelScheduledAutoMerge(c.owner, c.name, p.Index)
		if missing(err) {
			err = nil // it was not asked for
		}
	}
	return c.about(number, "dequeue", err)
}

// queued tells whether the server was asked to merge by itself, which only the conversation says.
func (c *Client) queued(ctx context.Context, number int) (bool, error) {
	events, err := c.timeline(ctx, number, time.Time{})
	queued := false
	for _, e := range events {
		switch e.Type {
		case "pull_scheduled_merge":
			queued = true
		case "pull_cancel_scheduled_merge":
			queued = false
		}
	}
	return queued, err
}
