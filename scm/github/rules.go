package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/scm"
)

// repository gives the repository with its settings, asked for once.
func (c *Client) repository(ctx context.Context) (*github.Repository, error) {
	c.mu.Lock()
	known := c.settings
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	repo, _, err := c.gh.Repositories.Get(ctx, c.owner, c.repo)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settings = repo
	return repo, nil
}

// allowed tells whether the repository has a method of merging. GitHub shows that to those who may write; where it does
// not, all count as allowed.
func (c *Client) allowed(ctx context.Context, m scm.Method) (bool, error) {
	repo, err := c.repository(ctx)
	if err != nil || repo.AllowMergeCommit == nil {
		return true, err
	}
	return slices.Contains(allowedMethods(repo), scm.Method(methods[m])), nil
}

func allowedMethods(repo *github.Repository) []scm.Method {
	var out []scm.Method
	for _, m := range []struct {
		allowed bool
		method  scm.Method
	}{{repo.GetAllowMergeCommit(), scm.MergeCommit}, {repo.GetAllowSquashMerge(), scm.Squash}, {repo.GetAllowRebaseMerge(), scm.Rebase}} {
		if m.allowed {
			out = append(out, m.method)
		}
	}
	return out
}

// Rules implements scm.Ruler: the sum of branch protection and of all rulesets. Rulesets are shown to every reader, branch
// protection to administrators: where that is in the way, what is known comes with ErrForbidden.
func (c *Client) Rules(ctx context.Context, branch string) (scm.Rules, error) {
	rules, err := c.rules(ctx, branch)
	if err != nil {
		return rules, fmt.Errorf("read the rules of %s in %s: %w", branch, c.name(), c.said(err))
	}
	return rules, nil
}

func (c *Client) rules(ctx context.Context, branch string) (scm.Rules, error) {
	repo, err := c.repository(ctx)
	if err != nil {
		return scm.Rules{}, err
	}
	out := scm.Rules{Methods: allowedMethods(repo)}
	if err := c.rulesets(ctx, branch, &out); err != nil {
		return out, err
	}
	err = c.protection(ctx, branch, repo.GetPermissions()["admin"], &out)
	slices.Sort(out.Statuses)
	out.Statuses = slices.Compact(out.Statuses)
	return out, err
}

// rule is one of a ruleset; go-github knows some of the parameters only.
type rule struct {
	Type       string `json:"type"`
	RulesetID  int64  `json:"ruleset_id"`
	Parameters struct {
		Approvals int      `json:"required_approving_review_count"`
		Resets    bool     `json:"dismiss_stale_reviews_on_push"`
		Methods   []string `json:"allowed_merge_methods"`
		Strict    bool     `json:"strict_required_status_checks_policy"`
		Checks    []struct {
			Context string `json:"context"`
		} `json:"required_status_checks"`
	} `json:"parameters"`
}

// rulesets adds what they ask. Servers before 3.11 have none: https://docs.github.com/en/enterprise-server@3.11/admin/release-notes.
func (c *Client) rulesets(ctx context.Context, branch string, out *scm.Rules) error {
	var all []rule
	at := github.ListOptions{Page: 1}
	for more := true; more; {
		req, err := c.gh.NewRequest(http.MethodGet, fmt.Sprintf("repos/%s/%s/rules/branches/%s?per_page=%d&page=%d", c.owner, c.repo, url.PathEscape(branch), page, at.Page), nil)
		if err != nil {
			return err
		}
		var some []rule
		res, err := c.gh.Do(ctx, req, &some)
		if is(err, http.StatusNotFound) {
			return nil // the repository was read a moment ago, so that it is the server that has none
		}
		if err != nil {
			return err
		}
		all = append(all, some...)
		if more, err = turn(&at, res); err != nil {
			return err
		}
	}
	bypass := len(all) > 0
	asked := map[int64]bool{}
	for _, r := range all {
		out.Protected = true
		r.add(out)
		if known, ok := asked[r.RulesetID]; ok {
			bypass = bypass && known
			continue
		}
		passes, err := c.passes(ctx, r.RulesetID)
		if err != nil {
			return err
		}
		asked[r.RulesetID] = passes
		bypass = bypass && passes
	}
	out.Bypass = bypass
	return nil
}

