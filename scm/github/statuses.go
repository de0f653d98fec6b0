package github

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/scm"
)

// maxStatuses is how many statuses GitHub takes for one commit and context, for ever:
// https://docs.github.com/en/rest/commits/statuses.
const maxStatuses = 1000

// statusStates are GitHub's words. It has none for what was superseded: that is an error whose text begins with the word.
// An error of anybody else is a failure.
var statusStates = map[scm.StatusState]string{scm.Pending: "pending", scm.Success: "success", scm.Failure: "failure", scm.Superseded: "error"}

const superseded = "superseded: "

// statusState reads a state and its text.
func statusState(state, text string) (scm.StatusState, string) {
	switch strings.ToLower(state) {
	case "success":
		return scm.Success, text
	case "pending", "expected":
		return scm.Pending, text
	case "error":
		if rest, ok := strings.CutPrefix(text+" ", superseded); ok {
			return scm.Superseded, strings.TrimSpace(rest)
		}
	}
	return scm.Failure, text
}

// Statuses implements scm.Client.
func (c *Client) Statuses(ctx context.Context, sha string) ([]scm.Status, error) {
	var all []scm.Status
	err := c.eachStatus(ctx, sha, func(s scm.Status) bool {
		all = append(all, s)
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("read statuses of %.40s in %s: %w", sha, c.name(), c.said(err))
	}
	return all, nil
}

// eachStatus gives statuses, newest first, until f has enough. A commit that GitHub does not know has none.
func (c *Client) eachStatus(ctx context.Context, sha string, f func(scm.Status) bool) error {
	if !isCommit(sha) {
		return nil
	}
	o := &github.ListOptions{PerPage: page}
	for {
		all, res, err := c.gh.Repositories.ListStatuses(ctx, c.owner, c.repo, sha, o)
		if is(err, http.StatusUnprocessableEntity, http.StatusNotFound) {
			return c.visible(ctx)
		}
		if err != nil {
			return err
		}
		for _, s := range all {
			if !f(status(s)) {
				return nil
			}
		}
		if more, err := turn(o, res); err != nil || !more {
			return err
		}
	}
}

// visible tells a commit that is not there from a repository that may not be seen.
func (c *Client) visible(ctx context.Context) error {
	_, err := c.repository(ctx)
	return err
}

func status(s *github.RepoStatus) scm.Status {
	state, text := statusState(s.GetState(), s.GetDescription())
	return scm.Status{Context: s.GetContext(), State: state, Text: text, URL: s.GetTargetURL(), Creator: login(s.GetCreator()), Time: s.GetCreatedAt().Time}
}

func isCommit(sha string) bool {
	return (len(sha) == 40 || len(sha) == 64) && strings.Trim(sha, "0123456789abcdef") == ""
}

// SetStatus implements scm.Client.
func (c *Client) SetStatus(ctx context.Context, sha string, want scm.Status) (bool, error) {
	want.Context, want.Text = scm.Line(want.Context), cutStatus(want.State, want.Text)
	wrote, err := c.setStatus(ctx, sha, want)
	if err != nil {
		return false, fmt.Errorf("set status %s of %.40s in %s: %w", want.Context, sha, c.name(), c.said(err))
	}
	return wrote, nil
}

// cutStatus leaves room for the word that marks what was superseded.
func cutStatus(state scm.StatusState, text string) string {
	if state == scm.Superseded {
		return scm.Cut(scm.Line(text), maxStatus-len(superseded))
	}
	return scm.Cut(scm.Line(text), maxStatus)
}

func (c *Client) setStatus(ctx context.Context, sha string, want scm.Status) (bool, error) {
	switch {
	case want.Context == "" || len(want.Context) > 255:
		return false, fmt.Errorf("a context has 1 to 255 bytes: %w", scm.ErrInvalid)
	case statusStates[want.State] == "":
		return false, fmt.Errorf("state %q: %w", want.State, scm.ErrInvalid)
	case !onWeb(want.URL):
		return false, fmt.Errorf("URL %q is not on the web: %w", want.URL, scm.ErrInvalid)
	case !isCommit(sha):
		return false, fmt.Errorf("that is no commit: %w", scm.ErrNotFound)
	case c.isFull(sha, want.Context):
		return false, &fullError{sha, want.Context}
	}
	wrote, first := false, want.First
	err := c.door.Settle(ctx, func(ctx context.Context) (bool, error) {
		if first {
			first = false
			return false, nil
		}
		return c.saidStatus(ctx, sha, want)
	}, func(ctx context.Context) error {
		wrote = true
		return c.postStatus(ctx, sha, want)
	})
	return wrote && err == nil, err
}

// saidStatus tells whether this account said the status last.
func (c *Client) saidStatus(ctx context.Context, sha string, want scm.Status) (bool, error) {
	var unread error
	history := func(yield func(scm.Status) bool) { unread = c.eachStatus(ctx, sha, yield) }
	said, err := scm.Said(history, want, func() (string, error) { return c.Self(ctx) })
	return said, cmp.Or(unread, err)
}

func (c *Client) postStatus(ctx context.Context, sha string, want scm.Status) error {
	state, text := statusStates[want.State], want.Text
	if want.State == scm.Superseded {
		text = strings.TrimSpace(superseded + text)
	}
	s := &github.RepoStatus{State: &state, Context: &want.Context}
	if text != "" {
		s.Description = &text
	}
	if want.URL != "" {
		s.TargetURL = &want.URL
	}
	_, _, err := c.gh.Repositories.CreateStatus(ctx, c.owner, c.repo, sha, s)
	if !is(err, http.StatusUnprocessableEntity) {
		return err
	}
	return c.whyNot(ctx, sha, want.Context, err)
}

// whyNot finds what a 422 is about: a commit that is not there, or a history that is full.
func (c *Client) whyNot(ctx context.Context, sha, name string, refusal error) error {
	_, _, err := c.gh.Git.GetCommit(ctx, c.owner, c.repo, sha)
	if is(err, http.StatusNotFound, http.StatusUnprocessableEntity) {
		return fmt.Errorf("%w: %w", scm.ErrNotFound, c.said(refusal))
	}
	if err != nil {
		return err
	}
	count := 0
	err = c.eachStatus(ctx, sha, func(s scm.Status) bool {
		if s.Context == name {
			count++
		}
		return count < maxStatuses
	})
	if err != nil || count < maxStatuses {
		return refusal
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.full[sha+" "+name] = true
	return &fullError{sha, name}
}

func (c *Client) isFull(sha, name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.full[sha+" "+name]
}

// fullError says that a status cannot change any more. It is an ErrForbidden.
type fullError struct{ sha, name string }

func (e *fullError) Error() string {
	return fmt.Sprintf("GitHub keeps at most %d statuses of one context on a commit, and %s on %.10s has them", maxStatuses, e.name, e.sha)
}

// Unwrap implements the interface of errors.Is.
func (e *fullError) Unwrap() error { return scm.ErrForbidden }

// Hint implements the optional next step of an error.
func (e *fullError) Hint() string { return "the next commit starts anew; look for what posts so often" }

// onWeb tells whether a link may be shown; none may, too.
func onWeb(s string) bool {
	u, err := url.Parse(s)
	return s == "" || err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// bulkPage is how many commits one query names.
const bulkPage = 100

// StatusesOf implements scm.BulkReader. GraphQL tells the newest of each context, whoever posted it; where that is
// somebody who is not trusted, the whole history is read.
func (c *Client) StatusesOf(ctx context.Context, shas, trusted []string) (map[string][]scm.Status, error) {
	out := map[string][]scm.Status{}
	for chunk := range slices.Chunk(shas, bulkPage) {
		if err := c.bulk(ctx, chunk, out); err != nil {
			return nil, fmt.Errorf("read statuses of %d commits in %s: %w", len(shas), c.name(), c.said(err))
		}
	}
	unbelieved := func(s scm.Status) bool { return len(trusted) > 0 && !slices.Contains(trusted, s.Creator) }
	for _, sha := range shas {
		if !slices.ContainsFunc(out[sha], unbelieved) {
			continue
		}
		all, err := c.Statuses(ctx, sha)
		if err != nil {
			return nil, err
		}
		out[sha] = all
	}
	return out, nil
}

type commitStatuses struct {
	Status *struct {
		Contexts []struct {
			Context, State, Description, TargetURL string
			CreatedAt                              time.Time
			Creator                                *actor
		}
	}
}

func (c *Client) bulk(ctx context.Context, shas []string, out map[string][]scm.Status) error {
	var text strings.Builder
	text.WriteString("query($owner: String!, $repo: String!) {\n  repository(owner: $owner, name: $repo) {\n")
	for i, sha := range shas {
		if isCommit(sha) {
			fmt.Fprintf(&text, "    c%d: object(oid: %q) { ...statuses }\n", i, sha)
		}
	}
	text.WriteString("  }\n}\nfragment statuses on Commit { status { contexts { context state description targetUrl createdAt creator { __typename login } } } }\n")
	if !strings.Contains(text.String(), ": object(") {
		return nil
	}
	var reply struct{ Repository map[string]*commitStatuses }
	if err := c.query(ctx, text.String(), map[string]any{"owner": c.owner, "repo": c.repo}, &reply); err != nil {
		return err
	}
	for i, sha := range shas {
		if found := reply.Repository[fmt.Sprintf("c%d", i)]; found != nil && found.Status != nil {
			out[sha] = found.statuses()
		}
	}
	return nil
}

// statuses gives them newest first.
func (s *commitStatuses) statuses() []scm.Status {
	var out []scm.Status
	for _, one := range s.Status.Contexts {
		state, text := statusState(one.State, one.Description)
		out = append(out, scm.Status{Context: one.Context, State: state, Text: text, URL: one.TargetURL, Creator: one.Creator.name(), Time: one.CreatedAt})
	}
	slices.SortStableFunc(out, func(a, b scm.Status) int { return b.Time.Compare(a.Time) })
	return out
}
