package gitea

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// EnsurePullRequest implements scm.Client.
func (c *Client) EnsurePullRequest(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error) {
	want = want.Cut(c.Limits())
	pr, outcome, err := c.ensure(ctx, want)
	if err != nil {
		var persons *scm.PersonsError
		if !errors.As(err, &persons) {
			pr, outcome = scm.PullRequest{}, ""
		}
		err = fmt.Errorf("propose %s into %s of %s: %w", want.Head, want.Base, c.o.Repository, c.word(err))
	}
	return pr, outcome, err
}

func (c *Client) ensure(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error) {
	if err := want.Check(); err != nil {
		return scm.PullRequest{}, "", err
	}
	var p *gitea.PullRequest
	var err error
	if !want.New {
		if p, err = c.open(ctx, want.Head, want.Base); err != nil {
			return scm.PullRequest{}, "", err
		}
	}
	outcome := scm.Unchanged
	if p == nil {
		p, outcome, err = c.create(ctx, want)
	}
	if err == nil && outcome != scm.Created {
		p, outcome, err = c.edit(ctx, p, want)
	}
	if err != nil {
		return scm.PullRequest{}, "", err
	}
	if want.Draft != p.Draft {
		return scm.PullRequest{}, "", fmt.Errorf("draft %v: this server marks drafts by other words than %s: %w",
			want.Draft, strings.Join(draftWords, " and "), scm.ErrInvalid)
	}
	pr, asked, err := c.ask(ctx, p, want)
	if asked && outcome == scm.Unchanged {
		outcome = scm.Updated
	}
	return pr, outcome, err
}

// open gives the open pull request of a head and a base; nil where there is none. Of several, which must not be, it is the
// oldest.
func (c *Client) open(ctx context.Context, head, base string) (*gitea.PullRequest, error) {
	all, err := c.find(ctx, scm.Filter{Head: head, Base: base, State: scm.Open})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[len(all)-1], nil
}

// create opens a pull request. The server does not see to it that there is one only when several are asked for at the
// same moment, so that one looks afterwards: the oldest stays, and whoever sees others closes them.
func (c *Client) create(ctx context.Context, want scm.Proposal) (*gitea.PullRequest, scm.Outcome, error) {
	if !want.New {
		if err := c.proposable(ctx, want.Head, want.Base); err != nil {
			return nil, "", err
		}
	}
	ids, err := c.labelIDs(ctx, want.Labels)
	if err != nil {
		return nil, "", err
	}
	made, _, err := c.api(ctx).CreatePullRequest(c.owner, c.name, gitea.CreatePullRequestOption{
		Head: want.Head, Base: want.Base, Title: titled(want.Title, want.Draft), Body: want.Body, Labels: ids})
	code, _ := door.Refusal(err)
	switch {
	case code == http.StatusNotFound, code == http.StatusUnprocessableEntity:
		return nil, "", fmt.Errorf("%w: %w", scm.ErrInvalid, err) // a branch went away just now, or was none
	case err != nil && code != http.StatusConflict && !door.Lost(err):
		return nil, "", err
	}
	return c.settled(ctx, want, made, err)
}

// settled finds what became of a create: refusal is why it is not sure, nil where it is.
func (c *Client) settled(ctx context.Context, want scm.Proposal, made *gitea.PullRequest, refusal error) (*gitea.PullRequest, scm.Outcome, error) {
	for wait := c.patience(); ; {
		all, err := c.find(ctx, scm.Filter{Head: want.Head, Base: want.Base, State: scm.Open})
		if err != nil {
			return nil, "", err
		}
		if n := len(all); n > 0 {
			first := all[n-1]
			if err := c.single(ctx, first, all[:n-1]); err != nil {
				return nil, "", err
			}
			if refusal == nil && first.Index == made.Index || door.Lost(refusal) {
				return first, scm.Created, nil
			}
			return first, scm.Unchanged, nil
		}
		if more, err := wait.more(ctx); err != nil || !more {
			return nil, "", errors.Join(err, refusal, fmt.Errorf("it was opened and is not there: %w", scm.ErrConflict))
		}
	}
}

// single closes all but the first of several for one head and base.
func (c *Client) single(ctx context.Context, first *gitea.PullRequest, others []*gitea.PullRequest) error {
	for _, p := range others {
		err := c.shut(ctx, p, fmt.Sprintf("#%d proposes the same", first.Index))
		if err != nil && !errors.Is(c.word(err), scm.ErrConflict) {
			return fmt.Errorf("close pull request %d, which proposes the same as %d: %w", p.Index, first.Index, err)
		}
	}
	return nil
}

// proposable refuses what the server would open all the same, as a pull request without changes.
func (c *Client) proposable(ctx context.Context, head, base string) error {
	for _, name := range []string{head, base} {
		if !branchName(name) {
			return fmt.Errorf("%q is no name of a branch: %w", name, scm.ErrInvalid)
		}
	}
	var compared gitea.Compare
	_, err := c.get(ctx, "/compare/"+escaped(base)+"..."+escaped(head), url.Values{"files": {"false"}, "verification": {"false"}}, &compared)
	switch {
	case missing(err):
		return fmt.Errorf("there is no branch %s or no branch %s: %w", head, base, scm.ErrInvalid)
	case err != nil:
		return err
	case compared.TotalCommits == 0:
		return fmt.Errorf("%s holds nothing that %s lacks: %w", head, base, scm.ErrInvalid)
	}
	return nil
}

// branchName tells whether a name may stand between the dots of a comparison. See git check-ref-format.
func branchName(name string) bool {
	return name != "" && !strings.Contains(name, "..") && !strings.ContainsAny(name, " ~^:?*[\\\x7f") &&
		!strings.HasPrefix(name, "-") && !strings.HasPrefix(name, "/") && !strings.HasSuffix(name, "/")
}

// edit brings an open pull request to what is wanted.
func (c *Client) edit(ctx context.Context, p *gitea.PullRequest, want scm.Proposal) (*gitea.PullRequest, scm.Outcome, error) {
	var o gitea.EditPullRequestOption
	changed := false
	if title := titled(want.Title, want.Draft); scm.Line(p.Title) != title {
		o.Title, changed = title, true
	}
	if scm.Text(p.Body) != want.Body {
		o.Body, changed = &want.Body, true
	}
	if !slices.Equal(pullRequest(p, nil).Labels, want.Labels) {
		ids, err := c.labelIDs(ctx, want.Labels)
		if err != nil {
			return nil, "", err
		}
		o.Labels, changed = append([]int64{}, ids...), true // empty, not nil: none
	}
	if !changed {
		return p, scm.Unchanged, nil
	}
	edited, err := c.patch(ctx, p.Index, o)
	return edited, scm.Updated, err
}

// patch edits a pull request until its answer comes: editing twice is editing once.
func (c *Client) patch(ctx context.Context, index int64, o gitea.EditPullRequestOption) (*gitea.PullRequest, error) {
	for wait := c.patience(); ; {
		p, _, err := c.api(ctx).EditPullRequest(c.owner, c.name, index, o)
		code, said := door.Refusal(err)
		again := door.Lost(err) || code == http.StatusConflict && strings.Contains(said, "already changed")
		if !again {
			return p, err
		}
		if more, slept := wait.more(ctx); slept != nil || !more {
			return nil, errors.Join(slept, err)
		}
	}
}
