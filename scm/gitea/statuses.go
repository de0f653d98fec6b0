package gitea

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// states are ours in the server's words. "error" is what nobody else means by failure, and no success for any rule;
// the text says which it is.
var states = map[scm.StatusState]gitea.StatusState{
	scm.Pending:    gitea.StatusPending,
	scm.Success:    gitea.StatusSuccess,
	scm.Failure:    gitea.StatusFailure,
	scm.Superseded: gitea.StatusError,
}

// meanings are the server's states in our words. It counts a warning as no success; "skipped" it counts as one.
var meanings = map[gitea.StatusState]scm.StatusState{
	gitea.StatusPending: scm.Pending,
	gitea.StatusSuccess: scm.Success,
	gitea.StatusFailure: scm.Failure,
	gitea.StatusError:   scm.Failure,
	gitea.StatusWarning: scm.Failure,
	"skipped":           scm.Success,
}

const supersededMark = "superseded"

// Statuses implements scm.Client.
func (c *Client) Statuses(ctx context.Context, sha string) ([]scm.Status, error) {
	if !isCommit(sha) {
		return nil, nil
	}
	all, err := c.statuses(ctx, sha)
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read statuses of %.40s in %s: %w", sha, c.o.Repository, c.word(err))
	}
	return all, nil
}

// statuses reads the history of a commit, newest first. Its order is that of the server's numbers: times have seconds
// only. "leastindex" is the server's name for the highest number first.
func (c *Client) statuses(ctx context.Context, sha string) ([]scm.Status, error) {
	all, err := pages(func(o gitea.ListOptions) (got []*gitea.Status, res *gitea.Response, err error) {
		res, err = c.get(ctx, "/commits/"+escaped(sha)+"/statuses", query(o, "sort", "leastindex"), &got)
		return got, res, err
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b *gitea.Status) int { return cmp.Compare(b.ID, a.ID) })
	all = slices.CompactFunc(all, func(a, b *gitea.Status) bool { return a.ID == b.ID })
	var out []scm.Status
	for _, s := range all {
		out = append(out, status(s))
	}
	return out, nil
}

func status(s *gitea.Status) scm.Status {
	out := scm.Status{Context: s.Context, State: meanings[s.State], Text: s.Description, URL: s.TargetURL, Creator: login(s.Creator), Time: s.Created.UTC()}
	if out.State == "" {
		out.State = scm.Pending // a word of a newer server: certainly no success
	}
	if text, ok := superseded(s); ok {
		out.State, out.Text = scm.Superseded, text
	}
	return out
}

func superseded(s *gitea.Status) (text string, ok bool) {
	rest, ok := strings.CutPrefix(s.Description, supersededMark)
	text, colon := strings.CutPrefix(rest, ": ")
	return text, ok && s.State == gitea.StatusError && (colon || rest == "")
}

// SetStatus implements scm.Client.
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
	err = c.door.Settle(ctx, func(ctx context.Context) (bool, error) {
		if want.First && !wrote {
			return false, nil
		}
		all, err := c.statuses(ctx, sha)
		if err != nil {
			return false, err
		}
		return scm.Said(slices.Values(all), want, func() (string, error) { return c.Self(ctx) })
	}, func(ctx context.Context) error {
		wrote = true
		return c.postStatus(ctx, sha, want)
	})
	return wrote && err == nil, err
}

func (c *Client) postStatus(ctx context.Context, sha string, want scm.Status) error {
	text := want.Text
	if want.State == scm.Superseded {
		text = strings.TrimSuffix(supersededMark+": "+want.Text, ": ")
	}
	_, _, err := c.api(ctx).CreateStatus(c.owner, c.name, sha,
		gitea.CreateStatusOption{State: states[want.State], Context: want.Context, Description: text, TargetURL: want.URL})
	if door.Lost(err) {
		// Servers answer a commit that they do not have with an error of their own (500).
		if _, _, none := c.api(ctx).GetSingleCommit(c.owner, c.name, sha); missing(none) {
			return fmt.Errorf("there is no such commit: %w", scm.ErrNotFound)
		}
	}
	return err
}

var commitID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
})

// isCommit tells whether a name is that of a commit: the server would also take branches and beginnings.
func isCommit(sha string) bool { return commitID().MatchString(sha) }

// checkStatus refuses what would be taken for something else.
func checkStatus(s scm.Status) error {
	u, err := url.Parse(s.URL)
	switch {
	case s.Context == "":
		return fmt.Errorf("a status without a context: %w", scm.ErrInvalid)
	case states[s.State] == "":
		return fmt.Errorf("state %q: %w", s.State, scm.ErrInvalid)
	case s.URL != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == ""):
		return fmt.Errorf("URL %q is not on the web: %w", s.URL, scm.ErrInvalid)
	}
	return nil
}
