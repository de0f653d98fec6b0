package bitbucket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

func (c *Client) get(ctx context.Context, where string, out any) error {
	return c.call(ctx, http.MethodGet, where, nil, out)
}

// call asks for a resource, with a body where there is one, and reads the answer into out where that is not nil.
func (c *Client) call(ctx context.Context, method, where string, body, out any) error {
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, where, sent)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return inner(err)
	}
	defer res.Body.Close()
	if err := c.failure(res); err != nil || out == nil {
		return err
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("%s %s does not answer as Bitbucket's API does: %w", method, req.URL.Path, err)
	}
	return nil
}

// inner is an error without the URL that http puts before it.
func inner(err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		return outer.Err
	}
	return err
}

// failure is a refusal in the server's own words. A redirect that was not followed did nothing.
func (c *Client) failure(res *http.Response) error {
	if res.StatusCode/100 == 3 {
		return &door.StatusError{Code: res.StatusCode, Method: res.Request.Method, Path: res.Request.URL.Path, Body: "sent elsewhere: does the repository have another name now?"}
	}
	err := c.door.Failure(res)
	var refusal *door.StatusError
	var said struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if errors.As(err, &refusal) && json.NewDecoder(res.Body).Decode(&said) == nil && said.Error.Message != "" {
		refusal.Body = door.Excerpt([]byte(said.Error.Message))
	}
	return err
}

// word turns an error of a call into one of the contract's; those that are already stay.
func (c *Client) word(err error) error {
	if scm.Meant(err) {
		return err
	}
	return scm.Translate(err, c.o.Now())
}

func missing(err error) bool {
	code, _ := door.Refusal(err)
	return code == http.StatusNotFound || errors.Is(err, scm.ErrNotFound)
}

const maxPages = 10_000

// list reads all pages of a list; the server gives the address of the next one.
func list[T any](ctx context.Context, c *Client, where string) ([]T, error) {
	var all []T
	for range maxPages {
		var page struct {
			Values []T    `json:"values"`
			Next   string `json:"next"`
		}
		if err := c.get(ctx, where, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Values...)
		if page.Next == "" {
			return all, nil
		}
		if !strings.HasPrefix(page.Next, c.o.URL+"/2.0/") {
			return nil, fmt.Errorf("the next page lies at another server: %w", scm.ErrInvalid)
		}
		where = page.Next
	}
	return nil, fmt.Errorf("a list of more than %d pages: %w", maxPages, scm.ErrInvalid)
}

// quoted is a text in the server's query language.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// whole gives all digits of a commit; what is gone stays as it is.
func (c *Client) whole(ctx context.Context, short *commit) (string, error) {
	switch {
	case short == nil || short.Hash == "":
		return "", nil
	case len(short.Hash) >= 40:
		return short.Hash, nil
	}
	c.mu.Lock()
	known := c.hashes[short.Hash]
	c.mu.Unlock()
	if known != "" {
		return known, nil
	}
	var got commit
	if err := c.get(ctx, c.base+"/commit/"+url.PathEscape(short.Hash), &got); missing(err) {
		return short.Hash, nil
	} else if err != nil {
		return "", err
	}
	c.mu.Lock()
	c.hashes[short.Hash] = got.Hash
	c.mu.Unlock()
	return got.Hash, nil
}
