package github_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/github"
	"github.com/ferry-cd/ferry/scm/github/fake"
	"github.com/ferry-cd/ferry/scm/scmtest"
)

func TestContract(t *testing.T) {
	scmtest.Run(t, func(t *testing.T) scmtest.Fixture {
		f := fake.New(t)
		f.PageCap = 6
		refereed(t, f)
		return fixture(t, f, f.URL())
	})
}

func fixture(t *testing.T, f *fake.Fake, api string) scmtest.Fixture {
	return scmtest.Fixture{
		Bot:         client(t, f, api, fake.Bot),
		Person:      client(t, f, api, fake.Person),
		Reader:      client(t, f, api, fake.Reader),
		Twin:        func(t *testing.T) scm.Client { return client(t, f, api, fake.Bot) },
		Remote:      remote(t, f, fake.Person),
		Fingerprint: func(*testing.T) string { return f.Fingerprint() },
		Protect: func(_ *testing.T, r scmtest.Rules) {
			f.AddRuleset(fake.Ruleset{Branch: r.Branch, Bypass: "never", Rule: fake.Rule{Statuses: r.Statuses, Approvals: r.Approvals, Resets: r.Approvals > 0}})
		},
		Comments: func(_ *testing.T, number int) []string { return f.Comments(number) },
		Fork:     func(_ *testing.T, branch string) int { return f.Fork(branch) },
		Stranger: "nobody-here",
		Team:     fake.Team,
		Page:     7,
	}
}

// options are those of a client that waits for little.
func options(f *fake.Fake, api string) github.Options {
	return github.Options{URL: api, Repository: fake.Path, Pace: -1, Sleep: nap}
}

func client(t *testing.T, f *fake.Fake, api, name string) *github.Client {
	t.Helper()
	o := options(f, api)
	o.Credential = door.Bearer(door.NewToken(f.Token(name)))
	return open(t, o)
}

func open(t *testing.T, o github.Options) *github.Client {
	t.Helper()
	c, err := github.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// remote is an address with somebody's token in it.
func remote(t *testing.T, f *fake.Fake, name string) string {
	t.Helper()
	u, err := url.Parse(f.Repo.Remote())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(github.Username, f.Token(name))
	return u.String()
}

// nap is a tenth of a pause, so that what others do at the same time has time to end; and never long.
func nap(_ context.Context, d time.Duration) error {
	time.Sleep(min(d/10, 300*time.Millisecond))
	return nil
}
