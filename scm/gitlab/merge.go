package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/scm"
)

// mergeTries bounds how often GitLab may say "not now" without a reason that lasts.
const mergeTries = 6

// MergePullRequest implements scm.Client. Where no method is asked for, the project's own is taken: a merge commit, or a
// fast-forward.
func (c *Client) MergePullRequest(ctx context.Context, number int, m scm.Merge) (string, error) {
	commit, err := c.merge(ctx, number, m)
	if err != nil {
		return "", c.aboutMR("merge", number, err)
	}
	return commit, nil
}

func (c *Client) merge(ctx context.Context, number int, m scm.Merge) (string, error) {
	if number < 1 {
		return "", scm.ErrNotFound
	}
	if m.Head == "" {
		return "", fmt.Errorf("a merge without the head that was checked: %w", scm.ErrInvalid)
	}
	var refused error
	for try := range mergeTries {
		commit, err := c.ready(ctx, number, m)
		if commit != "" || err != nil {
			return commit, err
		}
		if commit, refused = c.accept(ctx, number, m, nil); refused == nil && commit != "" {
			return commit, nil
		}
		if refused != nil && !passing(refused) {
			return "", refused
		}
		if err := c.sleep(ctx, settleFirst<<try); err != nil {
			return "", err
		}
	}
	if refused == nil {
		refused = fmt.Errorf("GitLab took the merge on and does not finish it: %w", scm.ErrConflict)
	}
	return "", refused
}

// passing tells refusals that may be over when one looks again: the base moved, another merge into it runs, or GitLab
// forgot what it had found out. What lasts is seen by that look.
func passing(err error) bool {
	return says(err, http.StatusMethodNotAllowed, "") || says(err, http.StatusNotAcceptable, "") || says(err, http.StatusConflict, "") ||
		says(err, http.StatusUnprocessableEntity, "branch cannot be merged")
}

// ready gives the commit of what is merged already, or why it cannot be merged; nothing where it can.
func (c *Client) ready(ctx context.Context, number int, m scm.Merge) (string, error) {
	mr, err := c.settled(ctx, number)
	switch {
	case err != nil:
		return "", err
	case states[mr.State] == scm.Closed:
		return "", fmt.Errorf("it is closed: %w", scm.ErrConflict)
	case mr.SHA != m.Head:
		return "", fmt.Errorf("the head is %s and not %s: %w", mr.SHA, m.Head, scm.ErrConflict)
	case states[mr.State] == scm.Merged:
		return mergedAs(mr), nil
	}
	if err := c.obstacle(ctx, mr); err != nil {
		return "", err
	}
	return "", c.allowed(ctx, mr.TargetBranch, m.Method)
}

// accept asks for the merge of exactly the head that was checked. The answer names the commit when it is done.
func (c *Client) accept(ctx context.Context, number int, m scm.Merge, later *bool) (string, error) {
	o := &gitlab.AcceptMergeRequestOptions{SHA: &m.Head, ShouldRemoveSourceBranch: gitlab.Ptr(false), MergeWhenPipelineSucceeds: later}
	if m.Method != "" {
		o.Squash = gitlab.Ptr(m.Method == scm.Squash)
	}
	if message := scm.Text(m.Message); message != "" {
		o.MergeCommitMessage = &message
		if m.Method == scm.Squash {
			o.SquashCommitMessage = &message
		}
	}
	mr, _, err := c.api.MergeRequests.AcceptMergeRequest(c.pid, number, o, with(ctx))
	if err != nil {
		return "", c.meaning(err)
	}
	if states[mr.State] != scm.Merged {
		return "", nil
	}
	return mergedAs(mr), nil
}

