package github_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/github"
	"github.com/ferry-cd/ferry/scm/github/fake"
)

// clock is time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// asApp is a fake with an App, its client, and the credential.
func asApp(t *testing.T) (*fake.Fake, *github.Client, *github.App, *clock) {
	t.Helper()
	f := fake.New(t)
	refereed(t, f)
	now := &clock{now: time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)}
	key, err := f.Install(now.Now)
	if err != nil {
		t.Fatal(err)
	}
	o := options(f, f.URL())
	o.Now = now.Now
	app, err := github.NewApp(t.Context(), github.AppOptions{Options: o, ID: fake.AppID, Key: door.NewToken(key)})
	if err != nil {
		t.Fatal(err)
	}
	o.Credential = app
	return f, open(t, o), app, now
}

// commit makes a commit and lets a branch point to it.
func commit(t *testing.T, f *fake.Fake, branch, from string, files map[string]string) string {
	t.Helper()
	parent, _ := f.Repo.Head(from)
	was, _ := f.Repo.Head(branch)
	changes := map[string]*string{}
	for path, data := range files {
		changes[path] = &data
	}
	sha := f.Repo.Commit(parent, changes, "Change "+branch, "ada")
	if err := f.Repo.SetRef(branch, was, sha); err != nil {
		t.Fatal(err)
	}
	return sha
}

func TestAppTokens(t *testing.T) {
	f, c, app, now := asApp(t)
	commit(t, f, "main", "", map[string]string{"a": "1\n"})
	list := func() {
		t.Helper()
		if _, err := c.PullRequests(t.Context(), scm.Filter{}); err != nil {
			t.Fatal(err)
		}
	}
	list()
	list()
	if n := f.Minted(); n != 1 {
		t.Errorf("%d tokens for two calls", n)
	}
	now.pass(56 * time.Minute)
	list()
	if n := f.Minted(); n != 2 {
		t.Errorf("%d tokens, the first of which ends in four minutes", n)
	}
	f.Withdraw()
	list()
	if n := f.Minted(); n != 3 {
		t.Errorf("%d tokens, all but the last withdrawn", n)
	}
	if self, err := c.Self(t.Context()); err != nil || self != "app/ferry" {
		t.Errorf("self %q, %v", self, err)
	}
	p, err := c.Permissions(t.Context())
	if err != nil || len(p.Missing) != 0 || len(p.Unknown) != 0 || p.Expires != "2026-05-04T11:56:00Z" {
		t.Errorf("%+v, %v", p, err)
	}
	token, err := app.Token(t.Context())
	if err != nil || token.IsZero() || f.Minted() != 3 {
		t.Errorf("token for Git: %v, %d minted", err, f.Minted())
	}
}

func TestAppAtOnce(t *testing.T) {
	f, _, app, _ := asApp(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := app.Token(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := f.Minted(); n != 1 {
		t.Errorf("%d tokens for eight at once", n)
	}
}

func TestAppSigns(t *testing.T) {
	f, c, _, _ := asApp(t)
	main := commit(t, f, "main", "", map[string]string{"dev/web.yaml": "1\n", "old.yaml": "1\n"})
	sha, err := c.SignedCommit(t.Context(), scm.Commit{Parent: main, Message: "Promote", Files: []scm.File{
		{Path: "dev/web.yaml", Data: []byte("2\n")}, {Path: "dev/run.sh", Data: []byte{0xff, 0}, Executable: true}, {Path: "old.yaml"},
	}})
	if err != nil || !f.Signed(sha) {
		t.Fatalf("%s signed %v, %v", sha, f.Signed(sha), err)
	}
	if parents := f.Repo.Parents(sha); len(parents) != 1 || parents[0] != main {
		t.Errorf("parents %v", parents)
	}
	if got := f.Repo.Conflicts(main, sha); got != nil {
		t.Errorf("conflicts %v", got)
	}
	// A person's commit is not signed, and that is no success.
	_, err = client(t, f, f.URL(), fake.Person).SignedCommit(t.Context(), scm.Commit{Parent: main, Message: "m", Files: []scm.File{{Path: "a", Data: []byte("a")}}})
	if !errors.Is(err, scm.ErrForbidden) || !strings.Contains(err.Error(), "did not sign") {
		t.Errorf("by a person: %v", err)
	}
}

func TestAppRefused(t *testing.T) {
	f, _, _, now := asApp(t)
	o := options(f, f.URL())
	o.Now = now.Now
	for name, key := range map[string]string{"no key": "", "no PEM": "secret", "no RSA key": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIKjQ2a0cGZPn0E1Fq1sX1sB4mC8q0vVdN6n2cU5m6l2d\n-----END PRIVATE KEY-----\n"} {
		if _, err := github.NewApp(t.Context(), github.AppOptions{Options: o, ID: fake.AppID, Key: door.NewToken(key)}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := fake.New(t)
	key, err := other.Install(now.Now)
	if err != nil {
		t.Fatal(err)
	}
	app, err := github.NewApp(t.Context(), github.AppOptions{Options: o, ID: fake.AppID, Key: door.NewToken(key)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Token(context.Background()); !errors.Is(err, scm.ErrUnauthorized) {
		t.Errorf("another App's key: %v, want ErrUnauthorized", err)
	}
}
