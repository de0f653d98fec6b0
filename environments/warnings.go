package environments

import (
	"fmt"
	"slices"
)

// Warnings names what is valid but promises less than it seems to, each once.
func (c *Config) Warnings() []string {
	var out []string
	add := func(format string, a ...any) {
		if text := fmt.Sprintf(format, a...); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for _, p := range c.ordered {
		if p.PullRequest && p.Merge == Review {
			for _, g := range p.Gates.merging() {
				add("%s: %s hold back ferry, not people: merge is review, so anyone who may merge can pass them; use merge: auto, or make the status ferry/gates required for the branch", p.Environment, g)
			}
		}
		if p.Gates.Soak > 0 && p.Gates.Healthy {
			for _, up := range p.After {
				if before, ok := c.Placement(p.App, up); ok && before.Health.From == "merged" {
					add("%s: soak counts from the merge into %s, where nobody checks health (health.from: merged)", p.Environment, up)
				}
			}
		}
		if len(p.Gates.Windows) > 0 && p.Gates.Approvals.Count == 0 && p.Merge == Auto && p.Supersede == OnApproval {
			add("%s: supersede is on-approval, but no approvals are asked for: a newer release replaces what waits for its window", p.Environment)
		}
		if p.Rollback.OnFailure && p.Health.From == "merged" {
			add("%s: rollback on failure never happens, since nobody reports health there (health.from: merged)", p.Environment)
		}
	}
	return out
}

// merging names the gates that are there and hold back merging only.
func (g Gates) merging() []string {
	out := g.Calendars()
	if g.Approvals.Count > 0 {
		out = append(out, "approvals")
	}
	return out
}

// Calendars names the gates that are there and judge by the clock on the wall.
func (g Gates) Calendars() []string {
	var out []string
	if len(g.Windows) > 0 {
		out = append(out, "windows")
	}
	if len(g.Freezes) > 0 {
		out = append(out, "freezes")
	}
	return out
}
