package azure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// call is one request to the API.
type call struct {
	method  string // "" = GET
	path    []string
	query   url.Values
	in, out any  // JSON; nil = none
	patch   bool // in is a JSON Patch
	preview bool // only offered as a preview, for years
	people  bool // asked of the identity service
	enough  int  // of a list; 0 = all of it
}

// path names below the organization.
func under(parts ...any) []string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = url.PathEscape(fmt.Sprint(p))
	}
	return out
}

// repo is a path below the repository.
func (c *Client) repo(parts ...any) []string {
	return append(under(c.project, "_apis", "git", "repositories", c.repository), under(parts...)...)
}

// pull is a path below a pull request.
func (c *Client) pull(number int, parts ...any) []string {
	return append(c.repo("pullRequests", number), under(parts...)...)
}

// do sends a call and reads the answer into its out. It gives the headers of the answer.
func (c *Client) do(ctx context.Context, r call) (http.Header, error) {
	version := c.version
	if r.preview {
		version += "-preview.1"
	}
	header, err := c.send(ctx, r, version)
	if refused(err, "VssInvalidPreviewVersionException") && !r.preview {
		// Which resources are still a preview differs between servers; they say so and did nothing.
		return c.send(ctx, r, version+"-preview.1")
	}
	return header, err
}

func (c *Client) send(ctx context.Context, r call, version string) (http.Header, error) {
	req, err := c.request(ctx, r, version)
	if err != nil {
		return nil, err
	}
	transport := c.api
	if r.people {
		transport = c.identities
	}
	res, err := transport.Client().Do(req)
	if err != nil {
		var outer *url.Error // says again what the transport says
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return nil, scm.Translate(err, c.o.Now())
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	if err := failure(transport, res, body); err != nil {
		return nil, err
	}
	if r.out == nil {
		return res.Header, nil
	}
	if err := json.Unmarshal(body, r.out); err != nil {
		return nil, fmt.Errorf("%s %s: the answer is not as documented: %w", req.Method, req.URL.Path, err)
	}
	return res.Header, nil
}

func (c *Client) request(ctx context.Context, r call, version string) (*http.Request, error) {
	base := c.o.URL
	if r.people {
		base = c.o.Identities
	}
	query := url.Values{"api-version": {version}}
	for k, v := range r.query {
		query[k] = v
	}
	method := r.method
	if method == "" {
		method = http.MethodGet
	}
	var body io.Reader
	if r.in != nil {
		data, err := json.Marshal(r.in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, base+"/"+strings.Join(r.path, "/")+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	// Without it a request with bad credentials is sent to a sign-in page.
	req.Header.Set("X-TFS-FedAuthRedirect", "Suppress")
	switch {
	case r.patch:
		req.Header.Set("Content-Type", "application/json-patch+json")
	case r.in != nil:
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// list is how the API gives many.
type list[T any] struct {
	Value []T `json:"value"`
}

// maxPages bounds what a server can make us ask for.
const maxPages = 2_000

// counted reads every page of a list that is asked for by $top and $skip (with other names for some).
func counted[T any](ctx context.Context, c *Client, r call, top, skip string, page int) ([]T, error) {
	var all []T
	for range maxPages {
		query := url.Values{top: {strconv.Itoa(page)}, skip: {strconv.Itoa(len(all))}}
		for k, v := range r.query {
			query[k] = v
		}
		var got list[T]
		one := r
		one.query, one.out = query, &got
		if _, err := c.do(ctx, one); err != nil {
			return nil, err
		}
		all = append(all, got.Value...)
		if len(got.Value) < page || r.enough > 0 && len(all) >= r.enough {
			return all, nil
		}
	}
	return nil, fmt.Errorf("%s: more than %d pages", strings.Join(r.path, "/"), maxPages)
}

// continued reads every page of a list whose answers name the next one.
func continued[T any](ctx context.Context, c *Client, r call) ([]T, error) {
	var all []T
	token := ""
	for range maxPages {
		query := url.Values{"$top": {strconv.Itoa(c.o.Page)}}
		for k, v := range r.query {
			query[k] = v
		}
		if token != "" {
			query.Set("continuationToken", token)
		}
		var got list[T]
		one := r
		one.query, one.out = query, &got
		header, err := c.do(ctx, one)
		if err != nil {
			return nil, err
		}
		all = append(all, got.Value...)
		if token = header.Get("X-MS-ContinuationToken"); token == "" {
			return all, nil
		}
	}
	return nil, fmt.Errorf("%s: more than %d pages", strings.Join(r.path, "/"), maxPages)
}

// repeatable marks a POST that only asks.
func repeatable(ctx context.Context) context.Context { return door.Repeatable(ctx) }
