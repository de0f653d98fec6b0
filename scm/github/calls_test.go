package github_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/github"
	"github.com/ferry-cd/ferry/scm/github/fake"
)

// stage is a fake with a first commit and a branch off it.
func stage(t *testing.T) (f *fake.Fake, head string) {
	t.Helper()
	f = fake.New(t)
	refereed(t, f)
	commit(t, f, "main", "", map[string]string{"a": "1\n"})
	return f, commit(t, f, "ferry/dev/web", "main", map[string]string{"b": "1\n"})
}

var proposal = scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "t", Body: "b", Labels: []string{"dev"}, Reviewers: []string{fake.Person}}

func propose(t *testing.T, c *github.Client) scm.PullRequest {
	t.Helper()
	pr, _, err := c.EnsurePullRequest(t.Context(), proposal)
	if err != nil {
		t.Fatal(err)
	}
	return pr
}

func sum(c door.Calls) int { return c.Reads + c.Writes }

func TestPromotionTakesSixCalls(t *testing.T) {
	f, head := stage(t)
	c := client(t, f, f.URL(), fake.Bot)
	propose(t, c)
	if _, err := c.SetStatus(t.Context(), head, scm.Status{Context: "ferry/gates", State: scm.Pending}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Self(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := sum(c.Calls()); n > 6 {
		t.Errorf("a promotion took %d calls: %+v", n, c.Calls())
	}
	again := client(t, f, f.URL(), fake.Bot)
	propose(t, again)
	if _, err := again.SetStatus(t.Context(), head, scm.Status{Context: "ferry/gates", State: scm.Pending}); err != nil {
		t.Fatal(err)
	}
	if calls := again.Calls(); calls.Writes != 0 || sum(calls) > 2 {
		t.Errorf("the same again: %+v", calls)
	}
}

// An environment of 300 apps, looked at when nothing is to be done: its pull requests, and the statuses of the commits
// of 300 records.
func TestEnvironmentOf300AppsTakesFiveCalls(t *testing.T) {
	f, _ := stage(t)
	c := client(t, f, f.URL(), fake.Bot)
	var shas []string
	for i := range 300 {
		text := fmt.Sprint(i)
		shas = append(shas, f.Repo.Commit("", map[string]*string{"n": &text}, "n", "ada"))
	}
	for _, sha := range []string{shas[0], shas[150], shas[299]} {
		if _, err := c.SetStatus(t.Context(), sha, scm.Status{Context: "ferry/dev/web", State: scm.Superseded, Text: "by 2"}); err != nil {
			t.Fatal(err)
		}
	}
	before := c.Calls()
	if _, err := c.PullRequests(t.Context(), scm.Filter{State: scm.Open}); err != nil {
		t.Fatal(err)
	}
	all, err := c.StatusesOf(t.Context(), shas, nil)
	if err != nil {
		t.Fatal(err)
	}
	after := c.Calls()
	if n := sum(after) - sum(before); n > 5 || after.Writes != before.Writes {
		t.Errorf("%d calls", n)
	}
	for _, sha := range []string{shas[0], shas[150], shas[299]} {
		if s := all[sha]; len(s) != 1 || s[0].State != scm.Superseded || s[0].Text != "by 2" || s[0].Creator != fake.Bot {
			t.Errorf("%s: %+v", sha, s)
		}
	}
	if len(all) != 3 {
		t.Errorf("%d commits have statuses", len(all))
	}
}

// Where somebody who is not trusted has spoken last, what was said before is looked for.
func TestStatusesBehindSomebodyElses(t *testing.T) {
	f, head := stage(t)
	for _, who := range []string{fake.Bot, fake.Person} {
		if _, err := client(t, f, f.URL(), who).SetStatus(t.Context(), head, scm.Status{Context: "ferry/dev/web", State: scm.Success, Text: who}); err != nil {
			t.Fatal(err)
		}
	}
	o := options(f, f.URL())
	o.Credential = door.Bearer(door.NewToken(f.Token(fake.Bot)))
	got, err := open(t, o).StatusesOf(t.Context(), []string{head}, []string{fake.Bot})
	if err != nil || len(got[head]) != 2 || got[head][1].Creator != fake.Bot {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWallOfStatuses(t *testing.T) {
	f, head := stage(t)
	c := client(t, f, f.URL(), fake.Bot)
	f.FillStatuses(head, "ferry/dev/web")
	set := func(text string) (bool, error) {
		return c.SetStatus(t.Context(), head, scm.Status{Context: "ferry/dev/web", State: scm.Success, Text: text})
	}
	if wrote, err := set("the last one"); err != nil || !wrote {
		t.Fatalf("wrote %v, %v", wrote, err)
	}
	if wrote, err := set("one too many"); err == nil || wrote || !strings.Contains(err.Error(), "1000") {
		t.Errorf("wrote %v, %v", wrote, err)
	}
	before := sum(c.Calls())
	if _, err := set("another"); err == nil || sum(c.Calls()) != before {
		t.Errorf("%v; GitHub was asked again", err)
	}
	all, err := c.Statuses(t.Context(), head)
	if err != nil || len(all) != 1000 || all[0].Text != "the last one" {
		t.Errorf("%d statuses, %v", len(all), err)
	}
}
