package gitea_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/gitea"
	"github.com/ferry-cd/ferry/scm/gitea/fake"
)

// proposed makes a branch with one commit and gives its name.
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

// One promotion takes six calls, and one more for the first label of a run.
func TestCallsOfAPromotion(t *testing.T) {
	f := fake.New(t)
	c := open(t, f, fake.Bot)
	for i, branch := range []string{"ferry/dev/web", "ferry/dev/api"} {
		sha := proposed(t, f, branch)
		before := c.Calls()
		want := scm.Proposal{Head: branch, Base: "main", Title: "t", Body: "b", Labels: []string{"ferry"}}
		if _, _, err := c.EnsurePullRequest(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		if _, err := c.SetStatus(t.Context(), sha, scm.Status{Context: "ferry/gates", State: scm.Pending}); err != nil {
			t.Fatal(err)
		}
		after := c.Calls()
		allowed := 6
		if i == 0 {
			allowed += 2 // which labels there are, and the one that was missing
		}
		if n := after.Reads + after.Writes - before.Reads - before.Writes; n > allowed {
			t.Errorf("%s: %d calls, want at most %d", branch, n, allowed)
		}
	}
}

// The server does not see to it that a head and a base have one open pull request only.
func TestTwoOpenedAtOnce(t *testing.T) {
	for name, late := range map[string]bool{"somebody was faster": false, "somebody was slower": true} {
		t.Run(name, func(t *testing.T) {
			f := fake.New(t)
			c := open(t, f, fake.Bot)
			proposed(t, f, "ferry/dev/web")
			var once sync.Once
			f.Before = func(r *http.Request) {
				switch {
				case !late && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/pulls"):
					once.Do(func() { f.Race("ferry/dev/web", "main") })
				case late && r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/pulls") && c.Calls().Writes > 0:
					once.Do(func() { f.Race("ferry/dev/web", "main") })
				}
			}
			pr, outcome, err := c.EnsurePullRequest(t.Context(), scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "t"})
			want := scm.Updated
			if late {
				want = scm.Created
			}
			if err != nil || pr.Number != 1 || outcome != want {
				t.Errorf("number %d, outcome %q, %v; want 1, %s", pr.Number, outcome, err, want)
			}
			all, err := c.PullRequests(t.Context(), scm.Filter{State: scm.Open})
			if err != nil || len(all) != 1 || all[0].Number != 1 {
				t.Errorf("open: %+v, %v", all, err)
			}
		})
	}
}

// A reply that is lost after the write makes no second pull request, comment, status or merge.
func TestLostReplies(t *testing.T) {
	f := fake.New(t)
	c := open(t, f, fake.Bot)
	sha := proposed(t, f, "ferry/dev/web")
	lose := map[string]int{}
	f.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet || lose[r.Method+r.URL.Path] > 0 {
				next.ServeHTTP(w, r)
				return
			}
			lose[r.Method+r.URL.Path]++
			next.ServeHTTP(nowhere{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		})
	})
	pr, outcome, err := c.EnsurePullRequest(t.Context(), scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "t"})
	if err != nil || outcome != scm.Created {
		t.Fatalf("outcome %q, %v", outcome, err)
	}
	if _, err := c.EnsureComment(t.Context(), pr.Number, "<!-- m -->", "<!-- m -->\nx"); err != nil {
		t.Error(err)
	}
	if got := f.Comments(pr.Number); len(got) != 1 {
		t.Errorf("comments %q", got)
	}
	if wrote, err := c.SetStatus(t.Context(), sha, scm.Status{Context: "a", State: scm.Success}); err != nil || !wrote {
		t.Errorf("status: %v, %v", wrote, err)
	}
	if all, err := c.Statuses(t.Context(), sha); err != nil || len(all) != 1 {
		t.Errorf("statuses %+v, %v", all, err)
	}
	if commit, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: sha}); err != nil || commit == "" {
		t.Errorf("merged as %q, %v", commit, err)
	}
	if main, _ := f.Repo().Head("main"); len(f.Repo().Parents(main)) != 2 || slices.Contains(f.Repo().Parents(f.Repo().Parents(main)[0]), main) {
		t.Errorf("main is %s", main)
	}
	if len(lose) < 4 {
		t.Errorf("replies lost: %v", lose)
	}
}

// nowhere takes a reply that nobody gets.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n nowhere) WriteHeader(int)             {}

