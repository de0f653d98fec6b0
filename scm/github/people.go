package github

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/scm"
)

const teamPrefix = "team/"

func contains(text, part string) bool { return strings.Contains(strings.ToLower(text), part) }

// missing gives who of want is not in is. Logins have no case.
func missing(want, is []string) []string {
	var out []string
	for _, w := range want {
		if !slices.ContainsFunc(is, func(i string) bool { return strings.EqualFold(i, w) }) {
			out = append(out, w)
		}
	}
	return out
}

// people asks who is not asked yet, and tells whether anybody was; who cannot be asked is a *scm.PersonsError.
func (c *Client) people(ctx context.Context, pr *scm.PullRequest, want scm.Proposal) (bool, error) {
	if err := c.askedTeams(ctx, pr, want.Reviewers); err != nil {
		return false, err
	}
	asked, cannot, err := c.askReviewers(ctx, pr, missing(want.Reviewers, pr.Reviewers))
	if err != nil {
		return false, err
	}
	assigned, cannotAssign, err := c.assign(ctx, pr, missing(want.Assignees, pr.Assignees))
	if err != nil {
		return false, err
	}
	if cannot = append(cannot, cannotAssign...); len(cannot) > 0 {
		slices.Sort(cannot)
		return asked || assigned, &scm.PersonsError{Names: slices.Compact(cannot)}
	}
	return asked || assigned, nil
}

// askedTeams adds the teams that were asked, where they are wanted and only REST tells them.
func (c *Client) askedTeams(ctx context.Context, pr *scm.PullRequest, names []string) error {
	if c.seesTeams() || !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, teamPrefix) }) {
		return nil
	}
	p, _, err := c.gh.PullRequests.Get(ctx, c.owner, c.repo, pr.Number)
	if err != nil {
		return err
	}
	for _, t := range p.RequestedTeams {
		pr.Reviewers = append(pr.Reviewers, teamPrefix+t.GetSlug())
	}
	slices.Sort(pr.Reviewers)
	pr.Reviewers = slices.Compact(pr.Reviewers)
	return nil
}

// askReviewers asks all at once, and one by one when GitHub refuses all for the sake of one.
func (c *Client) askReviewers(ctx context.Context, pr *scm.PullRequest, names []string) (asked bool, cannot []string, err error) {
	names = slices.DeleteFunc(names, func(n string) bool {
		author := strings.EqualFold(n, pr.Author)
		if author {
			cannot = append(cannot, n)
		}
		return author
	})
	if len(names) == 0 {
		return false, cannot, nil
	}
	err = c.requestReview(ctx, pr, names...)
	if err == nil || !is(err, http.StatusUnprocessableEntity, http.StatusNotFound) {
		return err == nil, cannot, err
	}
	for _, n := range names {
		switch err := c.requestReview(ctx, pr, n); {
		case err == nil:
			asked = true
		case is(err, http.StatusUnprocessableEntity, http.StatusNotFound):
			cannot = append(cannot, n)
		default:
			return asked, cannot, err
		}
	}
	return asked, cannot, nil
}

func (c *Client) requestReview(ctx context.Context, pr *scm.PullRequest, names ...string) error {
	var ask github.ReviewersRequest
	for _, n := range names {
		if team, ok := strings.CutPrefix(n, teamPrefix); ok {
			ask.TeamReviewers = append(ask.TeamReviewers, team)
			continue
		}
		ask.Reviewers = append(ask.Reviewers, n)
	}
	err := again(ctx, func(ctx context.Context) error {
		_, _, err := c.gh.PullRequests.RequestReviewers(ctx, c.owner, c.repo, pr.Number, ask)
		return err
	})
	if err == nil {
		pr.Reviewers = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(pr.Reviewers), names...))))
	}
	return err
}

// assign adds assignees. GitHub leaves out, without a word, who cannot be one.
func (c *Client) assign(ctx context.Context, pr *scm.PullRequest, names []string) (assigned bool, cannot []string, err error) {
	if len(names) == 0 {
		return false, nil, nil
	}
	var issue *github.Issue
	err = again(ctx, func(ctx context.Context) error {
		issue, _, err = c.gh.Issues.AddAssignees(ctx, c.owner, c.repo, pr.Number, names)
		return err
	})
	if is(err, http.StatusUnprocessableEntity) {
		return false, names, nil
	}
	if err != nil {
		return false, nil, err
	}
	before := len(pr.Assignees)
	pr.Assignees = nil
	for _, u := range issue.Assignees {
		pr.Assignees = append(pr.Assignees, login(u))
	}
	slices.Sort(pr.Assignees)
	return len(pr.Assignees) > before, missing(names, pr.Assignees), nil
}
