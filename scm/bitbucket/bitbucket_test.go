package bitbucket_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/bitbucket"
	"github.com/ferry-cd/ferry/scm/bitbucket/fake"
	"github.com/ferry-cd/ferry/scm/scmtest"
)

func TestContract(t *testing.T) {
	scmtest.Run(t, func(t *testing.T) scmtest.Fixture {
		f := fake.New(t)
		f.Page = 5
		return fixture(t, f)
	})
}

func fixture(t *testing.T, f *fake.Fake) scmtest.Fixture {
	t.Helper()
	return scmtest.Fixture{
		Bot:         open(t, f, fake.Bot),
		Person:      open(t, f, fake.Person),
		Reader:      open(t, f, fake.Reader),
		Twin:        func(t *testing.T) scm.Client { return open(t, f, fake.Bot) },
		Remote:      authorized(t, f.Remote(), f.Token(fake.Person)),
		Fingerprint: func(*testing.T) string { return f.Fingerprint() },
		Comments:    func(_ *testing.T, number int) []string { return f.Comments(number) },
		Fork:        func(_ *testing.T, branch string) int { return f.Fork(branch) },
		Stranger:    "{00000000-0000-4000-8000-000000000000}",
		Page:        6,
		MaxBody:     30_000,
		Cannot: map[scmtest.Impossible]string{
			scmtest.StatusHistory:  "a status replaces the one with its key",
			scmtest.Assignees:      "there are reviewers only",
			scmtest.StatusCreators: "a build status has no author in the API",
		},
	}
}

// open is an account's client in a process of its own. Its pauses take no time.
func open(t testing.TB, f *fake.Fake, name string) *bitbucket.Client {
	t.Helper()
	return with(t, f, bitbucket.Options{Credential: door.Bearer(door.NewToken(f.Token(name)))})
}

func with(t testing.TB, f *fake.Fake, o bitbucket.Options) *bitbucket.Client {
	t.Helper()
	o.URL, o.Repository, o.Pace = f.URL(), fake.Repository, -1
	o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	c, err := bitbucket.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// authorized puts a token into a remote's address.
func authorized(t *testing.T, remote, token string) string {
	t.Helper()
	u, err := url.Parse(remote)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(bitbucket.Username, token)
	return u.String()
}
