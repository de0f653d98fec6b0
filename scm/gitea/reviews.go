package gitea

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// verdicts are the states of reviews that are given; requests and unsent ones are none.
var verdicts = map[gitea.ReviewStateType]scm.Verdict{
	gitea.ReviewStateApproved:       scm.Approved,
	gitea.ReviewStateRequestChanges: scm.ChangesRequested,
	gitea.ReviewStateComment:        scm.Commented,
}

// Reviews implements scm.Client.
func (c *Client) Reviews(ctx context.Context, number int) ([]scm.Review, error) {
	rs, err := c.reviews(ctx, number)
	return rs, c.about(number, "read reviews of", err)
}

func (c *Client) reviews(ctx context.Context, number int) ([]scm.Review, error) {
	given, err := c.given(ctx, number)
	if err != nil || len(given) == 0 {
		return nil, err
	}
	may, err := c.writers(ctx, given)
	if err != nil {
		return nil, err
	}
	void := dismissed(given)
	var out []scm.Review
	for _, r := range given {
		verdict := verdicts[r.State]
		if void[login(r.Reviewer)] {
			verdict = scm.Commented
		}
		out = append(out, scm.Review{Author: login(r.Reviewer), Verdict: verdict, SHA: r.CommitID,
			Writer: may[login(r.Reviewer)], Body: scm.Text(r.Body), Time: r.Submitted.UTC()})
	}
	return out, nil
}

// given reads the reviews that somebody gave, oldest first.
func (c *Client) given(ctx context.Context, number int) ([]*gitea.PullReview, error) {
	all, err := c.listed(ctx, number)
	return slices.DeleteFunc(all, func(r *gitea.PullReview) bool { return verdicts[r.State] == "" || r.Reviewer == nil }), err
}

// listed reads reviews as the server lists them: given, asked for and not yet sent.
func (c *Client) listed(ctx context.Context, number int) ([]*gitea.PullReview, error) {
	if number < 1 {
		return nil, scm.ErrNotFound
	}
	all, err := pages(func(o gitea.ListOptions) ([]*gitea.PullReview, *gitea.Response, error) {
		return c.api(ctx).ListPullReviews(c.owner, c.name, int64(number), gitea.ListPullReviewsOptions{ListOptions: o})
	})
	slices.SortFunc(all, func(a, b *gitea.PullReview) int { return int(a.ID - b.ID) })
	return slices.CompactFunc(all, func(a, b *gitea.PullReview) bool { return a.ID == b.ID }), err
}

// dismissed names those whose newest verdict was dismissed: nothing they said before comes back to life by that.
func dismissed(given []*gitea.PullReview) map[string]bool {
	void := map[string]bool{}
	for _, r := range given {
		if verdicts[r.State] != scm.Commented {
			void[login(r.Reviewer)] = r.Dismissed
		}
	}
	return void
}

// Review implements scm.Reviewer.
func (c *Client) Review(ctx context.Context, number int, r scm.Review) (scm.Review, error) {
	given, err := c.review(ctx, number, r)
	return given, c.about(number, "review", err)
}

func (c *Client) review(ctx context.Context, number int, want scm.Review) (scm.Review, error) {
	state, ok := map[scm.Verdict]gitea.ReviewStateType{scm.Approved: gitea.ReviewStateApproved,
		scm.ChangesRequested: gitea.ReviewStateRequestChanges, scm.Commented: gitea.ReviewStateComment}[want.Verdict]
	if !ok {
		return scm.Review{}, fmt.Errorf("verdict %q: %w", want.Verdict, scm.ErrInvalid)
	}
	p, err := c.read(ctx, number)
	if err != nil {
		return scm.Review{}, err
	}
	self, err := c.Self(ctx)
	if err != nil {
		return scm.Review{}, err
	}
	want.Author, want.Body = self, scm.Cut(scm.Text(want.Body), maxBody)
	if err := admissible(p, want); err != nil {
		return scm.Review{}, err
	}
	want.SHA = p.Head.Sha
	if want.Body == "" && want.Verdict != scm.Approved {
		want.Body = string(want.Verdict) // the server takes no other verdict without words
	}
	return c.submit(ctx, p, want, state)
}

// admissible refuses what the server would take or refuse in other words.
func admissible(p *gitea.PullRequest, want scm.Review) error {
	switch {
	case want.SHA != "" && want.SHA != p.Head.Sha:
		return fmt.Errorf("its head is %.10s now, not %.10s: %w", p.Head.Sha, want.SHA, scm.ErrConflict)
	case want.Verdict == scm.Commented:
	case state3(p) != scm.Open:
		return fmt.Errorf("it is %s: %w", state3(p), scm.ErrConflict)
	case login(p.Poster) == want.Author:
		return fmt.Errorf("%s is its author: %w", want.Author, scm.ErrForbidden)
	}
	return nil
}

// submit gives a review, unless it is a verdict that stands already, and gives it as the server shows it.
func (c *Client) submit(ctx context.Context, p *gitea.PullRequest, want scm.Review, state gitea.ReviewStateType) (scm.Review, error) {
	var result scm.Review
	before := -1
	look := func(ctx context.Context) (bool, error) {
		all, err := c.reviews(ctx, int(p.Index))
		last, found := newest(all, want)
		result = last
		if before < 0 {
			before = len(all)
			return found && want.Verdict != scm.Commented, err
		}
		return found && len(all) > before, err
	}
	err := c.door.Settle(ctx, look, func(ctx context.Context) error {
		_, _, err := c.api(ctx).CreatePullReview(c.owner, c.name, p.Index,
			gitea.CreatePullReviewOptions{State: state, Body: want.Body, CommitID: want.SHA})
		if err == nil {
			_, err = look(ctx)
		}
		return err
	})
	if code, _ := door.Refusal(err); code == http.StatusUnprocessableEntity {
		return scm.Review{}, fmt.Errorf("%w: %w", scm.ErrConflict, err) // closed since it was read
	}
	return result, err
}

// newest finds what somebody said last, where it is the same as what they want to say.
func newest(all []scm.Review, want scm.Review) (scm.Review, bool) {
	for _, r := range slices.Backward(all) {
		if r.Author == want.Author && (want.Verdict == scm.Commented || r.Verdict != scm.Commented) {
			return r, r.Verdict == want.Verdict && r.SHA == want.SHA && r.Body == want.Body
		}
	}
	return scm.Review{}, false
}

// ResetApprovals implements scm.Resetter by dismissing them, which takes an administrator of the repository.
func (c *Client) ResetApprovals(ctx context.Context, number int, reason string) error {
	o := gitea.DismissPullReviewOptions{Message: scm.Cut(scm.Text(reason), maxReason)}
	err := c.door.Settle(ctx, func(ctx context.Context) (bool, error) {
		standing, err := c.approvals(ctx, number)
		return len(standing) == 0, err
	}, func(ctx context.Context) error {
		standing, err := c.approvals(ctx, number)
		for _, r := range standing {
			if _, err := c.api(ctx).DismissPullReview(c.owner, c.name, int64(number), r.ID, o); err != nil {
				return fmt.Errorf("dismiss that of %s: %w", login(r.Reviewer), c.word(err))
			}
		}
		return err
	})
	return c.about(number, "reset the approvals of", err)
}

// approvals are those that were not dismissed.
func (c *Client) approvals(ctx context.Context, number int) ([]*gitea.PullReview, error) {
	given, err := c.given(ctx, number)
	return slices.DeleteFunc(given, func(r *gitea.PullReview) bool { return r.State != gitea.ReviewStateApproved || r.Dismissed }), err
}
