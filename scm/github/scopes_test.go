package github_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/github/fake"
)

// A classic token with the scope repo alone reads pull requests: GitHub tells it nothing of teams, and refuses all that
// names them.
func TestTokensThatMayNotKnowTeams(t *testing.T) {
	f, head := stage(t)
	f.NoTeams = true
	c := client(t, f, f.URL(), fake.Bot)
	want := proposal
	want.Reviewers = []string{fake.Person, "team/" + fake.Team}
	pr, _, err := c.EnsurePullRequest(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	c = client(t, f, f.URL(), fake.Bot)
	before := f.Fingerprint()
	if _, outcome, err := c.EnsurePullRequest(t.Context(), want); err != nil || outcome != scm.Unchanged || f.Fingerprint() != before {
		t.Errorf("asked again: %s, %v", outcome, err)
	}
	if read, err := c.PullRequest(t.Context(), pr.Number); err != nil || !slices.Contains(read.Reviewers, fake.Person) {
		t.Errorf("%v, %v", read.Reviewers, err)
	}
	if all, err := c.PullRequests(t.Context(), scm.Filter{Head: "ferry/dev/web"}); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: head}); err != nil {
		t.Error(err)
	}
}

// A server whose lists never end does not hold ferry for ever.
func TestListsThatDoNotEnd(t *testing.T) {
	f, head := stage(t)
	c := client(t, f, f.URL(), fake.Bot)
	pr := propose(t, c)
	asked := 0
	f.Host.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && (strings.HasSuffix(r.URL.Path, "/reviews") || strings.HasSuffix(r.URL.Path, "/statuses")) {
				asked++
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Link", fmt.Sprintf(`<%s%s?page=2>; rel="next"`, f.URL(), r.URL.Path))
				_, _ = w.Write([]byte("[]"))
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	if _, err := c.Reviews(t.Context(), pr.Number); err == nil || !strings.Contains(err.Error(), "does not end") {
		t.Errorf("reviews: %v", err)
	}
	if _, err := c.Statuses(t.Context(), head); err == nil || asked > 4 {
		t.Errorf("statuses: %v after %d calls", err, asked)
	}
}
