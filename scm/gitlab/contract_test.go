package gitlab_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/gitlab"
	"github.com/ferry-cd/ferry/scm/gitlab/fake"
	"github.com/ferry-cd/ferry/scm/scmtest"
	"github.com/ferry-cd/ferry/scm/scmtest/faults"
)

// cannot is what GitLab cannot keep, whatever a driver does.
var cannot = map[scmtest.Impossible]string{
	scmtest.PendingText:   "a status that waits is one line until it has its result, and takes new words with a new state only",
	scmtest.NamedStatuses: "the pipeline of the head must succeed as a whole",
	scmtest.ReviewHistory: "approvals and states of reviewers are lists of now",
	scmtest.TeamReviewers: "groups approve by rules, and are not asked",
	scmtest.PlainSquash:   "where the project merges by merge commits, a squash is merged by one too",
}

func TestContract(t *testing.T) {
	scmtest.Run(t, func(t *testing.T) scmtest.Fixture { return fixture(t, fake.New(t)) })
}

// The same through a proxy that misbehaves.
func TestFaultProxy(t *testing.T) {
	faults.Run(t, func(t *testing.T, wrap func(http.Handler) http.Handler) scmtest.Fixture {
		f := fake.New(t)
		f.Host.Wrap(wrap)
		return fixture(t, f)
	})
}

func fixture(t *testing.T, f *fake.Fake) scmtest.Fixture {
	return scmtest.Fixture{
		Bot: open(t, f, fake.Bot), Person: open(t, f, fake.Person), Reader: open(t, f, fake.Reader),
		Twin:        func(t *testing.T) scm.Client { return open(t, f, fake.Bot) },
		Remote:      f.Remote(fake.Person),
		Fingerprint: func(*testing.T) string { return fmt.Sprint(f.Writes()) },
		Protect: func(_ *testing.T, r scmtest.Rules) {
			f.Protect(r.Branch, r.Approvals)
			f.Set(func(s *fake.Settings) { s.PipelineMust, s.ResetOnPush = len(r.Statuses) > 0, r.Approvals > 0 })
		},
		Comments: func(_ *testing.T, number int) []string { return f.Comments(number) },
		Fork:     func(_ *testing.T, branch string) int { return f.OpenFork(branch) },
		Stranger: "nobody.at.all", Team: "release", Cannot: cannot,
	}
}

// open gives a client of an account that never really waits.
func open(t testing.TB, f *fake.Fake, name string) *gitlab.Client {
	t.Helper()
	return openWith(t, f, gitlab.Options{Token: door.NewToken(f.Token(name))})
}

func openWith(t testing.TB, f *fake.Fake, o gitlab.Options) *gitlab.Client {
	t.Helper()
	o.URL, o.Repository = f.Host.URL(), fake.Path
	o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	if o.Pace == 0 {
		o.Pace = -1
	}
	c, err := gitlab.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
