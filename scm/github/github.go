// Package github puts the words of scm into the dialect of GitHub, in the cloud and as GitHub Enterprise.
//
// What is read of pull requests, and the statuses of many commits, comes by GraphQL: one call for what REST needs five
// for. Writes, reviews, statuses, rules and everything else go over REST. The map:
//
//	github.go     who speaks to which repository, and the limits of texts
//	remote.go     which remote URLs are GitHub's
//	app.go        a GitHub App as a credential
//	errors.go     GitHub's refusals in the words of scm, its rate limits
//	graphql.go    asking by GraphQL, and what a server's GraphQL can
//	pulls.go      pull requests as they are        propose.go  as they should be; people.go asks reviewers
//	close.go      closing with a reason            merge.go    the guarded merge, queue.go GitHub's own
//	reviews.go    statuses.go    comments.go    rules.go    permissions.go    deploy.go    commit.go
package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// API is where github.com listens.
const API = "https://api.github.com"

// Username is what Git over HTTPS wants beside a token, whatever kind it is:
// https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app.
const Username = "x-access-token"

// Limits of texts, in characters.
const (
	maxTitle = 256 // "title is too long (maximum is 256 characters)"
	// GitHub takes 65,536 of a description or comment; what it adds when it shows them needs room, and others leave some
	// too (renovatebot/renovate#14551).
	maxBody   = 60_000
	maxStatus = 140 // openshift/release#6179; of deployments too
	maxLabel  = 50  // "name is too long (maximum is 50 characters)"
	maxBranch = 244 // refs/heads/ and it are at most 255 bytes: GH005, dependabot/dependabot-core#5761
)

// Options say which repository, who speaks, and how.
type Options struct {
	URL        string // of the API: https://api.github.com, https://HOST/api/v3; "" = API
	Repository string // owner/name
	Credential door.Credential
	CABundle   []byte // PEM
	// Pace and Budget are those of door.Options.
	Pace, Budget time.Duration

	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	Log   func(line string)
	Under http.RoundTripper
}

// Client speaks to one repository. It may be used by several goroutines.
type Client struct {
	o           Options
	owner, repo string
	gh          *github.Client
	door        *door.Transport
	http        *http.Client
	graphqlURL  string

	mu       sync.Mutex
	self     string
	can      *abilities
	settings *github.Repository
	writers  map[string]bool // by login
	full     map[string]bool // by commit and context: no status fits there any more
	teamless bool            // the token may not know the names of teams
}

var (
	_ scm.Client     = (*Client)(nil)
	_ scm.Reviewer   = (*Client)(nil)
	_ scm.Reopener   = (*Client)(nil)
	_ scm.Commenter  = (*Client)(nil)
	_ scm.Queuer     = (*Client)(nil)
	_ scm.Ruler      = (*Client)(nil)
	_ scm.Permitted  = (*Client)(nil)
	_ scm.Teams      = (*Client)(nil)
	_ scm.Resetter   = (*Client)(nil)
	_ scm.BulkReader = (*Client)(nil)
	_ scm.Deployer   = (*Client)(nil)
	_ scm.Signer     = (*Client)(nil)
)

// Open makes a client. It does not speak to the server yet.
func Open(_ context.Context, o Options) (*Client, error) {
	if o.URL == "" {
		o.URL = API
	}
	base, err := url.Parse(strings.TrimSuffix(o.URL, "/") + "/")
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || base.User != nil {
		return nil, &addressError{fmt.Sprintf("%q is no address of an API", door.Redact(o.URL)), "GitHub's is " + API + ", GitHub Enterprise's https://HOST/api/v3"}
	}
	owner, repo, ok := strings.Cut(o.Repository, "/")
	if !ok || !isName(owner) || !isName(repo) {
		return nil, &addressError{fmt.Sprintf("%q is no repository of GitHub", o.Repository), "write it as owner/name"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = door.Sleep
	}
	c := &Client{o: o, owner: owner, repo: repo, writers: map[string]bool{}, full: map[string]bool{}}
	c.door = c.transport(base)
	c.http = c.door.Client()
	c.http.Transport = quiet{c.door}
	c.gh = github.NewClient(c.http)
	c.gh.BaseURL, c.gh.UserAgent = base, "ferry"
	c.graphqlURL = strings.TrimSuffix(strings.TrimSuffix(base.String(), "/"), "/v3") + "/graphql"
	return c, nil
}

func (c *Client) transport(base *url.URL) *door.Transport {
	o := c.o
	return door.NewTransport(door.Options{
		Base: base.Scheme + "://" + base.Host, Credential: o.Credential, CABundle: o.CABundle,
		Pace: o.Pace, Budget: o.Budget, RequestID: []string{"X-GitHub-Request-Id"}, Limited: c.limited,
		MaxBody: 64 << 20, // a page of pull requests with descriptions and comments of the longest kind
		Now:     o.Now, Sleep: o.Sleep, Log: o.Log, Under: o.Under,
	})
}

// quiet hides the server's rate limits from go-github, which would keep books of its own with the real clock and refuse
// requests for up to an hour; the door keeps them.
type quiet struct{ under http.RoundTripper }

func (q quiet) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := q.under.RoundTrip(r)
	if err == nil && res.StatusCode < 400 {
		res.Header = res.Header.Clone()
		res.Header.Del("X-RateLimit-Remaining")
		res.Header.Del("X-RateLimit-Reset")
	}
	return res, err
}

// isName tells names of owners and repositories from what would change a path.
func isName(s string) bool {
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'
	}
	return s != "" && s != "." && s != ".." && strings.IndexFunc(s, func(r rune) bool { return !ok(r) }) < 0
}

type addressError struct{ what, hint string }

func (e *addressError) Error() string { return e.what }

// Hint implements the optional next step of an error.
func (e *addressError) Hint() string { return e.hint }

// ExitCode is that of a wrong configuration.
func (e *addressError) ExitCode() int { return 2 }

// Limits implements scm.Client.
func (c *Client) Limits() scm.Limits {
	return scm.Limits{Title: maxTitle, Body: maxBody, Comment: maxBody, StatusText: maxStatus, Label: maxLabel, Branch: maxBranch}
}

// Quotas tells how much of its limits the server left, as its last answers said.
func (c *Client) Quotas() map[string]door.Quota { return c.door.Quotas() }

// Calls counts what this client asked of the server.
func (c *Client) Calls() door.Calls { return c.door.Calls() }

// Self implements scm.Client. The viewer of GraphQL is told to every kind of token; REST has no answer for installations.
func (c *Client) Self(ctx context.Context) (string, error) {
	c.mu.Lock()
	self := c.self
	c.mu.Unlock()
	if self != "" {
		return self, nil
	}
	var reply struct{ Viewer *actor }
	if err := c.query(ctx, "query { viewer { __typename login } }", nil, &reply); err != nil {
		return "", fmt.Errorf("ask %s who we are: %w", c.o.URL, err)
	}
	c.iAm(reply.Viewer)
	return reply.Viewer.name(), nil
}

// iAm keeps who we are; every query about pull requests tells it too.
func (c *Client) iAm(viewer *actor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.self = viewer.name()
}

// name is the repository in messages.
func (c *Client) name() string { return c.owner + "/" + c.repo }

// about wraps an error with the act and the pull request.
func (c *Client) about(number int, act string, err error) error {
	return fmt.Errorf("%s pull request %d of %s: %w", act, number, c.name(), c.said(err))
}