// methods are the ways in which a project merges, the usual one first. With fast-forward merges the commits of the head
// themselves come into the base, which is what a rebase is for. https://docs.gitlab.com/user/project/merge_requests/methods/
func methods(p *gitlab.Project) []scm.Method {
	own := scm.MergeCommit
	if p.MergeMethod == gitlab.FastForwardMerge {
		own = scm.Rebase
	}
	switch p.SquashOption {
	case gitlab.SquashOptionAlways:
		return []scm.Method{scm.Squash}
	case gitlab.SquashOptionNever:
		return []scm.Method{own}
	}
	return []scm.Method{own, scm.Squash}
}

func (c *Client) allowed(ctx context.Context, base string, method scm.Method) error {
	if method == "" {
		return nil
	}
	p, err := c.project(ctx)
	if err != nil {
		return err
	}
	if can := methods(p); !slices.Contains(can, method) {
		return &scm.RuleError{Branch: base, Rule: fmt.Sprintf("the project merges by %s and not by %s", can, method)}
	}
	return nil
}

func (c *Client) project(ctx context.Context) (*gitlab.Project, error) {
	p, _, err := c.api.Projects.GetProject(c.pid, nil, with(ctx))
	return p, c.meaning(err)
}

// EnqueuePullRequest implements scm.Queuer: by auto-merge, or by the merge train of a project that has trains.
func (c *Client) EnqueuePullRequest(ctx context.Context, number int, m scm.Merge) error {
	if err := c.enqueue(ctx, number, m); err != nil {
		return c.aboutMR("queue", number, err)
	}
	return nil
}

func (c *Client) enqueue(ctx context.Context, number int, m scm.Merge) error {
	mr, err := c.settled(ctx, number)
	switch {
	case err != nil:
		return err
	case m.Head == "":
		return fmt.Errorf("a merge without the head that was checked: %w", scm.ErrInvalid)
	case mr.SHA != m.Head || states[mr.State] == scm.Closed:
		return fmt.Errorf("it is %s at %s: %w", mr.State, mr.SHA, scm.ErrConflict)
	case states[mr.State] == scm.Merged, mr.MergeWhenPipelineSucceeds:
		return nil
	case mergeable[mr.DetailedMergeStatus].verdict == conflict:
		return c.obstacle(ctx, mr)
	}
	if err := c.allowed(ctx, mr.TargetBranch, m.Method); err != nil {
		return err
	}
	p, err := c.project(ctx)
	if err != nil {
		return err
	}
	if p.MergeTrainsEnabled {
		_, _, err := c.api.MergeTrains.AddMergeRequestToMergeTrain(c.pid, number,
			&gitlab.AddMergeRequestToMergeTrainOptions{SHA: &m.Head, WhenPipelineSucceeds: gitlab.Ptr(true), Squash: gitlab.Ptr(m.Method == scm.Squash)}, with(ctx))
		return c.queueRefusal(mr.TargetBranch, err)
	}
	_, err = c.accept(ctx, number, m, gitlab.Ptr(true))
	return c.queueRefusal(mr.TargetBranch, err)
}

// queueRefusal tells a head that moved from a repository where GitLab does not merge by itself.
func (c *Client) queueRefusal(base string, err error) error {
	for _, code := range []int{http.StatusMethodNotAllowed, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusBadRequest} {
		if says(err, code, "") {
			return fmt.Errorf("%w: %w", &scm.RuleError{Branch: base, Rule: "GitLab does not take it on to merge it later"}, c.meaning(err))
		}
	}
	return c.meaning(err)
}

// DequeuePullRequest implements scm.Queuer.
func (c *Client) DequeuePullRequest(ctx context.Context, number int) error {
	mr, err := c.get(ctx, number)
	switch {
	case err != nil:
	case states[mr.State] == scm.Merged:
		err = fmt.Errorf("it is merged: %w", scm.ErrConflict)
	case mr.MergeWhenPipelineSucceeds:
		_, _, err = c.api.MergeRequests.CancelMergeWhenPipelineSucceeds(c.pid, number, with(ctx))
		err = c.meaning(err)
	}
	if err != nil {
		return c.aboutMR("take back the merge of", number, err)
	}
	return nil
}
