package bitbucket_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/bitbucket"
	"github.com/ferry-cd/ferry/scm/bitbucket/fake"
)

// proposed makes a branch with one commit more than main and gives that.
func proposed(t *testing.T, f *fake.Fake, branch string) string {
	t.Helper()
	text := "a: 1\n"
	main, ok := f.Repo().Head("main")
	if !ok {
		main = f.Repo().Commit("", map[string]*string{"readme.md": &text}, "First", "ada")
		if err := f.Repo().SetRef("main", "", main); err != nil {
			t.Fatal(err)
		}
	}
	sha := f.Repo().Commit(main, map[string]*string{branch + ".yaml": &text}, "Change", "ada")
	if err := f.Repo().SetRef(branch, "", sha); err != nil {
		t.Fatal(err)
	}
	return sha
}

// push puts one commit more on a branch.
func push(t *testing.T, f *fake.Fake, branch, path string) string {
	t.Helper()
	text := "b: 1\n"
	head, _ := f.Repo().Head(branch)
	sha := f.Repo().Commit(head, map[string]*string{path: &text}, "More", "ada")
	if err := f.Repo().SetRef(branch, head, sha); err != nil {
		t.Fatal(err)
	}
	return sha
}

func opened(t *testing.T, c *bitbucket.Client, branch string) scm.PullRequest {
	t.Helper()
	pr, _, err := c.EnsurePullRequest(t.Context(), scm.Proposal{Head: branch, Base: "main", Title: "t", Body: "b", Labels: []string{"ferry"}})
	if err != nil {
		t.Fatal(err)
	}
	return pr
}

func TestCallsOfAPromotion(t *testing.T) {
	f := fake.New(t)
	c := open(t, f, fake.Bot)
	sha := proposed(t, f, "ferry/dev/web")
	opened(t, c, "ferry/dev/web")
	if _, err := c.SetStatus(t.Context(), sha, scm.Status{Context: "ferry/gates", State: scm.Pending}); err != nil {
		t.Fatal(err)
	}
	if calls := c.Calls(); calls.Reads+calls.Writes > 6 {
		t.Errorf("%+v, want at most 6 calls", calls)
	}
}

// Approvals name no commit: they count when they are younger than the head, and only of people who may write.
func TestApprovals(t *testing.T) {
	f := fake.New(t)
	c := open(t, f, fake.Bot)
	proposed(t, f, "ferry/dev/web")
	number := opened(t, c, "ferry/dev/web").Number
	approvers := func(c *bitbucket.Client) []string {
		pr, err := c.PullRequest(t.Context(), number)
		if err != nil {
			t.Fatal(err)
		}
		rs, err := c.Reviews(t.Context(), number)
		if err != nil {
			t.Fatal(err)
		}
		return scm.Approvers(pr, rs)
	}
	f.Say(number, fake.Reader, "approved")
	f.Say(number, fake.Bot, "approved")
	if got := approvers(c); len(got) != 0 {
		t.Errorf("a reader and the author approve: %v", got)
	}
	f.Say(number, fake.Person, "approved")
	if got := approvers(c); len(got) != 1 || got[0] != fake.UUID(fake.Person) {
		t.Errorf("approvers %v", got)
	}
	if got := approvers(open(t, f, fake.Person)); len(got) != 0 {
		t.Errorf("who may not ask who may write takes %v for approvers", got)
	}
	push(t, f, "ferry/dev/web", "unseen.yaml")
	if got := approvers(c); len(got) != 0 {
		t.Errorf("an approval of the commit before counts: %v", got)
	}
	f.Say(number, fake.Person, "changes_requested")
	pr, _ := c.PullRequest(t.Context(), number)
	if rs, err := c.Reviews(t.Context(), number); err != nil || len(scm.Objectors(pr, rs)) != 1 {
		t.Errorf("%+v, %v", rs, err)
	}
}

