package gitea_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/gitea"
	"github.com/ferry-cd/ferry/scm/gitea/fake"
	"github.com/ferry-cd/ferry/scm/scmtest"
)

func TestContract(t *testing.T) {
	scmtest.Run(t, func(t *testing.T) scmtest.Fixture {
		f := fake.New(t)
		f.Page = 5
		refereed(t, f)
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
		Protect:     func(_ *testing.T, r scmtest.Rules) { f.Protect(r.Branch, r.Statuses, r.Approvals) },
		Comments:    func(_ *testing.T, number int) []string { return f.Comments(number) },
		Fork:        func(_ *testing.T, branch string) int { return f.Fork(branch) },
		Stranger:    "nobody",
		Team:        fake.Team,
		Page:        6,
	}
}

// open is an account's client in a process of its own. Its pauses take no time.
func open(t testing.TB, f *fake.Fake, name string) *gitea.Client {
	t.Helper()
	return with(t, f, gitea.Options{Credential: door.Bearer(door.NewToken(f.Token(name)))})
}

func with(t testing.TB, f *fake.Fake, o gitea.Options) *gitea.Client {
	t.Helper()
	o.URL, o.Repository, o.Pace = f.URL(), fake.Repository, -1
	if o.Sleep == nil {
		o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	c, err := gitea.Open(t.Context(), o)
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
	u.User = url.UserPassword(gitea.Username, token)
	return u.String()
}
