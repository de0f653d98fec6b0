package gitea_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/gitea"
	"github.com/ferry-cd/ferry/scm/scmtest"
)

// The suite on a real server: FERRY_E2E_GITEA_URL is its address, FERRY_E2E_GITEA_TOKEN an administrator's token with all
// scopes. It makes accounts, an organisation with teams and a repository for every promise, and deletes all of them.
func TestRealServer(t *testing.T) {
	server, token := os.Getenv("FERRY_E2E_GITEA_URL"), os.Getenv("FERRY_E2E_GITEA_TOKEN")
	if server == "" || token == "" {
		t.Skip("FERRY_E2E_GITEA_URL and FERRY_E2E_GITEA_TOKEN name no server")
	}
	s := newServer(t, strings.TrimSuffix(server, "/"), token)
	scmtest.Run(t, s.fixture)
}

// server is a real one and who works there.
type server struct {
	url                 string
	admin               *sdk.Client
	owner               string // an organisation
	bot, person, reader account
	serial              int
}

type account struct{ name, token string }

const team = "reviewers" // the person alone

func newServer(t *testing.T, address, token string) *server {
	t.Helper()
	admin, err := sdk.NewClient(address, sdk.SetToken(token), sdk.SetGiteaVersion(""))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{url: address, admin: admin, owner: fmt.Sprintf("ferry-e2e-%d", time.Now().UnixNano())}
	s.bot, s.person, s.reader = s.account(t, "bot"), s.account(t, "person"), s.account(t, "reader")
	if _, _, err := admin.CreateOrg(sdk.CreateOrgOption{Name: s.owner, Visibility: sdk.VisibleTypePrivate}); err != nil {
		t.Fatalf("make organisation %s: %v", s.owner, err)
	}
	t.Cleanup(func() {
		if _, err := admin.DeleteOrg(s.owner); err != nil {
			t.Errorf("delete organisation %s: %v", s.owner, err)
		}
	})
	s.own(t, s.bot)
	s.team(t, team, s.person)
	return s
}

// own makes an account an owner of the organisation: nobody else may dismiss reviews and look into every team.
func (s *server) own(t *testing.T, a account) {
	t.Helper()
	teams, _, err := s.admin.ListOrgTeams(s.owner, sdk.ListTeamsOptions{})
	if err != nil || len(teams) == 0 {
		t.Fatalf("teams of %s: %v", s.owner, err)
	}
	if _, err := s.admin.AddTeamMember(teams[0].ID, a.name); err != nil {
		t.Fatalf("make %s an owner: %v", a.name, err)
	}
}

// team makes one that may write to all repositories.
func (s *server) team(t *testing.T, name string, member account) {
	t.Helper()
	made, _, err := s.admin.CreateTeam(s.owner, sdk.CreateTeamOption{Name: name, Permission: sdk.AccessModeWrite, IncludesAllRepositories: true,
		UnitsMap: map[string]string{"repo.code": "write", "repo.pulls": "write", "repo.issues": "write"},
		Units:    []sdk.RepoUnitType{sdk.RepoUnitCode, sdk.RepoUnitPulls, sdk.RepoUnitIssues}})
	if err != nil {
		t.Fatalf("make team %s: %v", name, err)
	}
	if _, err := s.admin.AddTeamMember(made.ID, member.name); err != nil {
		t.Fatalf("put %s into team %s: %v", member.name, name, err)
	}
}

// account makes one with a token, until the test ends.
func (s *server) account(t *testing.T, role string) account {
	t.Helper()
	name := fmt.Sprintf("ferry-%s-%d", role, time.Now().UnixNano())
	password, change := "Pw-"+name, false
	_, _, err := s.admin.AdminCreateUser(sdk.CreateUserOption{LoginName: name, Username: name, Email: name + "@example.com",
		Password: password, MustChangePassword: &change})
	if err != nil {
		t.Fatalf("make account %s: %v", name, err)
	}
	t.Cleanup(func() {
		if _, err := s.admin.AdminDeleteUser(name); err != nil {
			t.Errorf("delete account %s: %v", name, err)
		}
	})
	self, err := sdk.NewClient(s.url, sdk.SetBasicAuth(name, password), sdk.SetGiteaVersion(""))
	if err != nil {
		t.Fatal(err)
	}
	made, _, err := self.CreateAccessToken(sdk.CreateAccessTokenOption{Name: "ferry", Scopes: []sdk.AccessTokenScope{
		"write:repository", "write:issue", "read:user", "read:organization"}})
	if err != nil {
		t.Fatalf("make a token for %s: %v", name, err)
	}
	return account{name, made.Token}
}

