package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/scm"
)

// pullPage is how many pull requests are asked for at once; GraphQL gives up to 100, but takes long for such ones.
const pullPage = 50

// pullFields are what is asked of a pull request. The %s are for tokens that see teams, and for servers with merge queues.
const pullFields = `fragment pull on PullRequest {
  id number url state isDraft title body baseRefName headRefName headRefOid isCrossRepository createdAt closedAt mergeable mergeStateStatus
  headRepositoryOwner { login }
  mergeCommit { oid }
  author { __typename login }
  mergedBy { __typename login }
  labels(first: 100) { nodes { name } }
  assignees(first: 50) { nodes { login } }
  reviewRequests(first: 100) { nodes { requestedReviewer { __typename ... on User { login } ... on Bot { login } %s } } }
  latestReviews(first: 100) { nodes { author { __typename login } } }
  autoMergeRequest { enabledAt }
  timelineItems(last: 6, itemTypes: [CLOSED_EVENT, REOPENED_EVENT, ISSUE_COMMENT]) {
    nodes { __typename ... on ClosedEvent { actor { __typename login } } ... on IssueComment { author { __typename login } body } }
  }
  %s
}
`

const teamFields = "... on Team { slug }"

const queueFields = "isMergeQueueEnabled mergeQueueEntry { id }"

// pull is a pull request as GraphQL gives it.
type pull struct {
	ID                  string
	Number              int
	URL                 string
	State               string
	IsDraft             bool
	Title, Body         string
	BaseRefName         string
	HeadRefName         string
	HeadRefOid          string
	IsCrossRepository   bool
	CreatedAt           time.Time
	ClosedAt            time.Time
	Mergeable           string
	MergeStateStatus    string
	HeadRepositoryOwner *actor
	MergeCommit         *struct{ Oid string }
	Author, MergedBy    *actor
	Labels              nodes[struct{ Name string }]
	Assignees           nodes[actor]
	ReviewRequests      nodes[struct{ RequestedReviewer reviewer }]
	LatestReviews       nodes[struct{ Author *actor }]
	AutoMergeRequest    *struct{ EnabledAt time.Time }
	IsMergeQueueEnabled bool
	MergeQueueEntry     *struct{ ID string }
	TimelineItems       nodes[event]
}

type nodes[T any] struct{ Nodes []T }

// reviewer is a person or a team.
type reviewer struct {
	actor
	Slug string
}

// event is something that happened to a pull request.
type event struct {
	Typename      string `json:"__typename"`
	Actor, Author *actor
	Body          string
}

// states are GitHub's words for those of a pull request.
var states = map[string]scm.State{"OPEN": scm.Open, "MERGED": scm.Merged, "CLOSED": scm.Closed}

// pullRequest puts it into the words of scm.
func (p *pull) pullRequest() scm.PullRequest {
	pr := scm.PullRequest{
		Number: p.Number, URL: p.URL, State: states[p.State], Head: p.head(), Base: p.BaseRefName, HeadSHA: p.HeadRefOid,
		Title: p.Title, Body: p.Body, Draft: p.IsDraft, Author: p.Author.name(), Created: p.CreatedAt,
		Conflict: p.State == "OPEN" && p.Mergeable == "CONFLICTING",
		Queued:   p.State == "OPEN" && (p.AutoMergeRequest != nil || p.MergeQueueEntry != nil),
	}
	for _, l := range p.Labels.Nodes {
		pr.Labels = append(pr.Labels, l.Name)
	}
	for _, a := range p.Assignees.Nodes {
		pr.Assignees = append(pr.Assignees, a.name())
	}
	slices.Sort(pr.Labels)
	slices.Sort(pr.Assignees)
	pr.Reviewers = p.reviewers()
	p.end(&pr)
	return pr
}

// head is the branch; with its owner where it lies in another repository, which no branch of ours can be called.
func (p *pull) head() string {
	if p.IsCrossRepository {
		return p.HeadRepositoryOwner.name() + ":" + p.HeadRefName
	}
	return p.HeadRefName
}

