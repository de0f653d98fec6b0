package local

import (
	"context"

	"github.com/ferry-cd/ferry/scm"
)

// MergeAndDie merges and ends the context once the base has moved.
func MergeAndDie(ctx context.Context, die func(), c *Client, number int) error {
	v, r, err := c.settled(ctx, number)
	if err != nil {
		return err
	}
	made, err := c.mergeNow(ctx, v, r, scm.Merge{})
	if err != nil {
		return err
	}
	die()
	return c.finish(ctx, settings{}, r, made)
}

// MergeLater decides on a merge now, and gives what carries it out, once.
func MergeLater(ctx context.Context, c *Client, number int) (merge func() error, err error) {
	v, r, err := c.settled(ctx, number)
	if err == nil {
		err = c.ready(ctx, settings{}, r)
	}
	return func() error {
		_, err := c.mergeNow(ctx, v, r, scm.Merge{})
		return err
	}, err
}

// Retitle changes a title, and lets something happen between reading and writing at the first try.
func Retitle(ctx context.Context, c *Client, number int, title string, meanwhile func()) (tries int, err error) {
	err = c.edit(ctx, number, "retitled", func(_ view, r *record) (bool, error) {
		if tries++; tries == 1 {
			meanwhile()
		}
		r.Title = title
		return true, nil
	})
	return tries, err
}

// StatusLater decides on a status now, and gives what writes it, once.
func StatusLater(ctx context.Context, c *Client, sha string, s scm.Status) (write func() error, err error) {
	all, at, err := c.statuses(ctx, sha)
	s.Creator, s.Time = c.user, c.time()
	return func() error { return c.pushStatuses(ctx, sha, at, append(all, s)) }, err
}
