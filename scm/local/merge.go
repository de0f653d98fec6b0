package local

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

// MergePullRequest implements scm.Client. It makes a merge commit with two parents; the head branch is deleted then (see
// SettingsName), unless another pull request still needs it or it has moved meanwhile.
func (c *Client) MergePullRequest(ctx context.Context, number int, m scm.Merge) (string, error) {
	commit, err := c.mergePullRequest(ctx, number, m)
	if err != nil {
		return "", c.about(number, "merge", err)
	}
	return string(commit), nil
}

func (c *Client) mergePullRequest(ctx context.Context, number int, m scm.Merge) (git.ID, error) {
	set, err := c.settings()
	if err != nil {
		return "", err
	}
	var r record
	var made git.ID
	err = git.Retry(ctx, patience, func(int) error {
		var v view
		if v, r, err = c.settled(ctx, number); err != nil {
			return err
		}
		if err := guard(r, m.Head); err != nil || r.State == scm.Merged {
			return err
		}
		if err := errors.Join(c.ready(ctx, set, r), known(m.Method, r.Base)); err != nil {
			return err
		}
		made, err = c.mergeNow(ctx, v, r, m)
		return err
	})
	if err != nil || r.State == scm.Merged {
		return git.ID(r.MergeCommit), err
	}
	return made, c.finish(ctx, set, r, made)
}

// known refuses a way of merging that this forge does not have: it tells what was merged by the head in the base.
func known(m scm.Method, base string) error {
	if m == "" || m == scm.MergeCommit {
		return nil
	}
	return &scm.RuleError{Branch: base, Rule: fmt.Sprintf("the embedded forge makes merge commits only, not %s", m)}
}

// guard refuses a head that is not the one that was checked.
func guard(r record, checked string) error {
	switch checked {
	case "":
		return fmt.Errorf("a merge names the commit that was checked: %w", scm.ErrInvalid)
	case r.HeadSHA:
		return nil
	}
	return fmt.Errorf("its head is %.10s, not %.10s: %w", r.HeadSHA, checked, scm.ErrConflict)
}

// ready refuses what may not be merged.
func (c *Client) ready(ctx context.Context, set settings, r record) error {
	switch {
	case r.State == scm.Closed:
		return fmt.Errorf("it is closed: %w", scm.ErrConflict)
	case r.Draft:
		return fmt.Errorf("it is a draft: %w", scm.ErrForbidden)
	}
	return c.allowed(ctx, set, r)
}

// ForetellMerge implements scm.Foreteller.
func (c *Client) ForetellMerge(ctx context.Context, number int) error {
	set, err := c.settings()
	if err != nil {
		return err
	}
	_, r, err := c.settled(ctx, number)
	if err == nil && r.State != scm.Merged {
		err = c.foretell(ctx, set, r)
	}
	if err != nil {
		return c.about(number, "merge", err)
	}
	return nil
}

func (c *Client) foretell(ctx context.Context, set settings, r record) error {
	if err := c.ready(ctx, set, r); err != nil {
		return err
	}
	m, err := c.merge(ctx, git.ID(r.BaseSHA), git.ID(r.HeadSHA))
	if err == nil && m.conflict() {
		err = &scm.MergeConflictError{Head: r.Head, Base: r.Base, Paths: m.conflicts}
	}
	return err
}

// mergeNow makes the merge commit and moves the base to it, on condition that everything the decision looked at is still
// as it was: the base, the head, the pull requests with their reviews, and the statuses. The forge's own refs stay put in
// this step: should the process die after it, the head is found in the base, which is what merged means.
func (c *Client) mergeNow(ctx context.Context, v view, r record, how scm.Merge) (git.ID, error) {
	base, head := git.ID(r.BaseSHA), git.ID(r.HeadSHA)
	m, err := c.merge(ctx, base, head)
	if err != nil {
		return "", err
	}
	if m.conflict() {
		return "", &scm.MergeConflictError{Head: r.Head, Base: r.Base, Paths: m.conflicts}
	}
	tree, err := c.repo.EditTree(ctx, m.tree, m.edits...)
	if err != nil {
		return "", err
	}
	message := strings.TrimSpace(scm.Text(how.Message))
	if message == "" {
		message = fmt.Sprintf("Merge pull request #%d from %s\n\n%s", r.Number, r.Head, r.Title)
	}
	commit, err := c.repo.WriteCommit(ctx, git.NewCommit{Tree: tree, Parents: []git.ID{base, head}, Message: message + "\n"})
	if err != nil {
		return "", err
	}
	updates := []git.Update{{Ref: headsPrefix + r.Base, Old: base, New: commit}}
	for _, ref := range []string{headsPrefix + r.Head, pullsRef, statusesRef} {
		if at := v.refs[ref]; at != "" {
			updates = append(updates, git.Update{Ref: ref, Old: at, New: at})
		}
	}
	return commit, c.move(ctx, updates...)
}

// finish writes down who merged what, and deletes the head branch. Whoever looked in between has written the end already,
// under the name in the commit.
func (c *Client) finish(ctx context.Context, set settings, was record, made git.ID) error {
	return c.write(ctx, func(v view) (change, error) {
		r, err := c.record(ctx, v, was.Number)
		if err != nil {
			return change{}, err
		}
		r.State, r.HeadSHA, r.BaseSHA, r.MergeCommit = scm.Merged, was.HeadSHA, was.BaseSHA, string(made)
		r.Closed, r.ClosedBy, r.CloseReason = c.time(), c.user, ""
		with, err := c.cleanUp(ctx, set, v, r)
		return change{act: r.title("merged"), records: []record{r}, with: with}, err
	})
}

// cleanUp deletes the merged head branch where nobody needs it.
func (c *Client) cleanUp(ctx context.Context, set settings, v view, r record) ([]git.Update, error) {
	head := v.branch(r.Head)
	if set.KeepBranches || head == "" || string(head) != r.HeadSHA {
		return nil, nil
	}
	main, err := c.repo.DefaultBranch(ctx)
	if err != nil && !errors.Is(err, git.ErrNotFound) {
		return nil, err
	}
	others, err := c.records(ctx, v, scm.Open)
	if err != nil || r.Head == main {
		return nil, err
	}
	for _, o := range others {
		if o.Number != r.Number && (o.Head == r.Head || o.Base == r.Head) {
			return nil, nil
		}
	}
	return []git.Update{{Ref: headsPrefix + r.Head, Old: head}}, nil
}
