package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/scm"
)

// page is the longest page of REST's lists.
const page = 100

// maxPages bounds what a server can make us read.
const maxPages = 2_000

var errEndless = errors.New("the list does not end")

// turn goes to the next page of a list, where there is one. Pages are counted upwards.
func turn(o *github.ListOptions, res *github.Response) (more bool, err error) {
	switch next := res.NextPage; {
	case next == 0:
		return false, nil
	case next <= o.Page, next > maxPages:
		return false, errEndless
	default:
		o.Page = next
		return true, nil
	}
}

// verdicts are GitHub's words for those of a review; what is pending was not sent yet.
var verdicts = map[string]scm.Verdict{"APPROVED": scm.Approved, "CHANGES_REQUESTED": scm.ChangesRequested, "COMMENTED": scm.Commented, dismissed: scm.Commented}

const dismissed = "DISMISSED"

// Reviews implements scm.Client.
func (c *Client) Reviews(ctx context.Context, number int) ([]scm.Review, error) {
	raw, err := c.rawReviews(ctx, number)
	var out []scm.Review
	for i, r := range raw {
		if err != nil {
			break
		}
		verdict, ok := verdicts[r.GetState()]
		if !ok {
			continue
		}
		if overruled(raw[i+1:], r.GetUser().GetLogin()) {
			verdict = scm.Commented
		}
		one := scm.Review{Author: login(r.GetUser()), Verdict: verdict, SHA: r.GetCommitID(), Body: scm.Text(r.GetBody()), Time: r.GetSubmittedAt().Time}
		one.Writer, err = c.writes(ctx, one.Author)
		out = append(out, one)
	}
	if err != nil {
		return nil, c.about(number, "read reviews of", err)
	}
	return out, nil
}

func login(u *github.User) string { return account(u.GetLogin()) }

// overruled tells whether a later verdict of the same person was dismissed: as on GitHub, the newest one stands for the
// person, so that an older approval does not come back to life.
func overruled(later []*github.PullRequestReview, author string) bool {
	for _, r := range later {
		if r.GetUser().GetLogin() == author && r.GetState() == dismissed {
			return true
		}
	}
	return false
}

func (c *Client) rawReviews(ctx context.Context, number int) ([]*github.PullRequestReview, error) {
	if number < 1 {
		return nil, scm.ErrNotFound
	}
	var out []*github.PullRequestReview
	o := &github.ListOptions{PerPage: page}
	for {
		all, res, err := c.gh.PullRequests.ListReviews(ctx, c.owner, c.repo, number, o)
		if err != nil {
			return nil, err
		}
		out = append(out, all...)
		if more, err := turn(o, res); err != nil || !more {
			return out, err
		}
	}
}

// writes tells whether somebody may write to the repository now; each is asked for once. author_association is no proof:
// members and collaborators may be there to read. Who is not known to GitHub, a bot or a ghost, does not count.
func (c *Client) writes(ctx context.Context, who string) (bool, error) {
	if strings.HasPrefix(who, "app/") {
		return false, nil
	}
	c.mu.Lock()
	writes, known := c.writers[who]
	c.mu.Unlock()
	if known {
		return writes, nil
	}
	level, _, err := c.gh.Repositories.GetPermissionLevel(ctx, c.owner, c.repo, who)
	if err != nil && !is(err, http.StatusNotFound, http.StatusForbidden, http.StatusUnprocessableEntity) {
		return false, fmt.Errorf("ask what %s may do: %w", who, err)
	}
	// REST folds maintain into write and triage into read, and gives a custom role as the one that it stands on.
	writes = err == nil && (level.GetPermission() == "admin" || level.GetPermission() == "write")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writers[who] = writes
	return writes, nil
}

// events are GitHub's words for giving a verdict.
var events = map[scm.Verdict]string{scm.Approved: "APPROVE", scm.ChangesRequested: "REQUEST_CHANGES", scm.Commented: "COMMENT"}

