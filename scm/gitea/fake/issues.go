package fake

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

func (f *Fake) listLabels(c *call) (int, any, error) {
	all := slices.Clone(f.labels)
	slices.SortFunc(all, func(a, b *sdk.Label) int { return cmp.Compare(a.Name, b.Name) })
	return page(f, c, all)
}

// createLabel makes one more, also of a name that there is.
func (f *Fake) createLabel(c *call) (int, any, error) {
	in, err := read[sdk.CreateLabelOption](c)
	if err != nil {
		return 0, nil, err
	}
	if in.Name == "" || len(in.Color) != 7 || in.Color[0] != '#' {
		return 0, nil, refuse(http.StatusUnprocessableEntity, "bad color code: %s", in.Color)
	}
	l := &sdk.Label{ID: int64(len(f.labels) + 1), Name: in.Name, Color: in.Color[1:]}
	f.labels = append(f.labels, l)
	return http.StatusCreated, l, nil
}

// labelled gives the labels of numbers; those that there are not, are left out without a word.
func (f *Fake) labelled(ids []int64) []*sdk.Label {
	out := []*sdk.Label{}
	for _, l := range f.labels {
		if slices.Contains(ids, l.ID) {
			out = append(out, l)
		}
	}
	return out
}

// event is a line of a conversation.
type event struct {
	ID       int64     `json:"id"`
	Type     string    `json:"type"`
	Poster   *sdk.User `json:"user"`
	Body     string    `json:"body"`
	Created  time.Time `json:"created_at"`
	IssueURL string    `json:"issue_url"`
}

func (f *Fake) say(p *pull, user, kind, body string) *event {
	e := &event{ID: int64(f.Serial()), Type: kind, Poster: f.user(user), Body: body, Created: f.Now()}
	p.events = append(p.events, e)
	return e
}

// timeline counts only the page in its header.
func (f *Fake) timeline(c *call) (int, any, error) {
	p := f.find(c.number("index"))
	if p == nil {
		return 0, nil, refuse(http.StatusInternalServerError, "issue does not exist")
	}
	since, _ := time.Parse(time.RFC3339, c.URL.Query().Get("since"))
	all := slices.DeleteFunc(slices.Clone(p.events), func(e *event) bool { return e.Created.Before(since) })
	code, body, err := page(f, c, all)
	if got, ok := body.([]*event); ok {
		c.w.Header().Set("X-Total-Count", "0")
		if len(got) == 0 {
			return code, []*event(nil), err // null, as a slice that was never made
		}
	}
	return code, body, err
}

func (f *Fake) listComments(c *call) (int, any, error) {
	p := f.find(c.number("index"))
	if p == nil {
		return 0, nil, refuse(http.StatusInternalServerError, "issue does not exist")
	}
	return page(f, c, slices.DeleteFunc(slices.Clone(p.events), func(e *event) bool { return e.Type != "comment" }))
}

func (f *Fake) createComment(c *call) (int, any, error) {
	in, err := read[sdk.CreateIssueCommentOption](c)
	p := f.find(c.number("index"))
	switch {
	case err != nil:
		return 0, nil, err
	case p == nil:
		return 0, nil, refuse(http.StatusInternalServerError, "issue does not exist")
	case in.Body == "":
		return 0, nil, refuse(http.StatusUnprocessableEntity, "[Body]: Required")
	}
	return http.StatusCreated, f.say(p, c.user, "comment", in.Body), nil
}

// comment finds one that this user may change.
func (f *Fake) comment(c *call) (*pull, *event, error) {
	for _, p := range f.pulls {
		for _, e := range p.events {
			if e.ID == c.number("id") && e.Type == "comment" {
				if e.Poster.UserName != c.user && c.role < hosttest.Admin {
					return nil, nil, refuse(http.StatusForbidden, "")
				}
				return p, e, nil
			}
		}
	}
	return nil, nil, notFound
}

func (f *Fake) editComment(c *call) (int, any, error) {
	in, err := read[sdk.EditIssueCommentOption](c)
	if err != nil {
		return 0, nil, err
	}
	_, e, err := f.comment(c)
	if err != nil {
		return 0, nil, err
	}
	e.Body = in.Body
	return http.StatusOK, e, nil
}

func (f *Fake) deleteComment(c *call) (int, any, error) {
	p, e, err := f.comment(c)
	if err != nil {
		return 0, nil, err
	}
	p.events = slices.DeleteFunc(p.events, func(other *event) bool { return other == e })
	return http.StatusNoContent, nil, nil
}
