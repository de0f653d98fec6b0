package gitea

import (
	"context"
	"fmt"
	"strings"

	"code.gitea.io/sdk/gitea"
	"github.com/gobwas/glob"

	"github.com/ferry-cd/ferry/scm"
)

// unmet names what a refusal only hints at: which status is missing, how many approvals are, who objects. Where that
// cannot be read, it is what the server said.
func (c *Client) unmet(ctx context.Context, p *gitea.PullRequest, said string) string {
	branch, _, err := c.api(ctx).GetRepoBranch(c.owner, c.name, p.Base.Ref)
	if err != nil {
		return said
	}
	var rules []string
	switch {
	case strings.Contains(said, "status checks"):
		rules = c.missingStatuses(ctx, p.Head.Sha, branch.StatusCheckContexts)
	case strings.Contains(said, "approvals"), strings.Contains(said, "requested changes"):
		rules = c.missingApprovals(ctx, p, branch.RequiredApprovals)
	}
	if len(rules) == 0 {
		return said
	}
	return strings.Join(rules, "; ")
}

// missingStatuses names the required contexts, which may be patterns, that are no success on a commit.
func (c *Client) missingStatuses(ctx context.Context, sha string, required []string) []string {
	all, err := c.statuses(ctx, sha)
	if err != nil {
		return nil
	}
	newest := map[string]scm.StatusState{}
	for _, s := range all {
		if _, ok := newest[s.Context]; !ok {
			newest[s.Context] = s.State
		}
	}
	var out []string
	for _, pattern := range required {
		if state := worst(newest, pattern); state != scm.Success {
			out = append(out, fmt.Sprintf("status %s must be success (it is %s)", pattern, state))
		}
	}
	return out
}

// worst gives the state of the contexts that a pattern means.
func worst(newest map[string]scm.StatusState, pattern string) scm.StatusState {
	matches := func(name string) bool { return name == pattern }
	if g, err := glob.Compile(pattern); err == nil {
		matches = g.Match
	}
	order := map[scm.StatusState]int{scm.Success: 1, scm.Pending: 2, scm.Superseded: 3, scm.Failure: 4}
	state := scm.StatusState("missing")
	for name, s := range newest {
		if matches(name) && order[s] > order[state] {
			state = s
		}
	}
	return state
}

// missingApprovals says how many approvals are missing, and who objects.
func (c *Client) missingApprovals(ctx context.Context, p *gitea.PullRequest, required int64) []string {
	reviews, err := c.reviews(ctx, int(p.Index))
	if err != nil {
		return nil
	}
	pr := pullRequest(p, nil)
	var out []string
	if have := len(scm.Approvers(pr, reviews)); int64(have) < required {
		out = append(out, fmt.Sprintf("it needs %d approval(s) of %.10s and has %d", required, pr.HeadSHA, have))
	}
	for _, name := range scm.Objectors(pr, reviews) {
		out = append(out, name+" asked for changes")
	}
	return out
}
