package azure

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

// Kinds of policies, the same ids in every organization: https://learn.microsoft.com/rest/api/azure/devops/policy/types/list
const (
	minimumReviewers = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"
	requiredStatus   = "cbdc66da-9728-4af8-aada-9a5a32e4a226"
	mergeStrategy    = "fa4e907d-c16b-4a4c-9dfa-4916e5d171ab"
)

// policy is one rule of a branch.
type policy struct {
	Enabled  bool `json:"isEnabled"`
	Blocking bool `json:"isBlocking"`
	Deleted  bool `json:"isDeleted"`
	Type     struct {
		ID   string `json:"id"`
		Name string `json:"displayName"`
	} `json:"type"`
	Settings settings `json:"settings"`
}

type settings struct {
	Approvals       int      `json:"minimumApproverCount"`
	ResetOnPush     bool     `json:"resetOnSourcePush"`
	ResetRejections bool     `json:"resetRejectionsOnSourcePush"`
	Paths           []string `json:"filenamePatterns"`
	Name            string   `json:"statusName"`
	Genre           string   `json:"statusGenre"`
	Display         string   `json:"displayName"`
	MergeCommit     bool     `json:"allowNoFastForward"`
	Squash          bool     `json:"allowSquash"`
	Rebase          bool     `json:"allowRebase"`
}

// says names a policy as a person knows it.
func (p policy) says() string {
	switch p.Type.ID {
	case minimumReviewers:
		return fmt.Sprintf("%d approval(s) required (%s)", p.Settings.Approvals, p.Type.Name)
	case requiredStatus:
		return "status " + statusContext{p.Settings.Genre, p.Settings.Name}.whole() + " is required"
	}
	if p.Settings.Display != "" {
		return p.Type.Name + " " + p.Settings.Display
	}
	return p.Type.Name
}

// policies of a branch that hold a merge up. The server applies scopes by prefix itself.
type policies []policy

func (c *Client) policies(ctx context.Context, branch string) (policies, error) {
	at, err := c.where(ctx)
	if err != nil {
		return nil, err
	}
	all, err := continued[policy](ctx, c, call{path: under(c.project, "_apis", "git", "policy", "configurations"),
		query: url.Values{"repositoryId": {at.repository}, "refName": {branches + branch}}})
	return slices.DeleteFunc(all, func(p policy) bool { return !p.Enabled || !p.Blocking || p.Deleted }), err
}

// resets tells whether approvals are dropped whenever the head moves; a policy about some files may not be about these.
func (ps policies) resets() bool {
	return slices.ContainsFunc(ps, func(p policy) bool {
		s := p.Settings
		return p.Type.ID == minimumReviewers && (s.ResetOnPush || s.ResetRejections) && len(s.Paths) == 0
	})
}

// Rules implements scm.Ruler.
func (c *Client) Rules(ctx context.Context, branch string) (scm.Rules, error) {
	all, err := c.policies(ctx, branch)
	if err != nil {
		return scm.Rules{}, fmt.Errorf("read the policies of %s in %s: %w", branch, c, err)
	}
	out := scm.Rules{Protected: len(all) > 0, ResetsApprovals: all.resets()}
	for _, p := range all {
		switch p.Type.ID {
		case minimumReviewers:
			out.Approvals = max(out.Approvals, p.Settings.Approvals)
		case requiredStatus:
			out.Statuses = append(out.Statuses, statusContext{p.Settings.Genre, p.Settings.Name}.whole())
		case mergeStrategy:
			out.Methods = p.Settings.methods()
		}
	}
	slices.Sort(out.Statuses)
	out.Statuses = slices.Compact(out.Statuses)
	if out.Bypass, err = c.may(ctx, bypassOnMerge); errors.Is(err, scm.ErrForbidden) {
		err = nil
	}
	return out, err
}

func (s settings) methods() []scm.Method {
	var out []scm.Method
	for _, m := range []struct {
		allowed bool
		method  scm.Method
	}{{s.MergeCommit, scm.MergeCommit}, {s.Squash, scm.Squash}, {s.Rebase, scm.Rebase}} {
		if m.allowed {
			out = append(out, m.method)
		}
	}
	return out
}

// evaluation is what the server makes of a policy for one pull request.
type evaluation struct {
	Status string `json:"status"`
	Policy policy `json:"configuration"`
}

// hinders tells whether a merge has to wait for it, or for ever.
func (e evaluation) hinders() bool {
	p := e.Policy
	return p.Enabled && p.Blocking && !p.Deleted && e.Status != "approved" && e.Status != "notApplicable"
}

// hindrance is the rule that holds a pull request up, in words; nil where none does.
func (c *Client) hindrance(ctx context.Context, p pullRequest) (*scm.RuleError, error) {
	at, err := c.where(ctx)
	if err != nil {
		return nil, err
	}
	all, err := counted[evaluation](ctx, c, call{path: under(c.project, "_apis", "policy", "evaluations"), preview: true,
		query: url.Values{"artifactId": {fmt.Sprintf("vstfs:///CodeReview/CodeReviewId/%s/%d", at.project, p.ID)}}}, "$top", "$skip", c.o.Page)
	if err != nil {
		return nil, err
	}
	var why []string
	for _, e := range all {
		if e.hinders() {
			why = append(why, e.Policy.says()+" and is "+e.Status)
		}
		if e.hinders() && e.Policy.Type.ID == minimumReviewers {
			why = append(why, objections(p)...)
		}
	}
	if len(why) == 0 {
		return nil, nil
	}
	slices.Sort(why)
	return &scm.RuleError{Branch: strings.TrimPrefix(p.Target, branches), Rule: strings.Join(slices.Compact(why), "; ")}, nil
}

// objections names who voted against.
func objections(p pullRequest) []string {
	var names []string
	for _, r := range p.Reviewers {
		if r.Vote < 0 && !r.Container {
			names = append(names, r.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return []string{"changes were requested by " + strings.Join(names, ", ")}
}

// ignoreForbidden is for what is good to know but not needed.
func ignoreForbidden(err error) error {
	if errors.Is(err, scm.ErrForbidden) || errors.Is(err, scm.ErrNotFound) {
		return nil
	}
	return err
}
