package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/scm"
)

// thread is a part of the conversation, or a note of the server's own.
type thread struct {
	ID         int                 `json:"id,omitempty"`
	Comments   []comment           `json:"comments"`
	Status     string              `json:"status,omitempty"`
	Properties map[string]property `json:"properties,omitempty"`
	Identities map[string]identity `json:"identities,omitempty"`
	Published  time.Time           `json:"publishedDate,omitzero"`
	Deleted    bool                `json:"isDeleted,omitempty"`
}

type comment struct {
	ID      int       `json:"id,omitempty"`
	Content string    `json:"content"`
	Type    string    `json:"commentType"`
	Author  *identity `json:"author,omitempty"`
	Deleted bool      `json:"isDeleted,omitempty"`
}

type property struct {
	Type  string `json:"$type"`
	Value any    `json:"$value"`
}

func (t thread) property(name string) string {
	s, _ := t.Properties[name].Value.(string)
	return s
}

// Properties of threads: ours tells what a comment is about, so that nothing has to be read out of its text.
const (
	about     = "Ferry.About"
	closing   = "close"
	verdictOf = "verdict:" // with the vote
)

// first is the comment that opens a thread; nil where it is none of people's, or was taken back.
func (t thread) first() *comment {
	if t.Deleted || len(t.Comments) == 0 || t.Comments[0].Deleted || t.Comments[0].Author == nil {
		return nil
	}
	return &t.Comments[0]
}

// threads gives the whole conversation, oldest first; the API knows no pages here.
func (c *Client) threads(ctx context.Context, number int) ([]thread, error) {
	var got list[thread]
	if number <= 0 {
		return nil, scm.ErrNotFound
	}
	if _, err := c.do(ctx, call{path: c.pull(number, "threads"), out: &got}); err != nil {
		return nil, err
	}
	slices.SortStableFunc(got.Value, func(a, b thread) int { return cmp.Compare(a.ID, b.ID) })
	return got.Value, nil
}

// EnsureComment implements scm.Commenter.
func (c *Client) EnsureComment(ctx context.Context, number int, marker, text string) (scm.Outcome, error) {
	text = c.Limits().Cut(scm.Text(text), MaxComment)
	outcome := scm.Unchanged
	if !says(text, marker) {
		return "", c.about(number, "comment on", fmt.Errorf("the text lacks the line %q: %w", marker, scm.ErrInvalid))
	}
	var all []thread
	err := c.api.Settle(ctx, func(ctx context.Context) (done bool, err error) {
		all, err = c.marked(ctx, number, marker)
		return len(all) > 0 && scm.Text(all[0].first().Content) == text, err
	}, func(ctx context.Context) error {
		if len(all) == 0 {
			outcome = scm.Created
			return c.open(ctx, number, text, "")
		}
		if outcome == scm.Unchanged {
			outcome = scm.Updated
		}
		at := all[0]
		_, err := c.do(ctx, call{method: http.MethodPatch, path: c.pull(number, "threads", at.ID, "comments", at.first().ID), in: map[string]any{"content": text}})
		return err
	})
	if err == nil && (outcome == scm.Created || len(all) > 1) {
		err = c.single(ctx, number, marker)
	}
	if err != nil {
		return "", c.about(number, "comment on", err)
	}
	return outcome, nil
}

// single takes back all comments with a marker but the oldest: two that asked at once both made one, and both find out.
func (c *Client) single(ctx context.Context, number int, marker string) error {
	all, err := c.marked(ctx, number, marker)
	if err != nil {
		return err
	}
	for i := 1; i < len(all); i++ {
		_, err := c.do(ctx, call{method: http.MethodDelete, path: c.pull(number, "threads", all[i].ID, "comments", all[i].first().ID)})
		if err != nil && !errors.Is(err, scm.ErrNotFound) {
			return err
		}
	}
	return nil
}

// says tells whether a text has a marker as a line of its own.
func says(text, marker string) bool {
	return slices.Contains(strings.Split(scm.Text(text), "\n"), marker)
}

// marked finds the threads that this client opened with the marker, oldest first.
func (c *Client) marked(ctx context.Context, number int, marker string) ([]thread, error) {
	all, err := c.threads(ctx, number)
	if err != nil {
		return nil, err
	}
	self, err := c.who(ctx)
	return slices.DeleteFunc(all, func(t thread) bool {
		is := t.first()
		return is == nil || is.Author.ID != self.ID || !says(is.Content, marker)
	}), err
}

// say makes sure that this client said a text about something, once since it was last undone.
func (c *Client) say(ctx context.Context, number int, text, what string) error {
	return c.api.Settle(ctx, func(ctx context.Context) (bool, error) {
		all, err := c.threads(ctx, number)
		if err != nil {
			return false, err
		}
		last := lastAbout(all, what)
		return last != nil && last.first().Content == text && !undone(all, last), nil
	}, func(ctx context.Context) error { return c.open(ctx, number, text, what) })
}

// open starts a thread. It is closed from the start: where comments have to be resolved, one of ours must not stop a merge.
func (c *Client) open(ctx context.Context, number int, text, what string) error {
	in := thread{Comments: []comment{{Content: text, Type: "text"}}, Status: "closed"}
	if what != "" {
		in.Properties = map[string]property{about: {"System.String", what}}
	}
	_, err := c.do(ctx, call{method: http.MethodPost, path: c.pull(number, "threads"), in: in})
	return err
}

func lastAbout(all []thread, what string) *thread {
	for i := range slices.Backward(all) {
		if all[i].property(about) == what && all[i].first() != nil {
			return &all[i]
		}
	}
	return nil
}

// undone tells whether the pull request was opened again after a thread.
func undone(all []thread, t *thread) bool {
	return slices.ContainsFunc(all, func(o thread) bool {
		return o.ID > t.ID && o.property("CodeReviewThreadType") == "StatusUpdate" && o.property("CodeReviewStatus") == "Active"
	})
}

// closeReason is what was said when a pull request was closed by ferry; "" where a person closed it elsewhere.
func (c *Client) closeReason(ctx context.Context, number int) (string, error) {
	all, err := c.threads(ctx, number)
	if err != nil {
		return "", err
	}
	last := lastAbout(all, closing)
	if last == nil || undone(all, last) {
		return "", nil
	}
	return scm.Text(last.first().Content), nil
}
