package local

import (
	"context"
)

// MergeAndDie merges and ends the context once the base has moved.
func MergeAndDie(ctx context.Context, die func(), c *Client, number int) error {
	v, r, err := c.settled(ctx, number)
	if err != nil {
		return err
	}
	made, err := c.mergeNow(ctx, v, r, "")
	if err != nil {
		return err
	}
	die()
	return c.finish(ctx, settings{}, r, made)
}
