package connector

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

// merges are ferry's own pull requests that were merged a short while ago. When that was, only the forge tells: one that moves
// the branch to the proposed commit leaves that commit the time at which it was made, days before perhaps.
type merges struct {
	known map[int]scm.PullRequest // by number; nil before the forge has told once
	next  time.Time
	tries int
	err   error // why nothing is known yet
}

// endedPulls is how many closed, and how many merged, pull requests are read at a look.
const endedPulls = 50

// hear asks the forge for what was merged, now and then. Before it has told once nothing is decided, where it may tell soon:
// a deadline that is counted from the wrong moment would end a promotion that has just begun.
func (k *keeper) hear(ctx context.Context, now time.Time) error {
	m := &k.step.merges
	if now.Before(m.next) {
		return m.err
	}
	all, err := k.lately(ctx, now)
	if err != nil {
		m.tries++
		m.next = now.Add(backoff(m.tries))
		err = fmt.Errorf("list merged pull requests: %w", err)
		if m.known == nil && !errors.Is(err, scm.ErrForbidden) && !errors.Is(err, scm.ErrUnauthorized) && !errors.Is(err, scm.ErrNotFound) && !errors.Is(err, scm.ErrInvalid) {
			m.err = err
			return err
		}
		m.err = nil
		k.trouble(err)
		return nil
	}
	m.known, m.next, m.tries, m.err = all, now.Add(closedLook), 0, nil
	for _, pr := range all {
		k.reader.land(git.ID(pr.MergeCommit), pr.Closed)
	}
	return nil
}

// lately lists what was merged a short while ago. Where a list leaves out commits, because each costs the forge a call, the
// branches of those that are new are asked for by name.
func (k *keeper) lately(ctx context.Context, now time.Time) (map[int]scm.PullRequest, error) {
	list, err := k.merged(ctx, scm.Filter{Newest: endedPulls, Brief: true})
	if err != nil {
		return nil, err
	}
	all := map[int]scm.PullRequest{}
	for _, pr := range list {
		if !promotes(pr) || now.Sub(pr.Closed) >= recent {
			continue
		}
		if old, known := k.step.merges.known[pr.Number]; known {
			all[pr.Number] = old
		}
		if _, done := all[pr.Number]; done {
			continue
		}
		if all[pr.Number] = pr; pr.HeadSHA != "" && pr.MergeCommit != "" {
			continue
		}
		whole, err := k.merged(ctx, scm.Filter{Head: pr.Head, Base: pr.Base, Newest: mergedPulls})
		if err != nil {
			return nil, err
		}
		for _, pr := range whole {
			if now.Sub(pr.Closed) < recent {
				all[pr.Number] = pr
			}
		}
	}
	return all, nil
}

func (k *keeper) merged(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	f.State = scm.Merged
	return k.repo.Forge.Forge.PullRequests(ctx, f)
}

// promotes tells whether a pull request has a branch of ferry's own.
func promotes(pr scm.PullRequest) bool { return strings.HasPrefix(pr.Head, "ferry/") }

// land notes when a commit came onto a branch.
func (r *reader) land(commit git.ID, at time.Time) {
	if at.After(r.now()) {
		at = r.now()
	}
	if r.arrived == nil {
		r.arrived = map[git.ID]time.Time{}
	}
	r.arrived[commit] = at.UTC()
}
