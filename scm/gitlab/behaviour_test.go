package gitlab_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/gitlab"
	"github.com/ferry-cd/ferry/scm/gitlab/fake"
	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// project is a GitLab whose project has main and a branch ahead of it, and where that is.
func project(t *testing.T) (*fake.Fake, string) {
	t.Helper()
	f := fake.New(t)
	text := func(s string) *string { return &s }
	main := f.Repo.Commit("", map[string]*string{"readme.md": text("# gitops\n")}, "First", "ada")
	head := f.Repo.Commit(main, map[string]*string{"dev/web/web.yaml": text("image: web:2\n")}, "Promote", "ferry")
	for branch, at := range map[string]string{"main": main, "ferry/dev/web": head} {
		if err := f.Repo.SetRef(branch, "", at); err != nil {
			t.Fatal(err)
		}
	}
	return f, head
}

var wanted = scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "web 2 to dev", Body: "one"}

func propose(t *testing.T, c *gitlab.Client, want scm.Proposal) scm.PullRequest {
	t.Helper()
	pr, _, err := c.EnsurePullRequest(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return pr
}

// A promotion takes at most six calls beside Git, and one that is there already at most three: one of them asks who this
// is, once in a run, since only our own status is not said again.
func TestCalls(t *testing.T) {
	f, head := project(t)
	want := wanted
	want.Labels, want.Reviewers = []string{"dev", "ferry"}, []string{fake.Person}
	for _, run := range []struct{ calls, writes int }{{6, 2}, {3, 0}} {
		c := open(t, f, fake.Bot)
		propose(t, c, want)
		if _, err := c.SetStatus(t.Context(), head, scm.Status{Context: "ferry/gates", State: scm.Pending}); err != nil {
			t.Fatal(err)
		}
		if got := c.Calls(); got.Reads+got.Writes > run.calls || got.Writes != run.writes {
			t.Errorf("%+v, want at most %d calls, %d of them writes", got, run.calls, run.writes)
		}
	}
}

// What a description or a comment tells GitLab to do is not done, and reads back as it was written.
func TestQuickActions(t *testing.T) {
	f, _ := project(t)
	bot := open(t, f, fake.Bot)
	want := wanted
	want.Body = "/close\ntext\n/merge\n /label ~x\n/approve\n```\n/title y\n```\n\\/close"
	pr := propose(t, bot, want)
	marker := "<!-- ferry:plan -->"
	if _, err := bot.EnsureComment(t.Context(), pr.Number, marker, marker+"\n/close\n/label ~y"); err != nil {
		t.Fatal(err)
	}
	if _, err := bot.Review(t.Context(), pr.Number, scm.Review{Verdict: scm.Commented, Body: "/close"}); err != nil {
		t.Fatal(err)
	}
	got, err := bot.PullRequest(t.Context(), pr.Number)
	if err != nil || got.State != scm.Open || got.Body != want.Body || got.Title != want.Title || len(got.Labels) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if rs, err := bot.Reviews(t.Context(), pr.Number); err != nil || len(rs) != 2 || rs[0].Body != marker+"\n/close\n/label ~y" || rs[1].Body != "/close" {
		t.Errorf("%+v, %v", rs, err)
	}
	if _, outcome, err := bot.EnsurePullRequest(t.Context(), want); err != nil || outcome != scm.Unchanged {
		t.Errorf("%s, %v", outcome, err)
	}
}

// A status that stands already is no error on servers that refuse it, nor a write again and again on those that take it.
func TestSameStatus(t *testing.T) {
	for _, takes := range []bool{false, true} {
		f, head := project(t)
		f.Set(func(s *fake.Settings) { s.TakesSame = takes })
		bot := open(t, f, fake.Bot)
		st := scm.Status{Context: "ferry/dev/web", State: scm.Pending, Text: "0 of 3"}
		for i, want := range []struct {
			text  string
			wrote bool
			is    string
		}{
			{"0 of 3", true, "0 of 3"}, {"0 of 3", false, "0 of 3"},
			{"1 of 3", true, "1 of 3"}, // now it runs
			{"2 of 3", false, "1 of 3"}, {"2 of 3", false, "1 of 3"},
		} {
			st.Text = want.text
			wrote, err := bot.SetStatus(t.Context(), head, st)
			all, readErr := bot.Statuses(t.Context(), head)
			if err != nil || readErr != nil || wrote != want.wrote || len(all) != 1 || all[0].State != scm.Pending || all[0].Text != want.is {
				t.Errorf("takes %v, post %d: wrote %v, %v, %v: %+v", takes, i, wrote, err, readErr, all)
			}
		}
		writes := f.Writes()
		if _, err := bot.SetStatus(t.Context(), head, st); err != nil || f.Writes() != writes {
			t.Errorf("takes %v: written again, %v", takes, err)
		}
		st.State, st.Text = scm.Success, "3 of 3"
		if wrote, err := bot.SetStatus(t.Context(), head, st); err != nil || !wrote {
			t.Errorf("takes %v: wrote %v, %v", takes, wrote, err)
		}
	}
}

// A status keeps to the branch under which its context began, though a branch that comes first has the commit too by then.
func TestStatusStays(t *testing.T) {
	f, head := project(t)
	f.Set(func(s *fake.Settings) { s.FirstBranch = true })
	bot := open(t, f, fake.Bot)
	for i, state := range []scm.StatusState{scm.Pending, scm.Success, scm.Failure} {
		if _, err := bot.SetStatus(t.Context(), head, scm.Status{Context: "a", State: state}); err != nil {
			t.Fatal(err)
		}
		if err := f.Repo.SetRef(fmt.Sprintf("a-first-%d", i), "", head); err != nil {
			t.Fatal(err)
		}
	}
	if refs := f.Refs(head); !slices.Equal(refs, []string{"ferry/dev/web"}) {
		t.Errorf("statuses on %v", refs)
	}
}

func TestBusyStatus(t *testing.T) {
	f, head := project(t)
	f.Set(func(s *fake.Settings) { s.Busy = 3 })
	bot := open(t, f, fake.Bot)
	if wrote, err := bot.SetStatus(t.Context(), head, scm.Status{Context: "a", State: scm.Success}); err != nil || !wrote {
		t.Errorf("wrote %v, %v", wrote, err)
	}
	f.Set(func(s *fake.Settings) { s.Busy = 1000 })
	if wrote, err := bot.SetStatus(t.Context(), head, scm.Status{Context: "b", State: scm.Success}); !errors.Is(err, scm.ErrConflict) || wrote {
		t.Errorf("a lock that stays: wrote %v, %v", wrote, err)
	}
}

// An address that GitLab would refuse the whole status for is left out; the state is what matters.
func TestLongStatusURL(t *testing.T) {
	f, head := project(t)
	bot := open(t, f, fake.Bot)
	st := scm.Status{Context: "a", State: scm.Success, URL: "https://example.com/" + strings.Repeat("x", 300)}
	for _, want := range []bool{true, false} {
		if wrote, err := bot.SetStatus(t.Context(), head, st); err != nil || wrote != want {
			t.Errorf("wrote %v, %v; want %v", wrote, err, want)
		}
	}
}

// GitLab's look for a second merge request is not under a lock: two processes may get one each. The next look leaves the
// older one.
func TestTwoAtOnce(t *testing.T) {
	f, _ := project(t)
	bot := open(t, f, fake.Bot)
	first := propose(t, bot, wanted)
	second := f.Open(fake.Bot, wanted.Head, wanted.Base)
	theirs := f.Open(fake.Person, wanted.Head, wanted.Base)
	if pr := propose(t, bot, wanted); pr.Number != first.Number {
		t.Errorf("%d, want %d", pr.Number, first.Number)
	}
	for number, want := range map[int]scm.State{first.Number: scm.Open, second: scm.Closed, theirs: scm.Open} {
		if pr, err := bot.PullRequest(t.Context(), number); err != nil || pr.State != want {
			t.Errorf("!%d is %s, want %s (%v)", number, pr.State, want, err)
		}
	}
}

func TestOneReviewer(t *testing.T) {
	f, _ := project(t)
	f.Set(func(s *fake.Settings) { s.OneReviewer = true })
	want := wanted
	want.Reviewers = []string{"team/release", fake.Person, fake.Reader}
	pr, outcome, err := open(t, f, fake.Bot).EnsurePullRequest(t.Context(), want)
	var persons *scm.PersonsError
	if !errors.As(err, &persons) || !slices.Equal(persons.Names, []string{fake.Reader, "team/release"}) || outcome != scm.Created || !slices.Equal(pr.Reviewers, []string{fake.Person}) {
		t.Errorf("%+v, %s, %v", pr, outcome, err)
	}
}

// Servers that do not say when an approval was given still note it in the conversation.
func TestApprovalTimes(t *testing.T) {
	for _, silent := range []bool{false, true} {
		f, _ := project(t)
		f.Set(func(s *fake.Settings) { s.NoApprovedAt, s.Premium = silent, !silent })
		bot, ada := open(t, f, fake.Bot), open(t, f, fake.Person)
		pr := propose(t, bot, wanted)
		for range 2 {
			if _, err := ada.Review(t.Context(), pr.Number, scm.Review{Verdict: scm.Approved}); err != nil {
				t.Fatal(err)
			}
		}
		if got := approvers(t, bot, pr.Number); !slices.Equal(got, []string{fake.Person}) {
			t.Errorf("silent %v: %v", silent, got)
		}
		f.Set(func(s *fake.Settings) { s.ResetOnPush = true })
		if pr, err := bot.PullRequest(t.Context(), pr.Number); err != nil || pr.ResetsApprovals == silent || pr.HeadPushed.IsZero() {
			t.Errorf("silent %v: %+v, %v", silent, pr, err)
		}
	}
}

func approvers(t *testing.T, c *gitlab.Client, number int) []string {
	t.Helper()
	pr, err := c.PullRequest(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	reviews, err := c.Reviews(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	return scm.Approvers(pr, reviews)
}

// What was approved is the head of that time: reviews say so by themselves, for those who read the merge request from a list.
func TestReviewedHead(t *testing.T) {
	f, head := project(t)
	bot, ada := open(t, f, fake.Bot), open(t, f, fake.Person)
	pr := propose(t, bot, wanted)
	text := "a: 1\n"
	next := f.Repo.Commit(head, map[string]*string{"more.yaml": &text}, "More", "ada")
	for _, want := range []string{head, next} {
		if at, _ := f.Repo.Head(wanted.Head); at != want {
			if err := f.Repo.SetRef(wanted.Head, at, want); err != nil {
				t.Fatal(err)
			}
		}
		before, err := bot.Reviews(t.Context(), pr.Number)
		if err != nil || len(before) == 1 && before[0].SHA != head {
			t.Errorf("before %s was approved: %+v, %v", want, before, err)
		}
		if _, err := ada.Review(t.Context(), pr.Number, scm.Review{Verdict: scm.Approved, SHA: want}); err != nil {
			t.Fatal(err)
		}
		got, err := bot.Reviews(t.Context(), pr.Number)
		if err != nil || len(got) != 1 || got[0].SHA != want {
			t.Errorf("%+v, %v; want one of %s", got, err, want)
		}
	}
}

// An approval of somebody who may not write, or may no longer, does not count.
func TestWritersOnly(t *testing.T) {
	f, _ := project(t)
	bot, ada := open(t, f, fake.Bot), open(t, f, fake.Person)
	pr := propose(t, bot, wanted)
	if _, err := ada.Review(t.Context(), pr.Number, scm.Review{Verdict: scm.Approved}); err != nil {
		t.Fatal(err)
	}
	f.Host.Person(fake.Person, hosttest.Read)
	if got := approvers(t, bot, pr.Number); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// Only project and group tokens reset approvals; a server that does not know requests for changes says so.
func TestWhatTheServerCannot(t *testing.T) {
	f, _ := project(t)
	f.Set(func(s *fake.Settings) { s.KnowsNoObject = true })
	bot, ada := open(t, f, fake.Bot), open(t, f, fake.Person)
	pr := propose(t, bot, wanted)
	if _, err := ada.Review(t.Context(), pr.Number, scm.Review{Verdict: scm.ChangesRequested, Body: "no"}); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("changes: %v", err)
	}
	if _, err := ada.Review(t.Context(), pr.Number, scm.Review{Verdict: scm.Approved}); err != nil {
		t.Fatal(err)
	}
	if err := ada.ResetApprovals(t.Context(), pr.Number, "why"); !errors.Is(err, scm.ErrForbidden) || !strings.Contains(err.Error(), "token") {
		t.Errorf("reset: %v", err)
	}
}

func TestFastForward(t *testing.T) {
	f, head := project(t)
	f.Set(func(s *fake.Settings) { s.MergeMethod = "ff" })
	bot := open(t, f, fake.Bot)
	pr := propose(t, bot, wanted)
	var rule *scm.RuleError
	if _, err := bot.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: head, Method: scm.MergeCommit}); !errors.As(err, &rule) {
		t.Errorf("a merge commit: %v", err)
	}
	main, _ := f.Repo.Head("main")
	ahead := f.Repo.Commit(main, nil, "Meanwhile", "ada")
	if err := f.Repo.SetRef("main", main, ahead); err != nil {
		t.Fatal(err)
	}
	if _, err := bot.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: head}); !errors.As(err, &rule) || !strings.Contains(rule.Rule, "newest") {
		t.Errorf("behind main: %v", err)
	}
	gittest.Run(t, f.Repo.Dir(), "update-ref", "refs/heads/main", main)
	commit, err := bot.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: head, Method: scm.Rebase})
	if at, _ := f.Repo.Head("main"); err != nil || commit != head || at != head {
		t.Errorf("%s, %v; main is at %s, want %s", commit, err, at, head)
	}
}