// What is pushed between the look and the merge is merged: the server compares nothing. It does not go unsaid.
func TestMergeOfAnotherHead(t *testing.T) {
	f := fake.New(t)
	c := open(t, f, fake.Bot)
	sha := proposed(t, f, "ferry/dev/web")
	pr := opened(t, c, "ferry/dev/web")
	var once sync.Once
	var theirs string
	f.Before = func(r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/merge") {
			once.Do(func() { theirs = push(t, f, "ferry/dev/web", "theirs.yaml") })
		}
	}
	_, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: sha})
	if !errors.Is(err, scm.ErrConflict) || !strings.Contains(err.Error(), theirs[:10]) {
		t.Errorf("%v, want an ErrConflict that names %s", err, theirs)
	}
}

func TestMergeChecks(t *testing.T) {
	f := fake.New(t)
	c := open(t, f, fake.Bot)
	sha := proposed(t, f, "ferry/dev/web")
	pr := opened(t, c, "ferry/dev/web")
	f.RequireApprovals("main", 1)
	rules, err := c.Rules(t.Context(), "main")
	if err != nil || !rules.Protected || rules.Approvals != 1 {
		t.Errorf("%+v, %v", rules, err)
	}
	if _, err := open(t, f, fake.Person).Rules(t.Context(), "main"); !errors.Is(err, scm.ErrForbidden) {
		t.Errorf("rules for a writer: %v, want ErrForbidden", err)
	}
	_, err = c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: sha})
	var rule *scm.RuleError
	if !errors.As(err, &rule) || !strings.Contains(rule.Rule, "approvals") {
		t.Errorf("%v, want a RuleError", err)
	}
	f.Say(pr.Number, fake.Person, "approved")
	if _, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: sha}); err != nil {
		t.Error(err)
	}
}

// Contexts that begin alike for more than 40 characters are told apart and read back whole.
func TestLongContexts(t *testing.T) {
	f := fake.New(t)
	c := open(t, f, fake.Bot)
	sha := proposed(t, f, "b")
	long := "ferry/production-europe/" + strings.Repeat("web-", 20)
	for _, name := range []string{long + "a", long + "b", strings.Repeat("x", 39), strings.Repeat("x", 40), strings.Repeat("x", 41)} {
		for _, wrote := range []bool{true, false} {
			if got, err := c.SetStatus(t.Context(), sha, scm.Status{Context: name, State: scm.Success}); err != nil || got != wrote {
				t.Errorf("%s: wrote %v, %v", name, got, err)
			}
		}
		all, err := c.Statuses(t.Context(), sha)
		if err != nil || len(all) == 0 || all[0].Context != name || all[0].URL != "" {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
	if all, _ := c.Statuses(t.Context(), sha); len(all) != 5 {
		t.Errorf("%d statuses, want 5", len(all))
	}
}

// A reply that is lost after the write makes no second pull request, comment or merge.
func TestLostReplies(t *testing.T) {
	f := fake.New(t)
	c := open(t, f, fake.Bot)
	sha := proposed(t, f, "ferry/dev/web")
	lose := map[string]bool{}
	f.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || lose[r.URL.Path] {
				next.ServeHTTP(w, r)
				return
			}
			lose[r.URL.Path] = true
			next.ServeHTTP(nowhere{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		})
	})
	pr := opened(t, c, "ferry/dev/web")
	if _, err := c.EnsureComment(t.Context(), pr.Number, "<!-- m -->", "<!-- m -->\nx"); err != nil || len(f.Comments(pr.Number)) != 1 {
		t.Errorf("comments %q, %v", f.Comments(pr.Number), err)
	}
	if commit, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: sha}); err != nil || commit == "" {
		t.Errorf("merged as %q, %v", commit, err)
	}
	if all, err := c.PullRequests(t.Context(), scm.Filter{}); err != nil || len(all) != 1 || len(lose) != 3 {
		t.Errorf("%+v, %v; lost %v", all, err, lose)
	}
}

