package github_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/github"
	"github.com/ferry-cd/ferry/scm/github/fake"
	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

func TestRecognise(t *testing.T) {
	for remote, want := range map[string][2]string{
		"https://github.com/acme/gitops.git":               {github.API, "acme/gitops"},
		"https://x-access-token:t@github.com/acme/gitops/": {github.API, "acme/gitops"},
		"git@github.com:acme/gitops.git":                   {github.API, "acme/gitops"},
		"ssh://git@ssh.github.com:443/acme/gitops.git":     {github.API, "acme/gitops"},
		"https://acme.ghe.com/team/git.ops":                {"https://api.acme.ghe.com", "team/git.ops"},
		"https://git.example.com/acme/gitops":              {},
		"https://github.com/acme":                          {},
		"https://github.com/acme/gitops/tree":              {},
		"https://github.com/acme/..":                       {},
		"https://github.com.evil.example/acme/gitops":      {},
		`C:\github.com\acme`:                               {},
		"/srv/gitops.git":                                  {},
		"https://github.com/%zz/x":                         {},
	} {
		api, repo, ok := github.Recognise(remote, "")
		if got := [2]string{api, repo}; ok != (want[0] != "") || ok && got != want {
			t.Errorf("%s: %v %v, want %v", remote, got, ok, want)
		}
	}
	for _, remote := range []string{"https://git.example.com/acme/gitops.git", "git@git.example.com:acme/gitops", "ssh://git@git.example.com:2222/acme/gitops"} {
		if api, repo, ok := github.Recognise(remote, "github"); !ok || api != "https://git.example.com/api/v3" || repo != "acme/gitops" {
			t.Errorf("%s: %q %q %v", remote, api, repo, ok)
		}
	}
}

func FuzzRecognise(f *testing.F) {
	f.Add("git@github.com:acme/gitops.git", "github")
	f.Fuzz(func(t *testing.T, remote, kind string) {
		api, repo, ok := github.Recognise(remote, kind)
		if !ok {
			return
		}
		if _, err := github.Open(t.Context(), github.Options{URL: api, Repository: repo}); err != nil && strings.Contains(err.Error(), "no repository") {
			t.Errorf("%q: %v", remote, err)
		}
	})
}

func TestRules(t *testing.T) {
	f, _ := stage(t)
	f.Host.Person("boss", hosttest.Admin)
	bot, boss := client(t, f, f.URL(), fake.Bot), client(t, f, f.URL(), "boss")
	f.AddRuleset(fake.Ruleset{Branch: "main", Bypass: "always", Rule: fake.Rule{Statuses: []string{"ci"}, Approvals: 1, Resets: true, Linear: true, Signed: true}})
	want := scm.Rules{Protected: true, Statuses: []string{"ci"}, Approvals: 1, ResetsApprovals: true, Signed: true, Methods: []scm.Method{scm.Squash}, Bypass: true}
	rules := func(c *github.Client, want scm.Rules, kind error) {
		t.Helper()
		got, err := c.Rules(t.Context(), "main")
		if d := cmp.Diff(want, got); d != "" || !errors.Is(err, kind) {
			t.Errorf("%v: %s", err, d)
		}
	}
	rules(bot, want, nil)
	f.Protect("main", fake.Protection{Rule: fake.Rule{Statuses: []string{"ci", "ferry/gates"}, Approvals: 2, Strict: true}})
	want.Statuses = []string{"ci", "ferry/gates"}
	rules(bot, want, scm.ErrForbidden) // an App that is no administrator is shown the statuses alone
	want.Approvals, want.UpToDate = 2, true
	rules(boss, want, nil)
	f.Protect("main", fake.Protection{Rule: fake.Rule{Statuses: []string{"ci", "ferry/gates"}, Approvals: 2, Strict: true}, EnforceAdmins: true})
	want.Bypass = false
	rules(boss, want, nil)
}

func TestMergesAreAskedForAgain(t *testing.T) {
	f, head := stage(t)
	c := client(t, f, f.URL(), fake.Bot)
	pr := propose(t, c)
	f.Unknown(5)
	if _, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: head}); err != nil {
		t.Errorf("while GitHub still looks: %v", err)
	}
}

func TestMergesThatNeverCome(t *testing.T) {
	f, head := stage(t)
	c := client(t, f, f.URL(), fake.Bot)
	pr := propose(t, c)
	f.Methods["squash"] = false
	var rule *scm.RuleError
	if _, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: head, Method: scm.Squash}); !errors.As(err, &rule) || !strings.Contains(err.Error(), "squash") {
		t.Errorf("a method that is not allowed: %v", err)
	}
	f.Unknown(1000)
	if _, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: head}); !errors.Is(err, scm.ErrConflict) {
		t.Errorf("GitHub never knows: %v", err)
	}
}