func TestSquash(t *testing.T) {
	for _, method := range []string{"merge", "ff"} {
		f, head := project(t)
		f.Set(func(s *fake.Settings) { s.MergeMethod = method })
		bot := open(t, f, fake.Bot)
		pr := propose(t, bot, wanted)
		commit, err := bot.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: head, Method: scm.Squash, Message: "Promote web\n\nFerry-App: web"})
		at, _ := f.Repo.Head("main")
		if err != nil || commit != at || !strings.HasPrefix(f.Repo.Message(at), "Promote web\n\nFerry-App: web") {
			t.Errorf("%s: %s, %v; main is at %s: %q", method, commit, err, at, f.Repo.Message(at))
		}
		f.Set(func(s *fake.Settings) { s.SquashOption = "never" })
		if rules, err := bot.Rules(t.Context(), "main"); err != nil || slices.Contains(rules.Methods, scm.Squash) {
			t.Errorf("%s: %+v, %v", method, rules, err)
		}
	}
}

func TestTrain(t *testing.T) {
	f, head := project(t)
	f.Set(func(s *fake.Settings) { s.Trains, s.PipelineMust = true, true })
	bot := open(t, f, fake.Bot)
	pr := propose(t, bot, wanted)
	if err := bot.EnqueuePullRequest(t.Context(), pr.Number, scm.Merge{Head: head}); err != nil {
		t.Fatal(err)
	}
	if rules, err := bot.Rules(t.Context(), "main"); err != nil || !rules.Queue || !rules.Pipeline {
		t.Errorf("%+v, %v", rules, err)
	}
	if _, err := bot.SetStatus(t.Context(), head, scm.Status{Context: "ci", State: scm.Success}); err != nil {
		t.Fatal(err)
	}
	if got, err := bot.PullRequest(t.Context(), pr.Number); err != nil || got.State != scm.Merged {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNoAutoMerge(t *testing.T) {
	f, head := project(t)
	f.Set(func(s *fake.Settings) { s.NoAutoMerge, s.PipelineMust = true, true })
	bot := open(t, f, fake.Bot)
	pr := propose(t, bot, wanted)
	var rule *scm.RuleError
	if err := bot.EnqueuePullRequest(t.Context(), pr.Number, scm.Merge{Head: head}); !errors.As(err, &rule) {
		t.Errorf("%v, want a RuleError", err)
	}
}

func TestRules(t *testing.T) {
	f, _ := project(t)
	f.Protect("main", 2)
	f.Set(func(s *fake.Settings) { s.ResetOnPush, s.RejectUnsig, s.MergeMethod = true, true, "rebase_merge" })
	got, err := open(t, f, fake.Bot).Rules(t.Context(), "main")
	want := scm.Rules{Protected: true, Approvals: 2, ResetsApprovals: true, UpToDate: true, Signed: true, Methods: []scm.Method{scm.MergeCommit, scm.Squash}}
	if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	f.Set(func(s *fake.Settings) { s.Premium = false })
	want.Approvals, want.ResetsApprovals, want.Signed = 0, false, false
	if got, err = open(t, f, fake.Bot).Rules(t.Context(), "main"); err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("without a license: %+v, %v; want %+v", got, err, want)
	}
	f.Host.Person("root", hosttest.Admin)
	if got, err = open(t, f, "root").Rules(t.Context(), "main"); err != nil || !got.Bypass {
		t.Errorf("an administrator: %+v, %v", got, err)
	}
}

func TestPermissions(t *testing.T) {
	f, _ := project(t)
	got, err := open(t, f, fake.Reader).Permissions(t.Context())
	if err != nil || len(got.Missing) != 2 || !strings.Contains(got.Missing[1], "read_api") || got.Expires != "2027-05-04T00:00:00Z" {
		t.Errorf("%+v, %v", got, err)
	}
	f.Host.Person("out", hosttest.None)
	if _, err := open(t, f, "out").Permissions(t.Context()); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("an outsider: %v", err)
	}
	if _, err := openWith(t, f, gitlab.Options{Token: door.NewToken("glpat-wrong-canary")}).Permissions(t.Context()); !errors.Is(err, scm.ErrUnauthorized) {
		t.Errorf("a wrong token: %v", err)
	}
}

