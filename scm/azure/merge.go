package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

// completion says how to merge. Policies are never bypassed, and the branch is the caller's to delete.
type completion struct {
	Strategy     string `json:"mergeStrategy"`
	Message      string `json:"mergeCommitMessage,omitempty"`
	DeleteSource bool   `json:"deleteSourceBranch"`
	WorkItems    bool   `json:"transitionWorkItems"`
}

func completionOf(m scm.Merge) completion {
	return completion{Strategy: strategies[m.Method], Message: m.Message}
}

// MergePullRequest implements scm.Client. The server completes in its own time: the state afterwards is the answer.
func (c *Client) MergePullRequest(ctx context.Context, number int, m scm.Merge) (string, error) {
	commit, err := c.merge(ctx, number, m)
	if err != nil {
		return "", c.about(number, "merge", err)
	}
	return commit, nil
}

func (c *Client) merge(ctx context.Context, number int, m scm.Merge) (string, error) {
	var p pullRequest
	var looked error
	err := c.api.Settle(ctx, func(ctx context.Context) (bool, error) {
		p, looked = c.settled(ctx, number)
		if looked == nil {
			looked = guard(p, m)
		}
		if looked == nil && p.Status == "active" {
			looked = c.mergeable(ctx, p)
		}
		return p.Status == "completed", looked
	}, func(ctx context.Context) error {
		return c.set(ctx, number, map[string]any{"status": "completed", "lastMergeSourceCommit": commitRef{m.Head}, "completionOptions": completionOf(m)})
	})
	if looked != nil {
		return "", looked
	}
	return c.completed(ctx, p, m, err)
}

// guard refuses what may not be merged whatever the server says.
func guard(p pullRequest, m scm.Merge) error {
	switch {
	case m.Head == "":
		return fmt.Errorf("a merge needs the head that was checked: %w", scm.ErrInvalid)
	case strategies[m.Method] == "":
		return fmt.Errorf("method %q: %w", m.Method, scm.ErrInvalid)
	case p.Status == "abandoned":
		return fmt.Errorf("it is closed: %w", scm.ErrConflict)
	case p.Head.ID != m.Head:
		return fmt.Errorf("its head is %.12s, not %.12s: %w", p.Head.ID, m.Head, scm.ErrConflict)
	}
	return nil
}

// mergeable refuses what the server would only refuse later.
func (c *Client) mergeable(ctx context.Context, p pullRequest) error {
	switch {
	case p.Draft:
		return fmt.Errorf("it is a draft: %w", scm.ErrForbidden)
	case p.MergeStatus == mergeConflicts:
		return c.conflict(ctx, p)
	}
	return nil
}

// conflict names the files that both sides changed, where the server tells them.
func (c *Client) conflict(ctx context.Context, p pullRequest) error {
	e := &scm.MergeConflictError{Head: strings.TrimPrefix(p.Source, branches), Base: strings.TrimPrefix(p.Target, branches)}
	var got list[struct {
		Path string `json:"conflictPath"`
	}]
	if _, err := c.do(ctx, call{path: c.pull(p.ID, "conflicts"), preview: true, out: &got}); err != nil {
		return e // the paths are a courtesy
	}
	for _, at := range got.Value {
		e.Paths = append(e.Paths, strings.TrimPrefix(at.Path, "/"))
	}
	return e
}

// completed waits for what becomes of a completion that was asked for; asked is what the server said to it.
func (c *Client) completed(ctx context.Context, before pullRequest, m scm.Merge, asked error) (string, error) {
	for n := 0; ; n++ {
		p, err := c.settled(ctx, before.ID)
		if err != nil {
			return "", errors.Join(asked, err)
		}
		if err := guard(p, m); err != nil || p.Status == "completed" {
			return p.Merge.ID, err
		}
		if asked != nil {
			return "", c.refusal(ctx, p, asked)
		}
		if err := c.mergeable(ctx, p); err != nil {
			return "", err
		}
		if p.MergeStatus == mergeRejected || p.MergeStatus == mergeFailed {
			return "", c.refusal(ctx, p, fmt.Errorf("%w: %s", scm.ErrForbidden, scm.Line(p.MergeStatus+" "+p.MergeText)))
		}
		if n == settlePolls {
			return "", fmt.Errorf("the server took the request and is still busy with it: %w", scm.ErrConflict)
		}
		if err := c.o.Sleep(ctx, settlePause); err != nil {
			return "", err
		}
	}
}

