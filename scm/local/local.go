// Package local is the embedded forge: a bare repository on disk, with pull requests, reviews and statuses in it. It needs
// no server and no database, survives restarts, and any number of processes may use it at once, beside pushes and
// garbage collection of an ordinary Git.
//
// Everything lies behind two refs, so that clones and pushes see two more lines and not thousands:
//
//	refs/ferry/pulls     a commit; its tree holds one JSON file per pull request: open/<n>.json while it is open,
//	                     done/<n/1000>/<n>.json after. Each change is one commit on top, so `git log` of it is the
//	                     journal, and the heads of pull requests are further parents: they outlive their branches.
//	refs/ferry/statuses  a commit without parents; its tree holds one file per commit that has statuses:
//	                     <first 2 digits>/<other 38>.jsonl, one status a line, oldest first.
//
// A change reads the ref, writes objects and moves the ref by compare-and-swap; who loses begins anew. So numbers are
// unique, there is one open pull request per head and base, and a process that dies leaves the old state or the new one.
// The heads and bases themselves are branches that people push to: what became of a pull request (merged by hand, branch
// deleted) is found by looking, and kept as soon as it is seen.
//
// The map: store.go keeps, record.go is the form of one pull request, settle.go looks at what people did, pulls.go,
// merge.go, reviews.go, comments.go and statuses.go are the contract; history.go and threeway.go know Git's history and
// merges; rules.go protects branches.
package local

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

// Options say who uses the forge.
type Options struct {
	User string           // the name under which this client writes: ferry, ada, connector
	Now  func() time.Time // nil = time.Now
}

// Client is one user of one repository. It may be used by several goroutines.
type Client struct {
	repo *git.Repository
	dir  string // the Git directory
	user string
	now  func() time.Time

	// What was read before: objects never change.
	mu      sync.Mutex
	read    map[git.ID]record     // by the blob of a pull request's file
	commits map[git.ID]git.Commit // at most maxCommits
}

var (
	_ scm.Client     = (*Client)(nil)
	_ scm.Reviewer   = (*Client)(nil)
	_ scm.Reopener   = (*Client)(nil)
	_ scm.Foreteller = (*Client)(nil)
	_ scm.Commenter  = (*Client)(nil)
)

// Open gives the forge that lies in a bare repository on disk. It writes nothing: a repository becomes a forge with its
// first pull request or status.
func Open(ctx context.Context, repo *git.Repository, o Options) (*Client, error) {
	dir, ok := repo.Local()
	if !ok {
		return nil, &placeError{repo.URL(), "is not a repository on this machine"}
	}
	if !repo.Bare() {
		return nil, &placeError{repo.URL(), "has a work tree, and merges would move its branches away under it"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.User == "" || o.User != scm.Line(o.User) || len(o.User) > maxName {
		return nil, fmt.Errorf("user %q of the embedded forge: not a name in one line of at most %d bytes", o.User, maxName)
	}
	return &Client{repo: repo, dir: dir, user: o.User, now: o.Now, read: map[git.ID]record{}, commits: map[git.ID]git.Commit{}}, nil
}

// placeError says that a repository cannot be the embedded forge.
type placeError struct{ url, why string }

func (e *placeError) Error() string { return fmt.Sprintf("%s %s", e.url, e.why) }

// Hint says what to do next.
func (e *placeError) Hint() string {
	return "the embedded forge is a bare repository: git clone --bare"
}

// ExitCode is that of a wrong command line.
func (e *placeError) ExitCode() int { return 2 }

// Limits implements scm.Client.
func (c *Client) Limits() scm.Limits {
	return scm.Limits{Title: maxTitle, Body: maxBody / utf8.UTFMax, Comment: maxWords / utf8.UTFMax, StatusText: maxWords / utf8.UTFMax,
		Label: maxName / utf8.UTFMax, Branch: maxName / utf8.UTFMax}
}

// Self implements scm.Client.
func (c *Client) Self(context.Context) (string, error) { return c.user, nil }

// time is now as the forge writes it.
func (c *Client) time() time.Time { return c.now().UTC().Truncate(time.Second) }

const urlScheme = "local:"

// url names a pull request; `ferry pr show` takes it.
func (c *Client) url(number int) string { return urlScheme + c.dir + "#" + strconv.Itoa(number) }

// ParseURL takes apart the URL of a pull request: local:/srv/gitops.git#12.
func ParseURL(url string) (dir string, number int, ok bool) {
	rest, ok := strings.CutPrefix(url, urlScheme)
	at := strings.LastIndexByte(rest, '#')
	if !ok || at < 1 {
		return "", 0, false
	}
	number, err := strconv.Atoi(rest[at+1:])
	return rest[:at], number, err == nil && number > 0
}