// A job token has no account of its own; GitLab tells the job's.
func TestJobToken(t *testing.T) {
	f, _ := project(t)
	c := openWith(t, f, gitlab.Options{Token: door.NewToken(f.JobToken(fake.Person)), JobToken: true})
	if got, err := c.Self(t.Context()); err != nil || got != fake.Person {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := c.PullRequests(t.Context(), scm.Filter{}); !errors.Is(err, scm.ErrUnauthorized) {
		t.Errorf("%v, want ErrUnauthorized", err)
	}
}

// one looks that a request has exactly one credential, which is not an empty one.
type one struct{ t *testing.T }

func (o one) RoundTrip(r *http.Request) (*http.Response, error) {
	given := slices.Concat(r.Header["Private-Token"], r.Header["Job-Token"], r.Header["Authorization"])
	if len(given) != 1 || given[0] == "" {
		o.t.Errorf("%d credentials in %s %s", len(given), r.Method, r.URL.Path)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// A reason that ferry gave once is not that of a person who closes later.
func TestCloseReason(t *testing.T) {
	f, _ := project(t)
	bot, ada := open(t, f, fake.Bot), open(t, f, fake.Person)
	pr := propose(t, bot, wanted)
	reason := func(by *gitlab.Client, why string) string {
		t.Helper()
		if err := by.ClosePullRequest(t.Context(), pr.Number, why); err != nil {
			t.Fatal(err)
		}
		got, err := bot.PullRequest(t.Context(), pr.Number)
		if err == nil {
			err = bot.ReopenPullRequest(t.Context(), pr.Number)
		}
		if err != nil {
			t.Fatal(err)
		}
		return got.CloseReason
	}
	for _, step := range []struct {
		by        *gitlab.Client
		why, want string
	}{{bot, "superseded", "superseded"}, {ada, "", ""}, {bot, "/close\nnow", "/close\nnow"}, {bot, "/close\nnow", "/close\nnow"}, {ada, "mine", "mine"}} {
		if got := reason(step.by, step.why); got != step.want {
			t.Errorf("%q, want %q", got, step.want)
		}
	}
	if n := len(f.Comments(pr.Number)); n != 3 {
		t.Errorf("%d notes, want one for each reason in a row", n)
	}
}

// Tokens travel in their header only.
func TestSilence(t *testing.T) {
	f, head := project(t)
	var log []string
	for name, o := range map[string]gitlab.Options{
		"private": {Token: door.NewToken(f.Token(fake.Bot))},
		"bearer":  {Credential: door.Bearer(door.NewToken(f.Token(fake.Bot)))},
		"wrong":   {Token: door.NewToken("glpat-wrong-canary")},
	} {
		o.Log = func(line string) { log = append(log, line) }
		o.Under = one{t}
		c := openWith(t, f, o)
		pr, _, err := c.EnsurePullRequest(t.Context(), wanted)
		_, statusErr := c.SetStatus(t.Context(), head, scm.Status{Context: "a", State: scm.Success})
		_, mergeErr := c.MergePullRequest(t.Context(), 77, scm.Merge{Head: head})
		if name != "wrong" && (err != nil || statusErr != nil || pr.Number == 0) {
			t.Errorf("%s: %v, %v", name, err, statusErr)
		}
		for _, err := range []error{err, statusErr, mergeErr} {
			if err != nil {
				log = append(log, err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", c))
			}
		}
		if mergeErr == nil || !strings.Contains(mergeErr.Error(), "01FAKE") {
			t.Errorf("%s: %v names no request", name, mergeErr)
		}
	}
	all := strings.Join(log, "\n")
	for _, secret := range []string{f.Token(fake.Bot), "glpat-wrong-canary"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is said aloud", secret)
		}
	}
	if len(log) < 6 {
		t.Errorf("hardly anything was logged: %q", log)
	}
}
