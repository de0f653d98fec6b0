package gitlab

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/scm"
)

// states is what GitLab calls the states of a merge request. One that is being merged is locked for that moment.
var states = map[string]scm.State{"opened": scm.Open, "locked": scm.Open, "merged": scm.Merged, "closed": scm.Closed}

// asked is how a list of a state is asked for.
var asked = map[scm.State]string{"": "all", scm.Open: "opened", scm.Merged: "merged", scm.Closed: "closed"}

// PullRequests implements scm.Client. HeadPushed, ResetsApprovals and CloseReason are those of PullRequest only: they take
// calls of their own.
func (c *Client) PullRequests(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	mrs, err := c.list(ctx, f)
	if err != nil {
		return nil, c.about("list merge requests", err)
	}
	var out []scm.PullRequest
	for _, mr := range mrs {
		out = append(out, pullRequest(mr))
	}
	return f.First(out), nil
}

// list gives merge requests within the project, newest first. Those from forks are nobody's here.
func (c *Client) list(ctx context.Context, f scm.Filter) ([]*gitlab.MergeRequest, error) {
	o := &gitlab.ListProjectMergeRequestsOptions{State: gitlab.Ptr(asked[f.State]), OrderBy: gitlab.Ptr("created_at"), Sort: gitlab.Ptr("desc"),
		WithMergeStatusRecheck: gitlab.Ptr(true)}
	if f.Head != "" {
		o.SourceBranch = gitlab.Ptr(f.Head)
	}
	if f.Base != "" {
		o.TargetBranch = gitlab.Ptr(f.Base)
	}
	foreign := func(mr *gitlab.MergeRequest) bool {
		return fromFork(mr) || f.Head != "" && mr.SourceBranch != f.Head || f.Base != "" && mr.TargetBranch != f.Base
	}
	found := 0
	mrs, err := all(func(page gitlab.ListOptions) ([]*gitlab.MergeRequest, *gitlab.Response, error) {
		o.ListOptions = page
		some, res, err := c.api.MergeRequests.ListProjectMergeRequests(c.pid, o, with(ctx))
		if err != nil {
			return nil, nil, err
		}
		some = slices.DeleteFunc(some, foreign)
		if found += len(some); f.Newest > 0 && found >= f.Newest {
			res.NextPage = 0 // enough
		}
		return some, res, nil
	})
	if err != nil {
		return nil, c.meaning(err)
	}
	slices.SortFunc(mrs, func(a, b *gitlab.MergeRequest) int { return cmp.Compare(b.IID, a.IID) })
	// One that was opened meanwhile pushes another to the next page, where it comes again.
	return slices.CompactFunc(mrs, func(a, b *gitlab.MergeRequest) bool { return a.IID == b.IID }), nil
}

func fromFork(mr *gitlab.MergeRequest) bool { return mr.SourceProjectID != mr.TargetProjectID }

// PullRequest implements scm.Client. While GitLab works out whether it can be merged, it is asked again for a few seconds.
func (c *Client) PullRequest(ctx context.Context, number int) (scm.PullRequest, error) {
	mr, err := c.settled(ctx, number)
	if err != nil {
		return scm.PullRequest{}, c.aboutMR("read", number, err)
	}
	pr := pullRequest(mr)
	switch pr.State {
	case scm.Open:
		err = c.addHead(ctx, mr, &pr)
	case scm.Closed:
		pr.CloseReason, err = c.closeReason(ctx, number, pr.ClosedBy)
	}
	if err != nil {
		return scm.PullRequest{}, c.aboutMR("read", number, err)
	}
	return pr, nil
}

// get reads one of this project's own merge requests.
func (c *Client) get(ctx context.Context, number int) (*gitlab.MergeRequest, error) {
	if number < 1 {
		return nil, scm.ErrNotFound
	}
	mr, _, err := c.api.MergeRequests.GetMergeRequest(c.pid, number, nil, with(ctx))
	if err != nil {
		return nil, c.meaning(err)
	}
	return mr, nil
}

// addHead says when the head came to be what it is, and whether GitLab drops approvals when it moves.
func (c *Client) addHead(ctx context.Context, mr *gitlab.MergeRequest, pr *scm.PullRequest) error {
	pushed, err := c.headPushed(ctx, mr)
	if err != nil {
		return err
	}
	resets, err := c.resetsApprovals(ctx)
	pr.HeadPushed = pushed
	// The reset follows the push a moment later: until GitLab has settled, old approvals still lie there.
	pr.ResetsApprovals = resets && !unsettled(mr.DetailedMergeStatus)
	return err
}

