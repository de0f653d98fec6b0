package gitea

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// Rules implements scm.Ruler. Which statuses and approvals are asked for everybody may know; whether approvals are
// dropped, heads have to be up to date and commits signed only an administrator of the repository.
func (c *Client) Rules(ctx context.Context, branch string) (scm.Rules, error) {
	rules, err := c.rules(ctx, branch)
	if err != nil {
		return scm.Rules{}, fmt.Errorf("read the rules of %s in %s: %w", branch, c.o.Repository, c.word(err))
	}
	return rules, nil
}

func (c *Client) rules(ctx context.Context, branch string) (scm.Rules, error) {
	b, _, err := c.api(ctx).GetRepoBranch(c.owner, c.name, branch)
	if err != nil {
		return scm.Rules{}, err
	}
	repo, _, err := c.api(ctx).GetRepo(c.owner, c.name)
	if err != nil {
		return scm.Rules{}, err
	}
	rules := scm.Rules{Protected: b.Protected, Approvals: int(b.RequiredApprovals), Methods: methods(repo)}
	if b.EnableStatusCheck {
		rules.Statuses = slices.Clone(b.StatusCheckContexts)
		slices.Sort(rules.Statuses)
	}
	if b.EffectiveBranchProtectionName == "" { // no protection, or not for us to know
		return rules, nil
	}
	p, _, err := c.api(ctx).GetBranchProtection(c.owner, c.name, b.EffectiveBranchProtectionName)
	if err != nil {
		return scm.Rules{}, err
	}
	rules.ResetsApprovals, rules.UpToDate, rules.Signed = p.DismissStaleApprovals, p.BlockOnOutdatedBranch, p.RequireSignedCommits
	rules.Bypass = !p.BlockAdminMergeOverride // whoever sees this is an administrator
	return rules, nil
}

func methods(r *gitea.Repository) []scm.Method {
	var out []scm.Method
	if r.AllowMerge {
		out = append(out, scm.MergeCommit)
	}
	if r.AllowSquash {
		out = append(out, scm.Squash)
	}
	if r.AllowRebase {
		out = append(out, scm.Rebase)
	}
	return out
}

// Permissions implements scm.Permitted. A token of ferry needs the scopes write:repository, write:issue, read:user and,
// where teams are named, read:organization; the server tells the scopes of a token to its owner's password only.
func (c *Client) Permissions(ctx context.Context) (scm.Permissions, error) {
	repo, _, err := c.api(ctx).GetRepo(c.owner, c.name)
	if err != nil {
		return scm.Permissions{}, fmt.Errorf("ask what the token may do in %s: %w", c.o.Repository, c.word(err))
	}
	out := scm.Permissions{Unknown: []string{"scope write:repository", "scope write:issue", "scope read:user", "scope read:organization (for teams)"}}
	switch {
	case repo.Permissions == nil:
		out.Unknown = append([]string{"write access to the repository"}, out.Unknown...)
	case repo.Permissions.Admin:
		out.Admin = true
	case !repo.Permissions.Push:
		out.Missing = []string{"write access to the repository"}
	}
	return out, nil
}

// Members implements scm.Teams.
func (c *Client) Members(ctx context.Context, team string) ([]string, error) {
	names, err := c.members(ctx, team)
	if err != nil {
		err = c.word(err)
		if code, _ := door.Refusal(err); code == 403 {
			err = fmt.Errorf("%w: %w", scm.ErrNotFound, err)
		}
		return nil, fmt.Errorf("read the members of team %s of %s: %w", team, c.owner, err)
	}
	return names, nil
}

func (c *Client) members(ctx context.Context, team string) ([]string, error) {
	teams, err := pages(func(o gitea.ListOptions) ([]*gitea.Team, *gitea.Response, error) {
		return c.api(ctx).ListOrgTeams(c.owner, gitea.ListTeamsOptions{ListOptions: o})
	})
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(teams, func(t *gitea.Team) bool { return strings.EqualFold(t.Name, team) })
	if at < 0 {
		return nil, fmt.Errorf("there is no such team: %w", scm.ErrNotFound)
	}
	users, err := pages(func(o gitea.ListOptions) ([]*gitea.User, *gitea.Response, error) {
		return c.api(ctx).ListTeamMembers(teams[at].ID, gitea.ListTeamMembersOptions{ListOptions: o})
	})
	return logins(users), err
}