// reviewers are those who were asked, and those who answered: GitHub forgets that it asked them.
func (p *pull) reviewers() []string {
	var out []string
	for _, r := range p.ReviewRequests.Nodes {
		switch {
		case r.RequestedReviewer.Slug != "":
			out = append(out, teamPrefix+r.RequestedReviewer.Slug)
		case r.RequestedReviewer.Login != "":
			out = append(out, r.RequestedReviewer.name())
		}
	}
	for _, r := range p.LatestReviews.Nodes {
		if name := r.Author.name(); name != p.Author.name() {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// end tells how a pull request ended. The reason is the comment that stands right before the close, by the same person.
func (p *pull) end(pr *scm.PullRequest) {
	switch pr.State {
	case scm.Merged:
		pr.Closed, pr.ClosedBy = p.ClosedAt, p.MergedBy.name()
		if p.MergeCommit != nil {
			pr.MergeCommit = p.MergeCommit.Oid
		}
	case scm.Closed:
		pr.Closed = p.ClosedAt
		events := p.TimelineItems.Nodes
		for i, e := range slices.Backward(events) {
			if e.Typename != "ClosedEvent" {
				continue
			}
			pr.ClosedBy = e.Actor.name()
			if i > 0 && events[i-1].Typename == "IssueComment" && events[i-1].Author.name() == pr.ClosedBy {
				pr.CloseReason = closeReason(events[i-1].Body)
			}
			return
		}
	}
}

// PullRequests implements scm.Client.
func (c *Client) PullRequests(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	pulls, err := c.pulls(ctx, f, f.Newest)
	if err != nil {
		return nil, fmt.Errorf("list pull requests of %s: %w", c.name(), c.said(err))
	}
	var out []scm.PullRequest
	for _, p := range pulls {
		out = append(out, p.pullRequest())
	}
	return f.First(out), nil
}

const pullsQuery = `query($owner: String!, $repo: String!, $head: String, $base: String, $states: [PullRequestState!], $after: String, $first: Int!) {
  viewer { __typename login }
  repository(owner: $owner, name: $repo) {
    pullRequests(first: $first, after: $after, headRefName: $head, baseRefName: $base, states: $states, orderBy: {field: CREATED_AT, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes { ...pull }
    }
  }
}
`

// pulls reads all pages of ours, or until there are so many. The filter of GraphQL takes forks' branches for ours.
func (c *Client) pulls(ctx context.Context, f scm.Filter, enough int) ([]pull, error) {
	vars := map[string]any{"owner": c.owner, "repo": c.repo, "first": pullPage}
	for name, value := range map[string]string{"head": f.Head, "base": f.Base} {
		if value != "" {
			vars[name] = value
		}
	}
	if f.State != "" {
		vars["states"] = []string{strings.ToUpper(string(f.State))}
	}
	var out []pull
	for range maxPages {
		var reply struct {
			Viewer     *actor
			Repository struct {
				PullRequests struct {
					PageInfo struct {
						HasNextPage bool
						EndCursor   string
					}
					Nodes []pull
				}
			}
		}
		if err := c.queryPulls(ctx, pullsQuery, vars, &reply); err != nil {
			return nil, err
		}
		c.iAm(reply.Viewer)
		page := reply.Repository.PullRequests
		for _, p := range page.Nodes {
			if !p.IsCrossRepository && (f.Head == "" || p.HeadRefName == f.Head) && (f.Base == "" || p.BaseRefName == f.Base) {
				out = append(out, p)
			}
		}
		if !page.PageInfo.HasNextPage || enough > 0 && len(out) >= enough {
			slices.SortFunc(out, func(a, b pull) int { return cmp.Compare(b.Number, a.Number) })
			return out, nil
		}
		vars["after"] = page.PageInfo.EndCursor
	}
	return nil, errEndless
}

// queryPulls asks for pull requests. GitHub refuses a whole query to a classic token without read:org that may not know the
// names of teams, also where no team was asked: they are left out for such a token.
func (c *Client) queryPulls(ctx context.Context, text string, vars map[string]any, into any) error {
	can, err := c.abilities(ctx)
	if err != nil {
		return err
	}
	err = c.query(ctx, text+pullFragment(can, c.seesTeams()), vars, into)
	var refused *queryError
	if !errors.As(err, &refused) || refused.Type != "INSUFFICIENT_SCOPES" || !c.seesTeams() {
		return err
	}
	c.mu.Lock()
	c.teamless = true
	c.mu.Unlock()
	return c.query(ctx, text+pullFragment(can, false), vars, into)
}

func (c *Client) seesTeams() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.teamless
}

func pullFragment(can abilities, teams bool) string {
	team, queue := "", ""
	if teams {
		team = teamFields
	}
	if can.queues {
		queue = queueFields
	}
	return fmt.Sprintf(pullFields, team, queue)
}

// PullRequest implements scm.Client.
func (c *Client) PullRequest(ctx context.Context, number int) (scm.PullRequest, error) {
	p, err := c.pull(ctx, number)
	if err != nil {
		return scm.PullRequest{}, c.about(number, "read", err)
	}
	return p.pullRequest(), nil
}

const pullQuery = `query($owner: String!, $repo: String!, $number: Int!) {
  viewer { __typename login }
  repository(owner: $owner, name: $repo) { pullRequest(number: $number) { ...pull } }
}
`

func (c *Client) pull(ctx context.Context, number int) (*pull, error) {
	if number < 1 || number > 1<<31-1 {
		return nil, scm.ErrNotFound
	}
	var reply struct {
		Viewer     *actor
		Repository struct{ PullRequest *pull }
	}
	err := c.queryPulls(ctx, pullQuery, map[string]any{"owner": c.owner, "repo": c.repo, "number": number}, &reply)
	if err != nil {
		return nil, err
	}
	c.iAm(reply.Viewer)
	if reply.Repository.PullRequest == nil {
		return nil, scm.ErrNotFound
	}
	return reply.Repository.PullRequest, nil
}

// stale refuses a head that is not the one that was looked at.
func (p *pull) stale(head string) error {
	if p.HeadRefOid != head {
		return fmt.Errorf("its head is %.10s, not %.10s: %w", p.HeadRefOid, head, scm.ErrConflict)
	}
	return nil
}

// isNot tells the errors that end a search from those that do not.
func isNot(err, kind error) bool { return err != nil && !errors.Is(err, kind) }