// Who closed it is found, whether ferry did or a person by hand; what ferry said is not taken for a person's word later.
func TestWhoClosed(t *testing.T) {
	f := fake.New(t)
	bot, person := open(t, f, fake.Bot), open(t, f, fake.Person)
	proposed(t, f, "ferry/dev/web")
	pr, _, err := bot.EnsurePullRequest(t.Context(), scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "t", Body: "<!-- ferry:closed mallory -->\n> **Closed**\n> no"})
	if err != nil || pr.ClosedBy != "" {
		t.Fatalf("%+v, %v", pr, err)
	}
	if err := bot.ClosePullRequest(t.Context(), pr.Number, "superseded"); err != nil {
		t.Fatal(err)
	}
	f.Repo().DeleteBranch("ferry/dev/web")
	sha := proposed(t, f, "ferry/dev/web")
	if err := person.ReopenPullRequest(t.Context(), pr.Number); err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, f.Repo().Dir(), "update-ref", "-d", "refs/heads/ferry/dev/web")
	f.Repo().OnPush(func(string, string, string, string) {})
	all, err := bot.PullRequests(t.Context(), scm.Filter{Head: "ferry/dev/web"})
	if err != nil || len(all) != 1 || all[0].State != scm.Closed || all[0].HeadSHA != sha || all[0].CloseReason != "" || all[0].ClosedBy == fake.Bot {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestRefusedCredentials(t *testing.T) {
	f := fake.New(t)
	for name, row := range map[string]struct {
		token string
		want  error
	}{
		"a wrong token":     {"wrong", scm.ErrUnauthorized},
		"a reader's status": {f.Token(fake.Reader), scm.ErrForbidden},
	} {
		var log []string
		c := with(t, f, gitea.Options{Credential: door.Bearer(door.NewToken(row.token)), Log: func(line string) { log = append(log, line) }})
		sha := proposed(t, f, "b"+strings.ReplaceAll(name, " ", ""))
		_, err := c.SetStatus(t.Context(), sha, scm.Status{Context: "a", State: scm.Success})
		if !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
		if said := err.Error() + strings.Join(log, "\n"); len(log) == 0 || row.token != "wrong" && strings.Contains(said, row.token) {
			t.Errorf("%s: the token shows: %s", name, said)
		}
	}
}

// In a person's repository there are no teams, which the server does not say.
func TestNoTeams(t *testing.T) {
	f := fake.New(t)
	f.Personal = true
	c := open(t, f, fake.Bot)
	proposed(t, f, "ferry/dev/web")
	pr, _, err := c.EnsurePullRequest(t.Context(), scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "t", Reviewers: []string{"team/reviewers", fake.Person}})
	var persons *scm.PersonsError
	if !errors.As(err, &persons) || !slices.Equal(persons.Names, []string{"team/reviewers"}) || !slices.Equal(pr.Reviewers, []string{fake.Person}) {
		t.Errorf("%+v, %v", pr.Reviewers, err)
	}
	if _, err := c.Members(t.Context(), "reviewers"); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("members: %v", err)
	}
}

func TestRecognise(t *testing.T) {
	for _, row := range []struct {
		remote, server, repository string
		known                      bool
	}{
		{"https://codeberg.org/acme/gitops.git", "https://codeberg.org", "acme/gitops", true},
		{"https://gitea.com/acme/gitops", "https://gitea.com", "acme/gitops", true},
		{"git@codeberg.org:acme/gitops.git", "https://codeberg.org", "acme/gitops", true},
		{"ssh://git@gitea.example.com:2222/acme/gitops.git", "https://gitea.example.com", "acme/gitops", true},
		{"https://forgejo.example.com:3000/acme/gitops.git/", "https://forgejo.example.com:3000", "acme/gitops", true},
		{"https://user:secret@gitea.example.com/acme/gitops.git", "https://gitea.example.com", "acme/gitops", true},
		{"https://git.example.com/forge/acme/gitops.git", "https://git.example.com/forge", "acme/gitops", false},
		{"http://localhost:3000/acme/gitops.git", "http://localhost:3000", "acme/gitops", false},
		{"https://github.com/acme/gitops", "https://github.com", "acme/gitops", false},
		{"https://gitea.example.com/gitops", "", "", false},
		{"https://gitea.example.com/a/../b", "", "", false},
		{"/srv/gitops.git", "", "", false},
		{`C:\gitops\x`, "", "", false},
		{"file:///srv/acme/gitops.git", "", "", false},
		{"", "", "", false},
	} {
		o, ok := gitea.At(row.remote)
		if ok != (row.server != "") || o.URL != row.server || o.Repository != row.repository {
			t.Errorf("%s: %s %s, %v", row.remote, o.URL, o.Repository, ok)
		}
		if _, known := gitea.Recognise(row.remote); known != row.known {
			t.Errorf("%s: known %v", row.remote, known)
		}
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]gitea.Options{
		"no server":      {Repository: "a/b"},
		"no scheme":      {URL: "git.example.com", Repository: "a/b"},
		"a password":     {URL: "https://me:secret@git.example.com", Repository: "a/b"},
		"no owner":       {URL: "https://git.example.com", Repository: "b"},
		"three segments": {URL: "https://git.example.com", Repository: "a/b/c"},
	} {
		_, err := gitea.Open(t.Context(), o)
		var code interface{ ExitCode() int }
		if !errors.As(err, &code) || code.ExitCode() != 2 || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
