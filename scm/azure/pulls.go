package azure

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/ferry-cd/ferry/scm"
)

// shownBody is how much of a description a list shows, in units of UTF-16:
// https://learn.microsoft.com/rest/api/azure/devops/git/pull-requests/get-pull-requests
const shownBody = 400

// PullRequests implements scm.Client.
func (c *Client) PullRequests(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	all, err := c.list(ctx, f)
	var out []scm.PullRequest
	for _, p := range all {
		if err == nil && cutShort(p) && !f.Brief {
			p, err = c.read(ctx, p.ID)
		}
		pr := c.word(p)
		if err == nil {
			err = c.aboutVotes(ctx, p, &pr)
		}
		out = append(out, pr)
	}
	if err != nil {
		return nil, fmt.Errorf("list pull requests of %s: %w", c, err)
	}
	return f.First(out), nil
}

// list gives them as lists show them: those of this repository's own branches, newest first, each once.
func (c *Client) list(ctx context.Context, f scm.Filter) ([]pullRequest, error) {
	query := url.Values{"searchCriteria.status": {wanted[f.State]}}
	if f.Head != "" {
		query.Set("searchCriteria.sourceRefName", branches+f.Head)
	}
	if f.Base != "" {
		query.Set("searchCriteria.targetRefName", branches+f.Base)
	}
	one := call{path: c.repo("pullRequests"), query: query}
	if f.Newest > 0 && f.Head != "" && f.Base != "" {
		one.enough = f.Newest + c.o.Page // newest first; a page for forks with branches of the same names
	}
	all, err := counted[pullRequest](ctx, c, one, "$top", "$skip", c.o.Page)
	all = slices.DeleteFunc(all, func(p pullRequest) bool {
		// Branches are compared exactly here, whatever the server's collation says.
		return p.Fork != nil || f.Head != "" && p.Source != branches+f.Head || f.Base != "" && p.Target != branches+f.Base
	})
	slices.SortFunc(all, func(a, b pullRequest) int { return cmp.Compare(b.ID, a.ID) })
	all = slices.CompactFunc(all, func(a, b pullRequest) bool { return a.ID == b.ID })
	for _, p := range all {
		c.saw(p)
	}
	return all, err
}

func cutShort(p pullRequest) bool { return size(p.Description) >= shownBody }

// PullRequest implements scm.Client.
func (c *Client) PullRequest(ctx context.Context, number int) (scm.PullRequest, error) {
	pr, err := c.pullRequest(ctx, number)
	if err != nil {
		return scm.PullRequest{}, c.about(number, "read", err)
	}
	return pr, nil
}

func (c *Client) pullRequest(ctx context.Context, number int) (scm.PullRequest, error) {
	p, err := c.settled(ctx, number)
	if err != nil {
		return scm.PullRequest{}, err
	}
	if err := c.addLabels(ctx, &p); err != nil {
		return scm.PullRequest{}, err
	}
	pr := c.word(p)
	if pr.State == scm.Closed {
		pr.CloseReason, err = c.closeReason(ctx, number)
		return pr, err
	}
	return pr, c.aboutVotes(ctx, p, &pr)
}

// read gives one as it is.
func (c *Client) read(ctx context.Context, number int) (pullRequest, error) {
	if number <= 0 {
		return pullRequest{}, scm.ErrNotFound
	}
	var p pullRequest
	if _, err := c.do(ctx, call{path: c.pull(number), out: &p}); err != nil {
		return p, err
	}
	if p.Fork != nil {
		return p, fmt.Errorf("it comes from a fork: %w", scm.ErrNotFound)
	}
	c.saw(p)
	return p, nil
}

// How long a look waits for the server to work out a new head; it takes a second or two.
const (
	settlePolls = 12
	settlePause = time.Second
)

// settled gives one when the server has noticed the newest push: until then it tells the head before.
func (c *Client) settled(ctx context.Context, number int) (pullRequest, error) {
	for n := 0; ; n++ {
		p, err := c.read(ctx, number)
		if err != nil || !busy(p) || n == settlePolls {
			return p, err
		}
		if err := c.o.Sleep(ctx, settlePause); err != nil {
			return p, err
		}
	}
}

func busy(p pullRequest) bool {
	return p.Status == "active" && (p.MergeStatus == mergeQueued || p.MergeStatus == mergeUnset || p.MergeStatus == "")
}

// saw remembers what a pull request told in passing.
func (c *Client) saw(p pullRequest) {
	c.asked.mu.Lock()
	defer c.asked.mu.Unlock()
	if c.asked.place == nil && p.Repository.ID != "" && p.Repository.Project.ID != "" {
		c.asked.place = &place{project: p.Repository.Project.ID, repository: p.Repository.ID}
	}
	c.asked.tellsLabels = c.asked.tellsLabels || len(p.Labels) > 0
	if p.Status != "active" {
		delete(c.asked.open, p.Head.ID)
	} else if was := c.asked.open[p.Head.ID]; was.number != p.ID {
		c.asked.open[p.Head.ID] = head{number: p.ID}
	}
}

// addLabels asks for the labels where the server does not tell them with a pull request: some do, some stopped doing so.
func (c *Client) addLabels(ctx context.Context, p *pullRequest) error {
	c.asked.mu.Lock()
	told := c.asked.tellsLabels
	c.asked.mu.Unlock()
	if told || len(p.Labels) > 0 {
		return nil
	}
	var got list[label]
	_, err := c.do(ctx, call{path: c.pull(p.ID, "labels"), out: &got})
	p.Labels = got.Value
	return err
}

// aboutVotes adds what is needed to judge votes, where there are any: they name no commit.
func (c *Client) aboutVotes(ctx context.Context, p pullRequest, pr *scm.PullRequest) error {
	if pr.State != scm.Open || !slices.ContainsFunc(p.Reviewers, func(r reviewer) bool { return r.Vote != 0 }) {
		return nil
	}
	last, err := c.lastIteration(ctx, p.ID)
	if err != nil {
		return err
	}
	if last.Head.ID == p.Head.ID {
		pr.HeadPushed = last.Created
	}
	rules, err := c.policies(ctx, pr.Base)
	if err == nil {
		pr.ResetsApprovals = rules.resets()
	}
	return ignoreForbidden(err)
}

// iteration is one state of the source branch.
type iteration struct {
	ID      int       `json:"id"`
	Created time.Time `json:"createdDate"`
	Head    commitRef `json:"sourceRefCommit"`
}

func (c *Client) lastIteration(ctx context.Context, number int) (iteration, error) {
	var got list[iteration]
	if _, err := c.do(ctx, call{path: c.pull(number, "iterations"), out: &got}); err != nil {
		return iteration{}, err
	}
	if len(got.Value) == 0 {
		return iteration{}, nil
	}
	return slices.MaxFunc(got.Value, func(a, b iteration) int { return cmp.Compare(a.ID, b.ID) }), nil
}
