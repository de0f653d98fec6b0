package github_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/github/fake"
)

// What the page of costs supposes; it says so to its readers.
const (
	costEnvironments = 3
	costReleases     = 8           // of an app in a month
	costBackstop     = 30 * 24 * 2 // looks in a month, every half hour
)

// lookCalls counts what one look at an environment asks for: its open pull requests, and the statuses of a record for each app.
func lookCalls(t *testing.T, apps int) int {
	t.Helper()
	f, _ := stage(t)
	var shas []string
	for i := range apps {
		text := fmt.Sprint(i)
		shas = append(shas, f.Repo.Commit("", map[string]*string{"n": &text}, "n", "ada"))
	}
	c := client(t, f, f.URL(), fake.Bot)
	if _, err := c.PullRequests(t.Context(), scm.Filter{State: scm.Open}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.StatusesOf(t.Context(), shas, nil); err != nil {
		t.Fatal(err)
	}
	return sum(c.Calls())
}

// promotionCalls counts what one promotion asks for from nothing to its status.
func promotionCalls(t *testing.T) int {
	t.Helper()
	f, head := stage(t)
	c := client(t, f, f.URL(), fake.Bot)
	propose(t, c)
	if _, err := c.SetStatus(t.Context(), head, scm.Status{Context: "ferry/gates", State: scm.Pending}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Self(t.Context()); err != nil {
		t.Fatal(err)
	}
	return sum(c.Calls())
}

// TestCostsAreCurrent computes docs/cost.md from calls that are counted here. UPDATE=1 rewrites it.
func TestCostsAreCurrent(t *testing.T) {
	const file = "../../docs/cost.md"
	promotion := promotionCalls(t)
	var rows strings.Builder
	for _, apps := range []int{10, 100, 300} {
		look := lookCalls(t, apps)
		promotions := apps * costReleases * costEnvironments
		runs := apps*costReleases + 4*promotions + costBackstop
		calls := runs*costEnvironments*look + promotions*promotion
		fmt.Fprintf(&rows, "| %d | %d | %d | %d | %d | %d | %d |\n", apps, promotions, runs, runs, look, calls, calls/(30*24))
	}
	want := fmt.Sprintf(`# What it costs

<!-- Made from counted calls by UPDATE=1 go test ./scm/github -run Costs. -->

CI minutes and API calls of a month on GitHub, for %d environments and %d releases of each app in a month, each of which goes all the way. They are computed from calls that a test counts against
a forge in memory: one look at an environment, and one promotion, which takes %d.

A run is a job that %s starts for: a release that is handed over, and for each promotion the merge, the review, the check of its pull request and the news of the cluster; and a look every half
hour (%d in a month). GitHub counts a job of some seconds as one minute.

| apps | promotions | runs | CI minutes | calls of a look at an environment | API calls in a month | in an hour |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: |
%s
- Every event counts as a run of its own; events that come together may share one. What else a run asks (who it is, rules of branches, what people said of open pull requests) is not in it:
  %s says at its end how many calls there were in your repository.
- Answers that did not change (304) are counted, though GitHub does not count them; fetches and pushes are not, since they go over Git.
- GitHub allows 5000 calls in an hour to a token or the installation of an app, and more to those of large organizations. Most runs are for merges and news, not for the look every half hour: where
  the connector tells nobody, leave its dispatch out and let the schedule find what is healthy.
- Apps of one group share a pull request, and so the runs and calls for it.
`, costEnvironments, costReleases, promotion, "`ferry`", costBackstop, rows.String(), "`ferry advance -v`")
	if got, err := os.ReadFile(file); err == nil && string(got) == want {
		return
	}
	if os.Getenv("UPDATE") == "" {
		t.Fatalf("%s is not current: UPDATE=1 go test ./scm/github -run Costs", file)
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
