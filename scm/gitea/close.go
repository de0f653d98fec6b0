package gitea

import (
	"context"
	"fmt"

	"code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/scm"
)

// ClosePullRequest implements scm.Client.
func (c *Client) ClosePullRequest(ctx context.Context, number int, reason string) error {
	p, err := c.read(ctx, number)
	if err == nil {
		switch state3(p) {
		case scm.Closed:
			return nil
		case scm.Merged:
			err = fmt.Errorf("it is merged: %w", scm.ErrConflict)
		case scm.Open:
			err = c.shut(ctx, p, scm.Text(scm.Cut(reason, maxReason)))
		}
	}
	return c.about(number, "close", err)
}

const maxReason = 2000 // characters, of a text that stands below the body

// shut closes an open pull request, with the reason in the same request.
func (c *Client) shut(ctx context.Context, p *gitea.PullRequest, reason string) error {
	who, err := c.Self(ctx)
	if err != nil {
		return err
	}
	closed := gitea.StateClosed
	body := withReason(p.Body, who, reason)
	_, err = c.patch(ctx, p.Index, gitea.EditPullRequestOption{State: &closed, Body: &body})
	return err
}

// ReopenPullRequest implements scm.Reopener.
func (c *Client) ReopenPullRequest(ctx context.Context, number int) error {
	p, err := c.read(ctx, number)
	if err == nil {
		switch state3(p) {
		case scm.Open:
			return nil
		case scm.Merged:
			err = fmt.Errorf("it is merged: %w", scm.ErrConflict)
		case scm.Closed:
			err = c.reopen(ctx, p)
		}
	}
	return c.about(number, "reopen", err)
}

// reopen opens a closed one. The server would also open it beside another one, so that one looks before and after.
func (c *Client) reopen(ctx context.Context, p *gitea.PullRequest) error {
	if p.Head.Ref != p.Head.Name {
		return fmt.Errorf("its branch %s is gone: %w", p.Head.Name, scm.ErrConflict)
	}
	if err := c.alone(ctx, p); err != nil {
		return err
	}
	open := gitea.StateOpen
	body := withoutReason(p.Body)
	reopened, err := c.patch(ctx, p.Index, gitea.EditPullRequestOption{State: &open, Body: &body})
	if err != nil {
		return err
	}
	if err := c.alone(ctx, p); err != nil {
		if shut := c.shut(ctx, reopened, "another one took its place"); shut != nil {
			return shut
		}
		return err
	}
	return nil
}

// alone refuses what would be the second open one for its head and base.
func (c *Client) alone(ctx context.Context, p *gitea.PullRequest) error {
	all, err := c.find(ctx, scm.Filter{Head: p.Head.Name, Base: p.Base.Ref, State: scm.Open})
	for _, other := range all {
		if other.Index != p.Index {
			return fmt.Errorf("pull request %d took its place: %w", other.Index, scm.ErrConflict)
		}
	}
	return err
}
