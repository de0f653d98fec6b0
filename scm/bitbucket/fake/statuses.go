package fake

import (
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

type status struct {
	Key         string    `json:"key"`
	State       string    `json:"state"`
	Name        string    `json:"name"`
	URL         string    `json:"url"`
	Description string    `json:"description"`
	Updated     time.Time `json:"updated_on,omitzero"`
}

// commit takes the beginning of a hash, too.
func (f *Fake) commit(c *call) (int, any, error) {
	for _, p := range f.pulls {
		for _, sha := range []string{p.head, p.mergeCommit} {
			if sha != "" && strings.HasPrefix(sha, c.PathValue("sha")) {
				return http.StatusOK, object{"type": "commit", "hash": sha}, nil
			}
		}
	}
	if sha := c.PathValue("sha"); f.repo.Has(sha) {
		return http.StatusOK, object{"type": "commit", "hash": sha}, nil
	}
	return 0, nil, refuse(http.StatusNotFound, "Commit not found")
}

func (f *Fake) listStatuses(c *call) (int, any, error) {
	if !f.repo.Has(c.PathValue("sha")) {
		return 0, nil, refuse(http.StatusNotFound, "Commit not found")
	}
	var all []*status
	for _, s := range f.statuses[c.PathValue("sha")] {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *status) int { return a.Updated.Compare(b.Updated) })
	return page(f, c, all)
}

func (f *Fake) getStatus(c *call) (int, any, error) {
	if s := f.statuses[c.PathValue("sha")][c.PathValue("key")]; s != nil {
		return http.StatusOK, s, nil
	}
	return 0, nil, refuse(http.StatusNotFound, "There is no build with this key")
}

// setStatus keeps one for each key.
func (f *Fake) setStatus(c *call) (int, any, error) {
	in, err := read[status](c)
	sha := c.PathValue("sha")
	switch {
	case err != nil:
		return 0, nil, err
	case !f.repo.Has(sha):
		return 0, nil, refuse(http.StatusNotFound, "Commit not found")
	case in.Key == "" || utf8.RuneCountInString(in.Key) > 40:
		return 0, nil, refuse(http.StatusBadRequest, "key: Ensure this value has at most 40 characters")
	case !strings.HasPrefix(in.URL, "https://") && !strings.HasPrefix(in.URL, "http://"):
		return 0, nil, refuse(http.StatusBadRequest, "url: Enter a valid URL.")
	case !slices.Contains([]string{"INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED"}, in.State):
		return 0, nil, refuse(http.StatusBadRequest, "state: not a valid choice")
	case utf8.RuneCountInString(in.Description) > 255:
		return 0, nil, refuse(http.StatusBadRequest, "description: Ensure this value has at most 255 characters")
	}
	in.Updated = f.Now()
	if f.statuses[sha] == nil {
		f.statuses[sha] = map[string]*status{}
	}
	f.statuses[sha][in.Key] = &in
	return http.StatusCreated, in, nil
}

type remark struct {
	id        int
	user, raw string
}

func (r remark) show() object {
	return object{"type": "pullrequest_comment", "id": r.id, "user": user(r.user), "content": object{"raw": r.raw}}
}

func (f *Fake) listComments(c *call) (int, any, error) {
	p := f.find(c.number("id"))
	if p == nil {
		return 0, nil, notFound
	}
	var out []object
	for _, r := range p.comments {
		out = append(out, r.show())
	}
	return page(f, c, out)
}

type content struct {
	Content struct {
		Raw string `json:"raw"`
	} `json:"content"`
}

func (f *Fake) createComment(c *call) (int, any, error) {
	in, err := read[content](c)
	p := f.find(c.number("id"))
	switch {
	case err != nil:
		return 0, nil, err
	case p == nil:
		return 0, nil, notFound
	case in.Content.Raw == "" || utf8.RuneCountInString(in.Content.Raw) > 32_768:
		return 0, nil, refuse(http.StatusBadRequest, "content: invalid")
	}
	r := remark{f.Serial(), c.user, in.Content.Raw}
	p.comments = append(p.comments, r)
	return http.StatusCreated, r.show(), nil
}

// remark finds a comment that this user may change.
func (f *Fake) remark(c *call) (*pull, int, error) {
	if p := f.find(c.number("id")); p != nil {
		for i, r := range p.comments {
			if r.id == c.number("comment") && (r.user == c.user || c.role >= hosttest.Admin) {
				return p, i, nil
			}
		}
	}
	return nil, 0, notFound
}

func (f *Fake) editComment(c *call) (int, any, error) {
	in, err := read[content](c)
	if err != nil {
		return 0, nil, err
	}
	p, i, err := f.remark(c)
	if err != nil {
		return 0, nil, err
	}
	p.comments[i].raw = in.Content.Raw
	return http.StatusOK, p.comments[i].show(), nil
}

func (f *Fake) deleteComment(c *call) (int, any, error) {
	p, i, err := f.remark(c)
	if err != nil {
		return 0, nil, err
	}
	p.comments = slices.Delete(p.comments, i, i+1)
	return http.StatusNoContent, nil, nil
}
