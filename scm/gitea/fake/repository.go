package fake

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

func (f *Fake) self(c *call) (int, any, error) { return http.StatusOK, f.user(c.user), nil }

func (f *Fake) repository(c *call) (int, any, error) {
	return http.StatusOK, &sdk.Repository{ID: 1, Name: strings.TrimPrefix(Repository, Owner+"/"), FullName: Repository, ObjectFormatName: "sha1", Empty: len(f.repo.Branches()) == 0,
		DefaultBranch: "main", AllowMerge: f.allows(sdk.MergeStyleMerge), AllowSquash: f.allows(sdk.MergeStyleSquash), AllowRebase: f.allows(sdk.MergeStyleRebase),
		Permissions: &sdk.Permission{Admin: c.role >= hosttest.Admin, Push: c.role >= hosttest.Write, Pull: true}}, nil
}

func (f *Fake) allows(m sdk.MergeStyle) bool { return slices.Contains(f.methods, m) }

// teams are the same for the organisation and its repository.
func (f *Fake) teams(c *call) (int, any, error) {
	if f.Personal {
		if c.PathValue("org") != "" {
			return 0, nil, notFound
		}
		return 0, nil, refuse(http.StatusMethodNotAllowed, "repo is not owned by an organization")
	}
	units := map[string]string{"repo.code": "write", "repo.pulls": "write"}
	return page(f, c, []*sdk.Team{{ID: 1, Name: "Owners", Permission: sdk.AccessModeOwner, UnitsMap: map[string]string{"repo.code": "owner"}},
		{ID: 2, Name: Team, Permission: sdk.AccessModeWrite, UnitsMap: units}})
}

func (f *Fake) members(c *call) (int, any, error) {
	switch {
	case c.role < hosttest.Admin:
		return 0, nil, refuse(http.StatusForbidden, "Must be a team member")
	case c.number("id") == 2:
		return page(f, c, f.users([]string{Person}))
	}
	return 0, nil, notFound
}

func (f *Fake) assignees(*call) (int, any, error) {
	var names []string
	for name := range f.tokens {
		if f.Role(name) >= hosttest.Write {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return http.StatusOK, f.users(names), nil
}

func (f *Fake) permission(c *call) (int, any, error) {
	name, ok := f.known(c.PathValue("name"))
	switch {
	case c.role < hosttest.Admin && name != c.user:
		return 0, nil, refuse(http.StatusForbidden, "Only admins can query all permissions, repo admins can query all repo permissions, collaborators can query only their own")
	case !ok:
		return 0, nil, notFound
	}
	modes := map[hosttest.Role]sdk.AccessMode{hosttest.None: sdk.AccessModeNone, hosttest.Read: sdk.AccessModeRead, hosttest.Write: sdk.AccessModeWrite,
		hosttest.Admin: sdk.AccessModeAdmin}
	return http.StatusOK, &sdk.CollaboratorPermissionResult{Permission: modes[f.Role(name)], User: f.user(name)}, nil
}

func (f *Fake) branch(c *call) (int, any, error) {
	name := c.PathValue("branch")
	sha, ok := f.repo.Head(name)
	if !ok {
		return 0, nil, notFound
	}
	b := &sdk.Branch{Name: name, Commit: &sdk.PayloadCommit{ID: sha}, StatusCheckContexts: []string{}, UserCanPush: c.role >= hosttest.Write}
	if r := f.rules[name]; r != nil {
		b.Protected, b.RequiredApprovals, b.EnableStatusCheck, b.StatusCheckContexts = true, r.RequiredApprovals, r.EnableStatusCheck, r.StatusCheckContexts
		if c.role >= hosttest.Admin {
			b.EffectiveBranchProtectionName = r.RuleName
		}
	}
	return http.StatusOK, b, nil
}

func (f *Fake) protection(c *call) (int, any, error) {
	if r := f.rules[c.PathValue("name")]; r != nil {
		return http.StatusOK, r, nil
	}
	return 0, nil, notFound
}

// compare takes branches and commits.
func (f *Fake) compare(c *call) (int, any, error) {
	base, head, ok := strings.Cut(c.PathValue("range"), "...")
	base, head = f.resolve(base), f.resolve(head)
	if !ok || base == "" || head == "" {
		return 0, nil, notFound
	}
	return http.StatusOK, &sdk.Compare{TotalCommits: f.repo.Ahead(base, head), Commits: []*sdk.Commit{}}, nil
}

func (f *Fake) resolve(ref string) string {
	if name, err := url.PathUnescape(ref); err == nil {
		ref = name
	}
	if sha, ok := f.repo.Head(ref); ok {
		return sha
	}
	if f.repo.Has(ref) {
		return ref
	}
	return ""
}

// refs knows those of pull requests; one that is named whole comes alone, not in a list.
func (f *Fake) refs(c *call) (int, any, error) {
	var out []*sdk.Reference
	for _, p := range f.pulls {
		name := p.ref()
		if strings.HasPrefix(name, "refs/"+c.PathValue("ref")) {
			out = append(out, &sdk.Reference{Ref: name, Object: &sdk.GitObject{Type: "commit", SHA: p.head}})
		}
	}
	switch {
	case len(out) == 0:
		return 0, nil, notFound
	case len(out) == 1 && out[0].Ref == "refs/"+c.PathValue("ref"):
		return http.StatusOK, out[0], nil
	}
	return http.StatusOK, out, nil
}

func (f *Fake) commit(c *call) (int, any, error) {
	sha := c.PathValue("sha")
	if !f.repo.Has(sha) {
		return 0, nil, notFound
	}
	return http.StatusOK, &sdk.Commit{CommitMeta: &sdk.CommitMeta{SHA: sha}}, nil
}

func (f *Fake) listStatuses(c *call) (int, any, error) {
	sha := f.resolve(c.PathValue("ref"))
	if sha == "" {
		return 0, nil, notFound
	}
	all := slices.Clone(f.statuses[sha])
	if c.URL.Query().Get("sort") == "leastindex" {
		slices.Reverse(all)
	}
	return page(f, c, all)
}

func (f *Fake) createStatus(c *call) (int, any, error) {
	in, err := read[sdk.CreateStatusOption](c)
	if err != nil {
		return 0, nil, err
	}
	sha := f.resolve(c.PathValue("sha"))
	if sha == "" {
		return 0, nil, refuse(http.StatusInternalServerError, "GetCommit[%s]: object does not exist", c.PathValue("sha"))
	}
	if len(in.Description) > 65_535 {
		return 0, nil, refuse(http.StatusInternalServerError, "Data too long for column 'description'")
	}
	s := &sdk.Status{ID: int64(len(f.statuses[sha]) + 1), State: in.State, TargetURL: strings.TrimSpace(in.TargetURL),
		Description: strings.TrimSpace(in.Description), Context: strings.TrimSpace(in.Context), Creator: f.user(c.user), Created: f.Now()}
	f.statuses[sha] = append(f.statuses[sha], s)
	f.automerge(sha)
	return http.StatusCreated, s, nil
}
