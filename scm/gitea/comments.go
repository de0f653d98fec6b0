package gitea

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/scm"
)

// EnsureComment implements scm.Commenter.
func (c *Client) EnsureComment(ctx context.Context, number int, marker, text string) (scm.Outcome, error) {
	text = scm.Cut(scm.Text(text), maxBody)
	outcome, err := scm.Unchanged, error(nil)
	if has(text, marker) {
		outcome, err = c.comment(ctx, number, marker, text)
	} else {
		err = fmt.Errorf("the comment lacks its marker %s: %w", marker, scm.ErrInvalid)
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
	p, err := c.read(ctx, number) // the list of comments answers what is not there with an error of the server (500)
	if err != nil {
		return "", err
	}
	outcome := scm.Unchanged
	var mine []*gitea.Comment
	err = c.door.Settle(ctx, func(ctx context.Context) (bool, error) {
		mine, err = c.marked(ctx, p.Index, marker)
		return len(mine) > 0 && scm.Text(mine[0].Body) == text, err
	}, func(ctx context.Context) (err error) {
		if len(mine) > 0 {
			outcome = scm.Updated
			_, _, err = c.api(ctx).EditIssueComment(c.owner, c.name, mine[0].ID, gitea.EditIssueCommentOption{Body: text})
			return err
		}
		outcome = scm.Created
		if _, _, err = c.api(ctx).CreateIssueComment(c.owner, c.name, p.Index, gitea.CreateIssueCommentOption{Body: text}); err == nil {
			mine, err = c.marked(ctx, p.Index, marker)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return outcome, c.onlyFirst(ctx, mine)
}

// onlyFirst deletes what this client said again when it was asked twice at the same moment.
func (c *Client) onlyFirst(ctx context.Context, mine []*gitea.Comment) error {
	for i, comment := range mine {
		if i == 0 {
			continue
		}
		if _, err := c.api(ctx).DeleteIssueComment(c.owner, c.name, comment.ID); err != nil && !missing(err) {
			return fmt.Errorf("delete comment %d, which is there twice: %w", comment.ID, err)
		}
	}
	return nil
}

// marked finds the comments of this client with a marker, oldest first.
func (c *Client) marked(ctx context.Context, index int64, marker string) ([]*gitea.Comment, error) {
	self, err := c.Self(ctx)
	if err != nil {
		return nil, err
	}
	all, err := pages(func(o gitea.ListOptions) ([]*gitea.Comment, *gitea.Response, error) {
		return c.api(ctx).ListIssueComments(c.owner, c.name, index, gitea.ListIssueCommentOptions{ListOptions: o})
	})
	all = slices.DeleteFunc(all, func(comment *gitea.Comment) bool { return login(comment.Poster) != self || !has(comment.Body, marker) })
	slices.SortFunc(all, func(a, b *gitea.Comment) int { return int(a.ID - b.ID) })
	return slices.CompactFunc(all, func(a, b *gitea.Comment) bool { return a.ID == b.ID }), err
}
