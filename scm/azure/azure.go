// Package azure is the forge of Azure DevOps, Services and Server, over its REST API.
//
// The map: remote.go finds organization, project and repository in a Git remote; credential.go says who one is; wire.go is
// one call, errors.go what went wrong in it; words.go holds the words of the API and their meaning. pulls.go reads pull
// requests, ensure.go makes them so, people.go knows persons and teams, ending.go closes and opens again, merge.go merges
// and queue.go lets the forge do it; threads.go is the conversation, reviews.go are its votes, statuses.go and policies.go
// what must be true before a merge; workitems.go links what the change was made for.
//
// What is peculiar here, and what follows from it:
//
//   - A description holds 4,000 characters and lists show the first 400: comparing often needs a call of its own.
//   - Votes name no commit. They count when they are younger than the head, or where a policy resets them.
//   - Status policies look at statuses of pull requests, not of commits: a status on an open head is posted to both.
//   - Completion is asynchronous: the answer to the request says little, the state afterwards says all.
//   - Nothing that people push ends a pull request; it stays active when its branch is merged by hand or deleted.
package azure

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// Longest texts. Azure DevOps counts in units of UTF-16.
const (
	// MaxTitle is what the database column holds: longer ones are refused with InvalidArgumentValueException.
	MaxTitle = 400
	// MaxBody stays below the 4,000 of a description, so that a person can add a word:
	// https://learn.microsoft.com/rest/api/azure/devops/git/pull-requests/update
	MaxBody = 3_800
	// MaxComment is that of one comment of a thread: https://learn.microsoft.com/azure/devops/organizations/settings (object limits of work tracking)
	MaxComment = 150_000
	// MaxStatusText is not documented; this much is shown without being cut.
	MaxStatusText = 256
	// MaxLabel is that of a tag, whose name space labels share:
	// https://learn.microsoft.com/azure/devops/organizations/settings (object limits of work tracking)
	MaxLabel = 400
	// MaxBranch keeps refs/heads/NAME below the 256 characters of a path of a ref.
	MaxBranch = 240
)

// Options say which repository and who is asking.
type Options struct {
	URL        string // of the organization or collection: https://dev.azure.com/acme, https://tfs.example.com/tfs/Main Collection
	Repository string // PROJECT/REPOSITORY
	// Identities is where the organization's identities are asked for; "" = found from URL.
	Identities string
	Credential door.Credential // PAT, Bearer or a WorkloadIdentity
	CABundle   []byte          // PEM, beside the system's
	AllowHTTP  bool
	Page       int // entries asked for at once; 0 = 100

	Pace   time.Duration // see door.Options
	Budget time.Duration
	Now    func() time.Time
	Sleep  func(ctx context.Context, d time.Duration) error
	Log    func(line string)
	Under  http.RoundTripper // what carries requests; nil = the network
}

// Client is one repository as one identity sees it. It may be used by several goroutines.
type Client struct {
	o                   Options
	project, repository string
	version             string // of the API
	api, identities     *door.Transport
	asked               asked
}

// asked is what need not be asked twice in a run.
type asked struct {
	mu          sync.Mutex
	self        *identity
	place       *place
	open        map[string]head // by commit: the open pull request that it heads, as far as seen
	lists       []entries       // what is set for whom
	tellsLabels bool            // pull requests come with their labels: servers differ
}

// head is where an open pull request was seen.
type head struct {
	number    int
	iteration int // 0 = not known
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
	_ scm.Linker     = (*Client)(nil)
)

// Open gives a client. It asks the server nothing yet.
func Open(_ context.Context, o Options) (*Client, error) {
	project, repository, ok := strings.Cut(o.Repository, "/")
	if !ok || project == "" || repository == "" || strings.Contains(repository, "/") {
		return nil, &optionError{"repository", o.Repository, "PROJECT/REPOSITORY"}
	}
	base, err := url.Parse(o.URL)
	if err != nil || base.Host == "" || base.User != nil || base.Scheme != "https" && base.Scheme != "http" {
		return nil, &optionError{"organization", door.Redact(o.URL), "https://dev.azure.com/ORGANIZATION, or the URL of a collection"}
	}
	if o.Identities == "" {
		o.Identities = identityService(base)
	}
	if o.Page <= 0 {
		o.Page = 100
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = door.Sleep
	}
	o.URL, o.Identities = strings.TrimSuffix(base.String(), "/"), strings.TrimSuffix(o.Identities, "/")
	c := &Client{o: o, project: project, repository: repository, version: apiVersion(base)}
	c.asked.open = map[string]head{}
	c.api, c.identities = c.transport(o.URL), c.transport(o.Identities)
	return c, nil
}

// apiVersion is what every supported server speaks: Server 2022 came with 7.0, its update 1 and the service with 7.1.
func apiVersion(base *url.URL) string {
	if cloud(base.Hostname()) {
		return "7.1"
	}
	return "7.0"
}

func (c *Client) transport(base string) *door.Transport {
	return door.NewTransport(door.Options{
		Base: origin(base), Credential: c.o.Credential, CABundle: c.o.CABundle, AllowHTTP: c.o.AllowHTTP,
		Pace: c.o.Pace, Budget: c.o.Budget, Now: c.o.Now, Sleep: c.o.Sleep, Log: c.o.Log, Under: c.o.Under,
		RequestID: []string{"ActivityId", "X-VSS-E2EID"},
	})
}

// origin is the scheme and host of a URL.
func origin(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Limits implements scm.Client.
func (c *Client) Limits() scm.Limits {
	return scm.Limits{Title: MaxTitle, Body: MaxBody, Comment: MaxComment, StatusText: MaxStatusText, Label: MaxLabel, Branch: MaxBranch, UTF16: true}
}

// Quotas tells how much of its limits the server left, as its last answers said.
func (c *Client) Quotas() map[string]door.Quota { return c.api.Quotas() }

// Calls counts what went to the server.
func (c *Client) Calls() door.Calls {
	a, b := c.api.Calls(), c.identities.Calls()
	return door.Calls{Reads: a.Reads + b.Reads, Writes: a.Writes + b.Writes, NotModified: a.NotModified + b.NotModified,
		Retries: a.Retries + b.Retries, Waited: a.Waited + b.Waited}
}

// String names the repository as people do.
func (c *Client) String() string { return c.project + "/" + c.repository }

// about wraps an error with the act and the pull request.
func (c *Client) about(number int, act string, err error) error {
	return fmt.Errorf("%s pull request %d of %s: %w", act, number, c, err)
}

// url is where a person sees a pull request.
func (c *Client) url(number int) string {
	return fmt.Sprintf("%s/%s/_git/%s/pullrequest/%d", c.o.URL, url.PathEscape(c.project), url.PathEscape(c.repository), number)
}

// optionError says that an option makes no sense.
type optionError struct{ what, is, want string }

func (e *optionError) Error() string {
	return fmt.Sprintf("Azure DevOps: %s %q: want %s", e.what, e.is, e.want)
}

// ExitCode implements the table of exit codes: a wrong configuration.
func (e *optionError) ExitCode() int { return 2 }
