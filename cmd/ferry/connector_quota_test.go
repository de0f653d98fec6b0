package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector/config"
	"github.com/ferry-cd/ferry/connector/operate"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	githubfake "github.com/ferry-cd/ferry/scm/github/fake"
)

type meter map[string]door.Quota

func (m meter) Quotas() map[string]door.Quota { return m }

// Clients that share a credential share a limit: what was said last of it counts.
func TestQuotas(t *testing.T) {
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	told := func(left float64, at time.Duration) meter {
		return meter{"rest": {Left: left, Limit: 5000, Told: noon.Add(at)}}
	}
	have := quotas([]spender{
		{"github.com", "/etc/ferry/token", told(300, time.Minute)},
		{"github.com", "/etc/ferry/token", told(200, 2*time.Minute)},
		{"github.com", "/etc/ferry/token", told(250, 0)},
		{"github.com", "app 1 of acme", told(9, 0)},
		{"gitlab.com", "/etc/ferry/token", meter{}},
	})
	want := []operate.Quota{
		{Forge: "github.com", Credential: "/etc/ferry/token", Resource: "rest", Quota: door.Quota{Left: 200, Limit: 5000, Told: noon.Add(2 * time.Minute)}},
		{Forge: "github.com", Credential: "app 1 of acme", Resource: "rest", Quota: door.Quota{Left: 9, Limit: 5000, Told: noon}},
	}
	if !slices.Equal(have, want) {
		t.Errorf("%+v", have)
	}
}

// What GitHub says with the answers to a repository's and a source's statuses is in the view that is scraped, without anything
// being asked for it, and without the secret.
func TestQuotasAreSeen(t *testing.T) {
	f := githubfake.New(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(f.Token(githubfake.Bot)), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &app{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Now: time.Now, Getenv: func(string) string { return "" }, Dir: t.TempDir()}
	one := config.Repository{URL: f.Repo.Remote(), Forge: config.Forge{Kind: "github"}, Credentials: config.Credentials{Token: config.Secret{File: token}}}
	r := &running{app: a, config: &config.Config{Sources: []config.Source{{Pattern: one.URL, Forge: one.Forge, Credentials: one.Credentials}}}, secrets: config.NewKeeper(a.Getenv),
		log: jsonLog(io.Discard, false), calls: map[string]counted{}}
	r.sources = newSourceForges(r)
	d, err := r.connecting(one)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, ok := r.sources.of(one.URL)
	sha := f.Repo.Commit("", map[string]*string{}, "empty", "Ada <ada@example.com>")
	_, err = d.Forge.SetStatus(t.Context(), sha, scm.Status{Context: "ferry/dev/shop", State: scm.Pending})
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	seen := quotas(r.spend)
	if len(seen) == 0 || len(r.spend) != 2 {
		t.Fatalf("%+v of %d", seen, len(r.spend))
	}
	host, _, _ := strings.Cut(destinationName(one.URL), "/")
	for _, q := range seen {
		if q.Forge != host || q.Credential != token || q.Left != 4999 || q.Limit != 5000 {
			t.Errorf("%+v", q)
		}
	}
}
