package local

import (
	"context"
	"fmt"

	"github.com/ferry-cd/ferry/scm"
)

// Reviews implements scm.Client.
func (c *Client) Reviews(ctx context.Context, number int) ([]scm.Review, error) {
	v, err := c.look(ctx)
	if err != nil {
		return nil, c.about(number, "read reviews of", err)
	}
	r, err := c.record(ctx, v, number)
	if err != nil {
		return nil, c.about(number, "read reviews of", err)
	}
	return r.Reviews, nil
}

// Review implements scm.Reviewer.
func (c *Client) Review(ctx context.Context, number int, want scm.Review) (scm.Review, error) {
	want.Body = scm.Text(want.Body)
	var given scm.Review
	err := boundedText("review", want.Body, maxWords)
	if err == nil && !isVerdict(want.Verdict) {
		err = fmt.Errorf("verdict %q: %w", want.Verdict, scm.ErrInvalid)
	}
	if err == nil {
		err = c.edit(ctx, number, string(want.Verdict), func(_ view, r *record) (wrote bool, err error) {
			given, wrote, err = c.review(r, want)
			return wrote, err
		})
	}
	if err != nil {
		return scm.Review{}, c.about(number, "review", err)
	}
	return given, nil
}

// review adds a review to a record; false where the same was said of the same head before.
func (c *Client) review(r *record, want scm.Review) (scm.Review, bool, error) {
	if want.SHA != "" && want.SHA != r.HeadSHA {
		return want, false, fmt.Errorf("its head is %.10s now, not %.10s: %w", r.HeadSHA, want.SHA, scm.ErrConflict)
	}
	if want.Verdict != scm.Commented {
		if r.State != scm.Open {
			return want, false, fmt.Errorf("it is %s: %w", r.State, scm.ErrConflict)
		}
		if r.Author == c.user {
			return want, false, fmt.Errorf("%s is its author: %w", c.user, scm.ErrForbidden)
		}
		if last, ok := c.lastVerdict(*r); ok && last.Verdict == want.Verdict && last.SHA == r.HeadSHA && last.Body == want.Body {
			return last, false, nil
		}
	}
	if len(r.Reviews) >= maxReviews {
		return want, false, tooLarge("discussion", maxReviews, "reviews")
	}
	given := scm.Review{Author: c.user, Verdict: want.Verdict, SHA: r.HeadSHA, Writer: true, Body: want.Body, Time: c.time()}
	r.Reviews = append(r.Reviews, given)
	return given, true, nil
}

// lastVerdict is what this user said last that was no comment.
func (c *Client) lastVerdict(r record) (scm.Review, bool) {
	for i := len(r.Reviews) - 1; i >= 0; i-- {
		if w := r.Reviews[i]; w.Author == c.user && w.Verdict != scm.Commented {
			return w, true
		}
	}
	return scm.Review{}, false
}
