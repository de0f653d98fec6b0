package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/scm"
)

// mergeTries bounds how often a merge is asked for: the base may move each time.
const mergeTries = 8

// methods are GitHub's words for the ways of merging.
var methods = map[scm.Method]string{"": "merge", scm.MergeCommit: "merge", scm.Squash: "squash", scm.Rebase: "rebase"}

// MergePullRequest implements scm.Client.
func (c *Client) MergePullRequest(ctx context.Context, number int, m scm.Merge) (string, error) {
	commit, err := c.merge(ctx, number, m)
	if err != nil {
		return "", c.about(number, "merge", err)
	}
	return commit, nil
}

// checkMerge refuses what is no merge.
func checkMerge(m scm.Merge) error {
	switch {
	case m.Head == "":
		return fmt.Errorf("a merge names the commit that was checked: %w", scm.ErrInvalid)
	case methods[m.Method] == "":
		return fmt.Errorf("method %q: %w", m.Method, scm.ErrInvalid)
	}
	return nil
}

func (c *Client) merge(ctx context.Context, number int, m scm.Merge) (string, error) {
	p, err := c.pull(ctx, number)
	if err != nil {
		return "", err
	}
	if err := checkMerge(m); err != nil {
		return "", err
	}
	for try := range mergeTries {
		if commit, done, err := p.ready(m); done || err != nil {
			return commit, err
		}
		commit, refused := c.putMerge(ctx, number, m)
		if refused == nil {
			return commit, nil
		}
		if !is(refused, http.StatusMethodNotAllowed, http.StatusConflict) {
			return "", refused
		}
		// 405 has many meanings: it is merged already, still being looked at, in conflict, against a rule, or the base has
		// moved. The pull request tells them apart, not the words.
		if p, err = c.pull(ctx, number); err != nil {
			return "", err
		}
		if err := c.final(ctx, p, m, refused); err != nil {
			return "", err
		}
		if err := c.o.Sleep(ctx, min(500*time.Millisecond<<try, 8*time.Second)); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("the base kept moving: %w", scm.ErrConflict)
}

// ready tells a merge that is done, and refuses one that cannot be.
func (p *pull) ready(m scm.Merge) (commit string, done bool, err error) {
	if err := p.stale(m.Head); err != nil {
		return "", false, err
	}
	switch {
	case p.State == "MERGED" && p.MergeCommit != nil:
		return p.MergeCommit.Oid, true, nil
	case p.State != "OPEN":
		return "", false, fmt.Errorf("it is %s: %w", states[p.State], scm.ErrConflict)
	case p.IsDraft:
		return "", false, fmt.Errorf("it is a draft: %w", scm.ErrForbidden)
	case p.Mergeable == "CONFLICTING":
		return "", false, &scm.MergeConflictError{Head: p.HeadRefName, Base: p.BaseRefName}
	}
	return "", false, nil
}

func (c *Client) putMerge(ctx context.Context, number int, m scm.Merge) (string, error) {
	title, body, _ := strings.Cut(scm.Text(m.Message), "\n")
	o := &github.PullRequestOptions{SHA: m.Head, MergeMethod: methods[m.Method], CommitTitle: title, DontDefaultIfBlank: title != ""}
	res, _, err := c.gh.PullRequests.Merge(ctx, c.owner, c.repo, number, strings.TrimLeft(body, "\n"), o)
	return res.GetSHA(), err
}

// final makes an error of a refusal that no other try will change; nil is worth one.
func (c *Client) final(ctx context.Context, p *pull, m scm.Merge, refused error) error {
	if p.State != "OPEN" || p.HeadRefOid != m.Head || p.Mergeable == "CONFLICTING" || p.Mergeable == "UNKNOWN" {
		return nil // ready tells, next time
	}
	allowed, err := c.allowed(ctx, m.Method)
	switch {
	case err != nil:
		return err
	case !allowed:
		return &scm.RuleError{Branch: p.BaseRefName, Rule: fmt.Sprintf("the repository does not allow the method %s", methods[m.Method])}
	case p.MergeStateStatus == "BLOCKED" || p.MergeStateStatus == "BEHIND":
		return c.ruleError(ctx, p, refused)
	}
	return nil
}

// ruleError names the rule that forbids a merge: as GitHub says it, and what exactly is missing where that can be known.
func (c *Client) ruleError(ctx context.Context, p *pull, refused error) error {
	said := &refusal{}
	errors.As(c.said(refused), &said)
	lacking, err := c.lacking(ctx, p)
	switch {
	case isNot(c.said(err), scm.ErrForbidden):
		return err
	case len(lacking) == 0:
		return &scm.RuleError{Branch: p.BaseRefName, Rule: said.message}
	}
	return &scm.RuleError{Branch: p.BaseRefName, Rule: fmt.Sprintf("%s (GitHub says %q)", strings.Join(lacking, "; "), said.message)}
}

// lacking names what the rules of the base ask for and the head has not.
func (c *Client) lacking(ctx context.Context, p *pull) ([]string, error) {
	rules, err := c.Rules(ctx, p.BaseRefName)
	if err != nil {
		return nil, err
	}
	var out []string
	if len(rules.Statuses) > 0 {
		all, err := c.Statuses(ctx, p.HeadRefOid)
		if err != nil {
			return nil, err
		}
		newest := map[string]scm.Status{}
		for _, s := range all {
			if _, ok := newest[s.Context]; !ok {
				newest[s.Context] = s
			}
		}
		for _, name := range rules.Statuses {
			switch s, ok := newest[name]; {
			case !ok:
				out = append(out, fmt.Sprintf("status %s must be success (there is none)", name))
			case s.State != scm.Success:
				out = append(out, fmt.Sprintf("status %s must be success (it is %s)", name, s.State))
			}
		}
	}
	if rules.UpToDate && p.MergeStateStatus == "BEHIND" {
		out = append(out, "the head must hold the newest "+p.BaseRefName)
	}
	if rules.Queue {
		out = append(out, "it is merged through the merge queue only")
	}
	if rules.Approvals == 0 {
		return out, nil
	}
	reviews, err := c.Reviews(ctx, p.Number)
	if err != nil {
		return nil, err
	}
	pr := p.pullRequest()
	if n := len(scm.Approvers(pr, reviews)); n < rules.Approvals {
		out = append(out, fmt.Sprintf("%d approvals are asked for (it has %d)", rules.Approvals, n))
	}
	if objectors := scm.Objectors(pr, reviews); len(objectors) > 0 {
		out = append(out, strings.Join(objectors, ", ")+" asked for changes")
	}
	return out, nil
}
