package github_test

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	lib "github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/github"
	"github.com/ferry-cd/ferry/scm/scmtest"
)

// The contract on a real GitHub, with the tokens of two people. It makes a public repository for each promise, and deletes
// it; docs/forges.md says how.
func TestContractOnAServer(t *testing.T) {
	token, person := os.Getenv("FERRY_E2E_GITHUB_TOKEN"), os.Getenv("FERRY_E2E_GITHUB_PERSON_TOKEN")
	if token == "" || person == "" {
		t.Skip("FERRY_E2E_GITHUB_TOKEN and FERRY_E2E_GITHUB_PERSON_TOKEN are not set")
	}
	r := &realm{api: strings.TrimSuffix(cmp.Or(os.Getenv("FERRY_E2E_GITHUB_URL"), github.API), "/"), token: token, person: person}
	r.bot, r.ada = r.lib(t, token), r.lib(t, person)
	r.owner, _, _ = strings.Cut(os.Getenv("FERRY_E2E_GITHUB_REPO"), "/")
	scmtest.Run(t, r.fixture)
}

// realm is what the test uses of a server.
type realm struct {
	api, owner    string // of repositories; "" = the first token's account
	token, person string
	bot, ada      *lib.Client
}

func (r *realm) lib(t *testing.T, token string) *lib.Client {
	t.Helper()
	c := lib.NewClient(nil).WithAuthToken(token)
	base, err := url.Parse(r.api + "/")
	if err != nil {
		t.Fatal(err)
	}
	c.BaseURL = base
	return c
}

func (r *realm) fixture(t *testing.T) scmtest.Fixture {
	t.Helper()
	name := "ferry-e2e-" + strings.ToLower(rand.Text()[:10])
	repo, _, err := r.bot.Repositories.Create(t.Context(), r.owner, &lib.Repository{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	owner := repo.GetOwner().GetLogin()
	t.Cleanup(func() { _, _ = r.bot.Repositories.Delete(t.Context(), owner, name) })
	r.invite(t, owner, name)
	remote, err := url.Parse(repo.GetCloneURL())
	if err != nil {
		t.Fatal(err)
	}
	remote.User = url.UserPassword(github.Username, r.person)
	return scmtest.Fixture{
		Bot: r.client(t, repo, r.token), Person: r.client(t, repo, r.person), Twin: func(t *testing.T) scm.Client { return r.client(t, repo, r.token) },
		Remote: remote.String(), Protect: func(t *testing.T, rules scmtest.Rules) { r.protect(t, owner, name, rules) },
		Stranger: "nobody-has-" + strings.ToLower(rand.Text()[:12]), Page: 7, Patience: time.Minute,
	}
}

// invite lets the other person write.
func (r *realm) invite(t *testing.T, owner, name string) {
	t.Helper()
	ada, _, err := r.ada.Users.Get(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	invitation, _, err := r.bot.Repositories.AddCollaborator(t.Context(), owner, name, ada.GetLogin(), &lib.RepositoryAddCollaboratorOptions{Permission: "push"})
	if err != nil {
		t.Fatal(err)
	}
	if invitation.GetID() == 0 { // a member of the organization already
		return
	}
	if _, err := r.ada.Users.AcceptInvitation(t.Context(), invitation.GetID()); err != nil {
		t.Fatal(err)
	}
}

func (r *realm) client(t *testing.T, repo *lib.Repository, token string) *github.Client {
	t.Helper()
	return open(t, github.Options{URL: r.api, Repository: repo.GetFullName(), Credential: door.Bearer(door.NewToken(token))})
}

// protect makes a ruleset, which binds administrators too.
func (r *realm) protect(t *testing.T, owner, name string, rules scmtest.Rules) {
	t.Helper()
	var all []any
	if len(rules.Statuses) > 0 {
		var checks []any
		for _, s := range rules.Statuses {
			checks = append(checks, map[string]any{"context": s})
		}
		all = append(all, map[string]any{"type": "required_status_checks", "parameters": map[string]any{"required_status_checks": checks, "strict_required_status_checks_policy": false}})
	}
	if rules.Approvals > 0 {
		all = append(all, map[string]any{"type": "pull_request", "parameters": map[string]any{"required_approving_review_count": rules.Approvals, "dismiss_stale_reviews_on_push": true,
			"require_code_owner_review": false, "require_last_push_approval": false, "required_review_thread_resolution": false}})
	}
	req, err := r.bot.NewRequest(http.MethodPost, fmt.Sprintf("repos/%s/%s/rulesets", owner, name), map[string]any{
		"name": "ferry", "target": "branch", "enforcement": "active", "rules": all,
		"conditions": map[string]any{"ref_name": map[string]any{"include": []string{"refs/heads/" + rules.Branch}, "exclude": []string{}}},
	})
	if err == nil {
		_, err = r.bot.Do(t.Context(), req, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}
