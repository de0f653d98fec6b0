// Package gitlab is the driver of GitLab: merge requests, approvals and commit statuses in the words of scm, over its
// REST API, version 4. It works with GitLab.com and with servers of one's own from 15.6 on (the first that says in detail
// why something cannot be merged), and asks a server what it can instead of guessing from its version or license.
//
// The map: remote.go reads addresses, wire.go and errors.go are the way to the server and what its refusals mean, text.go
// keeps GitLab from acting on text; pulls.go, ensure.go and closing.go are merge requests, merge.go and mergeable.go bring
// them into a branch, queue.go lets GitLab do that; reviews.go, notes.go and people.go are what people say and who they
// are; statuses.go and deployments.go tell of commits; rules.go is what a branch and this account may.
package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// Options say which project of which server, and who asks.
type Options struct {
	URL        string // of the server: https://gitlab.example.com, also with a path below which GitLab lives
	Repository string // the project's path with all its groups: acme/platform/gitops

	Token      door.Token      // a personal, project or group token
	JobToken   bool            // Token is the CI_JOB_TOKEN of a running job, which may do very little
	Credential door.Credential // in place of Token

	CABundle  []byte        // PEM, beside the system's
	AllowHTTP bool          // speak plain HTTP to other machines than this one
	Pace      time.Duration // least time between calls that create something; 0 = door's, < 0 = none
	Budget    time.Duration // the longest that all waits of a call may take; 0 = door's

	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	Log   func(line string) // one line a call, without secrets
	Under http.RoundTripper // what carries requests; nil = the network
}

// Names of the user that GitLab wants beside a token when Git asks for a password.
// https://docs.gitlab.com/user/profile/personal_access_tokens/#clone-repository-using-personal-access-token
const (
	Username    = "oauth2"
	JobUsername = "gitlab-ci-token"
)

// The limits of GitLab, in characters.
const (
	maxTitle       = 255       // of a merge request; https://docs.gitlab.com/api/merge_requests/#create-mr, MergeRequest's validations
	maxDescription = 1_048_576 // https://docs.gitlab.com/administration/instance_limits/#size-of-comments-and-descriptions-of-issues-merge-requests-and-epics
	maxNote        = 1_000_000 // the same page
	maxStatusText  = 255       // https://docs.gitlab.com/api/commits/#set-commit-pipeline-status, as are the next two
	maxStatusName  = 255
	maxStatusURL   = 255
	maxLabel       = 255 // https://docs.gitlab.com/user/project/labels/
	maxBranch      = 244 // a reference is a file of the server: 255 bytes less refs/heads/
	// escapes is the room that is kept in long texts for what text.go adds.
	escapes = 40_000
)

// Client is one account in one project. It may be used by several goroutines.
type Client struct {
	api   *gitlab.Client
	door  *door.Transport
	pid   string
	now   func() time.Time
	sleep func(ctx context.Context, d time.Duration) error

	mu    sync.Mutex
	self  *gitlab.BasicUser
	users map[string]int // ids by lower-case username; 0 = there is none
}

var (
	_ scm.Client     = (*Client)(nil)
	_ scm.Reviewer   = (*Client)(nil)
	_ scm.Reopener   = (*Client)(nil)
	_ scm.Foreteller = (*Client)(nil)
	_ scm.Commenter  = (*Client)(nil)
	_ scm.Queuer     = (*Client)(nil)
	_ scm.Ruler      = (*Client)(nil)
	_ scm.Permitted  = (*Client)(nil)
	_ scm.Teams      = (*Client)(nil)
	_ scm.Resetter   = (*Client)(nil)
	_ scm.Deployer   = (*Client)(nil)
)

// Open gives a client of a project. It asks the server nothing yet.
func Open(_ context.Context, o Options) (*Client, error) {
	o.URL = strings.TrimRight(o.URL, "/")
	base, err := origin(o.URL)
	if err != nil {
		return nil, err
	}
	if !isPath(o.Repository) {
		return nil, &configError{fmt.Sprintf("%q is not the path of a GitLab project", o.Repository), "write it with all its groups: acme/platform/gitops"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = door.Sleep
	}
	t := door.NewTransport(door.Options{Base: base, Credential: o.credential(), CABundle: o.CABundle, AllowHTTP: o.AllowHTTP, Pace: o.Pace, Budget: o.Budget,
		RequestID: []string{"X-Request-Id"}, Now: o.Now, Sleep: o.Sleep, Log: o.Log, Under: o.Under})
	api, err := newAPI(t, o)
	if err != nil {
		return nil, fmt.Errorf("open %s on %s: %w", o.Repository, o.URL, err)
	}
	return &Client{api: api, door: t, pid: o.Repository, now: o.Now, sleep: o.Sleep, users: map[string]int{}}, nil
}

func (o Options) credential() door.Credential {
	switch {
	case o.Credential != nil:
		return o.Credential
	case o.Token.IsZero():
		return nil
	case o.JobToken:
		return door.Header("JOB-TOKEN", o.Token)
	}
	return door.Header("PRIVATE-TOKEN", o.Token)
}

// configError is a mistake in how the forge was named.
type configError struct{ what, next string }

func (e *configError) Error() string { return e.what }

// Hint says what to do next.
func (e *configError) Hint() string { return e.next }

// ExitCode is that of a wrong configuration.
func (e *configError) ExitCode() int { return 2 }

// Quotas tells how much of its limits the server left, as its last answers said.
func (c *Client) Quotas() map[string]door.Quota { return c.door.Quotas() }

// Calls tells what was asked of the server so far.
func (c *Client) Calls() door.Calls { return c.door.Calls() }

// Limits implements scm.Client. Titles leave room for "Draft: ", bodies for escapes.
func (c *Client) Limits() scm.Limits {
	return scm.Limits{Title: maxTitle - len(draftPrefix), Body: maxDescription - escapes, Comment: maxNote - escapes,
		StatusText: maxStatusText, Label: maxLabel, Branch: maxBranch}
}

// Self implements scm.Client.
func (c *Client) Self(ctx context.Context) (string, error) {
	me, err := c.me(ctx)
	if err != nil {
		return "", c.about("ask who this is", err)
	}
	return me.Username, nil
}

// me asks once. A job token has no user of its own: it acts as the user who started the job.
func (c *Client) me(ctx context.Context) (*gitlab.BasicUser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.self != nil {
		return c.self, nil
	}
	user, _, err := c.api.Users.CurrentUser(with(ctx))
	if err == nil {
		c.self = &gitlab.BasicUser{ID: user.ID, Username: user.Username}
		return c.self, nil
	}
	if refusal := c.meaning(err); !errors.Is(refusal, scm.ErrUnauthorized) && !errors.Is(refusal, scm.ErrForbidden) {
		return nil, refusal
	}
	job, _, jobErr := c.api.Jobs.GetJobTokensJob(nil, with(ctx))
	if jobErr != nil || job.User == nil {
		return nil, c.meaning(err)
	}
	c.self = &gitlab.BasicUser{ID: job.User.ID, Username: job.User.Username}
	return c.self, nil
}

// about wraps an error with the act and the project.
func (c *Client) about(act string, err error) error {
	return fmt.Errorf("%s in %s: %w", act, c.pid, err)
}

// aboutMR wraps an error with the act and the merge request.
func (c *Client) aboutMR(act string, number int, err error) error {
	return fmt.Errorf("%s merge request !%d of %s: %w", act, number, c.pid, err)
}
