package bitbucket

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// reviewers are those who were asked.
func reviewers(p pullRequest) []string {
	var out []string
	for _, r := range p.Reviewers {
		out = append(out, r.UUID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// verdicts are what participants said last.
var verdicts = map[string]scm.Verdict{"approved": scm.Approved, "changes_requested": scm.ChangesRequested}

func verdict(p participant) scm.Verdict {
	if p.State == nil {
		return ""
	}
	return verdicts[*p.State]
}

// decided tells whether somebody gave a verdict.
func decided(p pullRequest) bool {
	return slices.ContainsFunc(p.Participants, func(p participant) bool { return verdict(p) != "" })
}

// Reviews implements scm.Client. Only the newest verdict of each person is known, and not of which commit it is.
func (c *Client) Reviews(ctx context.Context, number int) ([]scm.Review, error) {
	p, err := c.read(ctx, number)
	if err != nil {
		return nil, c.about(number, "read reviews of", err)
	}
	var out []scm.Review
	for _, person := range p.Participants {
		if verdict(person) == "" {
			continue
		}
		writer, err := c.writer(ctx, person.User.UUID)
		if err != nil {
			return nil, c.about(number, "read who may write, for reviews of", err)
		}
		out = append(out, scm.Review{Author: person.User.UUID, Verdict: verdict(person), Writer: writer, Time: person.Participated.UTC()})
	}
	slices.SortFunc(out, func(a, b scm.Review) int { return a.Time.Compare(b.Time) })
	return out, nil
}

// writer tells whether an account may write now. Only an administrator's token may ask; to others nobody is known to.
func (c *Client) writer(ctx context.Context, name string) (bool, error) {
	got, err := c.permissionsOf(ctx, name)
	if code, _ := door.Refusal(err); code == http.StatusForbidden || code == http.StatusNotFound {
		return false, nil
	}
	return slices.ContainsFunc(got, func(p permission) bool {
		return p.User.UUID == name && (p.Permission == "write" || p.Permission == "admin")
	}), err
}

// permissionsOf an account in the repository, those by groups included.
func (c *Client) permissionsOf(ctx context.Context, name string) ([]permission, error) {
	workspace, repo, _ := strings.Cut(c.o.Repository, "/")
	q := url.Values{"q": {"user.uuid=" + quoted(name)}}
	return list[permission](ctx, c, c.o.URL+"/2.0/workspaces/"+url.PathEscape(workspace)+"/permissions/repositories/"+url.PathEscape(repo)+"?"+q.Encode())
}
