package azure_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/azure"
	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

func TestStrategies(t *testing.T) {
	for method, parents := range map[scm.Method]int{"": 2, scm.MergeCommit: 2, scm.Squash: 1, scm.Rebase: 1} {
		f := forge(t)
		c := open(t, f, f.Bot)
		pr := opened(t, f, c)
		commit, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: pr.HeadSHA, Method: method, Message: "Promote web\n\nFerry-App: web"})
		if err != nil || len(f.Repo.Parents(commit)) != parents {
			t.Errorf("%q: %s, %v", method, commit, err)
		}
		if _, there := f.Repo.Head(pr.Head); !there {
			t.Errorf("%q: the branch is gone", method)
		}
		if method != scm.Rebase && f.Repo.Message(commit) != "Promote web\n\nFerry-App: web" {
			t.Errorf("%q: %q", method, f.Repo.Message(commit))
		}
	}
}

// A refusal names the policies behind it.
func TestPoliciesAreNamed(t *testing.T) {
	f := forge(t)
	f.Lag = 2
	f.Strategies("main", "allowSquash")
	f.RequireStatus("main", "ferry", "gates")
	f.Approvals("main", 2, true)
	c := open(t, f, f.Bot)
	pr := opened(t, f, c)
	merge := func(method scm.Method) error {
		_, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: pr.HeadSHA, Method: method})
		return err
	}
	var rule *scm.RuleError
	if err := merge(scm.MergeCommit); !asError(err, &rule) || rule.Branch != "main" {
		t.Errorf("%v", err)
	}
	fails(t, "with nothing", merge(scm.Squash), scm.ErrForbidden, "status ferry/gates is required and is queued", "2 approval(s) required (Minimum number of reviewers)")
	if _, err := c.SetStatus(t.Context(), pr.HeadSHA, scm.Status{Context: "ferry/gates", State: scm.Failure}); err != nil {
		t.Fatal(err)
	}
	fails(t, "with a failure", merge(scm.Squash), scm.ErrForbidden, "ferry/gates is required and is rejected")
	if _, err := c.SetStatus(t.Context(), pr.HeadSHA, scm.Status{Context: "ferry/gates", State: scm.Success}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ada", "bea"} {
		if _, err := open(t, f, f.Account(name, hosttest.Write)).Review(t.Context(), pr.Number, scm.Review{Verdict: scm.Approved}); err != nil {
			t.Fatal(err)
		}
	}
	if err := merge(scm.Squash); err != nil {
		t.Error(err)
	}
}

func TestConflictsNameFiles(t *testing.T) {
	f := forge(t)
	c := open(t, f, f.Bot)
	pr := opened(t, f, c)
	push(t, f, "main", "web.yaml", "image: web:hotfix\n")
	_, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: pr.HeadSHA})
	var conflict *scm.MergeConflictError
	if !asError(err, &conflict) || !slices.Equal(conflict.Paths, []string{"web.yaml"}) || conflict.Head != pr.Head {
		t.Errorf("%v", err)
	}
}

