package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	azurefake "github.com/ferry-cd/ferry/scm/azure/fake"
	bitbucketfake "github.com/ferry-cd/ferry/scm/bitbucket/fake"
	giteafake "github.com/ferry-cd/ferry/scm/gitea/fake"
	githubfake "github.com/ferry-cd/ferry/scm/github/fake"
	gitlabfake "github.com/ferry-cd/ferry/scm/gitlab/fake"
)

// rented is a forge with an empty repository and two accounts that may write to it.
type rented struct {
	remote      string // of the repository, without credentials
	bot, person string // tokens
	names       [2]string
	env         []string
}

// forges start one of each kind.
var forges = map[string]func(t testing.TB) rented{
	"github": func(t testing.TB) rented {
		f := githubfake.New(t)
		return rented{remote: f.Repo.Remote(), bot: f.Token(githubfake.Bot), person: f.Token(githubfake.Person), names: [2]string{githubfake.Bot, githubfake.Person}}
	},
	"gitlab": func(t testing.TB) rented {
		f := gitlabfake.New(t)
		return rented{remote: f.Repo.Remote(), bot: f.Token(gitlabfake.Bot), person: f.Token(gitlabfake.Person), names: [2]string{gitlabfake.Bot, gitlabfake.Person}}
	},
	"azure": func(t testing.TB) rented {
		f := azurefake.New(t)
		return rented{remote: bare(t, f.Remote(f.Bot)), bot: f.Bot, person: f.Person, names: [2]string{"ferry", "ada"}}
	},
	"bitbucket": func(t testing.TB) rented {
		f := bitbucketfake.New(t)
		return rented{remote: f.Remote(), bot: f.Token(bitbucketfake.Bot), person: f.Token(bitbucketfake.Person), names: [2]string{bitbucketfake.Bot, bitbucketfake.Person}}
	},
	"gitea": func(t testing.TB) rented {
		f := giteafake.New(t)
		return rented{remote: f.Remote(), bot: f.Token(giteafake.Bot), person: f.Token(giteafake.Person), names: [2]string{giteafake.Bot, giteafake.Person}}
	},
}

// bare takes the credentials out of an address.
func bare(t testing.TB, remote string) string {
	t.Helper()
	u, err := url.Parse(remote)
	if err != nil {
		t.Fatal(err)
	}
	u.User = nil
	return u.String()
}

// TestForges tells one story, testdata/forges/story.txtar, on every forge, by the real program.
func TestForges(t *testing.T) {
	dir, err := filepath.Abs("../../testdata/forges")
	if err != nil {
		t.Fatal(err)
	}
	for kind, rent := range forges {
		t.Run(kind, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir:                 dir,
				RequireExplicitExec: true,
				Condition:           func(cond string) (bool, error) { return cond == "forge:"+kind, nil },
				Setup:               func(env *testscript.Env) error { return settle(env, kind, rent(t)) },
			})
		})
	}
}

// TestTeam tells testdata/teams/team.txtar where teams and rules of a branch are the forge's own.
func TestTeam(t *testing.T) {
	f := githubfake.New(t)
	at := rented{remote: f.Repo.Remote(), bot: f.Token(githubfake.Bot), person: f.Token(githubfake.Person), names: [2]string{githubfake.Bot, githubfake.Person}}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "teams"),
		RequireExplicitExec: true,
		Setup:               func(env *testscript.Env) error { return settle(env, "github", at) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"require": func(_ *testscript.TestScript, _ bool, statuses []string) { // of main; from then on nobody pushes to it
				f.AddRuleset(githubfake.Ruleset{Branch: "main", Bypass: "never", Rule: githubfake.Rule{Statuses: statuses}})
			},
		},
	})
}

// settle names the forge to a story, in the variables that a job would have.
func settle(env *testscript.Env, kind string, f rented) error {
	u, err := url.Parse(f.remote)
	if err != nil {
		return err
	}
	u.User = url.UserPassword("x", f.person)
	for name, value := range map[string]string{
		"FERRY_REPO": f.remote, "FERRY_FORGE": kind, "FERRY_TOKEN": f.bot, "PERSON": f.person, "BOT": f.bot, "PUSH": u.String(),
		"BOT_NAME": f.names[0], "PERSON_NAME": f.names[1], "NO_COLOR": "1",
		"GIT_CONFIG_GLOBAL": filepath.Join(env.WorkDir, ".gitconfig"),
		"GIT_AUTHOR_NAME":   "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com", "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
	} {
		env.Setenv(name, value)
	}
	env.Vars = append(env.Vars, f.env...)
	settings := "[init]\n\tdefaultBranch = main\n[safe]\n\tdirectory = *\n"
	return os.WriteFile(filepath.Join(env.WorkDir, ".gitconfig"), []byte(settings), 0o600)
}

// The kinds of forges that the program knows are those that the story is told on.
func TestEveryForgeHasItsStory(t *testing.T) {
	for _, d := range drivers {
		if forges[d.kind] == nil {
			t.Errorf("no story on %s", d.kind)
		}
	}
	if len(forges) != len(drivers) || !strings.Contains(kinds(), "github") {
		t.Errorf("%d stories for %s", len(forges), kinds())
	}
}