func (r *rule) add(out *scm.Rules) {
	switch r.Type {
	case "pull_request":
		out.Approvals = max(out.Approvals, r.Parameters.Approvals)
		out.ResetsApprovals = out.ResetsApprovals || r.Parameters.Resets
		if len(r.Parameters.Methods) > 0 {
			out.Methods = slices.DeleteFunc(out.Methods, func(m scm.Method) bool { return !slices.Contains(r.Parameters.Methods, string(m)) })
		}
	case "required_status_checks":
		out.UpToDate = out.UpToDate || r.Parameters.Strict
		for _, check := range r.Parameters.Checks {
			out.Statuses = append(out.Statuses, check.Context)
		}
	case "required_signatures":
		out.Signed = true
	case "required_linear_history":
		out.Methods = slices.DeleteFunc(out.Methods, func(m scm.Method) bool { return m == scm.MergeCommit })
	case "merge_queue":
		out.Queue = true
	}
}

// passes tells whether a ruleset does not bind this client.
func (c *Client) passes(ctx context.Context, id int64) (bool, error) {
	req, err := c.gh.NewRequest(http.MethodGet, fmt.Sprintf("repos/%s/%s/rulesets/%d", c.owner, c.repo, id), nil)
	if err != nil {
		return false, err
	}
	var set struct {
		Bypass string `json:"current_user_can_bypass"`
	}
	_, err = c.gh.Do(ctx, req, &set)
	if is(err, http.StatusNotFound, http.StatusForbidden) {
		return false, nil
	}
	return set.Bypass != "" && set.Bypass != "never", err
}

// protection adds what branch protection asks. Without being told whether it is there, everybody may ask for the contexts
// of its statuses only.
func (c *Client) protection(ctx context.Context, branch string, admin bool, out *scm.Rules) error {
	p, _, err := c.gh.Repositories.GetBranchProtection(ctx, c.owner, c.repo, branch)
	switch {
	case errors.Is(err, github.ErrBranchNotProtected), is(err, http.StatusNotFound) && admin:
		return nil
	case is(err, http.StatusForbidden, http.StatusNotFound):
		return c.glimpse(ctx, branch, out, err)
	case err != nil:
		return err
	}
	unbound := !out.Protected || out.Bypass
	out.Protected = true
	if s := p.GetRequiredStatusChecks(); s != nil {
		out.UpToDate = out.UpToDate || s.Strict
		out.Statuses = append(out.Statuses, contexts(s)...)
	}
	if r := p.RequiredPullRequestReviews; r != nil {
		out.Approvals = max(out.Approvals, r.RequiredApprovingReviewCount)
		out.ResetsApprovals = out.ResetsApprovals || r.DismissStaleReviews
	}
	if p.RequireLinearHistory != nil && p.RequireLinearHistory.Enabled {
		(&rule{Type: "required_linear_history"}).add(out)
	}
	out.Signed = out.Signed || p.GetRequiredSignatures().GetEnabled()
	out.Bypass = unbound && admin && (p.EnforceAdmins == nil || !p.EnforceAdmins.Enabled)
	return nil
}

// contexts names the statuses that are asked for, in the older and in the newer form.
func contexts(s *github.RequiredStatusChecks) []string {
	var out []string
	if s.Contexts != nil {
		out = append(out, *s.Contexts...)
	}
	if s.Checks != nil {
		for _, check := range *s.Checks {
			out = append(out, check.Context)
		}
	}
	return out
}

// glimpse reads what a branch itself tells of its protection to those who are no administrators.
func (c *Client) glimpse(ctx context.Context, branch string, out *scm.Rules, refused error) error {
	req, err := c.gh.NewRequest(http.MethodGet, fmt.Sprintf("repos/%s/%s/branches/%s", c.owner, c.repo, url.PathEscape(branch)), nil)
	if err != nil {
		return err
	}
	var b struct {
		Protected  bool `json:"protected"`
		Protection struct {
			Enabled bool                         `json:"enabled"`
			Checks  *github.RequiredStatusChecks `json:"required_status_checks"`
		} `json:"protection"`
	}
	_, err = c.gh.Do(ctx, req, &b)
	switch {
	case is(err, http.StatusNotFound):
		return nil
	case err != nil:
		return err
	case !b.Protected || !b.Protection.Enabled: // a ruleset alone makes it protected, but does not enable protection
		return nil
	}
	if b.Protection.Checks != nil {
		out.Statuses = append(out.Statuses, contexts(b.Protection.Checks)...)
	}
	out.Protected = true
	return fmt.Errorf("%w: %w", scm.ErrForbidden, c.said(refused))
}
