package github

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

// mergeable are the states in which GitHub would merge at once; it refuses to do so later then.
var mergeable = []string{"CLEAN", "HAS_HOOKS", "UNSTABLE"}

// EnqueuePullRequest implements scm.Queuer: the branch's merge queue where it has one, auto-merge where it has none. What
// nothing holds back is merged at once.
func (c *Client) EnqueuePullRequest(ctx context.Context, number int, m scm.Merge) error {
	if err := c.enqueue(ctx, number, m); err != nil {
		return c.about(number, "queue", err)
	}
	return nil
}

func (c *Client) enqueue(ctx context.Context, number int, m scm.Merge) error {
	p, err := c.pull(ctx, number)
	if err != nil {
		return err
	}
	if err := checkMerge(m); err != nil {
		return err
	}
	if _, done, err := p.ready(m); done || err != nil || p.pullRequest().Queued {
		return err
	}
	can, err := c.abilities(ctx)
	switch now := slices.Contains(mergeable, p.MergeStateStatus); {
	case err != nil:
		return err
	case now && p.IsMergeQueueEnabled:
		err = c.mutate(ctx, `mutation($id: ID!, $head: GitObjectID!) {
  enqueuePullRequest(input: {pullRequestId: $id, expectedHeadOid: $head}) { mergeQueueEntry { id } }
}`, map[string]any{"id": p.ID, "head": m.Head})
	case now:
		_, err := c.merge(ctx, number, m)
		return err
	case !can.autoMerge:
		return &scm.RuleError{Branch: p.BaseRefName, Rule: "this GitHub Enterprise Server has no auto-merge"}
	default:
		err = c.autoMerge(ctx, p, m)
	}
	if errors.Is(err, scm.ErrInvalid) || errors.Is(err, scm.ErrForbidden) {
		return fmt.Errorf("%w (%w)", &scm.RuleError{Branch: p.BaseRefName, Rule: "GitHub does not merge it by itself"}, err)
	}
	return err
}

func (c *Client) autoMerge(ctx context.Context, p *pull, m scm.Merge) error {
	vars := map[string]any{"id": p.ID, "head": m.Head, "method": strings.ToUpper(methods[m.Method])}
	if title, body, _ := strings.Cut(scm.Text(m.Message), "\n"); title != "" {
		vars["title"], vars["body"] = title, strings.TrimLeft(body, "\n")
	}
	return c.mutate(ctx, `mutation($id: ID!, $head: GitObjectID!, $method: PullRequestMergeMethod!, $title: String, $body: String) {
  enablePullRequestAutoMerge(input: {pullRequestId: $id, expectedHeadOid: $head, mergeMethod: $method, commitHeadline: $title, commitBody: $body}) {
    pullRequest { id }
  }
}`, vars)
}

// mutate asks for a state by GraphQL; asking twice is the same.
func (c *Client) mutate(ctx context.Context, text string, vars map[string]any) error {
	return again(ctx, func(ctx context.Context) error { return c.graphql(ctx, text, vars, &struct{}{}) })
}

// DequeuePullRequest implements scm.Queuer.
func (c *Client) DequeuePullRequest(ctx context.Context, number int) error {
	p, err := c.pull(ctx, number)
	switch {
	case err != nil:
	case p.State == "MERGED":
		err = fmt.Errorf("it is merged: %w", scm.ErrConflict)
	case p.State != "OPEN":
		return nil
	default:
		err = c.dequeue(ctx, p)
	}
	if err != nil {
		return c.about(number, "take out of the queue", err)
	}
	return nil
}

func (c *Client) dequeue(ctx context.Context, p *pull) error {
	if p.AutoMergeRequest != nil {
		const text = `mutation($id: ID!) { disablePullRequestAutoMerge(input: {pullRequestId: $id}) { pullRequest { id } } }`
		if err := c.mutate(ctx, text, map[string]any{"id": p.ID}); err != nil {
			return err
		}
	}
	if p.MergeQueueEntry != nil {
		const text = `mutation($id: ID!) { dequeuePullRequest(input: {id: $id}) { mergeQueueEntry { id } } }`
		return c.mutate(ctx, text, map[string]any{"id": p.ID})
	}
	return nil
}