// nowhere takes a reply that nobody gets.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n nowhere) WriteHeader(int)             {}

// The address of a next page is the server's word: the token goes nowhere else, and neither does the request.
func TestNextPageElsewhere(t *testing.T) {
	f := fake.New(t)
	c := open(t, f, fake.Bot)
	f.Wrap(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"values":[],"next":"https://evil.example.com/2.0/x"}`))
		})
	})
	if _, err := c.PullRequests(t.Context(), scm.Filter{}); !errors.Is(err, scm.ErrInvalid) || c.Calls().Reads != 1 {
		t.Errorf("%v after %+v", err, c.Calls())
	}
}

// A write that is sent elsewhere did nothing, and is not told as done.
func TestWritesThatAreSentElsewhere(t *testing.T) {
	f := fake.New(t)
	c := open(t, f, fake.Bot)
	sha := proposed(t, f, "ferry/dev/web")
	number := opened(t, c, "ferry/dev/web").Number
	f.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				next.ServeHTTP(w, r)
				return
			}
			http.Redirect(w, r, "/2.0/user", http.StatusFound)
		})
	})
	if wrote, err := c.SetStatus(t.Context(), sha, scm.Status{Context: "ferry/gates", State: scm.Success}); wrote || err == nil {
		t.Errorf("a status: wrote %v, %v", wrote, err)
	}
	if commit, err := c.MergePullRequest(t.Context(), number, scm.Merge{Head: sha}); err == nil {
		t.Errorf("a merge: %q", commit)
	}
	if err := c.ClosePullRequest(t.Context(), number, "why"); err == nil {
		t.Error("a close")
	}
}

func TestRefusedCredentials(t *testing.T) {
	f := fake.New(t)
	secret := f.Token(fake.Reader)
	var log []string
	for token, want := range map[string]error{"worthless-token": scm.ErrUnauthorized, secret: scm.ErrForbidden} {
		c := with(t, f, bitbucket.Options{Credential: door.Basic("me@example.com", door.NewToken(token)), Log: func(line string) { log = append(log, line) }})
		_, err := c.SetStatus(t.Context(), strings.Repeat("a", 40), scm.Status{Context: "a", State: scm.Success})
		if !errors.Is(err, want) || strings.Contains(err.Error(), token) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if said := strings.Join(log, "\n"); len(log) == 0 || strings.Contains(said, secret) {
		t.Errorf("log: %s", said)
	}
}

func TestRecognise(t *testing.T) {
	for remote, want := range map[string]string{
		"https://bitbucket.org/acme/gitops.git":             "acme/gitops",
		"https://ada@bitbucket.org/acme/gitops":             "acme/gitops",
		"git@bitbucket.org:acme/gitops.git":                 "acme/gitops",
		"ssh://git@bitbucket.org/acme/gitops.git/":          "acme/gitops",
		"ssh://git@altssh.bitbucket.org:443/acme/gitops":    "acme/gitops",
		"https://bitbucket.org/acme":                        "",
		"https://bitbucket.org/acme/a/b":                    "",
		"https://bitbucket.org/acme/..":                     "",
		"http://bitbucket.org/acme/gitops":                  "",
		"https://bitbucket.org.evil.example/acme/gitops":    "",
		"https://bitbucket.example.com/scm/acme/gitops.git": "",
		"/srv/gitops.git":                                   "",
		"":                                                  "",
	} {
		if o, ok := bitbucket.Recognise(remote); o.Repository != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", remote, o.Repository, ok)
		}
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]bitbucket.Options{
		"no repository":  {},
		"one segment":    {Repository: "gitops"},
		"three segments": {Repository: "a/b/c"},
		"a password":     {URL: "https://me:secret@api.bitbucket.org", Repository: "a/b"},
	} {
		_, err := bitbucket.Open(t.Context(), o)
		var code interface{ ExitCode() int }
		if !errors.As(err, &code) || code.ExitCode() != 2 || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
