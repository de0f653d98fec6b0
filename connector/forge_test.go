package connector_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/scm"
)

// memory is a forge that keeps statuses, pull requests and deployments, and refuses what GitHub refuses: commits that it
// does not have, more than a thousand statuses of a context, and more writes than its limits allow.
type memory struct {
	mu          sync.Mutex
	now         func() time.Time
	knows       func(sha string) bool
	statuses    map[string][]scm.Status // newest first
	pulls       []scm.PullRequest
	deployments map[string]scm.StatusState
	user        string

	perMinute, perHour int
	writes             []time.Time
	refused            int
	reads              int
	down               error                           // every call fails with it
	noPulls            error                           // what concerns pull requests does
	refuses            func(sha string) error          // whatever is said there; nil refuses nothing
	fault              func(call string) (bool, error) // before a write: whether it happens all the same, and what the caller hears
}

func newMemory(now func() time.Time, user string) *memory {
	return &memory{now: now, user: user, statuses: map[string][]scm.Status{}, deployments: map[string]scm.StatusState{}, knows: func(string) bool { return true }}
}

func (m *memory) Self(context.Context) (string, error) { return m.user, m.down }

func (m *memory) Statuses(_ context.Context, sha string) ([]scm.Status, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	return slices.Clone(m.statuses[sha]), m.down
}

func (m *memory) PullRequests(_ context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []scm.PullRequest
	for _, pr := range m.pulls {
		if (f.Head == "" || f.Head == pr.Head) && (f.Base == "" || f.Base == pr.Base) && f.State == pr.State {
			out = append(out, pr)
		}
	}
	return out, cmp.Or(m.noPulls, m.down)
}

func (m *memory) EnsureDeployment(_ context.Context, d scm.Deployment) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := fmt.Sprintf("%s %s production=%t", d.SHA, d.Environment, d.Production)
	wrote := m.deployments[key] != d.State
	m.deployments[key] = d.State
	return wrote, m.down
}

func (m *memory) SetStatus(ctx context.Context, sha string, s scm.Status) (bool, error) {
	return m.set(ctx, sha, s, m.user)
}

func (m *memory) set(_ context.Context, sha string, s scm.Status, user string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var told error
	if m.fault != nil {
		var done bool
		if done, told = m.fault(s.Context + " " + string(s.State)); !done && told != nil {
			return false, told
		}
	}
	if err := m.refuse(sha, s); err != nil {
		return false, err
	}
	if newest, ok := m.newest(sha, s.Context); ok && newest.State == s.State && newest.Text == s.Text && newest.URL == s.URL {
		return false, told
	}
	s.Creator, s.Time = user, m.now().Truncate(time.Second)
	m.statuses[sha] = append([]scm.Status{s}, m.statuses[sha]...)
	m.writes = append(m.writes, m.now())
	return told == nil, told
}

func (m *memory) refuse(sha string, s scm.Status) error {
	count := 0
	for _, old := range m.statuses[sha] {
		if old.Context == s.Context {
			count++
		}
	}
	if m.refuses != nil && m.refuses(sha) != nil {
		return m.refuses(sha)
	}
	switch {
	case m.down != nil:
		return m.down
	case !m.knows(sha):
		return scm.ErrNotFound
	case count >= 1000:
		return scm.ErrInvalid
	case m.perMinute > 0 && m.since(time.Minute) >= m.perMinute, m.perHour > 0 && m.since(time.Hour) >= m.perHour:
		m.refused++
		return &scm.RateLimitedError{RetryAfter: time.Minute}
	}
	return nil
}

func (m *memory) since(d time.Duration) int {
	n := 0
	for _, at := range slices.Backward(m.writes) {
		if m.now().Sub(at) >= d {
			break
		}
		n++
	}
	return n
}

func (m *memory) newest(sha, context string) (scm.Status, bool) {
	for _, s := range m.statuses[sha] {
		if s.Context == context {
			return s, true
		}
	}
	return scm.Status{}, false
}

// says gives the history of a context, oldest first, as "state text".
func (m *memory) says(sha, context string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, s := range slices.Backward(m.statuses[sha]) {
		if s.Context == context {
			out = append(out, fmt.Sprintf("%s %s", s.State, s.Text))
		}
	}
	return out
}
