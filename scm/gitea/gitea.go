// Package gitea is the driver of Gitea and Forgejo, which share an API (v1) and, with few exceptions, its answers.
//
// The map: call.go makes requests and turns refusals into the words of the contract; pulls.go reads pull requests,
// ensure.go opens and edits them, close.go closes and reopens, merge.go merges, unmet.go says which rule stands in the
// way, queue.go leaves the merge to the forge; people.go asks reviewers and assignees and knows who may write, reviews.go
// what they said; labels.go, statuses.go, comments.go and rules.go are what their names say; text.go is how drafts and
// reasons lie in titles and bodies; remote.go recognises servers by the URLs of their repositories.
package gitea

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// Options say which repository on which server, and who asks.
type Options struct {
	URL        string // of the server, with its path where it has one: https://git.example.com/gitea
	Repository string // owner/name
	Credential door.Credential
	CABundle   []byte        // PEM, beside the system's
	AllowHTTP  bool          // speak plain HTTP to other machines than this one
	Pace       time.Duration // the least time between writes; 0 = the door's
	Budget     time.Duration // the longest sum of waits of one request; 0 = the door's
	// Patience is how long the server may take to see a push and to look for conflicts before its answer is taken as it
	// is; 0 = 20s.
	Patience time.Duration

	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	Log   func(line string)
}

// Limits of texts.
//
// Titles are cut where they are wider than 255 columns, of which a character takes up to two (EllipsisDisplayString in
// models/issues/issue_update.go); five are kept for the mark of drafts. Bodies
// and comments are LONGTEXT; the bound is that of the other forges, since nobody reads more. Descriptions of statuses are
// TEXT, 65,535 bytes in MySQL (models/git/commit_status.go). Labels are 50 in the web form; branches lie in VARCHAR(255).
const (
	maxTitle      = (255 - len(draftMark)) / 2
	maxBody       = 65_536
	maxStatusText = 16_000
	maxLabel      = 50
	maxBranch     = 255
)

// Username is what Git over HTTPS takes beside a token: any name does.
const Username = "oauth2"

const defaultPatience = 20 * time.Second

// Client is one repository as one user sees it. It may be used by several goroutines.
type Client struct {
	o           Options
	owner, name string
	door        *door.Transport
	http        *http.Client

	mu     sync.Mutex
	self   string
	labels map[string]int64 // known ones, by name
	owned  *owners
	// What was looked at long enough to say that it conflicts: number, head and base.
	conflicting map[string]bool
}

var (
	_ scm.Client    = (*Client)(nil)
	_ scm.Reviewer  = (*Client)(nil)
	_ scm.Reopener  = (*Client)(nil)
	_ scm.Commenter = (*Client)(nil)
	_ scm.Queuer    = (*Client)(nil)
	_ scm.Ruler     = (*Client)(nil)
	_ scm.Permitted = (*Client)(nil)
	_ scm.Teams     = (*Client)(nil)
	_ scm.Resetter  = (*Client)(nil)
)

// Open gives a repository on a server. It asks nothing yet.
func Open(_ context.Context, o Options) (*Client, error) {
	base, err := url.Parse(o.URL)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || base.User != nil {
		return nil, &optionError{fmt.Sprintf("server %q is not a URL like https://git.example.com", door.Redact(o.URL))}
	}
	owner, name, ok := strings.Cut(o.Repository, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return nil, &optionError{fmt.Sprintf("repository %q is not like owner/name", o.Repository)}
	}
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.URL = strings.TrimSuffix(o.URL, "/")
	c := &Client{o: o, owner: owner, name: name, labels: map[string]int64{}, conflicting: map[string]bool{}}
	c.door = door.NewTransport(door.Options{Base: base.Scheme + "://" + base.Host, Credential: o.Credential, CABundle: o.CABundle,
		AllowHTTP: o.AllowHTTP, Pace: o.Pace, Budget: o.Budget, Now: o.Now, Sleep: o.Sleep, Log: o.Log,
		RequestID: []string{"X-Request-Id", "X-Gitea-Request-Id"}})
	c.http = c.door.Client()
	c.http.Transport = refusing{c.door}
	return c, nil
}

// optionError says which option makes no sense.
type optionError struct{ why string }

func (e *optionError) Error() string { return "Gitea: " + e.why }

// ExitCode is that of a wrong configuration.
func (e *optionError) ExitCode() int { return 2 }

// Calls tells what went over the wire so far.
func (c *Client) Calls() door.Calls { return c.door.Calls() }

// Limits implements scm.Client.
func (c *Client) Limits() scm.Limits {
	return scm.Limits{Title: maxTitle, Body: maxBody, Comment: maxBody, StatusText: maxStatusText, Label: maxLabel, Branch: maxBranch}
}

// Self implements scm.Client.
func (c *Client) Self(ctx context.Context) (string, error) {
	c.mu.Lock()
	self := c.self
	c.mu.Unlock()
	if self != "" {
		return self, nil
	}
	user, _, err := c.api(ctx).GetMyUserInfo()
	if err == nil && user.UserName == "" {
		err = errors.New("the answer names nobody")
	}
	if err != nil {
		return "", fmt.Errorf("ask %s who the token belongs to: %w", c.o.URL, c.word(err))
	}
	c.mu.Lock()
	c.self = user.UserName
	c.mu.Unlock()
	return user.UserName, nil
}

// api is the SDK for one context. It must not ask the server's version, which it cannot read everywhere: Forgejo answers
// 13.0.2+gitea-1.22.0. None of the options that can fail is used.
func (c *Client) api(ctx context.Context) *gitea.Client {
	api, _ := gitea.NewClient(c.o.URL, gitea.SetHTTPClient(c.http), gitea.SetContext(ctx), gitea.SetGiteaVersion(""))
	return api
}

// about wraps an error with an act and a pull request.
func (c *Client) about(number int, act string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s pull request %d of %s: %w", act, number, c.o.Repository, c.word(err))
}
