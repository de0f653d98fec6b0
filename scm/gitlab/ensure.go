package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/scm"
)

// ensureTries bounds how often others may be faster.
const ensureTries = 5

// EnsurePullRequest implements scm.Client.
func (c *Client) EnsurePullRequest(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error) {
	want = want.Cut(c.Limits())
	for i := range want.Labels {
		want.Labels[i] = label(want.Labels[i])
	}
	mr, outcome, err := c.ensure(ctx, want.Normal())
	var persons *scm.PersonsError
	if err != nil && !errors.As(err, &persons) {
		return scm.PullRequest{}, "", fmt.Errorf("propose %s into %s of %s: %w", want.Head, want.Base, c.pid, err)
	}
	return pullRequest(mr), outcome, err
}

func (c *Client) ensure(ctx context.Context, want scm.Proposal) (*gitlab.MergeRequest, scm.Outcome, error) {
	if err := want.Check(); err != nil {
		return nil, "", err
	}
	for try := 1; ; try++ {
		mr, outcome, err := c.attempt(ctx, want)
		want.New = false // whatever it was, it is older now
		if errors.Is(err, scm.ErrConflict) && try < ensureTries {
			continue // another process was faster
		}
		if err == nil {
			err = unasked(want, mr)
		}
		return mr, outcome, err
	}
}

func (c *Client) attempt(ctx context.Context, want scm.Proposal) (*gitlab.MergeRequest, scm.Outcome, error) {
	have, err := c.known(ctx, want)
	if err != nil {
		return nil, "", err
	}
	reviewers, assignees := want.Reviewers, want.Assignees
	if have != nil {
		reviewers, assignees = lacking(reviewers, have.Reviewers), lacking(assignees, have.Assignees)
	}
	ids, err := c.ids(ctx, append(slices.Clone(reviewers), assignees...))
	if err != nil {
		return nil, "", err
	}
	if have == nil {
		return c.create(ctx, want, ids)
	}
	return c.edit(ctx, have, want, ids)
}

// known is find, unless the caller has just looked.
func (c *Client) known(ctx context.Context, want scm.Proposal) (*gitlab.MergeRequest, error) {
	if want.New {
		return nil, nil
	}
	return c.find(ctx, want.Head, want.Base)
}

// find gives the open merge request of two branches, nil where there is none. GitLab keeps a second one out by a look that
// two requests at once can both pass; then the older one stays, and ours beside it are closed.
func (c *Client) find(ctx context.Context, head, base string) (*gitlab.MergeRequest, error) {
	mrs, err := c.list(ctx, scm.Filter{Head: head, Base: base, State: scm.Open})
	if err != nil || len(mrs) == 0 {
		return nil, err
	}
	oldest := mrs[len(mrs)-1]
	for _, mr := range mrs[:len(mrs)-1] {
		me, err := c.me(ctx)
		if err != nil {
			return nil, err
		}
		if name(mr.Author) == me.Username {
			err = c.close(ctx, mr, fmt.Sprintf("Opened at the same time as !%d for the same branches.", oldest.IID))
		}
		if err != nil {
			return nil, err
		}
	}
	return oldest, nil
}

// create opens the merge request. When the reply is lost it looks whether it is there, before it asks again.
func (c *Client) create(ctx context.Context, want scm.Proposal, ids map[string]int) (*gitlab.MergeRequest, scm.Outcome, error) {
	if !want.New {
		if err := c.novel(ctx, want.Head, want.Base); err != nil {
			return nil, "", err
		}
	}
	o := &gitlab.CreateMergeRequestOptions{
		Title: gitlab.Ptr(titleFor(want)), Description: gitlab.Ptr(inertWithin(want.Body, maxDescription)), SourceBranch: &want.Head, TargetBranch: &want.Base,
		RemoveSourceBranch: gitlab.Ptr(false),
	}
	if len(want.Labels) > 0 {
		o.Labels = gitlab.Ptr(gitlab.LabelOptions(want.Labels))
	}
	o.ReviewerIDs, o.AssigneeIDs = known(want.Reviewers, ids), known(want.Assignees, ids)
	var made *gitlab.MergeRequest
	looked := true // by find, just now
	err := c.door.Settle(ctx, func(ctx context.Context) (bool, error) {
		if looked {
			looked = false
			return false, nil
		}
		var err error
		made, err = c.find(ctx, want.Head, want.Base)
		return made != nil, err
	}, func(ctx context.Context) (err error) {
		made, _, err = c.api.MergeRequests.CreateMergeRequest(c.pid, o, with(ctx))
		return c.meaning(err)
	})
	if err == nil {
		made, err = c.spareAuthor(ctx, made)
	}
	if err != nil {
		return nil, "", err
	}
	return made, scm.Created, nil
}

