package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

// EnsurePullRequest implements scm.Client. The server refuses a second open one for the same branches, so two that ask at
// once end with one.
func (c *Client) EnsurePullRequest(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error) {
	want = cut(want, c.Limits())
	e := &ensuring{c: c, want: want}
	err := want.Check()
	if err == nil {
		err = e.run(ctx)
	}
	var unasked *scm.PersonsError
	if err != nil && (!errors.As(err, &unasked) || e.is == nil) {
		return scm.PullRequest{}, "", fmt.Errorf("propose %s into %s of %s: %w", want.Head, want.Base, c, err)
	}
	return c.word(*e.is), e.outcome, err
}

// ensuring is one pull request on its way to be as wanted.
type ensuring struct {
	c       *Client
	want    scm.Proposal
	is      *pullRequest // the open one; nil = none
	outcome scm.Outcome
	unasked []string // who cannot be asked
	posted  bool     // it was asked to be made
}

func (e *ensuring) run(ctx context.Context) error {
	err := e.c.api.Settle(ctx, e.look, e.create)
	if errors.Is(err, scm.ErrConflict) {
		// Somebody was faster, or the list lagged behind.
		e.posted = false
		_, err = e.find(ctx)
		if err == nil && e.is == nil {
			return scm.ErrConflict
		}
	}
	if err == nil && e.outcome != scm.Created {
		err = e.update(ctx)
	}
	if err == nil && len(e.unasked) > 0 {
		slices.Sort(e.unasked)
		return &scm.PersonsError{Names: slices.Compact(e.unasked)}
	}
	return err
}

// look is find, unless the caller has just looked.
func (e *ensuring) look(ctx context.Context) (bool, error) {
	if e.want.New && !e.posted {
		return false, nil
	}
	return e.find(ctx)
}

// find looks for the open one.
func (e *ensuring) find(ctx context.Context) (bool, error) {
	open, err := e.c.list(ctx, scm.Filter{Head: e.want.Head, Base: e.want.Base, State: scm.Open})
	if err != nil || len(open) == 0 {
		return false, err
	}
	e.is, e.outcome = &open[0], scm.Unchanged
	if e.posted && e.c.mine(ctx, open[0].CreatedBy) {
		e.outcome = scm.Created // the reply to our own request was lost
	}
	return true, nil
}

// creation is what makes a pull request.
type creation struct {
	Source      string        `json:"sourceRefName"`
	Target      string        `json:"targetRefName"`
	Title       string        `json:"title"`
	Description string        `json:"description"`
	Draft       bool          `json:"isDraft"`
	Labels      []label       `json:"labels,omitempty"`
	Reviewers   []identityRef `json:"reviewers,omitempty"`
}

type identityRef struct {
	ID string `json:"id"`
}

func (e *ensuring) create(ctx context.Context) error {
	if !e.want.New {
		if err := e.c.proposable(ctx, e.want.Head, e.want.Base); err != nil {
			return err
		}
	}
	in := creation{Source: branches + e.want.Head, Target: branches + e.want.Base, Title: e.want.Title,
		Description: e.want.Body, Draft: e.want.Draft}
	for _, name := range e.want.Labels {
		in.Labels = append(in.Labels, label{Name: name})
	}
	ids, err := e.reviewerIDs(ctx, "")
	if err != nil {
		return err
	}
	for _, id := range ids {
		in.Reviewers = append(in.Reviewers, identityRef{id})
	}
	var made pullRequest
	e.posted = true
	if _, err := e.c.do(ctx, call{method: http.MethodPost, path: e.c.repo("pullRequests"), in: in, out: &made}); err != nil {
		return err
	}
	if len(made.Labels) == 0 {
		made.Labels = in.Labels
	}
	e.is, e.outcome = &made, scm.Created
	e.c.saw(made)
	e.c.iterated(made, 1)
	return nil
}

// proposable refuses branches that cannot be proposed: the server itself makes pull requests without any change.
func (c *Client) proposable(ctx context.Context, from, into string) error {
	var diff struct {
		Common string `json:"commonCommit"`
		Head   string `json:"targetCommit"`
	}
	_, err := c.do(ctx, call{path: c.repo("diffs", "commits"), out: &diff, query: url.Values{
		"baseVersion": {into}, "baseVersionType": {"branch"}, "targetVersion": {from}, "targetVersionType": {"branch"}, "$top": {"1"}}})
	switch {
	case errors.Is(err, scm.ErrNotFound):
		return fmt.Errorf("there is no branch %s, or no %s, or the repository cannot be seen: %w (%w)", from, into, scm.ErrInvalid, err)
	case err != nil:
		return err
	case diff.Common == "":
		return fmt.Errorf("the branches have no commit in common: %w", scm.ErrInvalid)
	case diff.Common == diff.Head:
		return fmt.Errorf("%s holds nothing that %s lacks: %w", from, into, scm.ErrInvalid)
	}
	return nil
}

