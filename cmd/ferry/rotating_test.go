package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ferry-cd/ferry/connector/config"
	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"

	githubfake "github.com/ferry-cd/ferry/scm/github/fake"
)

// passwords notes who requests say they are, of the API and of Git alike.
type passwords struct {
	mu   sync.Mutex
	seen map[string]int
}

func (p *passwords) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, token, basic := r.BasicAuth()
		if !basic {
			token = r.Header.Get("Authorization")
		}
		p.mu.Lock()
		p.seen[token]++
		p.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// take gives what was seen since it was last asked.
func (p *passwords) take() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.seen
	p.seen = map[string]int{}
	return out
}

// A token that is replaced in its file is used from the next request on, for the API and for Git, and the one before is not
// sent again. While the file is not there, the last one stays.
func TestCredentialsRotate(t *testing.T) {
	c := newClinic(t)
	c.push()
	sent := &passwords{seen: map[string]int{}}
	c.Host.Wrap(sent.wrap)
	file := filepath.Join(t.TempDir(), "token")
	put := func(token string) {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := c.Token(githubfake.Bot)
	put(old)
	a := elsewhere(map[string]string{"FERRY_TOKEN": "nobody-asked-for-this-one"})
	r := &running{app: a, secrets: config.NewKeeper(a.Getenv), log: jsonLog(&bytes.Buffer{}, false)}
	at, err := r.open(t.Context(), c.Repo.Remote(), config.Forge{Kind: "github"}, config.Credentials{Token: config.Secret{File: file}})
	if err != nil {
		t.Fatal(err)
	}
	use := func(only string) {
		t.Helper()
		sent.take()
		if _, err := at.forge.Statuses(t.Context(), c.head()); err != nil {
			t.Error(err)
		}
		api := sent.take()
		if _, err := at.repo.Refs(t.Context()); err != nil {
			t.Error(err)
		}
		git := sent.take()
		if len(api) != 1 || api["Bearer "+only] == 0 || len(git) != 1 || git[only] == 0 {
			t.Errorf("sent %v to the API and %v to Git, want %s alone", api, git, only)
		}
	}
	use(old)
	fresh := c.Host.Person("ferry-ci-renewed", hosttest.Write)
	c.Host.Revoke(old)
	put(fresh)
	use(fresh)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	use(fresh)
}

func (c *clinic) head() string {
	c.t.Helper()
	head, ok := c.Repo.Head("main")
	if !ok {
		c.t.Fatal("there is no main")
	}
	return head
}
