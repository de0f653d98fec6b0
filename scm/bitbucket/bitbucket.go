// Package bitbucket is the driver of Bitbucket Cloud, over its REST API 2.0.
//
// The map: wire.go is the API's words and call.go how they are asked for; pulls.go reads pull requests, ensure.go opens
// and edits them, merge.go merges and declines; people.go knows who is who, what they said and who may write; statuses.go,
// comments.go and rules.go are what their names say; text.go is how labels and reasons lie in a description; remote.go
// recognises repositories by their URLs.
//
// What is peculiar here, and what follows from it:
//
//   - People are named by uuid: nicknames and display names are neither unique nor stable.
//   - A merge takes no head. It is compared right before and looked at right after; see MergePullRequest.
//   - Approvals name no commit. They count when they are younger than the head.
//   - A status is one per key, of 40 characters: there is no history, and nobody says who posted it.
//   - There are no labels; they are kept in the description. What was declined stays declined.
//   - Hashes in pull requests are short, and are asked for in full.
package bitbucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// Options say which repository, and who asks.
type Options struct {
	URL        string // of the API; "" = https://api.bitbucket.org
	Repository string // workspace/repository
	Credential door.Credential
	CABundle   []byte        // PEM, beside the system's
	Pace       time.Duration // the least time between writes; 0 = the door's
	Budget     time.Duration // the longest sum of waits of one request; 0 = the door's

	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	Log   func(line string)
}

// Limits of texts.
//
// Descriptions and comments hold 32,768 characters; what is below is for labels and reasons. The others are not
// documented: titles lie in 255 characters and so do names of branches; of a build's description 255 are shown.
const (
	maxTitle      = 255
	maxBody       = 30_000
	maxStatusText = 255
	maxLabel      = 50
	maxBranch     = 255
)

// Username is what Git over HTTPS takes beside an access token; an API token wants x-bitbucket-api-token-auth.
const Username = "x-token-auth"

const publicAPI = "https://api.bitbucket.org"

// Client is one repository as one user sees it. It may be used by several goroutines.
type Client struct {
	o    Options
	base string // of the repository's resources
	door *door.Transport
	http *http.Client

	mu     sync.Mutex
	self   string
	hashes map[string]string // whole ones by short ones
}

var (
	_ scm.Client    = (*Client)(nil)
	_ scm.Commenter = (*Client)(nil)
	_ scm.Ruler     = (*Client)(nil)
	_ scm.Permitted = (*Client)(nil)
)

// Open gives a repository. It asks nothing yet.
func Open(_ context.Context, o Options) (*Client, error) {
	if o.URL == "" {
		o.URL = publicAPI
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.URL = strings.TrimSuffix(o.URL, "/")
	api, err := url.Parse(o.URL)
	if err != nil || api.Host == "" || api.Scheme != "https" && api.Scheme != "http" || api.User != nil {
		return nil, &optionError{fmt.Sprintf("API %q is not a URL like %s", door.Redact(o.URL), publicAPI)}
	}
	workspace, name, ok := strings.Cut(o.Repository, "/")
	if !ok || workspace == "" || name == "" || strings.Contains(name, "/") {
		return nil, &optionError{fmt.Sprintf("repository %q is not like workspace/repository", o.Repository)}
	}
	c := &Client{o: o, hashes: map[string]string{}, base: o.URL + "/2.0/repositories/" + url.PathEscape(workspace) + "/" + url.PathEscape(name)}
	c.door = door.NewTransport(door.Options{Base: api.Scheme + "://" + api.Host, Credential: o.Credential, CABundle: o.CABundle, Pace: o.Pace, JSON: true,
		Budget: o.Budget, Now: o.Now, Sleep: o.Sleep, Log: o.Log, RequestID: []string{"X-Request-Id", "X-B3-TraceId"}})
	c.http = c.door.Client()
	return c, nil
}

// optionError says which option makes no sense.
type optionError struct{ why string }

func (e *optionError) Error() string { return "Bitbucket: " + e.why }

// ExitCode is that of a wrong configuration.
func (e *optionError) ExitCode() int { return 2 }

// Quotas tells how much of its limits the server left, as its last answers said.
func (c *Client) Quotas() map[string]door.Quota { return c.door.Quotas() }

// Calls tells what went over the wire so far.
func (c *Client) Calls() door.Calls { return c.door.Calls() }

// Limits implements scm.Client.
func (c *Client) Limits() scm.Limits {
	return scm.Limits{Title: maxTitle, Body: maxBody, Comment: maxBody, StatusText: maxStatusText, Label: maxLabel, Branch: maxBranch}
}

// Self implements scm.Client. It is the uuid of the account, or of the access token.
func (c *Client) Self(ctx context.Context) (string, error) {
	c.mu.Lock()
	self := c.self
	c.mu.Unlock()
	if self != "" {
		return self, nil
	}
	var user account
	err := c.get(ctx, c.o.URL+"/2.0/user", &user)
	if err == nil && user.UUID == "" {
		err = errors.New("the answer names nobody")
	}
	if err != nil {
		return "", fmt.Errorf("ask Bitbucket who the token belongs to: %w", c.word(err))
	}
	c.mu.Lock()
	c.self = user.UUID
	c.mu.Unlock()
	return user.UUID, nil
}

// about wraps an error with an act and a pull request.
func (c *Client) about(number int, act string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s pull request %d of %s: %w", act, number, c.o.Repository, c.word(err))
}
