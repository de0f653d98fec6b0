package github

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// comment is one of ours.
type comment struct {
	id   int64
	body string
	last bool // of the whole conversation
}

// EnsureComment implements scm.Commenter.
func (c *Client) EnsureComment(ctx context.Context, number int, marker, text string) (scm.Outcome, error) {
	outcome, err := c.ensureComment(ctx, number, marker, scm.Cut(scm.Text(text), maxBody))
	if err != nil {
		return "", c.about(number, "comment on", err)
	}
	return outcome, nil
}

func (c *Client) ensureComment(ctx context.Context, number int, marker, text string) (scm.Outcome, error) {
	switch {
	case number < 1:
		return "", scm.ErrNotFound
	case !marked(text, marker):
		return "", fmt.Errorf("the text lacks its marker %q: %w", marker, scm.ErrInvalid)
	}
	mine, err := c.ownComments(ctx, number, marker)
	switch {
	case err != nil:
		return "", err
	case len(mine) == 0:
		return c.newComment(ctx, number, marker, text)
	case scm.Text(mine[0].body) == text:
		return scm.Unchanged, nil
	}
	return scm.Updated, again(ctx, func(ctx context.Context) error {
		_, _, err := c.gh.Issues.EditComment(ctx, c.owner, c.repo, mine[0].id, &github.IssueComment{Body: &text})
		return err
	})
}

// newComment writes the first one. Another process may do so too, and GitHub keeps both: who wrote the later one takes
// it back.
func (c *Client) newComment(ctx context.Context, number int, marker, text string) (scm.Outcome, error) {
	made, _, err := c.gh.Issues.CreateComment(ctx, c.owner, c.repo, number, &github.IssueComment{Body: &text})
	var lost *door.LostError
	if errors.As(err, &lost) {
		made = &github.IssueComment{ID: new(int64)}
		err = c.door.Settle(ctx, func(ctx context.Context) (bool, error) {
			mine, err := c.ownComments(ctx, number, marker)
			return len(mine) > 0, err
		}, func(ctx context.Context) error {
			made, _, err = c.gh.Issues.CreateComment(ctx, c.owner, c.repo, number, &github.IssueComment{Body: &text})
			return err
		})
	}
	if err != nil {
		return "", err
	}
	mine, err := c.ownComments(ctx, number, marker)
	if err != nil || len(mine) < 2 || mine[0].id == made.GetID() {
		return scm.Created, err
	}
	for _, later := range mine[1:] {
		if _, err := c.gh.Issues.DeleteComment(ctx, c.owner, c.repo, later.id); isNot(c.said(err), scm.ErrNotFound) {
			return "", err
		}
	}
	return scm.Unchanged, nil
}

// marked tells whether a marker is a line of a text.
func marked(text, marker string) bool {
	return marker != "" && slices.Contains(strings.Split(scm.Text(text), "\n"), marker)
}

// ownComments gives our comments with a marker, oldest first, from all pages.
func (c *Client) ownComments(ctx context.Context, number int, marker string) ([]comment, error) {
	self, err := c.Self(ctx)
	if err != nil {
		return nil, err
	}
	var out []comment
	o := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: page}}
	for {
		all, res, err := c.gh.Issues.ListComments(ctx, c.owner, c.repo, number, o)
		if err != nil {
			return nil, err
		}
		for i, one := range all {
			if login(one.GetUser()) == self && marked(one.GetBody(), marker) {
				out = append(out, comment{one.GetID(), one.GetBody(), res.NextPage == 0 && i == len(all)-1})
			}
		}
		if more, err := turn(&o.ListOptions, res); err != nil || !more {
			return out, err
		}
	}
}
