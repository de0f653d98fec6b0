package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/scm"
)

// closedMarker is the first line of the comment that says why a pull request was closed.
const closedMarker = "<!-- ferry:closed -->"

// closeReason reads the comment back.
func closeReason(body string) string {
	reason, ok := strings.CutPrefix(scm.Text(body), closedMarker+"\n")
	if !ok {
		return ""
	}
	return reason
}

// ClosePullRequest implements scm.Client.
func (c *Client) ClosePullRequest(ctx context.Context, number int, reason string) error {
	p, err := c.pull(ctx, number)
	if err == nil {
		err = c.close(ctx, p, scm.Cut(scm.Text(reason), maxBody-len(closedMarker)-1))
	}
	if err != nil {
		return c.about(number, "close", err)
	}
	return nil
}

func (c *Client) close(ctx context.Context, p *pull, reason string) error {
	switch states[p.State] {
	case scm.Merged:
		return fmt.Errorf("it is merged: %w", scm.ErrConflict)
	case scm.Closed:
		return nil
	}
	if reason != "" {
		if err := c.say(ctx, p.Number, closedMarker+"\n"+reason); err != nil {
			return err
		}
	}
	return c.setState(ctx, p.Number, "closed")
}

// say writes a comment of its own, unless the last one that we wrote says it: the run that wrote it may have died before
// the close.
func (c *Client) say(ctx context.Context, number int, text string) error {
	return c.door.Settle(ctx, func(ctx context.Context) (bool, error) {
		mine, err := c.ownComments(ctx, number, closedMarker)
		return err == nil && len(mine) > 0 && mine[len(mine)-1].last && scm.Text(mine[len(mine)-1].body) == text, err
	}, func(ctx context.Context) error {
		_, _, err := c.gh.Issues.CreateComment(ctx, c.owner, c.repo, number, &github.IssueComment{Body: &text})
		return err
	})
}

func (c *Client) setState(ctx context.Context, number int, state string) error {
	return again(ctx, func(ctx context.Context) error {
		_, _, err := c.gh.PullRequests.Edit(ctx, c.owner, c.repo, number, &github.PullRequest{State: &state})
		return err
	})
}

// ReopenPullRequest implements scm.Reopener.
func (c *Client) ReopenPullRequest(ctx context.Context, number int) error {
	p, err := c.pull(ctx, number)
	switch {
	case err != nil:
	case p.State == "OPEN":
		return nil
	case p.State == "MERGED":
		err = fmt.Errorf("it is merged: %w", scm.ErrConflict)
	default:
		err = c.setState(ctx, number, "open")
		if is(err, http.StatusUnprocessableEntity) { // its branch is gone, or another one took its place
			err = fmt.Errorf("%w (%w)", scm.ErrConflict, c.said(err))
		}
	}
	if err != nil {
		return c.about(number, "reopen", err)
	}
	return nil
}