func TestMergeQueue(t *testing.T) {
	f, head := stage(t)
	c := client(t, f, f.URL(), fake.Bot)
	f.AddRuleset(fake.Ruleset{Branch: "main", Bypass: "never", Rule: fake.Rule{Queue: true}})
	pr := propose(t, c)
	if rules, err := c.Rules(t.Context(), "main"); err != nil || !rules.Queue {
		t.Errorf("%+v, %v", rules, err)
	}
	if err := c.EnqueuePullRequest(t.Context(), pr.Number, scm.Merge{Head: head}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.PullRequest(t.Context(), pr.Number); err != nil || got.State != scm.Merged {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestQueueOfWhatIsReady(t *testing.T) {
	f, head := stage(t)
	c := client(t, f, f.URL(), fake.Bot)
	pr := propose(t, c)
	if err := c.EnqueuePullRequest(t.Context(), pr.Number, scm.Merge{Head: head}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.PullRequest(t.Context(), pr.Number); err != nil || got.State != scm.Merged {
		t.Errorf("what nothing holds back: %+v, %v", got, err)
	}
}

func TestDismissedVerdictsSilenceOlderOnes(t *testing.T) {
	f, _ := stage(t)
	bot, ada := client(t, f, f.URL(), fake.Bot), client(t, f, f.URL(), fake.Person)
	pr := propose(t, bot)
	for _, v := range []scm.Verdict{scm.Approved, scm.ChangesRequested, scm.Approved} {
		if _, err := ada.Review(t.Context(), pr.Number, scm.Review{Verdict: v, Body: "because"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := bot.ResetApprovals(t.Context(), pr.Number, "the head moved"); err != nil {
		t.Fatal(err)
	}
	all, err := bot.Reviews(t.Context(), pr.Number)
	if err != nil || len(all) != 3 || len(scm.Approvers(pr, all)) != 0 || len(scm.Objectors(pr, all)) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestEnterprise(t *testing.T) {
	f, head := stage(t)
	f.Old = true
	c := client(t, f, f.EnterpriseURL(), fake.Bot)
	pr := propose(t, c)
	if v, err := c.Version(t.Context()); err != nil || v != "3.10.2" {
		t.Errorf("version %q, %v", v, err)
	}
	if rules, err := c.Rules(t.Context(), "main"); err != nil || rules.Protected {
		t.Errorf("%+v, %v", rules, err)
	}
	if _, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: head}); err != nil {
		t.Error(err)
	}
	if v, err := client(t, f, f.URL(), fake.Bot).Version(t.Context()); err != nil || v != "" {
		t.Errorf("version of the cloud %q, %v", v, err)
	}
}

// outage answers some requests in GitHub's place, or loses its answers.
type outage struct {
	mu    sync.Mutex
	left  int
	match string // method and the end of the path
	lose  bool   // the request arrives, the answer does not
	say   func(w http.ResponseWriter)
}

func (x *outage) into(f *fake.Fake) {
	f.Host.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x.mu.Lock()
			method, end, _ := strings.Cut(x.match, " ")
			hit := x.left > 0 && r.Method == method && strings.HasSuffix(r.URL.Path, end)
			if hit {
				x.left--
			}
			x.mu.Unlock()
			switch {
			case !hit:
				next.ServeHTTP(w, r)
			case x.lose:
				next.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler)
			default:
				x.say(w)
			}
		})
	})
}

// A reply that is lost after the write makes nothing twice.
func TestLostReplies(t *testing.T) {
	f, head := stage(t)
	c := client(t, f, f.URL(), fake.Bot)
	x := &outage{lose: true}
	x.into(f)
	var pr scm.PullRequest
	lose := func(match string, act func() error) {
		t.Helper()
		x.mu.Lock()
		x.left, x.match = 1, match
		x.mu.Unlock()
		if err := act(); err != nil {
			t.Errorf("%s: %v", match, err)
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.left != 0 {
			t.Errorf("%s was never sent", match)
		}
	}
	lose("POST /pulls", func() (err error) {
		var outcome scm.Outcome
		pr, outcome, err = c.EnsurePullRequest(t.Context(), scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "t"})
		if outcome != scm.Created {
			t.Errorf("outcome %s", outcome)
		}
		return err
	})
	lose("PATCH /pulls/1", func() error {
		_, _, err := c.EnsurePullRequest(t.Context(), scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "other"})
		return err
	})
	lose("POST /comments", func() error {
		_, err := c.EnsureComment(t.Context(), pr.Number, "<!-- m -->", "<!-- m -->\nx")
		return err
	})
	lose("POST /statuses/"+head, func() error {
		_, err := c.SetStatus(t.Context(), head, scm.Status{Context: "ci", State: scm.Success})
		return err
	})
	lose("POST /deployments", func() error {
		_, err := c.EnsureDeployment(t.Context(), scm.Deployment{SHA: head, Environment: "dev", State: scm.Success})
		return err
	})
	lose("PUT /merge", func() error {
		_, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: head})
		return err
	})
	all, err := c.PullRequests(t.Context(), scm.Filter{})
	if err != nil || len(all) != 1 || all[0].State != scm.Merged || all[0].Title != "other" || len(f.Comments(pr.Number)) != 1 {
		t.Errorf("%+v, %v, comments %q", all, err, f.Comments(pr.Number))
	}
	if s, err := c.Statuses(t.Context(), head); err != nil || len(s) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	if base, _ := f.Repo.Head("main"); len(f.Repo.Log(base+"~1", base)) != 2 {
		t.Errorf("main got %d commits", len(f.Repo.Log(base+"~1", base)))
	}
}

