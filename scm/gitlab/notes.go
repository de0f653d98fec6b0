package gitlab

import (
	"context"
	"fmt"
	"slices"

	"github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/scm"
)

// notes reads the whole conversation of a merge request, newest first, with what GitLab itself noted in it.
func (c *Client) notes(ctx context.Context, number int) ([]*gitlab.Note, error) {
	if number < 1 {
		return nil, scm.ErrNotFound
	}
	o := &gitlab.ListMergeRequestNotesOptions{OrderBy: gitlab.Ptr("created_at"), Sort: gitlab.Ptr("desc")}
	notes, err := all(func(page gitlab.ListOptions) ([]*gitlab.Note, *gitlab.Response, error) {
		o.ListOptions = page
		return c.api.Notes.ListMergeRequestNotes(c.pid, number, o, with(ctx))
	})
	return notes, c.meaning(err)
}

// note adds a text to the conversation, of which the caller has just read all.
func (c *Client) note(ctx context.Context, number int, text string, read []*gitlab.Note) (*gitlab.Note, error) {
	body := inertWithin(scm.Cut(scm.Text(text), maxNote-escapes), maxNote)
	return c.command(ctx, number, body, body, read)
}

// command posts a body as it is, on which GitLab may act; kept is what it keeps of it then. When the reply is lost it looks
// for the note before it posts again.
func (c *Client) command(ctx context.Context, number int, body, kept string, read []*gitlab.Note) (*gitlab.Note, error) {
	var made *gitlab.Note
	looked := true // by the caller, just now
	last := newest(read)
	err := c.door.Settle(ctx, func(ctx context.Context) (bool, error) {
		if looked {
			looked = false
			return false, nil
		}
		notes, err := c.notes(ctx, number)
		if err != nil {
			return false, err
		}
		made, err = c.own(ctx, notes, func(n *gitlab.Note) bool { return n.ID > last && n.Body == kept })
		return made != nil, err
	}, func(ctx context.Context) (err error) {
		made, _, err = c.api.Notes.CreateMergeRequestNote(c.pid, number, &gitlab.CreateMergeRequestNoteOptions{Body: &body}, with(ctx))
		return c.meaning(err)
	})
	return made, err
}

// newest gives the highest id of some notes; GitLab counts up.
func newest(notes []*gitlab.Note) int {
	id := 0
	for _, n := range notes {
		id = max(id, n.ID)
	}
	return id
}

// own gives the oldest of some notes that is this account's and as asked, nil where there is none.
func (c *Client) own(ctx context.Context, notes []*gitlab.Note, is func(*gitlab.Note) bool) (*gitlab.Note, error) {
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	var found *gitlab.Note
	for _, n := range notes {
		if !n.System && n.Author.Username == me.Username && is(n) && (found == nil || n.ID < found.ID) {
			found = n
		}
	}
	return found, nil
}

// EnsureComment implements scm.Commenter.
func (c *Client) EnsureComment(ctx context.Context, number int, marker, text string) (scm.Outcome, error) {
	outcome, err := c.ensureComment(ctx, number, marker, text)
	if err != nil {
		return "", c.aboutMR("comment on", number, err)
	}
	return outcome, nil
}

func (c *Client) ensureComment(ctx context.Context, number int, marker, text string) (scm.Outcome, error) {
	text = scm.Cut(scm.Text(text), maxNote-escapes)
	if marker == "" || !line(text, marker) {
		return "", fmt.Errorf("the text has no line %q: %w", marker, scm.ErrInvalid)
	}
	notes, err := c.notes(ctx, number)
	if err != nil {
		return "", err
	}
	have, err := c.own(ctx, notes, func(n *gitlab.Note) bool { return line(asRead(n.Body), marker) })
	switch {
	case err != nil:
		return "", err
	case have == nil:
		return c.firstComment(ctx, number, marker, text, notes)
	case asRead(have.Body) == text:
		return scm.Unchanged, nil
	}
	body := inertWithin(text, maxNote)
	_, _, err = c.api.Notes.UpdateMergeRequestNote(c.pid, number, have.ID, &gitlab.UpdateMergeRequestNoteOptions{Body: &body}, with(ctx))
	return scm.Updated, c.meaning(err)
}

// firstComment writes the comment, and takes away those that other processes wrote at the same time: the oldest stays.
func (c *Client) firstComment(ctx context.Context, number int, marker, text string, notes []*gitlab.Note) (scm.Outcome, error) {
	if _, err := c.note(ctx, number, text, notes); err != nil {
		return "", err
	}
	notes, err := c.notes(ctx, number)
	if err != nil {
		return "", err
	}
	ours := func(n *gitlab.Note) bool { return line(asRead(n.Body), marker) }
	oldest, err := c.own(ctx, notes, ours)
	if err != nil || oldest == nil {
		return scm.Created, err
	}
	for {
		twin, err := c.own(ctx, notes, func(n *gitlab.Note) bool { return ours(n) && n.ID > oldest.ID })
		if err != nil || twin == nil {
			return scm.Created, err
		}
		if _, err := c.api.Notes.DeleteMergeRequestNote(c.pid, number, twin.ID, with(ctx)); err != nil && !absent(err) {
			return "", c.meaning(err)
		}
		notes = slices.DeleteFunc(notes, func(n *gitlab.Note) bool { return n.ID == twin.ID })
	}
}
