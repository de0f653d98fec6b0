package local

import (
	"context"
	"errors"
	"slices"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

// settle says what became of a pull request by what people did to its branches; it changes nothing but the record it is
// given back. ended tells whether that was its end.
//
//	its head (as last written, or as the branch is now) is in the base    merged, by the commit that brought it there
//	the head branch is gone, or was set back to a commit that the base
//	already had, or the base branch is gone                               closed
//	otherwise                                                             open, and its head is where the branch is
func (c *Client) settle(ctx context.Context, v view, r record) (out record, ended bool, err error) {
	if r.State != scm.Open {
		return r, false, nil
	}
	base, head := v.branch(r.Base), v.branch(r.Head)
	if base == "" {
		return c.ended(r, "the branch "+r.Base+" was deleted"), true, nil
	}
	for _, id := range slices.Compact([]git.ID{head, git.ID(r.HeadSHA)}) {
		in, err := c.history().contains(ctx, base, id)
		if err != nil {
			return r, false, err
		}
		if in {
			r, err = c.found(ctx, base, id, r)
			return r, true, err
		}
	}
	if head == "" {
		return c.ended(r, "the branch "+r.Head+" was deleted"), true, nil
	}
	r.HeadSHA, r.BaseSHA = string(head), string(base)
	return r, false, nil
}

// ended closes a pull request that nobody closed.
func (c *Client) ended(r record, why string) record {
	r.State, r.Closed, r.CloseReason = scm.Closed, c.time(), why
	return r
}

// found ends a pull request whose head is in the base.
func (c *Client) found(ctx context.Context, base, head git.ID, r record) (record, error) {
	h := c.history()
	before, err := h.contains(ctx, git.ID(r.BaseSHA), head)
	if err != nil {
		return r, err
	}
	if before {
		return c.ended(r, "the branch "+r.Head+" was set back to a commit of "+r.Base), nil
	}
	at, err := h.landed(ctx, base, head)
	if err != nil {
		return r, err
	}
	r.State, r.HeadSHA, r.MergeCommit = scm.Merged, string(head), string(at.ID)
	r.Closed, r.ClosedBy = at.Time.UTC(), scm.Line(at.Committer.Name)
	return r, nil
}

// settled reads one pull request as it is now, and keeps an end that is news.
func (c *Client) settled(ctx context.Context, number int) (view, record, error) {
	v, err := c.look(ctx)
	if err != nil {
		return v, record{}, err
	}
	r, err := c.record(ctx, v, number)
	if err != nil {
		return v, r, err
	}
	r, ended, err := c.settle(ctx, v, r)
	if err == nil && ended {
		c.keep(ctx, []record{r})
	}
	return v, r, err
}

// settleAll does the same for many.
func (c *Client) settleAll(ctx context.Context, v view, all []record) ([]record, error) {
	var news []record
	for i, r := range all {
		r, ended, err := c.settle(ctx, v, r)
		if err != nil {
			return nil, err
		}
		if all[i] = r; ended {
			news = append(news, r)
		}
	}
	c.keep(ctx, news)
	return all, nil
}

// keep writes down ends that were found by looking, so that a branch pushed again under an old name cannot bring an old
// pull request back to life. A reader who may not write sees the same ends, so errors do not matter here.
func (c *Client) keep(ctx context.Context, ends []record) {
	if len(ends) == 0 {
		return
	}
	_ = c.write(ctx, func(v view) (change, error) {
		ch := change{act: "Notice what people did"}
		for _, end := range ends {
			r, err := c.record(ctx, v, end.Number)
			if errors.Is(err, scm.ErrNotFound) {
				continue
			}
			if err != nil {
				return ch, err
			}
			r, ended, err := c.settle(ctx, v, r)
			if err != nil {
				return ch, err
			}
			if ended {
				ch.records = append(ch.records, r)
			}
		}
		return ch, nil
	})
}
