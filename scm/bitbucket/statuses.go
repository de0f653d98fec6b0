package bitbucket

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"

	"github.com/ferry-cd/ferry/scm"
)

// builds are our states in the server's words, and meanings the way back.
var (
	builds   = map[scm.StatusState]string{scm.Pending: "INPROGRESS", scm.Success: "SUCCESSFUL", scm.Failure: "FAILED", scm.Superseded: "STOPPED"}
	meanings = map[string]scm.StatusState{"INPROGRESS": scm.Pending, "SUCCESSFUL": scm.Success, "FAILED": scm.Failure, "STOPPED": scm.Superseded}
)

// maxKey is the longest key of a status; longer ones are refused.
const maxKey = 40

// key is the key of a context: itself where it is short, else the beginning of its hash. The name holds all of it.
func key(name string) string {
	if len(name) < maxKey {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])[:maxKey]
}

// contextOf is the context of a status; those of others may have a name for people.
func contextOf(b buildStatus) string {
	if key(b.Name) == b.Key {
		return b.Name
	}
	return b.Key
}

// Statuses implements scm.Client. There is one for each context: the server keeps no history.
func (c *Client) Statuses(ctx context.Context, sha string) ([]scm.Status, error) {
	if !isCommit(sha) {
		return nil, nil
	}
	all, err := list[buildStatus](ctx, c, c.statusesOf(sha)+"?pagelen=100")
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read statuses of %.40s in %s: %w", sha, c.o.Repository, c.word(err))
	}
	slices.SortStableFunc(all, func(a, b buildStatus) int { return b.Updated.Compare(a.Updated) })
	var out []scm.Status
	for _, b := range all {
		out = append(out, c.status(sha, b))
	}
	return out, nil
}

func (c *Client) statusesOf(sha string) string { return c.base + "/commit/" + sha + "/statuses" }

func (c *Client) status(sha string, b buildStatus) scm.Status {
	s := scm.Status{Context: contextOf(b), State: meanings[b.State], Text: b.Description, URL: b.URL, Time: b.Updated.UTC()}
	if s.State == "" {
		s.State = scm.Pending // a word that is new: certainly no success
	}
	if s.URL == c.page(sha) {
		s.URL = ""
	}
	return s
}

// page is the web page of a commit: the server wants a link with every status.
func (c *Client) page(sha string) string {
	return "https://bitbucket.org/" + c.o.Repository + "/commits/" + sha
}

// SetStatus implements scm.Client. The server tells of nobody who said a status and keeps one for each key, so that the
// same words of somebody else are as good as ours: no reader could tell them apart.
func (c *Client) SetStatus(ctx context.Context, sha string, want scm.Status) (bool, error) {
	want.Context, want.Text = scm.Line(want.Context), scm.Cut(scm.Line(want.Text), maxStatusText)
	wrote, err := c.setStatus(ctx, sha, want)
	if err != nil {
		return false, fmt.Errorf("set status %s of %.40s in %s: %w", want.Context, sha, c.o.Repository, c.word(err))
	}
	return wrote, nil
}

func (c *Client) setStatus(ctx context.Context, sha string, want scm.Status) (wrote bool, err error) {
	if err := checkStatus(want); err != nil {
		return false, err
	}
	if !isCommit(sha) {
		return false, fmt.Errorf("that is no commit: %w", scm.ErrNotFound)
	}
	post := buildStatus{Key: key(want.Context), State: builds[want.State], Name: want.Context, URL: want.URL, Description: want.Text}
	if post.URL == "" {
		post.URL = c.page(sha)
	}
	err = c.door.Settle(ctx, func(ctx context.Context) (bool, error) {
		if want.First && !wrote {
			return false, nil
		}
		var is buildStatus
		err := c.get(ctx, c.statusesOf(sha)+"/build/"+url.PathEscape(post.Key), &is)
		if missing(err) {
			return false, nil
		}
		return is.State == post.State && is.Name == post.Name && is.URL == post.URL && is.Description == post.Description, err
	}, func(ctx context.Context) error {
		wrote = true
		return c.call(ctx, http.MethodPost, c.statusesOf(sha)+"/build", post, nil)
	})
	return wrote && err == nil, err
}

var commitID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-f]{40}$`)
})

func isCommit(sha string) bool { return commitID().MatchString(sha) }

// checkStatus refuses what would be taken for something else.
func checkStatus(s scm.Status) error {
	u, err := url.Parse(s.URL)
	switch {
	case s.Context == "":
		return fmt.Errorf("a status without a context: %w", scm.ErrInvalid)
	case builds[s.State] == "":
		return fmt.Errorf("state %q: %w", s.State, scm.ErrInvalid)
	case s.URL != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == ""):
		return fmt.Errorf("URL %q is not on the web: %w", s.URL, scm.ErrInvalid)
	}
	return nil
}
