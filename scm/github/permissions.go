package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/scm"
)

// needed are the permissions that a promotion needs, as GitHub calls them.
var needed = map[string]string{"contents": "Contents: write", "pull_requests": "Pull requests: write", "statuses": "Commit statuses: write"}

// granted is a credential that knows its permissions, as an App's installation does.
type granted interface {
	Granted(ctx context.Context) (permissions map[string]string, expires time.Time, err error)
}

// Permissions implements scm.Permitted.
func (c *Client) Permissions(ctx context.Context) (scm.Permissions, error) {
	p, err := c.permissions(ctx)
	if err != nil {
		return p, fmt.Errorf("ask what we may do in %s: %w", c.name(), c.said(err))
	}
	return p, nil
}

func (c *Client) permissions(ctx context.Context) (scm.Permissions, error) {
	repo, res, err := c.gh.Repositories.Get(ctx, c.owner, c.repo)
	if err != nil {
		return scm.Permissions{}, err
	}
	if app, ok := c.o.Credential.(granted); ok {
		return installed(ctx, app)
	}
	may := repo.GetPermissions()
	out := scm.Permissions{Admin: may["admin"], Expires: expires(res.Header)}
	if !may["push"] {
		out.Missing = append(out.Missing, needed["contents"], needed["pull_requests"], needed["statuses"]) // people who may push may post them
	}
	if scopes, ok := res.Header["X-Oauth-Scopes"]; ok {
		return classic(out, strings.Split(strings.Join(scopes, ","), ","), repo), nil
	}
	// Fine-grained tokens and GITHUB_TOKEN do not tell what they were given.
	if may["push"] {
		out.Unknown = []string{needed["statuses"], needed["pull_requests"]}
	}
	slices.Sort(out.Missing)
	slices.Sort(out.Unknown)
	return out, nil
}

// classic reads the scopes of a classic personal access token.
func classic(out scm.Permissions, scopes []string, repo *github.Repository) scm.Permissions {
	for i := range scopes {
		scopes[i] = strings.TrimSpace(scopes[i])
	}
	if !slices.Contains(scopes, "repo") && (repo.GetPrivate() || !slices.Contains(scopes, "public_repo")) {
		out.Missing = append(out.Missing, "the scope repo")
	}
	slices.Sort(out.Missing)
	return out
}

func installed(ctx context.Context, app granted) (scm.Permissions, error) {
	has, until, err := app.Granted(ctx)
	if err != nil {
		return scm.Permissions{}, err
	}
	out := scm.Permissions{Admin: has["administration"] != "", Expires: until.UTC().Format(time.RFC3339)}
	for name, words := range needed {
		if has[name] != "write" {
			out.Missing = append(out.Missing, words)
		}
	}
	slices.Sort(out.Missing)
	return out, nil
}

// expires reads when a personal access token ends.
func expires(h http.Header) string {
	for _, layout := range []string{"2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700"} {
		if t, err := time.Parse(layout, h.Get("GitHub-Authentication-Token-Expiration")); err == nil {
			return t.UTC().Format(time.RFC3339)
		}
	}
	return ""
}

// Members implements scm.Teams, for the teams of the organization that owns the repository.
func (c *Client) Members(ctx context.Context, team string) ([]string, error) {
	if !isName(team) {
		return nil, fmt.Errorf("team %q: %w", team, scm.ErrNotFound)
	}
	var out []string
	o := &github.TeamListTeamMembersOptions{ListOptions: github.ListOptions{PerPage: page}}
	for {
		all, res, err := c.gh.Teams.ListTeamMembersBySlug(ctx, url.PathEscape(c.owner), team, o)
		if is(err, http.StatusForbidden) {
			err = fmt.Errorf("%w: %w", scm.ErrNotFound, c.said(err))
		}
		if err != nil {
			return nil, fmt.Errorf("list the members of team %s of %s: %w", team, c.owner, c.said(err))
		}
		for _, u := range all {
			out = append(out, login(u))
		}
		if more, err := turn(&o.ListOptions, res); err != nil || !more {
			slices.Sort(out)
			return out, err
		}
	}
}