// update brings an open one to what is wanted.
func (e *ensuring) update(ctx context.Context) error {
	if err := e.text(ctx); err != nil {
		return err
	}
	if err := e.c.addLabels(ctx, e.is); err != nil {
		return err
	}
	if err := e.labels(ctx); err != nil {
		return err
	}
	return e.reviewers(ctx)
}

// text edits title, description and draft. A description that a list cut short is read whole where its beginning is as
// wanted.
func (e *ensuring) text(ctx context.Context) error {
	if cutShort(*e.is) && strings.HasPrefix(normal(e.want.Body), normal(e.is.Description)) {
		whole, err := e.c.read(ctx, e.is.ID)
		if err != nil {
			return err
		}
		e.is = &whole
	}
	if e.said(*e.is) {
		return nil
	}
	labels := e.is.Labels
	err := e.c.api.Settle(ctx, func(ctx context.Context) (bool, error) {
		if e.outcome != scm.Updated { // nothing was asked for yet
			return false, nil
		}
		now, err := e.c.read(ctx, e.is.ID)
		e.is = &now
		return e.said(now), err
	}, e.edit)
	if len(e.is.Labels) == 0 {
		e.is.Labels = labels
	}
	return err
}

func (e *ensuring) edit(ctx context.Context) error {
	e.outcome = scm.Updated
	in := map[string]any{}
	if scm.Line(e.is.Title) != e.want.Title {
		in["title"] = e.want.Title
	}
	if cutShort(*e.is) || scm.Text(e.is.Description) != e.want.Body {
		in["description"] = e.want.Body
	}
	if e.is.Draft != e.want.Draft {
		in["isDraft"] = e.want.Draft
	}
	var now pullRequest
	if _, err := e.c.do(ctx, call{method: http.MethodPatch, path: e.c.pull(e.is.ID), in: in, out: &now}); err != nil {
		return err
	}
	e.is = &now
	return nil
}

// said tells whether a pull request's own texts are as wanted.
func (e *ensuring) said(p pullRequest) bool {
	return scm.Line(p.Title) == e.want.Title && scm.Text(p.Description) == e.want.Body && p.Draft == e.want.Draft
}

// normal is a beginning of a text without what its end may lose.
func normal(s string) string { return scm.Text(s) }

// labels adds what is missing and takes off what is too much. Names are the same whatever their case; the server keeps the
// first spelling of its whole project.
func (e *ensuring) labels(ctx context.Context) error {
	have := labelNames(e.is.Labels)
	for _, name := range e.want.Labels {
		if hasFold(have, name) {
			continue
		}
		e.outcome = scm.Updated
		var made label
		if _, err := e.c.do(ctx, call{method: http.MethodPost, path: e.c.pull(e.is.ID, "labels"), in: label{Name: name}, out: &made}); err != nil {
			return fmt.Errorf("label %s: %w", name, err)
		}
		e.is.Labels = append(e.is.Labels, made)
	}
	for _, l := range slices.Clone(e.is.Labels) {
		if hasFold(e.want.Labels, l.Name) {
			continue
		}
		e.outcome = scm.Updated
		_, err := e.c.do(ctx, call{method: http.MethodDelete, path: e.c.pull(e.is.ID, "labels", l.Name)})
		if err != nil && !errors.Is(err, scm.ErrNotFound) {
			return fmt.Errorf("label %s: %w", l.Name, err)
		}
		e.is.Labels = slices.DeleteFunc(e.is.Labels, func(o label) bool { return o.Name == l.Name })
	}
	return nil
}

func hasFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// reviewers asks those who are not asked yet.
func (e *ensuring) reviewers(ctx context.Context) error {
	ids, err := e.reviewerIDs(ctx, e.is.CreatedBy.ID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if slices.ContainsFunc(e.is.Reviewers, func(r reviewer) bool { return r.ID == id }) {
			continue
		}
		e.outcome = scm.Updated
		var asked reviewer
		_, err := e.c.do(ctx, call{method: http.MethodPut, path: e.c.pull(e.is.ID, "reviewers", id), in: map[string]any{"id": id, "vote": 0}, out: &asked})
		if errors.Is(err, scm.ErrInvalid) || errors.Is(err, scm.ErrNotFound) {
			e.unasked = append(e.unasked, e.named(id))
			continue
		}
		if err != nil {
			return fmt.Errorf("ask %s: %w", e.named(id), err)
		}
		e.is.Reviewers = append(e.is.Reviewers, asked)
	}
	return nil
}