func TestRefusals(t *testing.T) {
	f, _ := stage(t)
	x := &outage{match: "POST /graphql"}
	x.into(f)
	token := "ghp_canary0123456789"
	var lines []string
	o := options(f, f.URL())
	o.Credential, o.Budget = door.Bearer(door.NewToken(token)), time.Minute
	o.Log = func(line string) { lines = append(lines, line) }
	c := open(t, o)
	for name, row := range map[string]struct {
		code    int
		header  string
		body    string
		want    error
		limited bool
	}{
		"401":               {401, "", `{"message":"Bad credentials ` + token + `"}`, scm.ErrUnauthorized, false},
		"403":               {403, "X-Accepted-GitHub-Permissions: contents=write", `{"message":"Resource not accessible by integration"}`, scm.ErrForbidden, false},
		"404":               {404, "", `{"message":"Not Found"}`, scm.ErrNotFound, false},
		"410":               {410, "", `{"message":"Gone"}`, scm.ErrNotFound, false},
		"409":               {409, "", `{"message":"Git Repository is empty."}`, scm.ErrConflict, false},
		"422":               {422, "", `{"message":"Validation Failed","errors":[{"resource":"PullRequest","field":"head","code":"invalid"}]}`, scm.ErrInvalid, false},
		"a page":            {404, "", `<html>` + token + `</html>`, scm.ErrNotFound, false},
		"query not found":   {200, "", `{"data":null,"errors":[{"type":"NOT_FOUND","message":"Could not resolve"}]}`, scm.ErrNotFound, false},
		"query forbidden":   {200, "", `{"data":null,"errors":[{"type":"FORBIDDEN","message":"no"}]}`, scm.ErrForbidden, false},
		"primary":           {403, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 99999999999", `{"message":"API rate limit exceeded"}`, nil, true},
		"primary by query":  {200, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 99999999999", `{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}`, nil, true},
		"secondary":         {403, "", `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`, nil, true},
		"secondary, told":   {403, "Retry-After: 36000", `{"message":"You have exceeded a secondary rate limit."}`, nil, true},
		"too many requests": {429, "Retry-After: 36000", `{"message":"slow down"}`, nil, true},
	} {
		x.mu.Lock()
		x.left, x.say = 1000, func(w http.ResponseWriter) {
			for h := range strings.SplitSeq(row.header, "\n") {
				if name, value, ok := strings.Cut(h, ": "); ok {
					w.Header().Set(name, value)
				}
			}
			w.Header().Set("X-GitHub-Request-Id", "F00D:1")
			w.WriteHeader(row.code)
			_, _ = w.Write([]byte(row.body))
		}
		x.mu.Unlock()
		_, err := c.PullRequest(t.Context(), 1)
		var limited *scm.RateLimitedError
		if err == nil || row.want != nil && !errors.Is(err, row.want) || errors.As(err, &limited) != row.limited {
			t.Errorf("%s: %v, want %v", name, err, row.want)
			continue
		}
		if limited != nil && limited.RetryAfter <= 0 {
			t.Errorf("%s: a pause of %s", name, limited.RetryAfter)
		}
		if !row.limited && !strings.Contains(err.Error(), "F00D:1") || !strings.Contains(err.Error(), "pull request 1 of acme/gitops") {
			t.Errorf("%s: %v lacks the request or the object", name, err)
		}
		if strings.Contains(err.Error(), token) {
			t.Errorf("%s: the token is in %v", name, err)
		}
	}
	if all := strings.Join(lines, "\n"); strings.Contains(all, token) || !strings.Contains(all, "/graphql") {
		t.Errorf("log:\n%s", all)
	}
}

// hints are the next steps of an error.
func TestHints(t *testing.T) {
	f, head := stage(t)
	_, err := client(t, f, f.URL(), fake.Reader).SetStatus(t.Context(), head, scm.Status{Context: "ci", State: scm.Success})
	var coded interface{ ExitCode() int }
	if !errors.As(err, &coded) || coded.ExitCode() != 4 {
		t.Errorf("%v has no exit code of credentials", err)
	}
	for _, o := range []github.Options{{Repository: "acme"}, {Repository: "acme/a/b"}, {Repository: "acme/../x"}, {URL: "ftp://x", Repository: "acme/x"}, {URL: "https://t@x", Repository: "acme/x"}} {
		_, err := github.Open(t.Context(), o)
		var hinted interface{ Hint() string }
		if !errors.As(err, &hinted) || hinted.Hint() == "" || !errors.As(err, &coded) || coded.ExitCode() != 2 {
			t.Errorf("%+v: %v", o, err)
		}
	}
	got, err := client(t, f, f.URL(), fake.Reader).Permissions(t.Context())
	if err != nil || !slices.Contains(got.Missing, "Contents: write") {
		t.Errorf("%+v, %v", got, err)
	}
}
