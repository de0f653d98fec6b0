package gitlab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/scm"
)

// said is how GitLab calls the states that ferry sets. https://docs.gitlab.com/api/commits/#set-commit-pipeline-status
var said = map[scm.StatusState]gitlab.BuildStateValue{
	scm.Pending: gitlab.Pending, scm.Success: gitlab.Success, scm.Failure: gitlab.Failed, scm.Superseded: gitlab.Canceled,
}

// heard is what the states of jobs and statuses mean; those of people's own jobs are among them.
var heard = map[string]scm.StatusState{
	"created": scm.Pending, "waiting_for_resource": scm.Pending, "waiting_for_callback": scm.Pending, "preparing": scm.Pending, "pending": scm.Pending,
	"running": scm.Pending, "manual": scm.Pending, "scheduled": scm.Pending, "canceling": scm.Pending,
	"success": scm.Success, "failed": scm.Failure, "canceled": scm.Superseded, "skipped": scm.Superseded,
}

// fullID is a commit's whole name; GitLab would take a branch or the beginning of a name for it too.
var fullID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
})

// Statuses implements scm.Client. A status that was pending and then got its result is one line of GitLab's: its last state
// with its last time, so that the history lacks the pending one.
func (c *Client) Statuses(ctx context.Context, sha string) ([]scm.Status, error) {
	rows, err := c.rows(ctx, sha)
	if err != nil && !errors.Is(err, scm.ErrNotFound) {
		return nil, c.about("read the statuses of "+sha, err)
	}
	var out []scm.Status
	for _, r := range rows {
		out = append(out, status(r))
	}
	return out, nil
}

// rows reads all statuses of a commit, those too that newer ones of the same name replaced, newest first.
func (c *Client) rows(ctx context.Context, sha string) ([]*gitlab.CommitStatus, error) {
	if !fullID().MatchString(sha) {
		return nil, scm.ErrNotFound
	}
	rows, err := all(func(page gitlab.ListOptions) ([]*gitlab.CommitStatus, *gitlab.Response, error) {
		return c.api.Commits.GetCommitStatuses(c.pid, sha, &gitlab.GetCommitStatusesOptions{ListOptions: page, All: gitlab.Ptr(true)}, with(ctx))
	})
	slices.SortFunc(rows, func(a, b *gitlab.CommitStatus) int {
		return cmp.Or(changed(b).Compare(changed(a)), cmp.Compare(b.ID, a.ID))
	})
	return slices.CompactFunc(rows, func(a, b *gitlab.CommitStatus) bool { return a.ID == b.ID }), c.meaning(err)
}

func status(r *gitlab.CommitStatus) scm.Status {
	state, known := heard[r.Status]
	if !known {
		state = scm.Pending // a state of tomorrow's GitLab is no result
	}
	return scm.Status{Context: r.Name, State: state, Text: r.Description, URL: r.TargetURL, Creator: r.Author.Username, Time: changed(r)}
}

