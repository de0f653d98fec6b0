package gitlab

import (
	"context"
	"fmt"
	"strings"

	"github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/scm"
)

// reasonMark is in the note that says why a merge request was closed; GitLab has no place for that.
const reasonMark = "<!-- ferry:close-reason -->"

// ClosePullRequest implements scm.Client.
func (c *Client) ClosePullRequest(ctx context.Context, number int, reason string) error {
	mr, err := c.get(ctx, number)
	if err == nil {
		err = c.close(ctx, mr, reason)
	}
	if err != nil {
		return c.aboutMR("close", number, err)
	}
	return nil
}

func (c *Client) close(ctx context.Context, mr *gitlab.MergeRequest, reason string) error {
	switch states[mr.State] {
	case scm.Closed:
		return nil
	case scm.Merged:
		return fmt.Errorf("it is merged: %w", scm.ErrConflict)
	}
	if err := c.giveReason(ctx, mr.IID, scm.Text(reason)); err != nil {
		return err
	}
	return c.turn(ctx, mr.IID, "close", scm.Closed)
}

// giveReason writes the reason before the act: who sees the act can read why.
func (c *Client) giveReason(ctx context.Context, number int, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return nil
	}
	me, err := c.me(ctx)
	if err != nil {
		return err
	}
	notes, err := c.notes(ctx, number)
	if err != nil || reasonIn(notes, me.Username) == reason {
		return err // a run before this one ended between the two
	}
	_, err = c.note(ctx, number, reason+"\n\n"+reasonMark, notes)
	return err
}

// turn makes a merge request change its state and sees that it did: GitLab answers a change that it does not make with
// success too.
func (c *Client) turn(ctx context.Context, number int, event string, want scm.State) error {
	mr, _, err := c.api.MergeRequests.UpdateMergeRequest(c.pid, number, &gitlab.UpdateMergeRequestOptions{StateEvent: &event}, with(ctx))
	if err != nil {
		return c.meaning(err)
	}
	if states[mr.State] != want {
		return fmt.Errorf("it is %s: %w", mr.State, scm.ErrConflict)
	}
	return nil
}

// closeReason is why the person who closed a merge request did so, as far as ferry was asked to say it.
func (c *Client) closeReason(ctx context.Context, number int, by string) (string, error) {
	notes, err := c.notes(ctx, number)
	return reasonIn(notes, by), err
}

// reasonIn is what the newest note with the mark says, when it is by that person.
func reasonIn(notes []*gitlab.Note, by string) string {
	for _, n := range notes {
		if line(n.Body, reasonMark) {
			if n.Author.Username != by {
				return ""
			}
			return strings.TrimSpace(strings.TrimSuffix(asRead(n.Body), reasonMark))
		}
	}
	return ""
}

// ReopenPullRequest implements scm.Reopener.
func (c *Client) ReopenPullRequest(ctx context.Context, number int) error {
	if err := c.reopen(ctx, number); err != nil {
		return c.aboutMR("reopen", number, err)
	}
	return nil
}

func (c *Client) reopen(ctx context.Context, number int) error {
	mr, err := c.get(ctx, number)
	if err != nil {
		return err
	}
	switch states[mr.State] {
	case scm.Open:
		return nil
	case scm.Merged:
		return fmt.Errorf("it is merged: %w", scm.ErrConflict)
	}
	other, err := c.find(ctx, mr.SourceBranch, mr.TargetBranch)
	if err != nil {
		return err
	}
	if other != nil {
		return fmt.Errorf("!%d took its place: %w", other.IID, scm.ErrConflict)
	}
	return c.turn(ctx, number, "reopen", scm.Open)
}
