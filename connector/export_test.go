package connector

import (
	"context"
	"time"
)

// Once makes one step in every repository, as Run does when something is due, and tells when something is due again.
func (c *Connector) Once(ctx context.Context) time.Time {
	select {
	case <-c.o.Cluster.Changed():
		for _, k := range c.keepers {
			k.notify(&k.think)
		}
	default:
	}
	var next time.Time
	for _, k := range c.keepers {
		next = earliest(next, k.once(ctx))
	}
	return next
}
