package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/scm"
)

// status of a commit, or of an iteration of a pull request.
type status struct {
	ID        int           `json:"id,omitempty"`
	State     string        `json:"state"`
	Text      string        `json:"description,omitempty"`
	URL       string        `json:"targetUrl,omitempty"`
	Context   statusContext `json:"context"`
	Created   time.Time     `json:"creationDate,omitzero"`
	By        *identity     `json:"createdBy,omitempty"`
	Iteration int           `json:"iterationId,omitempty"`
}

type statusContext struct {
	Genre string `json:"genre,omitempty"`
	Name  string `json:"name"`
}

// split gives genre and name of a context: ferry/dev/web is web of the genre ferry/dev.
func split(context string) statusContext {
	at := strings.LastIndexByte(context, '/')
	if at < 1 || at == len(context)-1 {
		return statusContext{Name: context}
	}
	return statusContext{Genre: context[:at], Name: context[at+1:]}
}

// whole is the context that was split.
func (s statusContext) whole() string {
	if s.Genre == "" {
		return s.Name
	}
	return s.Genre + "/" + s.Name
}

func (s status) word() scm.Status {
	out := scm.Status{Context: s.Context.whole(), State: scm.Pending, Text: s.Text, URL: s.URL, Time: s.Created}
	if state, ok := statusStates[s.State]; ok {
		out.State = state
	}
	if s.By != nil {
		out.Creator = s.By.Name
	}
	return out
}

var commitID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-f]{40}$`)
})

// Statuses implements scm.Client.
func (c *Client) Statuses(ctx context.Context, sha string) ([]scm.Status, error) {
	if !commitID().MatchString(sha) {
		return nil, nil
	}
	all, err := counted[status](ctx, c, call{path: c.repo("commits", sha, "statuses")}, "top", "skip", c.o.Page)
	if errors.Is(err, scm.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read statuses of %s in %s: %w", sha, c, err)
	}
	slices.SortFunc(all, func(a, b status) int { return cmp.Compare(b.ID, a.ID) })
	all = slices.CompactFunc(all, func(a, b status) bool { return a.ID == b.ID }) // posted between two pages
	var out []scm.Status
	for _, s := range all {
		out = append(out, s.word())
	}
	return out, nil
}

// SetStatus implements scm.Client. A status of the head of an open pull request is posted there too: policies look only
// there. That is done first, so that a commit's status tells that both are there.
func (c *Client) SetStatus(ctx context.Context, sha string, want scm.Status) (bool, error) {
	want.Context, want.Text = scm.Line(want.Context), scm.Cut(scm.Line(want.Text), MaxStatusText)
	wrote, err := c.setStatus(ctx, sha, want)
	if err != nil {
		return false, fmt.Errorf("set status %s of %.40s in %s: %w", want.Context, sha, c, err)
	}
	return wrote, nil
}

func (c *Client) setStatus(ctx context.Context, sha string, want scm.Status) (bool, error) {
	if err := checkStatus(want); err != nil {
		return false, err
	}
	if !commitID().MatchString(sha) {
		return false, fmt.Errorf("that is no commit: %w", scm.ErrNotFound)
	}
	wrote := false
	err := c.api.Settle(ctx, func(ctx context.Context) (bool, error) {
		if want.First && !wrote {
			return false, nil
		}
		return c.says(ctx, sha, want)
	},
		func(ctx context.Context) error {
			wrote = true
			return c.post(ctx, sha, want)
		})
	return wrote && err == nil, err
}

// says tells whether this client said the status last.
func (c *Client) says(ctx context.Context, sha string, want scm.Status) (bool, error) {
	all, err := c.Statuses(ctx, sha)
	if err != nil {
		return false, err
	}
	return scm.Said(slices.Values(all), want, func() (string, error) { return c.Self(ctx) })
}

func (c *Client) post(ctx context.Context, sha string, want scm.Status) error {
	in := status{State: statusWords[want.State], Text: want.Text, URL: want.URL, Context: split(want.Context)}
	if err := c.postToPull(ctx, sha, in); err != nil {
		return err
	}
	_, err := c.do(ctx, call{method: http.MethodPost, path: c.repo("commits", sha, "statuses"), in: in})
	if errors.Is(err, scm.ErrInvalid) && strings.Contains(err.Error(), sha) {
		return fmt.Errorf("%w (%w)", scm.ErrNotFound, err)
	}
	return err
}

// postToPull posts the status to the open pull request that the commit heads, at its newest iteration: a policy that
// forgets statuses when the head moves refuses those without one.
func (c *Client) postToPull(ctx context.Context, sha string, in status) error {
	at, err := c.headedBy(ctx, sha)
	if err != nil || at.number == 0 {
		return err
	}
	if at.iteration == 0 {
		last, err := c.lastIteration(ctx, at.number)
		if err != nil || last.Head.ID != sha {
			return err
		}
		at.iteration = last.ID
	}
	in.Iteration = at.iteration
	_, err = c.do(ctx, call{method: http.MethodPost, path: c.pull(at.number, "statuses"), in: in})
	if errors.Is(err, scm.ErrConflict) || errors.Is(err, scm.ErrNotFound) {
		return nil // it ended meanwhile
	}
	return err
}

// headedBy gives the open pull request that a commit heads. What this client saw itself counts; else all open ones are
// looked through.
func (c *Client) headedBy(ctx context.Context, sha string) (head, error) {
	c.asked.mu.Lock()
	at, ok := c.asked.open[sha]
	c.asked.mu.Unlock()
	if ok {
		return at, nil
	}
	if _, err := c.list(ctx, scm.Filter{State: scm.Open}); err != nil {
		return head{}, err
	}
	c.asked.mu.Lock()
	defer c.asked.mu.Unlock()
	return c.asked.open[sha], nil
}

// iterated notes which iteration of a pull request its head is.
func (c *Client) iterated(p pullRequest, iteration int) {
	c.asked.mu.Lock()
	defer c.asked.mu.Unlock()
	if at, ok := c.asked.open[p.Head.ID]; ok && at.number == p.ID {
		c.asked.open[p.Head.ID] = head{p.ID, iteration}
	}
}

// checkStatus refuses what no forge takes.
func checkStatus(s scm.Status) error {
	switch {
	case s.Context == "":
		return fmt.Errorf("a status needs a context: %w", scm.ErrInvalid)
	case statusWords[s.State] == "":
		return fmt.Errorf("state %q: %w", s.State, scm.ErrInvalid)
	case !webURL(s.URL):
		return fmt.Errorf("URL %q is not on the web: %w", s.URL, scm.ErrInvalid)
	}
	return nil
}

// webURL tells whether a link may be shown; none may, too.
func webURL(s string) bool {
	u, err := url.Parse(s)
	return s == "" || err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
