package bitbucket

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// strategies are the methods in the server's words. A rebase puts the commits on top of the base and moves that.
var strategies = map[scm.Method]string{"": "merge_commit", scm.MergeCommit: "merge_commit", scm.Squash: "squash", scm.Rebase: "rebase_fast_forward"}

// MergePullRequest implements scm.Client. The server takes no head to compare with: the head is compared right before,
// and what was merged right after. Between these two calls a push to the head could slip in; it is an ErrConflict that
// says what happened then. Where that must not be, restrict who may push to ferry's branches.
func (c *Client) MergePullRequest(ctx context.Context, number int, m scm.Merge) (string, error) {
	commit, err := c.merge(ctx, number, m)
	return commit, c.about(number, "merge", err)
}

func (c *Client) merge(ctx context.Context, number int, m scm.Merge) (string, error) {
	if _, ok := strategies[m.Method]; m.Head == "" || !ok {
		return "", fmt.Errorf("head %q by method %q: %w", m.Head, m.Method, scm.ErrInvalid)
	}
	var done string
	var now scm.PullRequest
	err := c.door.Settle(ctx, func(ctx context.Context) (merged bool, err error) {
		if now, err = c.plain(ctx, number); err == nil {
			done, err = settled(now, m)
		}
		return done != "", err
	}, func(ctx context.Context) error {
		err := c.post(ctx, number, m)
		after, readErr := c.plain(ctx, number)
		switch {
		case readErr != nil:
			return readErr
		case after.State == scm.Merged:
			done, err = foreign(after, m)
			return err
		case err == nil || door.Lost(err):
			return err
		case after.HeadSHA != m.Head:
			_, err = settled(after, m)
			return err
		}
		return c.refusal(now, err)
	})
	return done, err
}

// plain reads a pull request without what a merge does not need.
func (c *Client) plain(ctx context.Context, number int) (scm.PullRequest, error) {
	p, err := c.read(ctx, number)
	if err != nil {
		return scm.PullRequest{}, err
	}
	return c.pull(ctx, p)
}

// settled gives the commit of what is merged already, and says what must not be merged.
func settled(pr scm.PullRequest, m scm.Merge) (string, error) {
	switch {
	case pr.State == scm.Closed:
		return "", fmt.Errorf("it is closed: %w", scm.ErrConflict)
	case pr.HeadSHA != m.Head:
		return "", fmt.Errorf("its head is %.10s now, not %.10s: %w", pr.HeadSHA, m.Head, scm.ErrConflict)
	case pr.State == scm.Open && pr.Draft:
		return "", &scm.RuleError{Branch: pr.Base, Rule: "drafts are not merged"}
	}
	return pr.MergeCommit, nil
}

// foreign gives the commit of a merge that was just asked for, and says so when it was of another head.
func foreign(pr scm.PullRequest, m scm.Merge) (string, error) {
	if pr.HeadSHA != m.Head {
		return "", fmt.Errorf("somebody pushed %.10s while %.10s was being merged, and %.10s was merged as %.10s: look at what it brought: %w",
			pr.HeadSHA, m.Head, pr.HeadSHA, pr.MergeCommit, scm.ErrConflict)
	}
	return pr.MergeCommit, nil
}

func (c *Client) post(ctx context.Context, number int, m scm.Merge) error {
	return c.call(ctx, http.MethodPost, c.at(number, "/merge"),
		mergeRequest{Type: "pullrequest_merge", Message: scm.Text(m.Message), Strategy: strategies[m.Method]}, nil)
}

// refusal says what the server has against a merge.
func (c *Client) refusal(pr scm.PullRequest, err error) error {
	code, said := door.Refusal(err)
	switch {
	case code == http.StatusConflict, strings.Contains(strings.ToLower(said), "conflict"):
		return &scm.MergeConflictError{Head: pr.Head, Base: pr.Base}
	case code == http.StatusBadRequest, code == http.StatusForbidden:
		return fmt.Errorf("%w (%w)", &scm.RuleError{Branch: pr.Base, Rule: said}, err)
	}
	return err
}

const maxReason = 1000 // characters

// ClosePullRequest implements scm.Client by declining. The reason goes into the description, which cannot be changed
// after.
func (c *Client) ClosePullRequest(ctx context.Context, number int, reason string) error {
	return c.about(number, "close", c.decline(ctx, number, scm.Text(scm.Cut(reason, maxReason))))
}

func (c *Client) decline(ctx context.Context, number int, reason string) error {
	return c.door.Settle(ctx, func(ctx context.Context) (bool, error) {
		p, err := c.read(ctx, number)
		if err == nil && states[p.State] == scm.Merged {
			err = fmt.Errorf("it is merged: %w", scm.ErrConflict)
		}
		return states[p.State] == scm.Closed, err
	}, func(ctx context.Context) error {
		p, err := c.read(ctx, number)
		if err != nil {
			return err
		}
		body, labels := labelled(p.Description)
		body, _ = reasoned(body)
		p.Description = described(withReason(body, reason), labels)
		if _, err := c.put(ctx, p); err != nil {
			return err
		}
		return c.call(ctx, http.MethodPost, c.at(number, "/decline"), nil, nil)
	})
}
