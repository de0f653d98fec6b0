package bitbucket

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

// EnsureComment implements scm.Commenter.
func (c *Client) EnsureComment(ctx context.Context, number int, marker, text string) (scm.Outcome, error) {
	text = scm.Cut(scm.Text(text), maxBody)
	outcome, err := scm.Outcome(""), fmt.Errorf("the comment lacks its marker %s: %w", marker, scm.ErrInvalid)
	if has(text, marker) {
		outcome, err = c.comment(ctx, number, marker, text)
	}
	if err != nil {
		return "", c.about(number, "comment on", err)
	}
	return outcome, nil
}

// has tells whether a text has a marker as a line of its own.
func has(text, marker string) bool {
	return marker != "" && slices.Contains(strings.Split(scm.Text(text), "\n"), marker)
}

func (c *Client) comment(ctx context.Context, number int, marker, text string) (scm.Outcome, error) {
	if number < 1 {
		return "", scm.ErrNotFound
	}
	outcome := scm.Unchanged
	var mine []comment
	var post comment
	post.Content.Raw = text
	err := c.door.Settle(ctx, func(ctx context.Context) (_ bool, err error) {
		mine, err = c.marked(ctx, number, marker)
		return len(mine) > 0 && scm.Text(mine[0].Content.Raw) == text, err
	}, func(ctx context.Context) (err error) {
		if len(mine) > 0 {
			outcome = scm.Updated
			return c.call(ctx, http.MethodPut, c.at(number, fmt.Sprintf("/comments/%d", mine[0].ID)), post, nil)
		}
		outcome = scm.Created
		if err = c.call(ctx, http.MethodPost, c.at(number, "/comments"), post, nil); err == nil {
			mine, err = c.marked(ctx, number, marker)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return outcome, c.onlyFirst(ctx, number, mine)
}

// onlyFirst deletes what this client said again when it was asked twice at the same moment.
func (c *Client) onlyFirst(ctx context.Context, number int, mine []comment) error {
	for i, m := range mine {
		if i == 0 {
			continue
		}
		if err := c.call(ctx, http.MethodDelete, c.at(number, fmt.Sprintf("/comments/%d", m.ID)), nil, nil); err != nil && !missing(err) {
			return fmt.Errorf("delete comment %d, which is there twice: %w", m.ID, err)
		}
	}
	return nil
}

// marked finds the comments of this client with a marker, oldest first.
func (c *Client) marked(ctx context.Context, number int, marker string) ([]comment, error) {
	self, err := c.Self(ctx)
	if err != nil {
		return nil, err
	}
	all, err := list[comment](ctx, c, c.at(number, "/comments?pagelen=100"))
	all = slices.DeleteFunc(all, func(m comment) bool { return m.Deleted || uuid(m.User) != self || !has(m.Content.Raw, marker) })
	slices.SortFunc(all, func(a, b comment) int { return a.ID - b.ID })
	return slices.CompactFunc(all, func(a, b comment) bool { return a.ID == b.ID }), err
}
