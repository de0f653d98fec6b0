package local

import (
	"context"
	"errors"
	"fmt"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

// PullRequests implements scm.Client.
func (c *Client) PullRequests(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	all, err := c.pullRequests(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("list pull requests of %s: %w", c.repo.URL(), err)
	}
	return all, nil
}

func (c *Client) pullRequests(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	v, err := c.look(ctx)
	if err != nil {
		return nil, err
	}
	// One that is kept as open may turn out merged or closed; one that is not open stays as it is.
	kept := f.State
	if kept != scm.Open {
		kept = ""
	}
	all, err := c.records(ctx, v, kept)
	if err != nil {
		return nil, err
	}
	matching := all[:0]
	for _, r := range all {
		if (f.Head == "" || f.Head == r.Head) && (f.Base == "" || f.Base == r.Base) {
			matching = append(matching, r)
		}
	}
	if matching, err = c.settleAll(ctx, v, matching); err != nil {
		return nil, err
	}
	found, err := c.present(ctx, matching, f.State)
	return f.First(found), err
}

// present turns records of a state into the words of the contract.
func (c *Client) present(ctx context.Context, all []record, state scm.State) ([]scm.PullRequest, error) {
	var out []scm.PullRequest
	for _, r := range all {
		if state != "" && r.State != state {
			continue
		}
		pr, err := c.pullRequest(ctx, r)
		if err != nil {
			return nil, err
		}
		out = append(out, pr)
	}
	return out, nil
}

// pullRequest adds what is found anew at each look.
func (c *Client) pullRequest(ctx context.Context, r record) (scm.PullRequest, error) {
	pr := r.PullRequest
	pr.URL = c.url(pr.Number)
	if pr.State != scm.Open {
		return pr, nil
	}
	m, err := c.merge(ctx, git.ID(r.BaseSHA), git.ID(r.HeadSHA))
	pr.Conflict = m.conflict()
	return pr, err
}

// PullRequest implements scm.Client.
func (c *Client) PullRequest(ctx context.Context, number int) (scm.PullRequest, error) {
	_, r, err := c.settled(ctx, number)
	if err == nil {
		r.PullRequest, err = c.pullRequest(ctx, r)
	}
	if err != nil {
		return scm.PullRequest{}, c.about(number, "read", err)
	}
	return r.PullRequest, nil
}

// about wraps an error with the act and the pull request.
func (c *Client) about(number int, act string, err error) error {
	return fmt.Errorf("%s pull request %d of %s: %w", act, number, c.repo.URL(), err)
}

// EnsurePullRequest implements scm.Client.
func (c *Client) EnsurePullRequest(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error) {
	pr, outcome, err := c.ensure(ctx, want.Cut(c.Limits()))
	if err != nil {
		return scm.PullRequest{}, "", fmt.Errorf("propose %s into %s of %s: %w", want.Head, want.Base, c.repo.URL(), err)
	}
	return pr, outcome, nil
}

func (c *Client) ensure(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error) {
	if err := errors.Join(want.Check(), bounded(want)); err != nil {
		return scm.PullRequest{}, "", err
	}
	var now record
	var outcome scm.Outcome
	err := c.write(ctx, func(v view) (ch change, err error) {
		now, outcome, ch, err = c.wanted(ctx, v, want)
		return ch, err
	})
	if err != nil {
		return scm.PullRequest{}, "", err
	}
	pr, err := c.pullRequest(ctx, now)
	return pr, outcome, err
}

// wanted works out how the open pull request comes to be as wanted.
func (c *Client) wanted(ctx context.Context, v view, want scm.Proposal) (record, scm.Outcome, change, error) {
	is, ends, err := c.current(ctx, v, want.Head, want.Base)
	if err != nil {
		return record{}, "", change{}, err
	}
	if is == nil {
		now, err := c.fresh(ctx, v, want)
		return now, scm.Created, change{act: now.title("opened"), records: append(ends, now)}, err
	}
	now := is.now
	if !fulfils(now.proposal(), want) {
		now.apply(want)
		return now, scm.Updated, change{act: now.title("edited"), records: append(ends, now)}, nil
	}
	ch := change{act: "Notice what people did", records: ends}
	if now.HeadSHA != is.written.HeadSHA {
		// Nobody has to know, but the commit has to outlive the branch.
		ch = change{act: now.title("head moved"), records: append(ends, now)}
	}
	return now, scm.Unchanged, ch, nil
}

// looked is a pull request as it was written and as it is now.
type looked struct{ written, now record }

// current gives the open pull request for a head and base, and those that turn out to have ended.
func (c *Client) current(ctx context.Context, v view, head, base string) (is *looked, ends []record, err error) {
	all, err := c.records(ctx, v, scm.Open)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range all {
		if r.Head != head || r.Base != base {
			continue
		}
		now, ended, err := c.settle(ctx, v, r)
		switch {
		case err != nil:
			return nil, nil, err
		case ended:
			ends = append(ends, now)
		default:
			is = &looked{r, now}
		}
	}
	return is, ends, nil
}

// fresh is a new pull request, where there can be one.
func (c *Client) fresh(ctx context.Context, v view, want scm.Proposal) (record, error) {
	if err := c.mergeable(ctx, v, want.Head, want.Base); err != nil {
		return record{}, err
	}
	number, err := c.nextNumber(ctx, v)
	if err != nil {
		return record{}, err
	}
	r := record{BaseSHA: string(v.branch(want.Base)), PullRequest: scm.PullRequest{
		Number: number, State: scm.Open, Head: want.Head, Base: want.Base, HeadSHA: string(v.branch(want.Head)),
		Author: c.user, Created: c.time(),
	}}
	r.apply(want)
	return r, nil
}

// mergeable refuses a head that cannot be proposed: the branches have to exist and have to have something in common, and
// the head something that the base lacks.
func (c *Client) mergeable(ctx context.Context, v view, head, base string) error {
	for _, name := range []string{head, base} {
		if v.branch(name) == "" {
			return fmt.Errorf("there is no branch %s: %w", name, scm.ErrInvalid)
		}
	}
	bases, err := c.history().mergeBases(ctx, v.branch(base), v.branch(head))
	switch {
	case err != nil:
		return err
	case len(bases) == 0:
		return fmt.Errorf("the branches have no commit in common: %w", scm.ErrInvalid)
	case bases[0] == v.branch(head):
		return fmt.Errorf("%s holds nothing that %s lacks: %w", head, base, scm.ErrInvalid)
	}
	return nil
}

// ClosePullRequest implements scm.Client.
func (c *Client) ClosePullRequest(ctx context.Context, number int, reason string) error {
	reason = scm.Text(reason)
	err := boundedText("reason", reason, maxWords)
	if err == nil {
		err = c.edit(ctx, number, "closed", func(v view, r *record) (bool, error) {
			switch r.State {
			case scm.Closed:
				return false, nil
			case scm.Merged:
				return false, fmt.Errorf("it is merged: %w", scm.ErrConflict)
			}
			r.State, r.Closed, r.ClosedBy, r.CloseReason = scm.Closed, c.time(), c.user, reason
			return true, nil
		})
	}
	if err != nil {
		return c.about(number, "close", err)
	}
	return nil
}

// ReopenPullRequest implements scm.Reopener.
func (c *Client) ReopenPullRequest(ctx context.Context, number int) error {
	err := c.edit(ctx, number, "reopened", func(v view, r *record) (bool, error) {
		switch r.State {
		case scm.Open:
			return false, nil
		case scm.Merged:
			return false, fmt.Errorf("it is merged: %w", scm.ErrConflict)
		}
		return true, c.reopen(ctx, v, r)
	})
	if err != nil {
		return c.about(number, "reopen", err)
	}
	return nil
}

func (c *Client) reopen(ctx context.Context, v view, r *record) error {
	other, _, err := c.current(ctx, v, r.Head, r.Base)
	if err != nil {
		return err
	}
	if other != nil {
		return fmt.Errorf("pull request %d took its place: %w", other.now.Number, scm.ErrConflict)
	}
	if err := c.mergeable(ctx, v, r.Head, r.Base); err != nil {
		return fmt.Errorf("%w (%w)", scm.ErrConflict, err)
	}
	was := r.PullRequest
	r.PullRequest = scm.PullRequest{Number: was.Number, State: scm.Open, Head: was.Head, Base: was.Base, Author: was.Author, Created: was.Created}
	r.apply(scm.Proposal{Title: was.Title, Body: was.Body, Labels: was.Labels, Draft: was.Draft,
		Reviewers: was.Reviewers, Assignees: was.Assignees})
	r.HeadSHA, r.BaseSHA = string(v.branch(r.Head)), string(v.branch(r.Base))
	return nil
}

// edit changes one record as it is now; f tells whether there is something to write.
func (c *Client) edit(ctx context.Context, number int, act string, f func(view, *record) (bool, error)) error {
	return c.write(ctx, func(v view) (change, error) {
		r, err := c.record(ctx, v, number)
		if err != nil {
			return change{}, err
		}
		r, ended, err := c.settle(ctx, v, r)
		if err != nil {
			return change{}, err
		}
		changed, err := f(v, &r)
		if err != nil || !changed && !ended {
			return change{}, err
		}
		return change{act: r.title(act), records: []record{r}}, nil
	})
}
