package azure_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/azure"
	"github.com/ferry-cd/ferry/scm/azure/fake"
	"github.com/ferry-cd/ferry/scm/scmtest"
	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// cannot is what Azure DevOps cannot keep, whatever a driver does.
var cannot = map[scmtest.Impossible]string{
	scmtest.ReviewCommits: "a vote is about the pull request",
	scmtest.Assignees:     "there are only reviewers; who is to take over is asked to review",
	scmtest.EndByPush:     "a pull request stays active until somebody completes or abandons it",
}

// quick does not wait: the fake's time is its calls.
func quick(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// open gives a client of an account's token.
func open(t *testing.T, f *fake.Fake, token string, changes ...func(*azure.Options)) *azure.Client {
	t.Helper()
	o := azure.Options{URL: f.URL(), Repository: fake.Project + "/" + fake.Repository, Identities: f.Identities(),
		Credential: azure.PAT(door.NewToken(token)), Page: 5, Pace: -1, Sleep: quick}
	for _, change := range changes {
		change(&o)
	}
	c, err := azure.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func fixture(t *testing.T, f *fake.Fake) scmtest.Fixture {
	f.Team("release", "ada")
	return scmtest.Fixture{
		Bot: open(t, f, f.Bot), Person: open(t, f, f.Person),
		Twin:        func(t *testing.T) scm.Client { return open(t, f, f.Bot) },
		Remote:      f.Remote(f.Person),
		Fingerprint: func(*testing.T) string { return f.Fingerprint() },
		Protect: func(_ *testing.T, r scmtest.Rules) {
			for _, name := range r.Statuses {
				at := strings.LastIndexByte(name, '/')
				f.RequireStatus(r.Branch, name[:max(at, 0)], name[at+1:])
			}
			if r.Approvals > 0 {
				f.Approvals(r.Branch, r.Approvals, true)
			}
		},
		Comments: func(t *testing.T, number int) []string { return f.Comments(number) },
		Fork: func(t *testing.T, branch string) int {
			head, _ := f.Repo.Head("main")
			return f.Fork(branch, "main", head)
		},
		Reader:   open(t, f, f.Account("eve", hosttest.Read)),
		Stranger: "nobody@elsewhere.example", Team: "release",
		Cannot:   cannot,
		MaxBody:  azure.MaxBody,
		Patience: 5 * time.Second,
	}
}

func TestContract(t *testing.T) {
	scmtest.Run(t, func(t *testing.T) scmtest.Fixture {
		f := fake.New(t)
		f.Lag = 1
		return fixture(t, f)
	})
}