// headPushed is when GitLab made the oldest of the newest versions that end in the head; zero where it has not made one yet.
func (c *Client) headPushed(ctx context.Context, mr *gitlab.MergeRequest) (time.Time, error) {
	versions, err := c.versions(ctx, mr.IID)
	var pushed time.Time
	for _, v := range versions {
		if v.HeadCommitSHA != mr.SHA {
			break
		}
		pushed = when(v.CreatedAt)
	}
	return pushed, err
}

// versions gives the heads that a merge request has had, newest first; GitLab keeps when each came.
func (c *Client) versions(ctx context.Context, number int) ([]*gitlab.MergeRequestDiffVersion, error) {
	versions, err := all(func(page gitlab.ListOptions) ([]*gitlab.MergeRequestDiffVersion, *gitlab.Response, error) {
		o := gitlab.GetMergeRequestDiffVersionsOptions(page)
		return c.api.MergeRequests.GetMergeRequestDiffVersions(c.pid, number, &o, with(ctx))
	})
	slices.SortFunc(versions, func(a, b *gitlab.MergeRequestDiffVersion) int { return cmp.Compare(b.ID, a.ID) })
	return versions, c.meaning(err)
}

// headAt is the head that was the newest when somebody said something; "" where there was none yet.
func headAt(versions []*gitlab.MergeRequestDiffVersion, at time.Time) string {
	for _, v := range versions {
		if when(v.CreatedAt).Before(at) {
			return v.HeadCommitSHA
		}
	}
	return ""
}

// resetsApprovals reads a setting of paid licenses; where it cannot be read it does not hold.
func (c *Client) resetsApprovals(ctx context.Context) (bool, error) {
	settings, _, err := c.api.Projects.GetApprovalConfiguration(c.pid, with(ctx))
	if absent(err) || says(err, 401, "") {
		return false, nil
	}
	if err != nil {
		return false, c.meaning(err)
	}
	return settings.ResetApprovalsOnPush, nil
}

// pullRequest puts a merge request into the words of scm.
func pullRequest(mr *gitlab.MergeRequest) scm.PullRequest {
	draft := mr.Draft || mr.WorkInProgress
	pr := scm.PullRequest{
		Number: mr.IID, URL: mr.WebURL, State: states[mr.State], Head: head(mr), Base: mr.TargetBranch, HeadSHA: mr.SHA,
		Title: scm.Line(titleOf(mr.Title, draft)), Body: asRead(mr.Description), Labels: slices.Sorted(slices.Values(mr.Labels)), Draft: draft,
		Author: name(mr.Author), Reviewers: names(mr.Reviewers), Assignees: names(mr.Assignees), Created: when(mr.CreatedAt),
	}
	switch pr.State {
	case scm.Open:
		pr.Conflict = mr.HasConflicts || mr.DetailedMergeStatus == "conflict" || mr.DetailedMergeStatus == "broken_status"
		pr.Queued = mr.MergeWhenPipelineSucceeds
	case scm.Merged:
		pr.MergeCommit, pr.Closed, pr.ClosedBy = mergedAs(mr), when(mr.MergedAt), name(mr.MergedBy)
	case scm.Closed:
		pr.Closed, pr.ClosedBy = when(mr.ClosedAt), name(mr.ClosedBy)
	}
	return pr
}

// head is the name of the branch; one of another project has that project's number before it, so that nobody takes it for
// a branch of this one.
func head(mr *gitlab.MergeRequest) string {
	if fromFork(mr) {
		return fmt.Sprintf("%d:%s", mr.SourceProjectID, mr.SourceBranch)
	}
	return mr.SourceBranch
}

// mergedAs is the commit by which a merge request came into its base: a merge, else a squash, else its head itself.
func mergedAs(mr *gitlab.MergeRequest) string {
	return cmp.Or(mr.MergeCommitSHA, mr.SquashCommitSHA, mr.SHA)
}

func when(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func name(u *gitlab.BasicUser) string {
	if u == nil {
		return ""
	}
	return u.Username
}

func names(users []*gitlab.BasicUser) []string {
	var out []string
	for _, u := range users {
		out = append(out, u.Username)
	}
	slices.Sort(out)
	return out
}
