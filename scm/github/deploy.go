package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// deployStates are GitHub's words for the states of a deployment.
var deployStates = map[scm.StatusState]string{scm.Pending: "in_progress", scm.Success: "success", scm.Failure: "failure", scm.Superseded: "inactive"}

// EnsureDeployment implements scm.Deployer.
func (c *Client) EnsureDeployment(ctx context.Context, d scm.Deployment) (bool, error) {
	d.Text = scm.Cut(scm.Line(d.Text), maxStatus)
	wrote, err := c.deploy(ctx, d)
	if err != nil {
		return false, fmt.Errorf("tell %s of the deployment of %.10s to %s: %w", c.name(), d.SHA, d.Environment, c.said(err))
	}
	return wrote, nil
}

func (c *Client) deploy(ctx context.Context, d scm.Deployment) (bool, error) {
	switch {
	case deployStates[d.State] == "":
		return false, fmt.Errorf("state %q: %w", d.State, scm.ErrInvalid)
	case !isCommit(d.SHA):
		return false, fmt.Errorf("that is no commit: %w", scm.ErrNotFound)
	}
	is, err := c.deployment(ctx, d)
	if err == nil && is == nil {
		is, err = c.newDeployment(ctx, d)
	}
	if err != nil {
		return false, err
	}
	wrote := false
	err = c.door.Settle(ctx, func(ctx context.Context) (bool, error) {
		return c.deployed(ctx, is.GetID(), d)
	}, func(ctx context.Context) error {
		wrote = true
		return c.setDeployment(ctx, is.GetID(), d)
	})
	return wrote && err == nil, err
}

// deployment finds the newest one of a commit and environment; nil where there is none.
func (c *Client) deployment(ctx context.Context, d scm.Deployment) (*github.Deployment, error) {
	all, _, err := c.gh.Repositories.ListDeployments(ctx, c.owner, c.repo, &github.DeploymentsListOptions{
		SHA: d.SHA, Environment: d.Environment, ListOptions: github.ListOptions{PerPage: 1},
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// newDeployment makes one. ferry has gates of its own, so that no statuses are asked for and nothing is merged into it.
func (c *Client) newDeployment(ctx context.Context, d scm.Deployment) (*github.Deployment, error) {
	no, task := false, "deploy"
	made, _, err := c.gh.Repositories.CreateDeployment(ctx, c.owner, c.repo, &github.DeploymentRequest{
		Ref: &d.SHA, Task: &task, AutoMerge: &no, RequiredContexts: &[]string{}, Environment: &d.Environment, ProductionEnvironment: &d.Production,
	})
	var lost *door.LostError
	switch {
	case errors.As(err, &lost):
		if found, look := c.deployment(ctx, d); look != nil || found != nil {
			return found, look
		}
	case is(err, http.StatusUnprocessableEntity):
		if _, _, look := c.gh.Git.GetCommit(ctx, c.owner, c.repo, d.SHA); is(look, http.StatusNotFound) {
			return nil, fmt.Errorf("%w: %w", scm.ErrNotFound, c.said(err))
		}
	}
	return made, err
}

// deployed tells whether the newest status of a deployment says the same.
func (c *Client) deployed(ctx context.Context, id int64, d scm.Deployment) (bool, error) {
	all, _, err := c.gh.Repositories.ListDeploymentStatuses(ctx, c.owner, c.repo, id, &github.ListOptions{PerPage: 1})
	if err != nil || len(all) == 0 {
		return false, err
	}
	s := all[0]
	return s.GetState() == deployStates[d.State] && s.GetDescription() == d.Text && s.GetLogURL() == d.URL, nil
}

func (c *Client) setDeployment(ctx context.Context, id int64, d scm.Deployment) error {
	state := deployStates[d.State]
	s := &github.DeploymentStatusRequest{State: &state, Description: &d.Text}
	if d.URL != "" {
		s.LogURL = &d.URL
	}
	_, _, err := c.gh.Repositories.CreateDeploymentStatus(ctx, c.owner, c.repo, id, s)
	return err
}
