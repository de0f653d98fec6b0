package bitbucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// EnsurePullRequest implements scm.Client.
func (c *Client) EnsurePullRequest(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error) {
	pr, outcome, err := c.ensure(ctx, want.Cut(c.Limits()))
	if err != nil {
		var persons *scm.PersonsError
		if !errors.As(err, &persons) {
			pr, outcome = scm.PullRequest{}, ""
		}
		err = fmt.Errorf("propose %s into %s of %s: %w", want.Head, want.Base, c.o.Repository, c.word(err))
	}
	return pr, outcome, err
}

func (c *Client) ensure(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error) {
	if err := want.Check(); err != nil {
		return scm.PullRequest{}, "", err
	}
	var p *pullRequest
	var err error
	if !want.New {
		if p, err = c.open(ctx, want); err != nil {
			return scm.PullRequest{}, "", err
		}
	}
	outcome := scm.Unchanged
	if p == nil {
		p, outcome, err = c.create(ctx, want)
	}
	if err == nil && outcome != scm.Created {
		posted := outcome
		if p, outcome, err = c.edit(ctx, *p, want); outcome == scm.Unchanged {
			outcome = posted
		}
	}
	if err != nil {
		return scm.PullRequest{}, "", err
	}
	p, asked, persons := c.ask(ctx, *p, want)
	if asked && outcome == scm.Unchanged {
		outcome = scm.Updated
	}
	pr, err := c.pull(ctx, *p)
	return pr, outcome, errors.Join(err, persons)
}

// open gives the open pull request of a head and a base; of several, which must not be, the oldest.
func (c *Client) open(ctx context.Context, want scm.Proposal) (*pullRequest, error) {
	all, err := c.find(ctx, scm.Filter{Head: want.Head, Base: want.Base, State: scm.Open})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[len(all)-1], nil
}

// create opens a pull request. Where somebody was faster the server edits theirs and gives it back: it was made before
// it was changed then.
func (c *Client) create(ctx context.Context, want scm.Proposal) (*pullRequest, scm.Outcome, error) {
	var made *pullRequest
	outcome := scm.Created
	first := true
	err := c.door.Settle(ctx, func(ctx context.Context) (done bool, err error) {
		if first {
			first = false
			return false, nil
		}
		made, err = c.open(ctx, want)
		return made != nil, err
	}, func(ctx context.Context) error {
		var p pullRequest
		err := c.call(ctx, http.MethodPost, c.base+"/pullrequests", proposal{Title: want.Title, Description: described(want.Body, want.Labels),
			Draft: want.Draft, Source: &endpoint{Branch: branch{Name: want.Head}}, Destination: &endpoint{Branch: branch{Name: want.Base}},
			Reviewers: []account{}}, &p)
		if missing(err) {
			return fmt.Errorf("%w: %w", scm.ErrInvalid, err)
		}
		if made = &p; p.Updated.After(p.Created) {
			outcome = scm.Unchanged
			if want.New {
				outcome = scm.Updated // nobody has compared
			}
		}
		return err
	})
	return made, outcome, err
}

// edit brings an open pull request to what is wanted.
func (c *Client) edit(ctx context.Context, p pullRequest, want scm.Proposal) (*pullRequest, scm.Outcome, error) {
	body, labels := labelled(p.Description)
	if scm.Line(p.Title) == want.Title && body == want.Body && slices.Equal(labels, want.Labels) && p.Draft == want.Draft {
		return &p, scm.Unchanged, nil
	}
	p.Title, p.Draft = want.Title, want.Draft
	p.Description = described(want.Body, want.Labels)
	edited, err := c.put(ctx, p)
	return edited, scm.Updated, err
}

// put writes what can be edited of a pull request, all at once: who is left out of the reviewers is none any more.
func (c *Client) put(ctx context.Context, p pullRequest) (*pullRequest, error) {
	var edited pullRequest
	people := []account{}
	for _, r := range p.Reviewers {
		people = append(people, account{UUID: r.UUID})
	}
	err := c.call(ctx, http.MethodPut, c.at(p.ID, ""), proposal{Title: p.Title, Description: p.Description, Draft: p.Draft, Reviewers: people}, &edited)
	return &edited, err
}

// ask asks those who are not asked yet for a review. There are no assignees: they are asked to review, too. Teams cannot
// be asked.
func (c *Client) ask(ctx context.Context, p pullRequest, want scm.Proposal) (*pullRequest, bool, error) {
	var nobody []string
	asked := false
	for _, name := range each(want.Reviewers, want.Assignees) {
		if slices.Contains(reviewers(p), name) {
			continue
		}
		next := p
		next.Reviewers = append(slices.Clone(p.Reviewers), account{UUID: name})
		edited, err := c.put(ctx, next)
		switch code, _ := door.Refusal(err); {
		case code == http.StatusBadRequest, code == http.StatusNotFound:
			nobody = append(nobody, name)
		case err != nil:
			return &p, asked, err
		default:
			p, asked = *edited, true
		}
	}
	if len(nobody) > 0 {
		return &p, asked, &scm.PersonsError{Names: nobody}
	}
	return &p, asked, nil
}

// each gives the names of several lists, sorted and each once.
func each(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}
