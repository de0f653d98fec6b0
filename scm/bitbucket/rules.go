package bitbucket

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/gobwas/glob"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// Rules implements scm.Ruler. Only an administrator may know them. Builds are asked for by number, not by name, so that
// no status is named; without Premium, merge checks are advice that the server does not enforce.
func (c *Client) Rules(ctx context.Context, name string) (scm.Rules, error) {
	all, err := list[restriction](ctx, c, c.base+"/branch-restrictions?pagelen=100")
	if err != nil {
		return scm.Rules{}, fmt.Errorf("read the rules of %s in %s: %w", name, c.o.Repository, c.word(err))
	}
	var rules scm.Rules
	for _, r := range all {
		if r.MatchKind == "branching_model" || !matches(r.Pattern, name) {
			continue
		}
		rules.Protected = true
		switch r.Kind {
		case "require_approvals_to_merge":
			if r.Value != nil {
				rules.Approvals = max(rules.Approvals, *r.Value)
			}
		case "reset_pullrequest_approvals_on_change":
			rules.ResetsApprovals = true
		case "require_commits_behind":
			rules.UpToDate = rules.UpToDate || r.Value != nil && *r.Value == 0
		}
	}
	return rules, nil
}

// matches tells whether a rule's pattern means a branch; * does not stop at slashes there.
func matches(pattern, name string) bool {
	g, err := glob.Compile(pattern)
	return pattern == name || err == nil && g.Match(name)
}

// Permissions implements scm.Permitted. The server tells the scopes of a token with every answer, but not to whom they
// would be missing; what a promotion needs are repository:write and pullrequest:write.
func (c *Client) Permissions(ctx context.Context) (scm.Permissions, error) {
	self, err := c.Self(ctx)
	var got []permission
	if err == nil {
		got, err = list[permission](ctx, c, c.o.URL+"/2.0/user/permissions/repositories?"+
			url.Values{"q": {"repository.full_name=" + quoted(c.o.Repository)}}.Encode())
	}
	out := scm.Permissions{Unknown: []string{"scope repository:write", "scope pullrequest:write", "scope account"}}
	if code, _ := door.Refusal(err); code == http.StatusForbidden || code == http.StatusNotFound {
		out.Unknown = append([]string{"write access to the repository"}, out.Unknown...)
		return out, nil // a repository's access token is nobody who could ask
	}
	if err != nil {
		return scm.Permissions{}, fmt.Errorf("ask what the token may do in %s: %w", c.o.Repository, c.word(err))
	}
	may := ""
	for _, p := range got {
		if p.User.UUID == self || p.User.UUID == "" {
			may = p.Permission
		}
	}
	if out.Admin = may == "admin"; may != "admin" && may != "write" {
		out.Missing = []string{"write access to the repository"}
	}
	return out, nil
}
