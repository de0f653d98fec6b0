package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// EnsurePullRequest implements scm.Client.
func (c *Client) EnsurePullRequest(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error) {
	pr, outcome, err := c.ensure(ctx, want.Cut(c.Limits()))
	if err != nil {
		err = fmt.Errorf("propose %s into %s of %s: %w", want.Head, want.Base, c.name(), c.said(err))
	}
	var persons *scm.PersonsError
	if err != nil && !errors.As(err, &persons) {
		return scm.PullRequest{}, "", err
	}
	return pr, outcome, err
}

func (c *Client) ensure(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error) {
	if err := want.Check(); err != nil {
		return scm.PullRequest{}, "", err
	}
	var is *pull
	var err error
	if !want.New {
		if is, err = c.open(ctx, want); err != nil {
			return scm.PullRequest{}, "", err
		}
	}
	if is == nil {
		pr, made, err := c.create(ctx, want)
		if err != nil || made {
			return c.dress(ctx, pr, want, scm.Created, err)
		}
		if is, err = c.taken(ctx, want); err != nil {
			return scm.PullRequest{}, "", err
		}
	}
	pr, outcome := is.pullRequest(), scm.Unchanged
	edited, err := c.edit(ctx, is.ID, &pr, want)
	if edited {
		outcome = scm.Updated
	}
	return c.dress(ctx, pr, want, outcome, err)
}

// open finds the open pull request of a head and base; nil where there is none.
func (c *Client) open(ctx context.Context, want scm.Proposal) (*pull, error) {
	all, err := c.pulls(ctx, scm.Filter{Head: want.Head, Base: want.Base, State: scm.Open}, 1)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// taken finds the one that somebody else opened a moment ago. Lists lag behind writes.
func (c *Client) taken(ctx context.Context, want scm.Proposal) (*pull, error) {
	for try := range 6 {
		if is, err := c.open(ctx, want); err != nil || is != nil {
			return is, err
		}
		if err := c.o.Sleep(ctx, time.Second<<try); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("GitHub says that there is one already, and does not show it: %w", scm.ErrConflict)
}

// create opens one; false where GitHub says that there is one already. After a lost reply it looks first.
func (c *Client) create(ctx context.Context, want scm.Proposal) (scm.PullRequest, bool, error) {
	made, err := c.post(ctx, want)
	var lost *door.LostError
	for try := 0; try < 3 && errors.As(err, &lost); try++ {
		if err := c.o.Sleep(ctx, time.Second<<try); err != nil {
			return scm.PullRequest{}, false, err
		}
		is, found := c.open(ctx, want)
		if found != nil || is != nil {
			pr := scm.PullRequest{}
			if is != nil {
				pr = is.pullRequest()
			}
			return pr, is != nil, found
		}
		made, err = c.post(ctx, want)
	}
	if err == nil {
		return opened(made), true, nil
	}
	if is(err, http.StatusUnprocessableEntity) && c.exists(err) {
		return scm.PullRequest{}, false, nil
	}
	return scm.PullRequest{}, false, err
}

// exists tells the one refusal of 422 that is no refusal. GitHub has a code for it, "custom", which others share.
func (c *Client) exists(err error) bool {
	var response *github.ErrorResponse
	return errors.As(err, &response) && slices.ContainsFunc(response.Errors, func(e github.Error) bool {
		return e.Code == "custom" && len(e.Message) > 0 && contains(e.Message, "pull request already exists")
	})
}

func (c *Client) post(ctx context.Context, want scm.Proposal) (*github.PullRequest, error) {
	made, _, err := c.gh.PullRequests.Create(ctx, c.owner, c.repo, &github.NewPullRequest{
		Title: &want.Title, Body: &want.Body, Head: &want.Head, Base: &want.Base, Draft: &want.Draft,
	})
	return made, err
}

// opened is a new pull request in the words of scm.
func opened(p *github.PullRequest) scm.PullRequest {
	return scm.PullRequest{
		Number: p.GetNumber(), URL: p.GetHTMLURL(), State: scm.Open, Head: p.GetHead().GetRef(), Base: p.GetBase().GetRef(),
		HeadSHA: p.GetHead().GetSHA(), Title: p.GetTitle(), Body: p.GetBody(), Draft: p.GetDraft(), Author: login(p.GetUser()),
		Created: p.GetCreatedAt().Time,
	}
}

// edit brings title, body and draft up to date, and tells whether it had to.
func (c *Client) edit(ctx context.Context, id string, pr *scm.PullRequest, want scm.Proposal) (bool, error) {
	change, is := &github.PullRequest{}, scm.Proposal{Title: pr.Title, Body: pr.Body}.Normal()
	if is.Title != want.Title {
		change.Title = &want.Title
	}
	if is.Body != want.Body {
		change.Body = &want.Body
	}
	texts := change.Title != nil || change.Body != nil
	if texts {
		err := again(ctx, func(ctx context.Context) error {
			_, _, err := c.gh.PullRequests.Edit(ctx, c.owner, c.repo, pr.Number, change)
			return err
		})
		if err != nil {
			return false, err
		}
		pr.Title, pr.Body = want.Title, want.Body
	}
	if pr.Draft == want.Draft {
		return texts, nil
	}
	pr.Draft = want.Draft
	return true, c.draft(ctx, id, want.Draft)
}

// draft turns a pull request into a draft, or one into what is ready; REST cannot.
func (c *Client) draft(ctx context.Context, id string, draft bool) error {
	text := `mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { id } } }`
	if draft {
		text = `mutation($id: ID!) { convertPullRequestToDraft(input: {pullRequestId: $id}) { pullRequest { id } } }`
	}
	return again(ctx, func(ctx context.Context) error {
		return c.graphql(ctx, text, map[string]any{"id": id}, &struct{}{})
	})
}

// dress adds labels and people, each where they are not there yet.
func (c *Client) dress(ctx context.Context, pr scm.PullRequest, want scm.Proposal, outcome scm.Outcome, err error) (scm.PullRequest, scm.Outcome, error) {
	if err != nil {
		return scm.PullRequest{}, "", err
	}
	wrote := false
	if !slices.Equal(pr.Labels, want.Labels) {
		if err := c.label(ctx, pr.Number, want.Labels); err != nil {
			return scm.PullRequest{}, "", err
		}
		pr.Labels, wrote = want.Labels, true
	}
	asked, err := c.people(ctx, &pr, want)
	if outcome == scm.Unchanged && (wrote || asked) {
		outcome = scm.Updated
	}
	return pr, outcome, err
}

// label replaces the labels; those that the repository does not have yet come to be. go-github sends a bare list, which
// GitHub's description of its API does not know.
func (c *Client) label(ctx context.Context, number int, labels []string) error {
	if len(labels) == 0 {
		_, err := c.gh.Issues.RemoveLabelsForIssue(ctx, c.owner, c.repo, number)
		return err
	}
	req, err := c.gh.NewRequest(http.MethodPut, fmt.Sprintf("repos/%s/%s/issues/%d/labels", c.owner, c.repo, number), map[string]any{"labels": labels})
	if err == nil {
		_, err = c.gh.Do(ctx, req, nil)
	}
	return err
}
