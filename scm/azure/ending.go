package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/ferry-cd/ferry/scm"
)

// ClosePullRequest implements scm.Client. The reason is said first, in the conversation: who finds it closed finds out why.
func (c *Client) ClosePullRequest(ctx context.Context, number int, reason string) error {
	if err := c.close(ctx, number, c.Limits().Cut(scm.Text(reason), MaxComment)); err != nil {
		return c.about(number, "close", err)
	}
	return nil
}

func (c *Client) close(ctx context.Context, number int, reason string) error {
	ended, err := c.ended(ctx, number)
	if err != nil || ended {
		return err
	}
	if reason != "" {
		if err := c.say(ctx, number, reason, closing); err != nil {
			return err
		}
	}
	return c.api.Settle(ctx, func(ctx context.Context) (bool, error) { return c.ended(ctx, number) },
		func(ctx context.Context) error { return c.set(ctx, number, map[string]any{"status": "abandoned"}) })
}

// ended tells whether a pull request is closed; one that is merged is ErrConflict.
func (c *Client) ended(ctx context.Context, number int) (bool, error) {
	p, err := c.read(ctx, number)
	if err == nil && p.Status == "completed" {
		err = fmt.Errorf("it is merged: %w", scm.ErrConflict)
	}
	return p.Status == "abandoned", err
}

// set edits a pull request.
func (c *Client) set(ctx context.Context, number int, in map[string]any) error {
	_, err := c.do(ctx, call{method: http.MethodPatch, path: c.pull(number), in: in})
	return err
}

// ReopenPullRequest implements scm.Reopener.
func (c *Client) ReopenPullRequest(ctx context.Context, number int) error {
	err := c.api.Settle(ctx, func(ctx context.Context) (bool, error) {
		p, err := c.read(ctx, number)
		if err == nil && p.Status == "completed" {
			err = fmt.Errorf("it is merged: %w", scm.ErrConflict)
		}
		return p.Status == "active", err
	}, func(ctx context.Context) error {
		err := c.set(ctx, number, map[string]any{"status": "active"})
		if errors.Is(err, scm.ErrInvalid) { // the branch is gone, or its place is taken
			return fmt.Errorf("%w (%w)", scm.ErrConflict, err)
		}
		return err
	})
	if err != nil {
		return c.about(number, "reopen", err)
	}
	return nil
}