func TestAutoComplete(t *testing.T) {
	f := forge(t)
	f.RequireStatus("main", "ferry", "gates")
	c := open(t, f, f.Bot)
	pr := opened(t, f, c)
	fails(t, "another head", c.EnqueuePullRequest(t.Context(), pr.Number, scm.Merge{Head: strings.Repeat("a", 40)}), scm.ErrConflict)
	for range 2 {
		if err := c.EnqueuePullRequest(t.Context(), pr.Number, scm.Merge{Head: pr.HeadSHA, Method: scm.Squash, Message: "queued"}); err != nil {
			t.Fatal(err)
		}
		if got, err := c.PullRequest(t.Context(), pr.Number); err != nil || !got.Queued || got.State != scm.Open {
			t.Errorf("%+v, %v", got, err)
		}
		if err := c.DequeuePullRequest(t.Context(), pr.Number); err != nil {
			t.Fatal(err)
		}
		if got, err := c.PullRequest(t.Context(), pr.Number); err != nil || got.Queued {
			t.Errorf("taken back: %+v, %v", got, err)
		}
	}
	if err := c.EnqueuePullRequest(t.Context(), pr.Number, scm.Merge{Head: pr.HeadSHA, Method: scm.Squash, Message: "queued"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SetStatus(t.Context(), pr.HeadSHA, scm.Status{Context: "ferry/gates", State: scm.Success}); err != nil {
		t.Fatal(err)
	}
	got, err := c.PullRequest(t.Context(), pr.Number)
	if err != nil || got.State != scm.Merged || f.Repo.Message(got.MergeCommit) != "queued" {
		t.Errorf("%+v, %v", got, err)
	}
	fails(t, "merged", c.DequeuePullRequest(t.Context(), pr.Number), scm.ErrConflict)
	if err := c.EnqueuePullRequest(t.Context(), pr.Number, scm.Merge{Head: pr.HeadSHA}); err != nil {
		t.Errorf("of a merged one: %v", err)
	}
}

func TestRules(t *testing.T) {
	f := forge(t)
	for i := range 7 { // more than a page
		f.RequireStatus("release/*", "ferry/checks", string(rune('a'+i)))
	}
	f.RequireStatus("release/*", "", "ci")
	f.Approvals("release/1", 2, false)
	f.Approvals("release/1", 1, true)
	f.Strategies("main", "allowSquash", "allowRebase")
	c := open(t, f, f.Bot)
	got, err := c.Rules(t.Context(), "release/1")
	if err != nil || !got.Protected || got.Approvals != 2 || !got.ResetsApprovals || len(got.Statuses) != 8 || got.Statuses[0] != "ci" || got.Statuses[7] != "ferry/checks/g" || got.Bypass {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = c.Rules(t.Context(), "main")
	if err != nil || !slices.Equal(got.Methods, []scm.Method{scm.Squash, scm.Rebase}) || got.ResetsApprovals {
		t.Errorf("%+v, %v", got, err)
	}
	f.Approvals("some", 1, true, "/infrastructure/*")
	if got, err = c.Rules(t.Context(), "some"); err != nil || got.Approvals != 1 || got.ResetsApprovals {
		t.Errorf("about some files: %+v, %v", got, err)
	}
	if got, err = c.Rules(t.Context(), "other"); err != nil || got.Protected {
		t.Errorf("%+v, %v", got, err)
	}
}

// Contexts come back exactly, whatever is in them.
func TestContexts(t *testing.T) {
	f := forge(t)
	c := open(t, f, f.Bot)
	sha, _ := f.Repo.Head("main")
	for _, context := range []string{"ci", "ferry/dev/web", "a/b", "/leading", "trailing/", "a//b", "with space/and é漢字", "deep/er/than/that/eu-1"} {
		want := scm.Status{Context: context, State: scm.Superseded, Text: "by 1.2.0", URL: "https://example.com/1"}
		for _, wrote := range []bool{true, false} {
			if got, err := c.SetStatus(t.Context(), sha, want); err != nil || got != wrote {
				t.Errorf("%q: wrote %v, %v", context, got, err)
			}
		}
		all, err := c.Statuses(t.Context(), sha)
		if err != nil || all[0].Context != context || all[0].State != scm.Superseded || all[0].Text != want.Text {
			t.Errorf("%q: %+v, %v", context, all[0], err)
		}
	}
}

// A status counts for the head that it was given to.
func TestStatusesOfPullRequests(t *testing.T) {
	f := forge(t)
	f.RequireStatus("main", "ferry", "gates")
	c := open(t, f, f.Bot)
	pr := opened(t, f, c)
	gates := scm.Status{Context: "ferry/gates", State: scm.Success}
	if _, err := c.SetStatus(t.Context(), pr.HeadSHA, gates); err != nil {
		t.Fatal(err)
	}
	if err := c.ForetellMerge(t.Context(), pr.Number); err != nil {
		t.Error(err)
	}
	sha := push(t, f, pr.Head, "web.yaml", "3")
	fails(t, "a new head", c.ForetellMerge(t.Context(), pr.Number), scm.ErrForbidden, "ferry/gates")
	// Another process, which never saw the pull request.
	if _, err := open(t, f, f.Bot).SetStatus(t.Context(), sha, gates); err != nil {
		t.Fatal(err)
	}
	if err := c.ForetellMerge(t.Context(), pr.Number); err != nil {
		t.Error(err)
	}
}

func TestVotes(t *testing.T) {
	f := forge(t)
	ada := open(t, f, f.Person)
	pr := opened(t, f, open(t, f, f.Bot))
	look := func() (scm.PullRequest, []scm.Review) {
		t.Helper()
		c := open(t, f, f.Bot) // who may write is asked once in a run
		now, err := c.PullRequest(t.Context(), pr.Number)
		if err != nil {
			t.Fatal(err)
		}
		reviews, err := c.Reviews(t.Context(), pr.Number)
		if err != nil {
			t.Fatal(err)
		}
		return now, reviews
	}
	approvers := func(want ...string) {
		t.Helper()
		if got := scm.Approvers(look()); !slices.Equal(got, want) {
			t.Errorf("approvers %q, want %q", got, want)
		}
	}
	vote := func(by *azure.Client, v scm.Verdict) {
		t.Helper()
		if _, err := by.Review(t.Context(), pr.Number, scm.Review{Verdict: v, Body: "because"}); err != nil {
			t.Fatal(err)
		}
	}
	approvers()
	vote(ada, scm.Approved)
	approvers("ada@acme.example")
	// Without a policy the server keeps a vote when the head moves. It does not count here.
	push(t, f, pr.Head, "web.yaml", "3")
	if now, _ := look(); now.HeadPushed.IsZero() || now.ResetsApprovals {
		t.Errorf("%+v", now)
	}
	approvers()
	vote(ada, scm.Approved)
	approvers("ada@acme.example")
	f.Deny("ada", 4)
	approvers()
	f.Deny("ada", 0)
	f.Vote(pr.Number, "ada", 5)
	approvers("ada@acme.example")
	for _, against := range []int{-5, -10} {
		f.Vote(pr.Number, "ada", against)
		approvers()
		if got := scm.Objectors(look()); !slices.Equal(got, []string{"ada@acme.example"}) {
			t.Errorf("%d: objectors %q", against, got)
		}
	}
	f.Vote(pr.Number, "ada", 0)
	if now, reviews := look(); len(scm.Objectors(now, reviews)) != 0 || slices.ContainsFunc(reviews, func(r scm.Review) bool { return r.Verdict != scm.Commented }) {
		t.Errorf("taken back: %+v", reviews)
	}
}

func TestTeams(t *testing.T) {
	f := forge(t)
	people := []string{"zoe", "ada", "bob", "cyd", "dot", "eve", "team/inner"}
	f.Team("inner")
	f.Team("on call", people...)
	c := open(t, f, f.Bot)
	got, err := c.Members(t.Context(), "on call")
	if err != nil || strings.Join(got, " ") != "ada@acme.example bob@acme.example cyd@acme.example dot@acme.example eve@acme.example zoe@acme.example" {
		t.Errorf("%q, %v", got, err)
	}
	_, err = c.Members(t.Context(), "nobody")
	fails(t, "no such team", err, scm.ErrNotFound, "nobody")
}

// A name is somebody's only when it is theirs alone and whole.
func TestNames(t *testing.T) {
	f := forge(t)
	f.Account("adam", hosttest.Write)
	c := open(t, f, f.Bot)
	push(t, f, promotion.Head, "web.yaml", "1")
	want := promotion
	want.Reviewers = []string{"ada", "ADA@acme.example", "team/none", "ferry@acme.example"}
	pr, _, err := c.EnsurePullRequest(t.Context(), want)
	var persons *scm.PersonsError
	if !asError(err, &persons) || !slices.Equal(persons.Names, []string{"ada", "ferry@acme.example", "team/none"}) || !slices.Equal(pr.Reviewers, []string{"ada@acme.example"}) {
		t.Errorf("%v, reviewers %q", err, pr.Reviewers)
	}
}
