package gitea

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

const teamMark = "team/"

// ask asks those who are not asked yet, and tells whether it did. Who cannot be asked is a *scm.PersonsError.
func (c *Client) ask(ctx context.Context, p *gitea.PullRequest, want scm.Proposal) (pr scm.PullRequest, asked bool, err error) {
	pr = pullRequest(p, nil)
	reviewers := without(want.Reviewers, pr.Reviewers)
	if len(reviewers) > 0 {
		if err := c.answered(ctx, &pr); err != nil {
			return pr, false, err
		}
		reviewers = without(reviewers, pr.Reviewers)
	}
	assignees := without(want.Assignees, pr.Assignees)
	if len(reviewers)+len(assignees) == 0 {
		return pr, false, nil
	}
	unasked, err := c.request(ctx, p, reviewers)
	if err != nil {
		return pr, false, err
	}
	unassigned, err := c.assign(ctx, p, assignees)
	if err != nil {
		return pr, true, err
	}
	nobody := merged(unasked, unassigned)
	asked = len(nobody) < len(reviewers)+len(assignees)
	if asked {
		if p, err = c.read(ctx, int(p.Index)); err != nil {
			return pr, asked, err
		}
		pr = pullRequest(p, nil)
		pr.Reviewers = merged(pr.Reviewers, without(reviewers, unasked))
	}
	if len(nobody) > 0 {
		return pr, asked, &scm.PersonsError{Names: nobody}
	}
	return pr, asked, nil
}

// answered adds to the reviewers those who answered, whom the server no longer names among the requested, and the
// requested teams, which it names only where one pull request is read.
func (c *Client) answered(ctx context.Context, pr *scm.PullRequest) error {
	all, err := c.listed(ctx, pr.Number)
	for _, r := range all {
		name := login(r.Reviewer)
		if r.ReviewerTeam != nil {
			name = teamMark + r.ReviewerTeam.Name
		}
		if name != "" && name != pr.Author {
			pr.Reviewers = merged(pr.Reviewers, []string{name})
		}
	}
	return err
}

// merged makes one sorted list of several.
func merged(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

// without gives those of names that are not among others; accounts are told apart without their case.
func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.ContainsFunc(others, func(other string) bool { return strings.EqualFold(name, other) })
	})
}

// request asks for reviews, one by one: of several, the server asks those before the first whom it refuses, and says
// no more.
func (c *Client) request(ctx context.Context, p *gitea.PullRequest, names []string) (unasked []string, err error) {
	for _, name := range names {
		o := gitea.PullReviewRequestOptions{Reviewers: []string{name}, TeamReviewers: []string{}}
		if team, ok := strings.CutPrefix(name, teamMark); ok {
			if owners, err := c.owners(ctx); err != nil || !owners.organisation {
				unasked = append(unasked, name) // a person's repository has no teams, and the server says nothing
				continue
			}
			o = gitea.PullReviewRequestOptions{Reviewers: []string{}, TeamReviewers: []string{team}}
		}
		_, err := c.api(ctx).CreateReviewRequests(c.owner, c.name, p.Index, o)
		if err != nil && !door.Lost(err) { // asking twice is asking once
			if !impossible(err) {
				return nil, err
			}
			unasked = append(unasked, name)
		}
	}
	return unasked, nil
}

// impossible tells that the fault is in a name.
func impossible(err error) bool {
	code, _ := door.Refusal(err)
	return code == http.StatusNotFound || code == http.StatusUnprocessableEntity || code == http.StatusBadRequest || code == http.StatusForbidden
}

// assign adds assignees; the server takes the whole list.
func (c *Client) assign(ctx context.Context, p *gitea.PullRequest, names []string) (unasked []string, err error) {
	have := logins(p.Assignees)
	for _, name := range names {
		_, err := c.patch(ctx, p.Index, gitea.EditPullRequestOption{Assignees: append(slices.Clone(have), name)})
		switch {
		case err == nil:
			have = append(have, name)
		case impossible(err), errors.Is(err, scm.ErrInvalid):
			unasked = append(unasked, name)
		default:
			return nil, err
		}
	}
	return unasked, nil
}

// owners are what is known of those who own the repository.
type owners struct {
	organisation bool
	// doubtful says that there is a team that may not write but whose people can be assigned.
	doubtful bool
}

// owners tells whether an organisation owns the repository: teams are refused for others (405).
func (c *Client) owners(ctx context.Context) (owners, error) {
	c.mu.Lock()
	known := c.owned
	c.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	teams, _, err := c.api(ctx).GetRepoTeams(c.owner, c.name)
	code, _ := door.Refusal(err)
	if err != nil && code != http.StatusMethodNotAllowed {
		return owners{}, err
	}
	found := owners{organisation: err == nil, doubtful: slices.ContainsFunc(teams, doubtful)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owned = &found
	return found, nil
}

// doubtful tells whether a team's people can be assigned although they may not write code: those can who may write
// anything, and those who may read pull requests by themselves.
func doubtful(t *gitea.Team) bool {
	return !writes(gitea.AccessMode(t.UnitsMap["repo.code"])) && !writes(t.Permission)
}

func writes(m gitea.AccessMode) bool {
	return m == gitea.AccessModeWrite || m == gitea.AccessModeAdmin || m == gitea.AccessModeOwner
}

// writers tells of people whether they may write now: those who can be assigned. Where a team makes that doubtful each
// is asked for, which takes an administrator's token; where that is refused, it is who the server itself counts.
func (c *Client) writers(ctx context.Context, reviews []*gitea.PullReview) (map[string]bool, error) {
	owners, err := c.owners(ctx)
	if err != nil {
		return nil, err
	}
	may := map[string]bool{}
	if !owners.doubtful {
		users, _, err := c.api(ctx).GetAssignees(c.owner, c.name)
		for _, u := range users {
			may[login(u)] = true
		}
		return may, err
	}
	for _, r := range reviews {
		name := login(r.Reviewer)
		if may[name] {
			continue
		}
		is, _, err := c.api(ctx).CollaboratorPermission(c.owner, c.name, name)
		switch {
		case err == nil && is != nil:
			may[name] = writes(is.Permission)
		case err == nil, impossible(err):
			may[name] = r.Official && !r.Dismissed
		default:
			return nil, err
		}
	}
	return may, nil
}

// MayWrite implements scm.People. Who can be assigned may write, or is in a team that may.
func (c *Client) MayWrite(ctx context.Context, names []string) (map[string]bool, error) {
	users, _, err := c.api(ctx).GetAssignees(c.owner, c.name)
	if err != nil {
		return nil, fmt.Errorf("ask who may write in %s: %w", c.o.Repository, c.word(err))
	}
	out := map[string]bool{}
	for _, n := range names {
		out[n] = slices.ContainsFunc(users, func(u *gitea.User) bool { return strings.EqualFold(login(u), n) })
	}
	return out, nil
}
