package hosttest_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// remote is an address with a token in it.
func remote(t *testing.T, r *hosttest.Repo, token string) string {
	t.Helper()
	u, err := url.Parse(r.Remote())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("x", token)
	return u.String()
}

func text(s string) *string { return &s }

func TestHost(t *testing.T) {
	h := hosttest.New(t)
	h.Handle(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := h.Who(hosttest.TokenOf(r))
		_, _ = w.Write([]byte("hello " + name))
	}))
	repo := h.Repo("acme/team/gitops")
	ada, eve, out := h.Person("ada", hosttest.Write), h.Person("eve", hosttest.Read), h.Person("out", hosttest.None)
	var pushes []string
	repo.OnPush(func(branch, was, now, user string) { pushes = append(pushes, user+" "+branch+" "+was+" "+now) })
	repo.RefusePush(func(p hosttest.Push) *hosttest.Refusal {
		if p.Branch == "locked" && p.Now != "" {
			return &hosttest.Refusal{Said: "locked is locked, " + p.User, Reason: "not this one"}
		}
		return nil
	})

	work := t.TempDir()
	gittest.Run(t, work, "init", "-q", "-b", "main")
	gittest.Run(t, work, "commit", "-q", "--allow-empty", "-m", "one")
	head := gittest.Run(t, work, "rev-parse", "HEAD")
	gittest.Run(t, work, "push", "-q", remote(t, repo, ada), "main", "main:feature")
	for name, token := range map[string]string{"a reader": eve, "an outsider": out, "a stranger": "nonsense"} {
		if said, err := gittest.Try(work, "push", "-q", remote(t, repo, token), "main:theirs"); err == nil {
			t.Errorf("%s pushed: %s", name, said)
		}
	}
	if said, err := gittest.Try(work, "push", "-q", remote(t, repo, ada), "main:locked", "main:beside"); err == nil || !strings.Contains(said, "remote: locked is locked, ada") || !strings.Contains(said, "(not this one)") {
		t.Errorf("pushed to locked: %s, %v", said, err)
	}
	if _, err := gittest.Try(work, "ls-remote", remote(t, repo, eve)); err != nil {
		t.Error("a reader cannot read")
	}
	if _, err := gittest.Try(work, "ls-remote", remote(t, repo, out)); err == nil {
		t.Error("an outsider can read")
	}
	if want := []string{"ada feature  " + head, "ada main  " + head}; !slices.Equal(pushes, want) {
		t.Errorf("pushes %q, want %q", pushes, want)
	}
	req, _ := http.NewRequest(http.MethodGet, h.URL()+"/api/user", nil)
	req.Header.Set("Authorization", "Bearer "+ada)
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	if h.Revoke(ada); h.Role("ada") != hosttest.None {
		t.Error("a revoked token is worth something")
	}
	if a, b := h.Now(), h.Now(); !b.After(a) {
		t.Error("the clock stands")
	}
}

func TestMerges(t *testing.T) {
	r := hosttest.New(t).Repo("acme/gitops")
	first := r.Commit("", map[string]*string{"a": text("1\n"), "b": text("1\n")}, "first", "ada")
	if err := r.SetRef("main", "", first); err != nil {
		t.Fatal(err)
	}
	side := r.Commit(r.Commit(first, map[string]*string{"c": text("1\n")}, "add c", "ada"), map[string]*string{"b": nil}, "drop b", "ada")
	other := r.Commit(first, map[string]*string{"a": text("2\n")}, "other", "ada")
	clash := r.Commit(first, map[string]*string{"a": text("3\n")}, "clash", "ada")
	for method, parents := range map[string]int{"merge": 2, "squash": 1, "rebase": 1} {
		now, _ := r.Head("main")
		if err := r.SetRef("main", now, other); err != nil {
			t.Fatal(err)
		}
		sha, conflicts, err := r.Merge("main", side, method, "merged\n\nbody", "bot")
		if err != nil || conflicts != nil {
			t.Fatal(method, conflicts, err)
		}
		if at, _ := r.Head("main"); at != sha || len(r.Parents(sha)) != parents {
			t.Errorf("%s: main is %s with %d parents", method, at, len(r.Parents(sha)))
		}
		if got := gittest.Run(t, r.Dir(), "ls-tree", "--name-only", sha); got != "a\nc" {
			t.Errorf("%s: files %q", method, got)
		}
		if method == "rebase" && r.Ahead(other, sha) != 2 {
			t.Errorf("%d commits", r.Ahead(other, sha))
		}
		if method != "rebase" && !strings.HasPrefix(r.Message(sha), "merged") {
			t.Errorf("%s: %q", method, r.Message(sha))
		}
	}
	if _, conflicts, err := r.Merge("main", clash, "merge", "m", "bot"); err != nil || !slices.Equal(conflicts, []string{"a"}) {
		t.Error(conflicts, err)
	}
	if err := r.SetRef("main", first, clash); err == nil {
		t.Error("a branch moved from where it was not")
	}
	if !r.Contains(side, first) || r.Contains(first, side) || r.Has("nonsense") || !r.Has(side) {
		t.Error("ancestry")
	}
}
