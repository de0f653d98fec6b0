package bitbucket

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

// states are the server's in our words. What was superseded was closed by the server when its source was.
var states = map[string]scm.State{"OPEN": scm.Open, "MERGED": scm.Merged, "DECLINED": scm.Closed, "SUPERSEDED": scm.Closed}

// PullRequests implements scm.Client.
func (c *Client) PullRequests(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	found, err := c.find(ctx, f)
	if f.Newest > 0 && len(found) > f.Newest {
		found = found[:f.Newest]
	}
	var out []scm.PullRequest
	for _, p := range found {
		var pr scm.PullRequest
		if f.Brief && states[p.State] == scm.Merged {
			p.Source.Commit, p.MergeCommit = nil, nil // the API shortens them, and each costs a call to make whole
		}
		if pr, err = c.pull(ctx, p); err == nil && f.Head != "" && !f.Brief {
			pr.Conflict, err = c.conflicts(ctx, pr)
		}
		if err != nil {
			break
		}
		out = append(out, pr)
	}
	if err != nil {
		return nil, fmt.Errorf("list pull requests of %s: %w", c.o.Repository, c.word(err))
	}
	return out, nil
}

// find gives those of a filter, newest first.
func (c *Client) find(ctx context.Context, f scm.Filter) ([]pullRequest, error) {
	q := url.Values{"pagelen": {"50"}, "sort": {"-created_on"}}
	for name, state := range states {
		if f.State == "" || f.State == state {
			q.Add("state", name)
		}
	}
	slices.Sort(q["state"])
	var conditions []string
	if f.Head != "" {
		conditions = append(conditions, "source.branch.name="+quoted(f.Head))
	}
	if f.Base != "" {
		conditions = append(conditions, "destination.branch.name="+quoted(f.Base))
	}
	if len(conditions) > 0 {
		q.Set("q", strings.Join(conditions, " AND "))
	}
	all, err := list[pullRequest](ctx, c, c.base+"/pullrequests?"+q.Encode())
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(p pullRequest) bool {
		return !ours(p) || f.Head != "" && p.Source.Branch.Name != f.Head || f.Base != "" && p.Destination.Branch.Name != f.Base ||
			f.State != "" && states[p.State] != f.State
	})
	slices.SortFunc(all, func(a, b pullRequest) int { return b.ID - a.ID })
	return slices.CompactFunc(all, func(a, b pullRequest) bool { return a.ID == b.ID }), nil
}

// ours tells whether the source is a branch of this repository, not of a fork.
func ours(p pullRequest) bool {
	from, into := p.Source.Repository, p.Destination.Repository
	return from != nil && into != nil && from.UUID == into.UUID && strings.EqualFold(from.FullName, into.FullName)
}

// PullRequest implements scm.Client.
func (c *Client) PullRequest(ctx context.Context, number int) (scm.PullRequest, error) {
	pr, err := c.known(ctx, number)
	return pr, c.about(number, "read", err)
}

func (c *Client) known(ctx context.Context, number int) (scm.PullRequest, error) {
	p, err := c.read(ctx, number)
	if err != nil {
		return scm.PullRequest{}, err
	}
	pr, err := c.pull(ctx, p)
	if err != nil || pr.State != scm.Open {
		return pr, err
	}
	if pr.Conflict, err = c.conflicts(ctx, pr); err == nil && decided(p) {
		err = c.pushed(ctx, &pr)
	}
	return pr, err
}

func (c *Client) read(ctx context.Context, number int) (p pullRequest, err error) {
	if number < 1 {
		return p, scm.ErrNotFound
	}
	if err = c.get(ctx, c.at(number, ""), &p); err == nil && !ours(p) {
		err = fmt.Errorf("its source is not a branch of this repository: %w", scm.ErrNotFound)
	}
	return p, err
}

// at is the address of a pull request or of something of it.
func (c *Client) at(number int, rest string) string {
	return c.base + "/pullrequests/" + strconv.Itoa(number) + rest
}

// pull puts what the server says into the words of the contract.
func (c *Client) pull(ctx context.Context, p pullRequest) (scm.PullRequest, error) {
	head, err := c.whole(ctx, p.Source.Commit)
	if err != nil {
		return scm.PullRequest{}, err
	}
	pr := scm.PullRequest{Number: p.ID, URL: p.Links.HTML.Href, State: states[p.State], Head: p.Source.Branch.Name, Base: p.Destination.Branch.Name,
		HeadSHA: head, Title: p.Title, Draft: p.Draft, Author: uuid(p.Author), Created: p.Created.UTC(), Reviewers: reviewers(p)}
	pr.Body, pr.Labels = labelled(p.Description)
	switch pr.State {
	case scm.Open:
		if head == "" {
			pr.State, pr.Closed = scm.Closed, p.Updated.UTC() // its branch is gone
		}
	case scm.Merged:
		pr.MergeCommit, err = c.whole(ctx, p.MergeCommit)
		pr.Closed, pr.ClosedBy = p.Updated.UTC(), uuid(p.ClosedBy)
	case scm.Closed:
		pr.Closed, pr.ClosedBy = p.Updated.UTC(), uuid(p.ClosedBy)
		pr.Body, pr.CloseReason = reasoned(pr.Body)
	}
	return pr, err
}

// clashes are the states of a file that stop a merge.
var clashes = []string{"merge conflict", "rename conflict", "rename/delete conflict", "subrepo conflict", "local deleted", "remote deleted"}

// conflicts asks for the files of an open pull request; nothing else tells whether it can be merged.
func (c *Client) conflicts(ctx context.Context, pr scm.PullRequest) (bool, error) {
	if pr.State != scm.Open {
		return false, nil
	}
	files, err := list[diffstat](ctx, c, c.at(pr.Number, "/diffstat?pagelen=500"))
	return slices.ContainsFunc(files, func(f diffstat) bool { return slices.Contains(clashes, f.Status) }), err
}

// pushed finds when the head came to be this commit: at the oldest of the newest updates that name it.
func (c *Client) pushed(ctx context.Context, pr *scm.PullRequest) error {
	all, err := list[activity](ctx, c, c.at(pr.Number, "/activity?pagelen=50"))
	for _, a := range all {
		if a.Update == nil || a.Update.Source.Commit == nil {
			continue
		}
		if hash := a.Update.Source.Commit.Hash; hash == "" || !strings.HasPrefix(pr.HeadSHA, hash) {
			break
		}
		pr.HeadPushed = a.Update.Date.UTC()
	}
	return err
}
