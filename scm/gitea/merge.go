package gitea

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// styles are the methods in the server's words.
var styles = map[scm.Method]gitea.MergeStyle{
	"":              gitea.MergeStyleMerge,
	scm.MergeCommit: gitea.MergeStyleMerge,
	scm.Squash:      gitea.MergeStyleSquash,
	scm.Rebase:      gitea.MergeStyleRebase,
}

// MergePullRequest implements scm.Client.
func (c *Client) MergePullRequest(ctx context.Context, number int, m scm.Merge) (string, error) {
	commit, err := c.merge(ctx, number, m)
	return commit, c.about(number, "merge", err)
}

func (c *Client) merge(ctx context.Context, number int, m scm.Merge) (string, error) {
	if err := checkMerge(m); err != nil {
		return "", err
	}
	posted := false
	for wait := c.patience(); ; {
		p, err := c.read(ctx, number)
		if err != nil {
			return "", err
		}
		if commit, done, err := c.outcome(ctx, p, m); done || err != nil {
			return commit, err
		}
		again := posted // it was merged, and is about to show it
		if !posted {
			if err := c.seen(ctx, p, wait); err != nil {
				return "", err
			}
			err = c.post(ctx, p, m, false)
			posted = err == nil
			again = posted || passing(err) && !(unsure(p) && c.conflicts(pair(p)))
		}
		if !again {
			return "", c.forbidden(ctx, p, m, err)
		}
		if more, slept := wait.more(ctx); slept != nil || !more {
			return "", errors.Join(slept, c.exhausted(ctx, p, m, err))
		}
	}
}

// seen waits until the server has looked at the newest push: until then, approvals of the commit before it still count.
// They count longer where the push changed nothing that a reviewer saw.
func (c *Client) seen(ctx context.Context, p *gitea.PullRequest, wait *patience) error {
	for {
		standing, err := c.approvals(ctx, int(p.Index))
		outdated := slices.ContainsFunc(standing, func(r *gitea.PullReview) bool { return !r.Stale && r.CommitID != p.Head.Sha })
		if err != nil || !outdated {
			return err
		}
		if more, err := wait.more(ctx); err != nil || !more {
			return err
		}
	}
}

func checkMerge(m scm.Merge) error {
	if m.Head == "" {
		return fmt.Errorf("no head to compare with: %w", scm.ErrInvalid)
	}
	if _, ok := styles[m.Method]; !ok {
		return fmt.Errorf("method %q: %w", m.Method, scm.ErrInvalid)
	}
	return nil
}

// outcome tells whether there is nothing left to do, or nothing that may be done.
func (c *Client) outcome(ctx context.Context, p *gitea.PullRequest, m scm.Merge) (commit string, done bool, err error) {
	heads, err := c.heads(ctx, []*gitea.PullRequest{p}, false)
	if err != nil {
		return "", false, err
	}
	pr := pullRequest(p, heads)
	switch {
	case pr.State == scm.Closed:
		return "", false, fmt.Errorf("it is closed: %w", scm.ErrConflict)
	case pr.HeadSHA != m.Head:
		return "", false, fmt.Errorf("its head is %.10s now, not %.10s: %w", pr.HeadSHA, m.Head, scm.ErrConflict)
	case pr.Draft && pr.State == scm.Open:
		return "", false, &scm.RuleError{Branch: pr.Base, Rule: "drafts are not merged"}
	}
	return pr.MergeCommit, pr.State == scm.Merged, nil
}

// post asks for the merge, now or when the rules of the branch allow it.
func (c *Client) post(ctx context.Context, p *gitea.PullRequest, m scm.Merge, later bool) error {
	keep := false // the branch is not ours to delete, whatever the repository's default is
	title, message, _ := strings.Cut(scm.Text(m.Message), "\n")
	_, _, err := c.api(ctx).MergePullRequest(c.owner, c.name, p.Index, gitea.MergePullRequestOption{
		Style: styles[m.Method], Title: title, Message: strings.TrimLeft(message, "\n"), HeadCommitId: m.Head,
		DeleteBranchAfterMerge: &keep, MergeWhenChecksSucceed: later})
	return err
}

// transient are refusals that pass: somebody else merges it at this moment, the base moved, the push of the head is
// still being looked at, conflicts are being looked for.
var transient = []string{"already merged", "try again later", "conflict checking is in progress", "head out of date", "push out of date",
	"cannot lock ref"}

// passing tells whether to look again: the reply was lost, or the refusal is one that passes.
func passing(err error) bool {
	code, said := door.Refusal(err)
	if code == http.StatusNotFound { // closed, or merged, since it was read
		return true
	}
	if code == http.StatusMethodNotAllowed || code == http.StatusConflict {
		for _, words := range transient {
			if strings.Contains(said, words) {
				return true
			}
		}
	}
	return door.Lost(err)
}

// exhausted says why a refusal that passes did not.
func (c *Client) exhausted(ctx context.Context, p *gitea.PullRequest, m scm.Merge, err error) error {
	code, said := door.Refusal(err)
	switch {
	case strings.Contains(said, "try again later") && unsure(p):
		return conflict(p)
	case code == http.StatusMethodNotAllowed:
		return c.forbidden(ctx, p, m, err)
	case err == nil:
		return fmt.Errorf("the server said that it merged, and does not show it: %w", scm.ErrConflict)
	}
	return err
}

func conflict(p *gitea.PullRequest) error {
	return &scm.MergeConflictError{Head: p.Head.Name, Base: p.Base.Ref}
}

// forbidden turns a lasting refusal of a merge into what it means.
func (c *Client) forbidden(ctx context.Context, p *gitea.PullRequest, m scm.Merge, err error) error {
	code, said := door.Refusal(err)
	rule := said
	switch {
	case code == http.StatusConflict && strings.Contains(said, "PushRejected"):
	case code == http.StatusConflict, strings.Contains(said, "try again later") && unsure(p):
		return conflict(p)
	case code != http.StatusMethodNotAllowed:
		return err
	case strings.Contains(said, "allowed merge style"):
		rule = fmt.Sprintf("method %s is not allowed in this repository", styles[m.Method])
	default:
		rule = c.unmet(ctx, p, said)
	}
	return fmt.Errorf("%w (%w)", &scm.RuleError{Branch: p.Base.Ref, Rule: rule}, c.word(err))
}
