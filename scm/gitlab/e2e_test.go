package gitlab_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	lib "github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/gitlab"
	"github.com/ferry-cd/ferry/scm/scmtest"
)

// The contract on a real server, with an administrator's token. It makes a group with its projects and a person, and deletes
// them; docs/forges.md says how.
func TestContractOnAServer(t *testing.T) {
	server, token := os.Getenv("FERRY_E2E_GITLAB_URL"), os.Getenv("FERRY_E2E_GITLAB_TOKEN")
	if server == "" || token == "" {
		t.Skip("FERRY_E2E_GITLAB_URL and FERRY_E2E_GITLAB_TOKEN name no server")
	}
	r := newRealm(t, server, token)
	scmtest.Run(t, r.fixture)
}

// realm is what the test owns on a server.
type realm struct {
	server string
	admin  *lib.Client
	group  *lib.Group
	person string // a token
}

func newRealm(t *testing.T, server, token string) *realm {
	t.Helper()
	admin, err := lib.NewClient(token, lib.WithBaseURL(server))
	if err != nil {
		t.Fatal(err)
	}
	r := &realm{server: server, admin: admin}
	name := "ferry-e2e-" + strings.ToLower(rand.Text()[:8])
	// Without protection of default branches: the suite pushes to main as a person does, and protects it itself.
	if r.group, _, err = admin.Groups.CreateGroup(&lib.CreateGroupOptions{Name: &name, Path: &name, DefaultBranchProtection: lib.Ptr(0)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = admin.Groups.DeleteGroup(r.group.ID, nil) })
	r.person = r.account(t, name+"-ada")
	return r
}

// account makes a person who is a Maintainer of the group, and gives a token of theirs.
func (r *realm) account(t *testing.T, name string) string {
	t.Helper()
	user, _, err := r.admin.Users.CreateUser(&lib.CreateUserOptions{Username: &name, Name: &name, Email: lib.Ptr(name + "@example.com"),
		Password: lib.Ptr("Aa1!" + rand.Text()), SkipConfirmation: lib.Ptr(true)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.admin.Users.DeleteUser(user.ID) })
	if _, _, err := r.admin.GroupMembers.AddGroupMember(r.group.ID, &lib.AddGroupMemberOptions{UserID: &user.ID, AccessLevel: lib.Ptr(lib.MaintainerPermissions)}); err != nil {
		t.Fatal(err)
	}
	token, _, err := r.admin.Users.CreatePersonalAccessToken(user.ID, &lib.CreatePersonalAccessTokenOptions{Name: lib.Ptr("ferry"),
		Scopes: &[]string{"api", "write_repository"}, ExpiresAt: inTwoDays()})
	if err != nil {
		t.Fatal(err)
	}
	return token.Token
}

func inTwoDays() *lib.ISOTime { return lib.Ptr(lib.ISOTime(time.Now().AddDate(0, 0, 2))) }

func (r *realm) fixture(t *testing.T) scmtest.Fixture {
	t.Helper()
	p, _, err := r.admin.Projects.CreateProject(&lib.CreateProjectOptions{Name: lib.Ptr("p" + strings.ToLower(rand.Text()[:10])), NamespaceID: &r.group.ID})
	if err != nil {
		t.Fatal(err)
	}
	bot, _, err := r.admin.ProjectAccessTokens.CreateProjectAccessToken(p.ID, &lib.CreateProjectAccessTokenOptions{Name: lib.Ptr("ferry"),
		Scopes: &[]string{"api", "write_repository"}, AccessLevel: lib.Ptr(lib.MaintainerPermissions), ExpiresAt: inTwoDays()})
	if err != nil {
		t.Fatal(err)
	}
	remote, err := url.Parse(p.HTTPURLToRepo)
	if err != nil {
		t.Fatal(err)
	}
	remote.User = url.UserPassword(gitlab.Username, r.person)
	return scmtest.Fixture{
		Bot: r.client(t, p, bot.Token), Person: r.client(t, p, r.person), Twin: func(t *testing.T) scm.Client { return r.client(t, p, bot.Token) },
		Remote: remote.String(), Protect: func(t *testing.T, rules scmtest.Rules) { r.protect(t, p, rules) },
		Stranger: "nobody.at.all", Cannot: cannot, Page: 21, Patience: time.Minute,
	}
}

func (r *realm) client(t *testing.T, p *lib.Project, token string) *gitlab.Client {
	t.Helper()
	c, err := gitlab.Open(t.Context(), gitlab.Options{URL: r.server, Repository: p.PathWithNamespace, Token: door.NewToken(token)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (r *realm) protect(t *testing.T, p *lib.Project, rules scmtest.Rules) {
	t.Helper()
	branch, _, err := r.admin.ProtectedBranches.ProtectRepositoryBranches(p.ID, &lib.ProtectRepositoryBranchesOptions{Name: &rules.Branch,
		PushAccessLevel: lib.Ptr(lib.MaintainerPermissions), MergeAccessLevel: lib.Ptr(lib.DeveloperPermissions), AllowForcePush: lib.Ptr(true)})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.admin.Projects.EditProject(p.ID, &lib.EditProjectOptions{OnlyAllowMergeIfPipelineSucceeds: lib.Ptr(len(rules.Statuses) > 0)}); err != nil {
		t.Fatal(err)
	}
	if rules.Approvals == 0 {
		return
	}
	_, res, err := r.admin.Projects.CreateProjectApprovalRule(p.ID, &lib.CreateProjectLevelRuleOptions{Name: lib.Ptr("Reviews"),
		ApprovalsRequired: &rules.Approvals, ProtectedBranchIDs: &[]int{branch.ID}})
	if res != nil && (res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusForbidden) {
		t.Skip("the license of this server has no approval rules")
	}
	if err == nil {
		_, _, err = r.admin.Projects.ChangeApprovalConfiguration(p.ID, &lib.ChangeApprovalConfigurationOptions{ResetApprovalsOnPush: lib.Ptr(true)})
	}
	if err != nil {
		t.Fatal(err)
	}
}