// spareAuthor takes the author off the list of reviewers again: who opens a merge request does not know beforehand what
// this account is called, and GitLab would take it.
func (c *Client) spareAuthor(ctx context.Context, mr *gitlab.MergeRequest) (*gitlab.MergeRequest, error) {
	ids := []int{}
	for _, u := range mr.Reviewers {
		if mr.Author == nil || u.ID != mr.Author.ID {
			ids = append(ids, u.ID)
		}
	}
	if len(ids) == len(mr.Reviewers) {
		return mr, nil
	}
	mr, _, err := c.api.MergeRequests.UpdateMergeRequest(c.pid, mr.IID, &gitlab.UpdateMergeRequestOptions{ReviewerIDs: &ids}, with(ctx))
	return mr, c.meaning(err)
}

// novel refuses a head that does not exist or holds nothing that the base lacks: GitLab would open an empty merge request
// for it. Full names of references keep tags and commits out.
func (c *Client) novel(ctx context.Context, head, base string) error {
	commits, _, err := c.api.Commits.ListCommits(c.pid, &gitlab.ListCommitsOptions{ListOptions: gitlab.ListOptions{PerPage: 1},
		RefName: gitlab.Ptr("refs/heads/" + base + "..refs/heads/" + head)}, with(ctx))
	if err != nil && !says(err, http.StatusNotFound, "") && !says(err, http.StatusBadRequest, "") {
		return c.meaning(err)
	}
	if err != nil || len(commits) == 0 {
		return fmt.Errorf("one of the branches does not exist, or %s holds nothing that %s lacks: %w", head, base, scm.ErrInvalid)
	}
	return nil
}

// edit changes what is not as wanted.
func (c *Client) edit(ctx context.Context, have *gitlab.MergeRequest, want scm.Proposal, ids map[string]int) (*gitlab.MergeRequest, scm.Outcome, error) {
	o, differs := changes(have, want, ids)
	if !differs {
		return have, scm.Unchanged, nil
	}
	mr, _, err := c.api.MergeRequests.UpdateMergeRequest(c.pid, have.IID, o, with(ctx))
	if err != nil {
		return nil, "", c.meaning(err)
	}
	if states[mr.State] != scm.Open {
		return nil, "", fmt.Errorf("merge request !%d ended meanwhile: %w", mr.IID, scm.ErrConflict)
	}
	return mr, scm.Updated, nil
}

func changes(mr *gitlab.MergeRequest, want scm.Proposal, ids map[string]int) (*gitlab.UpdateMergeRequestOptions, bool) {
	have := pullRequest(mr)
	o := &gitlab.UpdateMergeRequestOptions{}
	if have.Title != want.Title || have.Draft != want.Draft {
		o.Title = gitlab.Ptr(titleFor(want))
	}
	if have.Body != want.Body {
		o.Description = gitlab.Ptr(inertWithin(want.Body, maxDescription))
	}
	if !slices.Equal(have.Labels, want.Labels) {
		o.Labels = gitlab.Ptr(append(gitlab.LabelOptions{}, want.Labels...)) // nil would leave them, an empty list takes them away
	}
	reviewers := slices.DeleteFunc(slices.Clone(want.Reviewers), func(n string) bool { return key(n) == key(have.Author) })
	o.ReviewerIDs, o.AssigneeIDs = more(mr.Reviewers, reviewers, ids), more(mr.Assignees, want.Assignees, ids)
	return o, *o != gitlab.UpdateMergeRequestOptions{}
}

// known gives the ids of those who can be asked; nil where there is nobody.
func known(names []string, ids map[string]int) *[]int { return more(nil, names, ids) }

// more gives the ids of those who are asked already and those who are to be; nil where nobody is missing. GitLab replaces
// the whole list.
func more(have []*gitlab.BasicUser, want []string, ids map[string]int) *[]int {
	var all []int
	for _, u := range have {
		all = append(all, u.ID)
	}
	before := len(all)
	for _, n := range want {
		if id := ids[key(n)]; id != 0 && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	if len(all) == before {
		return nil
	}
	return &all
}

// unasked names those who should have been asked and were not: unknown people, teams, and on a free license everybody
// but one (https://docs.gitlab.com/user/project/merge_requests/reviews/#request-a-review).
func unasked(want scm.Proposal, mr *gitlab.MergeRequest) error {
	missing := append(lacking(want.Reviewers, mr.Reviewers), lacking(want.Assignees, mr.Assignees)...)
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return &scm.PersonsError{Names: slices.Compact(missing)}
}

func lacking(want []string, have []*gitlab.BasicUser) []string {
	return slices.DeleteFunc(slices.Clone(want), func(n string) bool {
		return slices.ContainsFunc(have, func(u *gitlab.BasicUser) bool { return key(u.Username) == key(n) })
	})
}