func (s *server) fixture(t *testing.T) scmtest.Fixture {
	t.Helper()
	s.serial++
	repo := s.repository(t, fmt.Sprintf("gitops-%d", s.serial))
	login := base64.StdEncoding.EncodeToString([]byte(s.person.name + ":" + s.person.token))
	return scmtest.Fixture{
		Bot:      s.client(t, repo, s.bot),
		Person:   s.client(t, repo, s.person),
		Reader:   s.client(t, repo, s.reader),
		Twin:     func(t *testing.T) scm.Client { return s.client(t, repo, s.bot) },
		Remote:   s.url + "/" + s.owner + "/" + repo + ".git",
		Env:      []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.extraHeader", "GIT_CONFIG_VALUE_0=Authorization: Basic " + login},
		Protect:  func(t *testing.T, r scmtest.Rules) { s.protect(t, repo, r) },
		Comments: func(t *testing.T, number int) []string { return s.comments(t, repo, number) },
		Fork:     func(t *testing.T, branch string) int { return s.fork(t, repo, branch) },
		Stranger: "nobody-has-this-name",
		Team:     team,
		Page:     50,
		Patience: 30 * time.Second,
	}
}

func (s *server) protect(t *testing.T, repo string, r scmtest.Rules) {
	t.Helper()
	_, _, err := s.admin.CreateBranchProtection(s.owner, repo, sdk.CreateBranchProtectionOption{RuleName: r.Branch, BranchName: r.Branch,
		EnablePush: true, EnableStatusCheck: len(r.Statuses) > 0, StatusCheckContexts: r.Statuses, RequiredApprovals: int64(r.Approvals),
		DismissStaleApprovals: true, BlockOnRejectedReviews: true})
	if err != nil {
		t.Fatalf("protect %s: %v", r.Branch, err)
	}
}

func (s *server) comments(t *testing.T, repo string, number int) []string {
	t.Helper()
	all, _, err := s.admin.ListIssueComments(s.owner, repo, int64(number), sdk.ListIssueCommentOptions{ListOptions: sdk.ListOptions{Page: -1}})
	if err != nil {
		t.Fatalf("read comments: %v", err)
	}
	var out []string
	for _, c := range all {
		out = append(out, c.Body)
	}
	return out
}

// fork lets the person fork the repository, change a file on a branch of the fork, and propose that.
func (s *server) fork(t *testing.T, repo, branch string) int {
	t.Helper()
	person := s.as(t, s.person)
	name := repo + "-fork"
	if _, _, err := person.CreateFork(s.owner, repo, sdk.CreateForkOption{Name: &name}); err != nil {
		t.Fatalf("fork %s: %v", repo, err)
	}
	t.Cleanup(func() {
		if _, err := s.admin.DeleteRepo(s.person.name, name); err != nil {
			t.Errorf("delete the fork %s: %v", name, err)
		}
	})
	_, _, err := person.CreateFile(s.person.name, name, "theirs.yaml", sdk.CreateFileOptions{
		FileOptions: sdk.FileOptions{Message: "Theirs", BranchName: "main", NewBranchName: branch},
		Content:     base64.StdEncoding.EncodeToString([]byte("a: 1\n"))})
	if err != nil {
		t.Fatalf("commit to the fork: %v", err)
	}
	pr, _, err := person.CreatePullRequest(s.owner, repo, sdk.CreatePullRequestOption{Head: s.person.name + "/" + name + ":" + branch, Base: "main", Title: "Theirs"})
	if err != nil {
		t.Fatalf("propose from the fork: %v", err)
	}
	return int(pr.Index)
}

// repository makes one in which hand merges are noticed. It begins with a commit, which the suite replaces: the server
// needs a moment to see that a repository is no longer empty, and has no pull requests until then.
func (s *server) repository(t *testing.T, name string) string {
	t.Helper()
	if _, _, err := s.admin.CreateOrgRepo(s.owner, sdk.CreateRepoOption{Name: name, DefaultBranch: "main", Private: true, AutoInit: true}); err != nil {
		t.Fatalf("make repository %s: %v", name, err)
	}
	t.Cleanup(func() {
		if _, err := s.admin.DeleteRepo(s.owner, name); err != nil {
			t.Errorf("delete repository %s: %v", name, err)
		}
	})
	yes := true
	if _, _, err := s.admin.EditRepo(s.owner, name, sdk.EditRepoOption{HasPullRequests: &yes, AllowManualMerge: &yes, AutodetectManualMerge: &yes,
		AllowMerge: &yes, AllowSquash: &yes, AllowRebase: &yes}); err != nil {
		t.Fatalf("set up repository %s: %v", name, err)
	}
	read := sdk.AccessModeRead
	if _, err := s.admin.AddCollaborator(s.owner, name, s.reader.name, sdk.AddCollaboratorOption{Permission: &read}); err != nil {
		t.Fatalf("let %s into %s: %v", s.reader.name, name, err)
	}
	return name
}

// as is the server's own client for an account.
func (s *server) as(t *testing.T, a account) *sdk.Client {
	t.Helper()
	c, err := sdk.NewClient(s.url, sdk.SetToken(a.token), sdk.SetGiteaVersion(""))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *server) client(t *testing.T, repo string, a account) *gitea.Client {
	t.Helper()
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	c, err := gitea.Open(t.Context(), gitea.Options{URL: s.url, Repository: s.owner + "/" + repo, Credential: door.Bearer(door.NewToken(a.token)),
		Pace: -1, AllowHTTP: u.Scheme == "http"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
