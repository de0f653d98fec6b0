package gitlab

import (
	"context"
	"fmt"
	"slices"

	"github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/scm"
)

// deployed is how GitLab calls the states of a deployment. https://docs.gitlab.com/api/deployments/#create-a-deployment
var deployed = map[scm.StatusState]gitlab.DeploymentStatusValue{
	scm.Pending: gitlab.DeploymentStatusRunning, scm.Success: gitlab.DeploymentStatusSuccess,
	scm.Failure: gitlab.DeploymentStatusFailed, scm.Superseded: gitlab.DeploymentStatusCanceled,
}

// EnsureDeployment implements scm.Deployer. GitLab has no place for the text and the URL of a deployment, and tells
// production by the environment's name.
func (c *Client) EnsureDeployment(ctx context.Context, d scm.Deployment) (bool, error) {
	wrote, err := c.ensureDeployment(ctx, d)
	if err != nil {
		return false, c.about(fmt.Sprintf("set the deployment of %s to %s", d.SHA, d.Environment), err)
	}
	return wrote, nil
}

func (c *Client) ensureDeployment(ctx context.Context, d scm.Deployment) (wrote bool, err error) {
	state, known := deployed[d.State]
	switch {
	case !known || d.Environment == "":
		return false, fmt.Errorf("environment %q, state %q: %w", d.Environment, d.State, scm.ErrInvalid)
	case !fullID().MatchString(d.SHA):
		return false, scm.ErrNotFound
	}
	var newest *gitlab.Deployment
	posted := false
	err = c.door.Settle(ctx, func(ctx context.Context) (bool, error) {
		var err error
		newest, err = c.deployment(ctx, d)
		return newest != nil && newest.Status == string(state), err
	}, func(ctx context.Context) error {
		posted = true
		return c.deploy(ctx, d, state, newest)
	})
	return err == nil && posted, err
}

// deployment gives the newest one of a commit in an environment, nil where there is none.
func (c *Client) deployment(ctx context.Context, d scm.Deployment) (*gitlab.Deployment, error) {
	o := &gitlab.ListProjectDeploymentsOptions{Environment: &d.Environment, OrderBy: gitlab.Ptr("id"), Sort: gitlab.Ptr("desc")}
	ds, err := all(func(page gitlab.ListOptions) ([]*gitlab.Deployment, *gitlab.Response, error) {
		o.ListOptions = page
		return c.api.Deployments.ListProjectDeployments(c.pid, o, with(ctx))
	})
	if err != nil {
		return nil, c.meaning(err)
	}
	if i := slices.IndexFunc(ds, func(x *gitlab.Deployment) bool { return x.SHA == d.SHA }); i >= 0 {
		return ds[i], nil
	}
	return nil, nil
}

// deploy moves a deployment that runs to its end, or makes a new one: what has ended stays as it ended.
func (c *Client) deploy(ctx context.Context, d scm.Deployment, state gitlab.DeploymentStatusValue, newest *gitlab.Deployment) error {
	if newest != nil && (newest.Status == string(gitlab.DeploymentStatusRunning) || newest.Status == string(gitlab.DeploymentStatusCreated)) {
		_, _, err := c.api.Deployments.UpdateProjectDeployment(c.pid, newest.ID, &gitlab.UpdateProjectDeploymentOptions{Status: &state}, with(ctx))
		return c.meaning(err)
	}
	ref, err := c.branchOf(ctx, d.SHA)
	if err != nil {
		return err
	}
	_, _, err = c.api.Deployments.CreateProjectDeployment(c.pid, &gitlab.CreateProjectDeploymentOptions{
		Environment: &d.Environment, Ref: &ref, SHA: &d.SHA, Tag: gitlab.Ptr(false), Status: &state}, with(ctx))
	return c.meaning(err)
}

// branchOf gives a branch that has a commit: GitLab wants one for a deployment. The default branch, where it is one of them.
func (c *Client) branchOf(ctx context.Context, sha string) (string, error) {
	refs, err := all(func(page gitlab.ListOptions) ([]*gitlab.CommitRef, *gitlab.Response, error) {
		return c.api.Commits.GetCommitRefs(c.pid, sha, &gitlab.GetCommitRefsOptions{ListOptions: page, Type: gitlab.Ptr("branch")}, with(ctx))
	})
	if err != nil {
		return "", c.meaning(err)
	}
	p, err := c.project(ctx)
	if err != nil {
		return "", err
	}
	var branches []string
	for _, r := range refs {
		branches = append(branches, r.Name)
	}
	if len(branches) == 0 {
		return "", fmt.Errorf("no branch holds it: %w", scm.ErrNotFound)
	}
	if slices.Contains(branches, p.DefaultBranch) {
		return p.DefaultBranch, nil
	}
	return slices.Min(branches), nil
}
