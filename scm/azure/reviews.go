package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

// Reviews implements scm.Client. The server keeps who votes how now, and notes in the conversation who voted when: a vote
// counts here only while both agree, so that one that was reset or taken back does not.
func (c *Client) Reviews(ctx context.Context, number int) ([]scm.Review, error) {
	out, err := c.reviewsOf(ctx, number)
	if err != nil {
		return nil, c.about(number, "read reviews of", err)
	}
	return out, nil
}

func (c *Client) reviewsOf(ctx context.Context, number int) ([]scm.Review, error) {
	p, err := c.read(ctx, number)
	if err != nil {
		return nil, err
	}
	all, err := c.threads(ctx, number)
	if err != nil {
		return nil, err
	}
	given := told(p, all)
	writers, err := c.writers(ctx, given)
	if err != nil {
		return nil, err
	}
	var out []scm.Review
	for _, g := range given {
		g.review.Writer = writers[g.by.ID]
		out = append(out, g.review)
	}
	return out, nil
}

// given is a review and whose it is.
type given struct {
	review scm.Review
	by     identity
}

// told reads the conversation: votes and comments, oldest first.
func told(p pullRequest, all []thread) []given {
	var out []given
	for _, t := range all {
		if vote, by, ok := t.vote(); ok {
			if v, ok := verdicts[vote]; ok {
				out = append(out, given{scm.Review{Author: by.Name, Verdict: v, Time: t.Published}, by})
			}
			continue
		}
		is := t.first()
		switch {
		case is == nil || is.Type == "system" || t.property("CodeReviewThreadType") != "":
		case strings.HasPrefix(t.property(about), verdictOf):
			because(out, *is)
		case t.property(about) == "":
			out = append(out, given{scm.Review{Author: is.Author.Name, Verdict: scm.Commented, Body: scm.Text(is.Content), Time: t.Published}, *is.Author})
		}
	}
	return append(slices.DeleteFunc(out, func(g given) bool { return !stands(p, out, g) }), unnoted(p, out)...)
}

// vote reads the server's own note of a vote.
func (t thread) vote() (vote int, by identity, ok bool) {
	if t.property("CodeReviewThreadType") != "VoteUpdate" {
		return 0, by, false
	}
	vote, err := strconv.Atoi(t.property("CodeReviewVoteResult"))
	by, known := t.Identities[t.property("CodeReviewVotedByIdentity")]
	if is := t.first(); !known && is != nil {
		by = *is.Author
	}
	return vote, by, err == nil && by.ID != ""
}

// because adds what was said to the vote that it was said with.
func because(all []given, is comment) {
	for i := range slices.Backward(all) {
		if all[i].by.ID == is.Author.ID && all[i].review.Verdict != scm.Commented {
			all[i].review.Body = scm.Text(is.Content)
			return
		}
	}
}

// stands tells whether a review is still given: comments are, and votes of those who vote so now.
func stands(p pullRequest, all []given, g given) bool {
	if g.review.Verdict == scm.Commented {
		return true
	}
	at := slices.IndexFunc(p.Reviewers, func(r reviewer) bool { return r.ID == g.by.ID })
	if at < 0 {
		return false
	}
	last := g.review.Verdict
	for _, o := range all {
		if o.by.ID == g.by.ID && o.review.Verdict != scm.Commented {
			last = o.review.Verdict
		}
	}
	return verdicts[p.Reviewers[at].Vote] == last
}

// unnoted are votes against that the conversation does not explain. They stand; those in favour without a time could be
// about anything.
func unnoted(p pullRequest, all []given) []given {
	var out []given
	for _, r := range p.Reviewers {
		noted := slices.ContainsFunc(all, func(g given) bool { return g.by.ID == r.ID && g.review.Verdict == verdicts[r.Vote] })
		if r.Vote < 0 && !noted && !r.Container {
			out = append(out, given{scm.Review{Author: r.Name, Verdict: scm.ChangesRequested}, r.identity})
		}
	}
	return out
}

// Review implements scm.Reviewer. The server takes a vote for whatever the head is by then: it is looked at before.
func (c *Client) Review(ctx context.Context, number int, want scm.Review) (scm.Review, error) {
	want.Body = c.Limits().Cut(scm.Text(want.Body), MaxComment)
	got, err := c.review(ctx, number, want)
	if err != nil {
		return scm.Review{}, c.about(number, "review", err)
	}
	return got, nil
}

func (c *Client) review(ctx context.Context, number int, want scm.Review) (scm.Review, error) {
	vote, votes := votes[want.Verdict]
	if !votes && want.Verdict != scm.Commented {
		return scm.Review{}, fmt.Errorf("verdict %q: %w", want.Verdict, scm.ErrInvalid)
	}
	p, err := c.settled(ctx, number)
	if err != nil {
		return scm.Review{}, err
	}
	self, err := c.who(ctx)
	if err != nil {
		return scm.Review{}, err
	}
	want.Author = self.Name
	if !votes {
		return want, c.open(ctx, number, want.Body, "")
	}
	if err := votable(p, want, self); err != nil {
		return scm.Review{}, err
	}
	if at := slices.IndexFunc(p.Reviewers, func(r reviewer) bool { return r.ID == self.ID }); at >= 0 && verdicts[p.Reviewers[at].Vote] == want.Verdict {
		if same, err := c.votedOn(ctx, p, self); err != nil || same {
			return want, err
		}
		// A vote that is given again is news only after it was none.
		if err := c.vote(ctx, number, self, 0); err != nil {
			return scm.Review{}, err
		}
	}
	if err := c.vote(ctx, number, self, vote); err != nil || want.Body == "" {
		return want, err
	}
	return want, c.open(ctx, number, want.Body, verdictOf+strconv.Itoa(vote))
}

func votable(p pullRequest, want scm.Review, self identity) error {
	switch {
	case p.CreatedBy.ID == self.ID:
		return fmt.Errorf("it is one's own: %w", scm.ErrForbidden)
	case p.Status != "active":
		return fmt.Errorf("it is %s: %w", p.Status, scm.ErrConflict)
	case want.SHA != "" && want.SHA != p.Head.ID:
		return fmt.Errorf("its head is %.12s, not %.12s: %w", p.Head.ID, want.SHA, scm.ErrConflict)
	}
	return nil
}

// votedOn tells whether somebody's vote is younger than the head.
func (c *Client) votedOn(ctx context.Context, p pullRequest, who identity) (bool, error) {
	last, err := c.lastIteration(ctx, p.ID)
	if err != nil {
		return false, err
	}
	all, err := c.threads(ctx, p.ID)
	for _, t := range slices.Backward(all) {
		if _, by, ok := t.vote(); ok && by.ID == who.ID {
			return t.Published.After(last.Created), err
		}
	}
	return false, err
}

func (c *Client) vote(ctx context.Context, number int, who identity, vote int) error {
	_, err := c.do(ctx, call{method: http.MethodPut, path: c.pull(number, "reviewers", who.ID), in: map[string]any{"id": who.ID, "vote": vote}})
	if errors.Is(err, scm.ErrInvalid) {
		return fmt.Errorf("%w (%w)", scm.ErrForbidden, err)
	}
	return err
}