// changed is when a status came to be what it is: a line is created once and then runs and finishes.
func changed(r *gitlab.CommitStatus) time.Time {
	for _, t := range []*time.Time{r.FinishedAt, r.StartedAt, r.CreatedAt} {
		if t != nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// lockTries bounds how often another status of the same commit may be in the way; GitLab holds its lock for a minute at most.
const lockTries = 8

// SetStatus implements scm.Client. GitLab keeps the words of a pending status until its state changes: other words for it
// make it a running one, which ferry calls pending too, and after that they are not written.
func (c *Client) SetStatus(ctx context.Context, sha string, s scm.Status) (bool, error) {
	wrote, err := c.setStatus(ctx, sha, s)
	if err != nil {
		return false, c.about(fmt.Sprintf("set status %s of %s", s.Context, sha), err)
	}
	return wrote, nil
}

func (c *Client) setStatus(ctx context.Context, sha string, s scm.Status) (bool, error) {
	s.Text, s.URL = scm.Cut(scm.Line(s.Text), maxStatusText), shortURL(s.URL)
	if err := checkStatus(s); err != nil {
		return false, err
	}
	for try := 0; ; try++ {
		wrote, err := c.postOnce(ctx, sha, s)
		if !says(err, http.StatusConflict, "") || try == lockTries {
			return wrote, err
		}
		if err := c.sleep(ctx, settleFirst<<try); err != nil {
			return false, err
		}
	}
}

// postOnce posts the status unless it stands already; when the reply is lost it looks first.
func (c *Client) postOnce(ctx context.Context, sha string, s scm.Status) (wrote bool, err error) {
	var newest *gitlab.CommitStatus
	posted, said := false, false
	err = c.door.Settle(ctx, func(ctx context.Context) (bool, error) {
		if s.First && !posted {
			return false, nil
		}
		rows, err := c.rows(ctx, sha)
		if err != nil {
			return false, err
		}
		newest = newestOf(rows, s.Context)
		said, err = scm.Said(words(rows), s, func() (string, error) { return c.Self(ctx) })
		return said, err
	}, func(ctx context.Context) (err error) {
		posted = true
		wrote, err = c.post(ctx, sha, s, newest)
		return err
	})
	// A post whose reply was lost, and which a look then found, was ours.
	return err == nil && posted && (wrote || said), err
}

func newestOf(rows []*gitlab.CommitStatus, name string) *gitlab.CommitStatus {
	if i := slices.IndexFunc(rows, func(r *gitlab.CommitStatus) bool { return r.Name == name }); i >= 0 {
		return rows[i]
	}
	return nil
}

// words gives rows as statuses.
func words(rows []*gitlab.CommitStatus) iter.Seq[scm.Status] {
	return func(yield func(scm.Status) bool) {
		for _, r := range rows {
			if !yield(status(r)) {
				return
			}
		}
	}
}

// post sends a status. It stays with the branch under which its context began: GitLab would take the first branch that has
// the commit, which is another one as soon as a promotion begins there, and start a second pipeline for it.
func (c *Client) post(ctx context.Context, sha string, s scm.Status, newest *gitlab.CommitStatus) (wrote bool, err error) {
	o := &gitlab.SetCommitStatusOptions{State: said[s.State], Name: &s.Context, Description: &s.Text}
	if s.URL != "" {
		o.TargetURL = &s.URL
	}
	if newest != nil {
		o.Ref = &newest.Ref
	}
	row, _, err := c.api.Commits.SetCommitStatus(c.pid, sha, o, with(ctx))
	if s.State == scm.Pending && (stuck(err) || err == nil && row.Description != s.Text) {
		o.State = gitlab.Running
		row, _, err = c.api.Commits.SetCommitStatus(c.pid, sha, o, with(ctx))
	}
	if stuck(err) {
		return false, nil
	}
	return err == nil && row.Description == s.Text, c.meaning(err)
}

// stuck tells that a status is in that state already; older servers refuse that, newer ones take it and keep the words.
func stuck(err error) bool { return says(err, http.StatusBadRequest, "cannot transition status") }

// shortURL drops an address that GitLab would refuse the whole status for.
func shortURL(address string) string {
	if len([]rune(address)) > maxStatusURL {
		return ""
	}
	return address
}

func checkStatus(s scm.Status) error {
	u, err := url.Parse(s.URL)
	switch {
	case s.Context == "" || s.Context != scm.Line(s.Context) || len([]rune(s.Context)) > maxStatusName:
		return fmt.Errorf("context %q is not one line of 1 to %d characters: %w", s.Context, maxStatusName, scm.ErrInvalid)
	case said[s.State] == "":
		return fmt.Errorf("there is no state %q: %w", s.State, scm.ErrInvalid)
	case s.URL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http"):
		return fmt.Errorf("%q is no address of the web: %w", s.URL, scm.ErrInvalid)
	}
	return nil
}
