package gitlab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/scm"
)

// Rules implements scm.Ruler. GitLab asks for the pipeline of the head as a whole and not for contexts by name: Pipeline
// says so, Statuses stays empty. Rules of paid licenses that the server does not have are none.
func (c *Client) Rules(ctx context.Context, branch string) (scm.Rules, error) {
	r, err := c.rules(ctx, branch)
	if err != nil {
		return scm.Rules{}, c.about("read the rules of "+branch, err)
	}
	return r, nil
}

func (c *Client) rules(ctx context.Context, branch string) (scm.Rules, error) {
	p, err := c.project(ctx)
	if err != nil {
		return scm.Rules{}, err
	}
	r := scm.Rules{
		Pipeline: p.OnlyAllowMergeIfPipelineSucceeds, UpToDate: p.MergeMethod == gitlab.FastForwardMerge || p.MergeMethod == gitlab.RebaseMerge,
		Queue: p.MergeTrainsEnabled, Methods: methods(p),
	}
	slices.Sort(r.Methods)
	b, _, err := c.api.Branches.GetBranch(c.pid, branch, with(ctx))
	if err == nil {
		r.Protected, r.Bypass = b.Protected, b.Protected && b.CanPush
	} else if err = c.meaning(err); !errors.Is(err, scm.ErrNotFound) {
		return scm.Rules{}, err
	}
	if r.Approvals, err = c.approvalsNeeded(ctx, branch, r.Protected); err != nil {
		return scm.Rules{}, err
	}
	if r.ResetsApprovals, err = c.resetsApprovals(ctx); err != nil {
		return scm.Rules{}, err
	}
	r.Signed, err = c.wantsSignatures(ctx)
	return r, err
}

// approvalsNeeded is how many people have to approve at least: one person may count for several rules.
func (c *Client) approvalsNeeded(ctx context.Context, branch string, protected bool) (int, error) {
	rules, err := all(func(page gitlab.ListOptions) ([]*gitlab.ProjectApprovalRule, *gitlab.Response, error) {
		o := gitlab.GetProjectApprovalRulesListsOptions(page)
		return c.api.Projects.GetProjectApprovalRules(c.pid, &o, with(ctx))
	})
	if absent(err) {
		return 0, nil
	}
	needed := 0
	for _, r := range rules {
		if applies(r, branch, protected) {
			needed = max(needed, r.ApprovalsRequired)
		}
	}
	return needed, c.meaning(err)
}

func applies(r *gitlab.ProjectApprovalRule, branch string, protected bool) bool {
	if r.AppliesToAllProtectedBranches {
		return protected
	}
	return len(r.ProtectedBranches) == 0 || slices.ContainsFunc(r.ProtectedBranches, func(b *gitlab.ProtectedBranch) bool { return matches(b.Name, branch) })
}

// matches tells whether a branch is one that a name of protected branches means: an asterisk stands for anything, slashes
// too. https://docs.gitlab.com/user/project/repository/branches/protected/#use-wildcard-rules
func matches(pattern, branch string) bool {
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(branch, parts[0])
	if len(parts) == 1 || !ok {
		return ok && rest == ""
	}
	for _, middle := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, middle)
		if i < 0 {
			return false
		}
		rest = rest[i+len(middle):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

func (c *Client) wantsSignatures(ctx context.Context) (bool, error) {
	rules, _, err := c.api.Projects.GetProjectPushRules(c.pid, with(ctx))
	if absent(err) {
		return false, nil
	}
	return rules != nil && rules.RejectUnsignedCommits, c.meaning(err)
}

// Permissions implements scm.Permitted.
func (c *Client) Permissions(ctx context.Context) (scm.Permissions, error) {
	p, err := c.permissions(ctx)
	if err != nil {
		return scm.Permissions{}, c.about("ask what this account may do", err)
	}
	return p, nil
}

func (c *Client) permissions(ctx context.Context) (scm.Permissions, error) {
	p, err := c.project(ctx)
	if err != nil {
		return scm.Permissions{}, err
	}
	var out scm.Permissions
	switch level := role(p); {
	case level == gitlab.NoPermissions:
		out.Unknown = append(out.Unknown, "the role in the project") // an administrator's has none, nor has a job token's
	case level < gitlab.DeveloperPermissions:
		out.Missing = append(out.Missing, "the role Developer or a higher one")
	default:
		out.Admin = level >= gitlab.MaintainerPermissions
	}
	token, _, err := c.api.PersonalAccessTokens.GetSinglePersonalAccessToken(with(ctx))
	switch {
	case absent(err) || says(err, 401, ""):
		out.Unknown = append(out.Unknown, "the scopes of the token")
		return out, nil
	case err != nil:
		return scm.Permissions{}, c.meaning(err)
	}
	if !slices.Contains(token.Scopes, "api") {
		out.Missing = append(out.Missing, fmt.Sprintf("the scope api (the token has %s)", strings.Join(token.Scopes, ", ")))
	}
	if token.ExpiresAt != nil {
		out.Expires = token.ExpiresAt.String() + "T00:00:00Z"
	}
	return out, nil
}

// role is the higher one of the account's roles in the project and in its groups.
func role(p *gitlab.Project) gitlab.AccessLevelValue {
	level := gitlab.NoPermissions
	if p.Permissions == nil {
		return level
	}
	if a := p.Permissions.ProjectAccess; a != nil {
		level = max(level, a.AccessLevel)
	}
	if a := p.Permissions.GroupAccess; a != nil {
		level = max(level, a.AccessLevel)
	}
	return level
}