// Review implements scm.Reviewer.
func (c *Client) Review(ctx context.Context, number int, want scm.Review) (scm.Review, error) {
	given, err := c.review(ctx, number, want)
	if err != nil {
		return scm.Review{}, c.about(number, "review", err)
	}
	return given, nil
}

func (c *Client) review(ctx context.Context, number int, want scm.Review) (scm.Review, error) {
	if events[want.Verdict] == "" {
		return scm.Review{}, fmt.Errorf("verdict %q: %w", want.Verdict, scm.ErrInvalid)
	}
	p, err := c.pull(ctx, number)
	if err != nil {
		return scm.Review{}, err
	}
	if want.SHA == "" {
		want.SHA = p.HeadRefOid
	}
	if err := p.stale(want.SHA); err != nil {
		return scm.Review{}, err
	}
	self, err := c.Self(ctx)
	if err != nil {
		return scm.Review{}, err
	}
	if want.Verdict != scm.Commented {
		if p.State != "OPEN" {
			return scm.Review{}, fmt.Errorf("it is %s: %w", states[p.State], scm.ErrConflict)
		}
		if self == p.Author.name() {
			return scm.Review{}, fmt.Errorf("it is one's own: %w", scm.ErrForbidden)
		}
		if given, err := c.given(ctx, number, self, want); err != nil || given != nil {
			return *orNone(given), err
		}
	}
	return c.giveReview(ctx, number, want)
}

func orNone(r *scm.Review) *scm.Review {
	if r == nil {
		return &scm.Review{}
	}
	return r
}

// given finds the verdict where it was given before and still stands.
func (c *Client) given(ctx context.Context, number int, self string, want scm.Review) (*scm.Review, error) {
	all, err := c.Reviews(ctx, number)
	if err != nil {
		return nil, err
	}
	var newest *scm.Review
	for i := range all {
		if all[i].Author == self && all[i].Verdict != scm.Commented {
			newest = &all[i]
		}
	}
	if newest != nil && newest.Verdict == want.Verdict && newest.SHA == want.SHA {
		return newest, nil
	}
	return nil, nil
}

// giveReview posts one. A comment that is lost and given again would be there twice, so the lost reply is the caller's.
func (c *Client) giveReview(ctx context.Context, number int, want scm.Review) (scm.Review, error) {
	body, event := scm.Cut(scm.Text(want.Body), maxBody), events[want.Verdict]
	if body == "" && want.Verdict != scm.Approved {
		body = strings.ReplaceAll(string(want.Verdict), "-", " ") // GitHub takes no others without words
	}
	ask := &github.PullRequestReviewRequest{CommitID: &want.SHA, Event: &event}
	if body != "" {
		ask.Body = &body
	}
	r, _, err := c.gh.PullRequests.CreateReview(ctx, c.owner, c.repo, number, ask)
	if err != nil {
		return scm.Review{}, err
	}
	return scm.Review{Author: login(r.GetUser()), Verdict: want.Verdict, SHA: r.GetCommitID(), Body: scm.Text(r.GetBody()), Time: r.GetSubmittedAt().Time}, nil
}

// ResetApprovals implements scm.Resetter: it dismisses them.
func (c *Client) ResetApprovals(ctx context.Context, number int, reason string) error {
	raw, err := c.rawReviews(ctx, number)
	for _, r := range raw {
		if err == nil && r.GetState() == "APPROVED" {
			why := scm.Cut(scm.Line(reason), maxBody)
			_, _, err = c.gh.PullRequests.DismissReview(ctx, c.owner, c.repo, number, r.GetID(), &github.PullRequestReviewDismissalRequest{Message: &why})
		}
	}
	if err != nil {
		return c.about(number, "reset the approvals of", err)
	}
	return nil
}

// MayWrite implements scm.People.
func (c *Client) MayWrite(ctx context.Context, names []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, n := range names {
		may, err := c.writes(ctx, n)
		if err != nil {
			return nil, c.said(err)
		}
		out[n] = may
	}
	return out, nil
}
