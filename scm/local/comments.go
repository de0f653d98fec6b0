package local

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

// EnsureComment implements scm.Commenter. A comment is a review without a verdict; one that is edited keeps its place and
// its time.
func (c *Client) EnsureComment(ctx context.Context, number int, marker, text string) (scm.Outcome, error) {
	text = scm.Text(text)
	outcome := scm.Unchanged
	err := boundedText("comment", text, maxWords)
	if err == nil && !marked(text, marker) {
		err = fmt.Errorf("the text lacks its marker %q: %w", marker, scm.ErrInvalid)
	}
	if err == nil {
		err = c.edit(ctx, number, string(scm.Commented), func(_ view, r *record) (bool, error) {
			var err error
			outcome, err = c.comment(r, marker, text)
			return outcome != scm.Unchanged, err
		})
	}
	if err != nil {
		return "", c.about(number, "comment on", err)
	}
	return outcome, nil
}

// comment makes this user's comment with the marker say a text.
func (c *Client) comment(r *record, marker, text string) (scm.Outcome, error) {
	i := slices.IndexFunc(r.Reviews, func(w scm.Review) bool {
		return w.Author == c.user && w.Verdict == scm.Commented && marked(w.Body, marker)
	})
	switch {
	case i >= 0 && r.Reviews[i].Body == text:
		return scm.Unchanged, nil
	case i >= 0:
		r.Reviews = slices.Clone(r.Reviews) // records that were read before are shared
		r.Reviews[i].Body = text
		return scm.Updated, nil
	}
	_, _, err := c.review(r, scm.Review{Verdict: scm.Commented, Body: text})
	return scm.Created, err
}

// marked tells whether a text holds a marker as a line of its own.
func marked(text, marker string) bool {
	return marker != "" && slices.Contains(strings.Split(text, "\n"), marker)
}
