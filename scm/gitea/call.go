package gitea

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// refusing makes errors of refusals: the SDK drops the status of most and the text of some.
type refusing struct{ door *door.Transport }

// RoundTrip implements http.RoundTripper.
func (r refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := r.door.RoundTrip(req)
	if err != nil || res.StatusCode < 400 {
		return res, err
	}
	err = r.door.Failure(res)
	var refusal *door.StatusError
	var said struct {
		Message string `json:"message"`
	}
	if body, _ := io.ReadAll(res.Body); errors.As(err, &refusal) && json.Unmarshal(body, &said) == nil && said.Message != "" {
		refusal.Body = door.Excerpt([]byte(said.Message))
	}
	_ = res.Body.Close()
	return nil, err
}

// word turns an error of a call into one of the contract's; those that are already stay.
func (c *Client) word(err error) error {
	if scm.Meant(err) {
		return err
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err // the URL is in the inner one, shorter
	}
	var syntax *json.SyntaxError
	code, _ := door.Refusal(err)
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("%s does not answer as Gitea's API does: %w", c.o.URL, err)
	case code == http.StatusMethodNotAllowed, code == http.StatusLocked: // a rule; an archived repository
		return fmt.Errorf("%w: %w", scm.ErrForbidden, err)
	}
	return scm.Translate(err, c.o.Now())
}

// get reads what the SDK has no filter or order for.
func (c *Client) get(ctx context.Context, path string, query url.Values, out any) (*gitea.Response, error) {
	where := c.o.URL + "/api/v1/repos/" + url.PathEscape(c.owner) + "/" + url.PathEscape(c.name) + path + "?" + query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return &gitea.Response{Response: res}, json.NewDecoder(res.Body).Decode(out)
}

// A page holds 50 as the server comes (MAX_RESPONSE_ITEMS of app.ini); where it is set lower, pages are shorter, so that
// a short page is not the end of a list.
const (
	pageSize = 50
	maxPages = 10_000
)

// pages reads a list whole.
func pages[T any](page func(gitea.ListOptions) ([]T, *gitea.Response, error)) ([]T, error) {
	var all []T
	for n := 1; n <= maxPages; n++ {
		got, res, err := page(gitea.ListOptions{Page: n, PageSize: pageSize})
		if err != nil {
			return nil, err
		}
		all = append(all, got...)
		if len(got) == 0 || whole(res, len(all)) {
			return all, nil
		}
	}
	return nil, fmt.Errorf("a list of more than %d pages: %w", maxPages, scm.ErrInvalid)
}

// whole tells whether the server says that there is no more.
func whole(res *gitea.Response, have int) bool {
	total, err := strconv.Atoi(res.Header.Get("X-Total-Count"))
	return err == nil && have >= total
}

// query are the parameters of a page.
func query(o gitea.ListOptions, pairs ...string) url.Values {
	q := url.Values{"page": {strconv.Itoa(o.Page)}, "limit": {strconv.Itoa(o.PageSize)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q
}

// patience is how often one looks again.
type patience struct {
	sleep      func(context.Context, time.Duration) error
	left, step time.Duration
}

const firstLook = 100 * time.Millisecond

func (c *Client) patience() *patience { return c.patienceOf(c.o.Patience) }

func (c *Client) patienceOf(d time.Duration) *patience {
	p := &patience{sleep: c.o.Sleep, left: d, step: firstLook}
	if p.sleep == nil {
		p.sleep = door.Sleep
	}
	return p
}

// more waits a little longer each time; false when that was long enough.
func (p *patience) more(ctx context.Context) (bool, error) {
	if p.left <= 0 {
		return false, nil
	}
	d := min(p.step, p.left)
	p.left -= d
	p.step += p.step / 2
	return true, p.sleep(ctx, d)
}
