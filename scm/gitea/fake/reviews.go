package fake

import (
	"net/http"
	"slices"
	"strings"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// standing gives the reviews of a kind that count for the rules.
func (f *Fake) standing(p *pull, state sdk.ReviewStateType) []*sdk.PullReview {
	return slices.DeleteFunc(slices.Clone(p.reviews), func(r *sdk.PullReview) bool { return r.State != state || r.Dismissed || !r.Official })
}

// listReviews lists the given ones and the requests, of people and of teams.
func (f *Fake) listReviews(c *call) (int, any, error) {
	f.settle()
	p := f.find(c.number("index"))
	if p == nil {
		return 0, nil, notFound
	}
	all := slices.Clone(p.reviews)
	for i, name := range p.asked {
		all = append(all, &sdk.PullReview{ID: int64(100_000 + i), State: sdk.ReviewStateRequestReview, Reviewer: f.user(name)})
	}
	for i, name := range p.askTeam {
		all = append(all, &sdk.PullReview{ID: int64(200_000 + i), State: sdk.ReviewStateRequestReview, ReviewerTeam: &sdk.Team{ID: 2, Name: name, Permission: sdk.AccessModeWrite}})
	}
	return page(f, c, all)
}

func (f *Fake) createReview(c *call) (int, any, error) {
	in, err := read[sdk.CreatePullReviewOptions](c)
	if err != nil {
		return 0, nil, err
	}
	f.settle()
	p := f.find(c.number("index"))
	if p == nil {
		return 0, nil, notFound
	}
	if err := speaks(c, p, in); err != nil {
		return 0, nil, err
	}
	if in.CommitID == "" {
		in.CommitID = p.head
	}
	r := &sdk.PullReview{ID: int64(f.Serial()), Reviewer: f.user(c.user), State: in.State, Body: in.Body, CommitID: in.CommitID, Submitted: f.Now()}
	if in.State != sdk.ReviewStateComment {
		r.Official = c.role >= hosttest.Write && f.rules[p.base] != nil
		r.Stale = in.CommitID != p.head
		for _, earlier := range p.reviews {
			if earlier.Reviewer.UserName == c.user {
				earlier.Official = false
			}
		}
	}
	p.reviews = append(p.reviews, r)
	p.asked = slices.DeleteFunc(p.asked, func(name string) bool { return name == c.user })
	return http.StatusOK, r, nil
}

// speaks refuses what nobody may say.
func speaks(c *call, p *pull, in sdk.CreatePullReviewOptions) error {
	no := func(says string) error { return refuse(http.StatusUnprocessableEntity, "%s", says) }
	switch {
	case in.State == sdk.ReviewStateApproved && p.author == c.user:
		return no("approve your own pull is not allowed")
	case in.State == sdk.ReviewStateRequestChanges && p.author == c.user:
		return no("reject your own pull is not allowed")
	case in.State != sdk.ReviewStateApproved && strings.TrimSpace(in.Body) == "":
		return no("review event " + string(in.State) + " requires a body")
	case in.State != sdk.ReviewStateComment && !p.open:
		return no("can't submit review for a closed or merged PR")
	}
	return nil
}

func (f *Fake) dismiss(c *call) (int, any, error) {
	in, err := read[sdk.DismissPullReviewOptions](c)
	p := f.find(c.number("index"))
	switch {
	case err != nil:
		return 0, nil, err
	case c.role < hosttest.Admin:
		return 0, nil, refuse(http.StatusForbidden, "Must be repo admin")
	case p == nil:
		return 0, nil, notFound
	case !p.open:
		return 0, nil, refuse(http.StatusForbidden, "can't dismiss a review request to a closed PR")
	}
	for _, r := range p.reviews {
		if r.ID == c.number("id") {
			r.Dismissed = true
			f.say(p, c.user, "dismiss_review", in.Message)
			return http.StatusOK, r, nil
		}
	}
	return 0, nil, notFound
}

// requestReviews asks one after the other until one cannot be asked.
func (f *Fake) requestReviews(c *call) (int, any, error) {
	in, err := read[sdk.PullReviewRequestOptions](c)
	p := f.find(c.number("index"))
	switch {
	case err != nil:
		return 0, nil, err
	case p == nil:
		return 0, nil, notFound
	case !p.open:
		return 0, nil, refuse(http.StatusForbidden, "can't request review for a closed PR")
	}
	for _, name := range in.Reviewers {
		account, ok := f.known(name)
		switch {
		case !ok:
			return 0, nil, refuse(http.StatusNotFound, "user doesn't exist: %s", name)
		case account == p.author:
			return 0, nil, refuse(http.StatusUnprocessableEntity, "poster of pr can't be reviewer")
		case !slices.Contains(p.asked, account):
			p.asked = append(p.asked, account)
		}
	}
	for _, name := range in.TeamReviewers {
		if f.Personal {
			break
		}
		if !strings.EqualFold(name, Team) {
			return 0, nil, refuse(http.StatusNotFound, "team doesn't exist: %s", name)
		}
		if !slices.Contains(p.askTeam, Team) {
			p.askTeam = append(p.askTeam, Team)
		}
	}
	return http.StatusCreated, []*sdk.PullReview{}, nil
}
