package gitea

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// PullRequests implements scm.Client.
func (c *Client) PullRequests(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	all, err := c.pulls(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("list pull requests of %s: %w", c.o.Repository, c.word(err))
	}
	return all, nil
}

func (c *Client) pulls(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	found, err := c.find(ctx, f)
	if err != nil {
		return nil, err
	}
	if f.Newest > 0 && len(found) > f.Newest {
		found = found[:f.Newest]
	}
	heads, err := c.heads(ctx, found, f.Brief)
	if err != nil {
		return nil, err
	}
	var out []scm.PullRequest
	wait := c.glance()
	for _, p := range found {
		if p, err = c.checked(ctx, p, wait); err != nil {
			return nil, err
		}
		pr := pullRequest(p, heads)
		if f.Head != "" {
			if err := c.closer(ctx, p, &pr); err != nil {
				return nil, err
			}
		}
		if f.State == "" || f.State == pr.State {
			out = append(out, pr)
		}
	}
	return out, nil
}

// find gives those of a filter, newest first, each once: one that is opened meanwhile moves others to the next page. The
// server narrows by base where it is new enough, never by head.
func (c *Client) find(ctx context.Context, f scm.Filter) ([]*gitea.PullRequest, error) {
	state := map[scm.State]string{"": "all", scm.Open: "open"}[f.State]
	if state == "" {
		state = "closed"
	}
	found := 0
	foreign := func(p *gitea.PullRequest) bool {
		return !ours(p) || f.Head != "" && p.Head.Name != f.Head || f.Base != "" && p.Base.Ref != f.Base ||
			f.State != "" && f.State != state3(p)
	}
	all, err := pages(func(o gitea.ListOptions) (got []*gitea.PullRequest, res *gitea.Response, err error) {
		q := query(o, "state", state) // newest first
		if f.Base != "" {
			q.Set("base_branch", f.Base)
		}
		res, err = c.get(ctx, "/pulls", q, &got)
		for _, p := range got {
			if !foreign(p) {
				found++
			}
		}
		if err == nil && f.Newest > 0 && found >= f.Newest {
			res.Header.Set("X-Total-Count", "0") // enough
		}
		return got, res, err
	})
	if missing(err) {
		return nil, c.empty(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, foreign)
	slices.SortFunc(all, func(a, b *gitea.PullRequest) int { return int(b.Index - a.Index) })
	return slices.CompactFunc(all, func(a, b *gitea.PullRequest) bool { return a.Index == b.Index }), nil
}

// empty forgives that a repository without a commit has no list of pull requests at all (404).
func (c *Client) empty(ctx context.Context, refusal error) error {
	repo, _, err := c.api(ctx).GetRepo(c.owner, c.name)
	if err == nil && repo.Empty {
		return nil
	}
	return refusal
}

// ours tells whether the head is a branch of this repository: not one of a fork, not one that was pushed to refs/for.
func ours(p *gitea.PullRequest) bool {
	return p.Head != nil && p.Base != nil && p.Head.RepoID == p.Base.RepoID && p.Head.Name != ""
}

func state3(p *gitea.PullRequest) scm.State {
	switch {
	case p.HasMerged:
		return scm.Merged
	case p.State == gitea.StateOpen:
		return scm.Open
	}
	return scm.Closed
}

// PullRequest implements scm.Client.
func (c *Client) PullRequest(ctx context.Context, number int) (scm.PullRequest, error) {
	p, err := c.read(ctx, number)
	if err == nil {
		p, err = c.checked(ctx, p, c.glance())
	}
	if err != nil {
		return scm.PullRequest{}, c.about(number, "read", err)
	}
	pr, err := c.whole(ctx, p)
	return pr, c.about(number, "read", err)
}

// read gives a pull request as the server has it.
func (c *Client) read(ctx context.Context, number int) (*gitea.PullRequest, error) {
	if number < 1 {
		return nil, scm.ErrNotFound
	}
	p, _, err := c.api(ctx).GetPullRequest(c.owner, c.name, int64(number))
	switch {
	case err != nil:
		return nil, err
	case !ours(p):
		return nil, fmt.Errorf("its head is not a branch of this repository: %w", scm.ErrNotFound)
	}
	return p, nil
}

// whole is everything that is known of one pull request.
func (c *Client) whole(ctx context.Context, p *gitea.PullRequest) (scm.PullRequest, error) {
	heads, err := c.heads(ctx, []*gitea.PullRequest{p}, false)
	if err != nil {
		return scm.PullRequest{}, err
	}
	pr := pullRequest(p, heads)
	if err := c.closer(ctx, p, &pr); err != nil {
		return pr, err
	}
	if err := c.answered(ctx, &pr); err != nil || pr.State != scm.Open {
		return pr, err
	}
	pr.Queued, err = c.queued(ctx, pr.Number)
	return pr, err
}

// glance is the patience of those who only read.
func (c *Client) glance() *patience { return c.patienceOf(min(c.o.Patience, longestGlance)) }

const longestGlance = 3 * time.Second

// checked waits until the server has looked for conflicts: until then a pull request is not mergeable, which is also what
// it says of one with conflicts. What was waited for in vain once is not waited for again.
func (c *Client) checked(ctx context.Context, p *gitea.PullRequest, wait *patience) (*gitea.PullRequest, error) {
	for unsure(p) && !c.conflicts(pair(p)) {
		more, err := wait.more(ctx)
		if err != nil {
			return p, err
		}
		if !more {
			c.mu.Lock()
			c.conflicting[pair(p)] = true
			c.mu.Unlock()
			return p, nil
		}
		if p, _, err = c.api(ctx).GetPullRequest(c.owner, c.name, p.Index); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func pair(p *gitea.PullRequest) string { return fmt.Sprint(p.Index, p.Head.Sha, p.Base.Sha) }

func (c *Client) conflicts(pair string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conflicting[pair]
}

func unsure(p *gitea.PullRequest) bool {
	return state3(p) == scm.Open && !p.Mergeable && !p.Draft
}

// pullRequest puts what the server says into the words of the contract; heads are commits by number where the branch may
// have moved on.
func pullRequest(p *gitea.PullRequest, heads map[int64]string) scm.PullRequest {
	pr := scm.PullRequest{
		Number: int(p.Index), URL: p.HTMLURL, State: state3(p), Head: p.Head.Name, Base: p.Base.Ref, HeadSHA: p.Head.Sha,
		Title: untitled(p.Title, p.Draft), Body: p.Body, Draft: p.Draft, Author: login(p.Poster), Created: moment(p.Created),
		Conflict: unsure(p),
	}
	if sha := heads[p.Index]; sha != "" {
		pr.HeadSHA = sha
	}
	for _, l := range p.Labels {
		pr.Labels = append(pr.Labels, l.Name)
	}
	slices.Sort(pr.Labels)
	pr.Assignees = logins(p.Assignees)
	pr.Reviewers = logins(p.RequestedReviewers)
	for _, t := range p.RequestedReviewersTeams {
		pr.Reviewers = merged(pr.Reviewers, []string{teamMark + t.Name})
	}
	end(&pr, p)
	return pr
}

// end says how a pull request ended.
func end(pr *scm.PullRequest, p *gitea.PullRequest) {
	switch pr.State {
	case scm.Merged:
		pr.Closed, pr.ClosedBy = moment(p.Merged), login(p.MergedBy)
		if p.MergedCommitID != nil {
			pr.MergeCommit = *p.MergedCommitID
		}
	case scm.Closed:
		pr.Closed = moment(p.Closed)
		pr.Body, pr.ClosedBy, pr.CloseReason, _ = reasoned(p.Body)
	}
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func login(u *gitea.User) string {
	if u == nil {
		return ""
	}
	return u.UserName
}

func logins(us []*gitea.User) []string {
	var out []string
	for _, u := range us {
		out = append(out, login(u))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// heads gives the commits of those that are no longer open: while their branch lives, the server gives where that is
// now. What it was lies in refs/pull; one call gives one of them, or all.
func (c *Client) heads(ctx context.Context, ps []*gitea.PullRequest, brief bool) (map[int64]string, error) {
	var moved []int64
	for _, p := range ps {
		if brief && p.HasMerged {
			continue
		}
		if state3(p) != scm.Open && p.Head.Ref == p.Head.Name {
			moved = append(moved, p.Index)
		}
	}
	prefix := "pull"
	switch len(moved) {
	case 0:
		return nil, nil
	case 1:
		prefix = fmt.Sprintf("pull/%d/head", moved[0])
	}
	refs, _, err := c.api(ctx).GetRepoRefs(c.owner, c.name, prefix)
	if code, _ := door.Refusal(err); code == http.StatusNotFound {
		return nil, nil // a ref that was lost; what the server says is all there is
	}
	if err != nil {
		return nil, err
	}
	heads := map[int64]string{}
	for _, ref := range refs {
		n, isHead := strings.CutSuffix(strings.TrimPrefix(ref.Ref, "refs/pull/"), "/head")
		if index, err := strconv.ParseInt(n, 10, 64); err == nil && isHead && ref.Object != nil {
			heads[index] = ref.Object.SHA
		}
	}
	return heads, nil
}

// closer finds who closed a pull request that ferry did not close, in its conversation after that moment.
func (c *Client) closer(ctx context.Context, p *gitea.PullRequest, pr *scm.PullRequest) error {
	if pr.State != scm.Closed || pr.ClosedBy != "" || p.Closed == nil {
		return nil
	}
	events, err := c.timeline(ctx, pr.Number, *p.Closed)
	for _, e := range events {
		if e.Type == "close" {
			pr.ClosedBy = login(e.Poster)
		}
	}
	return err
}

// event is one line of a conversation.
type event struct {
	ID     int64       `json:"id"`
	Type   string      `json:"type"`
	Poster *gitea.User `json:"user"`
	Body   string      `json:"body"`
}

// timeline reads the conversation since a moment, oldest first; zero means all. Its X-Total-Count is that of the page.
func (c *Client) timeline(ctx context.Context, number int, since time.Time) ([]event, error) {
	var all []event
	for page := 1; page <= maxPages; page++ {
		q := query(gitea.ListOptions{Page: page, PageSize: pageSize})
		if !since.IsZero() {
			q.Set("since", since.UTC().Format(time.RFC3339))
		}
		var got []event
		if _, err := c.get(ctx, fmt.Sprintf("/issues/%d/timeline", number), q, &got); err != nil {
			return nil, err
		}
		if len(got) == 0 || len(all) > 0 && got[len(got)-1].ID <= all[len(all)-1].ID {
			return all, nil
		}
		all = append(all, got...)
	}
	return nil, errors.New("the conversation does not end")
}

// missing tells whether an error says that there is nothing.
func missing(err error) bool {
	code, _ := door.Refusal(err)
	return code == http.StatusNotFound || errors.Is(err, scm.ErrNotFound)
}

// escaped is a name as a part of a path.
func escaped(name string) string { return url.PathEscape(name) }