// refusal names the policy behind a refusal.
func (c *Client) refusal(ctx context.Context, p pullRequest, said error) error {
	if !errors.Is(said, scm.ErrForbidden) {
		return said
	}
	if rule, err := c.hindrance(ctx, p); err == nil && rule != nil {
		return rule
	}
	if refused(said, "GitPullRequestUpdateRejectedByPolicyException") || p.MergeStatus == mergeRejected {
		var e *problem
		why := "a policy refused it"
		if errors.As(said, &e) && e.text != "" {
			why = e.text
		}
		return &scm.RuleError{Branch: strings.TrimPrefix(p.Target, branches), Rule: why}
	}
	return said
}

// ForetellMerge implements scm.Foreteller.
func (c *Client) ForetellMerge(ctx context.Context, number int) error {
	if err := c.foretell(ctx, number); err != nil {
		return c.about(number, "merge", err)
	}
	return nil
}

func (c *Client) foretell(ctx context.Context, number int) error {
	p, err := c.settled(ctx, number)
	if err != nil || p.Status == "completed" {
		return err
	}
	if err := errors.Join(guard(p, scm.Merge{Head: p.Head.ID}), c.mergeable(ctx, p)); err != nil {
		return err
	}
	rule, err := c.hindrance(ctx, p)
	if err == nil && rule != nil {
		return rule
	}
	return err
}

// EnqueuePullRequest implements scm.Queuer by auto-complete, which anyone who pushes to the branch keeps: the server guards
// no head there, only its policies do.
func (c *Client) EnqueuePullRequest(ctx context.Context, number int, m scm.Merge) error {
	self, err := c.who(ctx)
	if err == nil {
		err = c.api.Settle(ctx, func(ctx context.Context) (bool, error) {
			p, err := c.settled(ctx, number)
			if err == nil {
				err = guard(p, m)
			}
			return p.Status == "completed" || p.AutoSetBy != nil, err
		}, func(ctx context.Context) error {
			// Only one's own identity is taken here.
			return c.set(ctx, number, map[string]any{"autoCompleteSetBy": identityRef{self.ID}, "completionOptions": completionOf(m)})
		})
	}
	if err != nil {
		return c.about(number, "set auto-complete of", err)
	}
	return nil
}

// nobody takes auto-complete back.
const nobody = "00000000-0000-0000-0000-000000000000"

// DequeuePullRequest implements scm.Queuer.
func (c *Client) DequeuePullRequest(ctx context.Context, number int) error {
	err := c.api.Settle(ctx, func(ctx context.Context) (bool, error) {
		p, err := c.read(ctx, number)
		if err == nil && p.Status == "completed" {
			err = fmt.Errorf("it is merged: %w", scm.ErrConflict)
		}
		return p.AutoSetBy == nil, err
	}, func(ctx context.Context) error {
		return c.set(ctx, number, map[string]any{"autoCompleteSetBy": identityRef{nobody}})
	})
	if err != nil {
		return c.about(number, "take back auto-complete of", err)
	}
	return nil
}

// ResetApprovals implements scm.Resetter.
func (c *Client) ResetApprovals(ctx context.Context, number int, reason string) error {
	if err := c.reset(ctx, number, scm.Text(reason)); err != nil {
		return c.about(number, "reset the votes of", err)
	}
	return nil
}

func (c *Client) reset(ctx context.Context, number int, reason string) error {
	p, err := c.read(ctx, number)
	if err != nil {
		return err
	}
	type vote struct {
		ID   string `json:"id"`
		Vote int    `json:"vote"`
	}
	var in []vote
	for _, r := range p.Reviewers {
		if r.Vote > 0 {
			in = append(in, vote{ID: r.ID})
		}
	}
	if len(in) == 0 {
		return nil
	}
	if _, err := c.do(ctx, call{method: http.MethodPatch, path: c.pull(number, "reviewers"), in: in}); err != nil {
		return err
	}
	return c.open(ctx, number, "Votes were reset: "+reason, "reset")
}
