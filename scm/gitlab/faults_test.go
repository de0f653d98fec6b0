package gitlab_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/gitlab"
	"github.com/ferry-cd/ferry/scm/gitlab/fake"
)

// weather is a bad network: it loses requests, replies and the ends of replies, and shows pages of proxies, by a seed.
type weather struct {
	mu     sync.Mutex
	chance *rand.Rand
	one    int // in this many requests something goes wrong
	faults int
}

func (w *weather) draw() (int, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.chance.IntN(w.one) != 0 {
		return 0, false
	}
	w.faults++
	return w.chance.IntN(6), true
}

func (w *weather) RoundTrip(r *http.Request) (*http.Response, error) {
	fault, bad := w.draw()
	if !bad {
		return http.DefaultTransport.RoundTrip(r)
	}
	switch fault {
	case 0: // never arrived, and nobody knows
		return nil, errors.New("connection reset by peer")
	case 1:
		return answer(r, 502, "text/html", "<html>bad gateway</html>"), nil
	case 2:
		res := answer(r, 429, "text/plain", "Retry later")
		res.Header.Set("Retry-After", "1")
		return res, nil
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	switch fault {
	case 3: // done, and the reply is lost
		return nil, errors.New("unexpected EOF")
	case 4: // done, and a proxy answers
		return answer(r, 200, "text/html; charset=utf-8", "<html>sign in</html>"), nil
	}
	return answer(r, 503, "text/plain", "unavailable"), nil // done, and the gateway gave up
}

func answer(r *http.Request, code int, kind, body string) *http.Response {
	return &http.Response{StatusCode: code, Status: fmt.Sprint(code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// Whatever the network does, running again ends in one merge request, one comment and one merge.
func TestFaults(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f, head := project(t)
			w := &weather{chance: rand.New(rand.NewPCG(seed, 1)), one: 2}
			c := openWith(t, f, gitlab.Options{Token: door.NewToken(f.Token(fake.Bot)), Under: w})
			again(t, "carry the promotion through", func() error { return carry(t, c, head) })
			settled(t, f, w)
		})
	}
}

// carry is what ferry asks for in a promotion's life.
func carry(t *testing.T, c *gitlab.Client, head string) error {
	t.Helper()
	ctx := t.Context()
	merged, err := c.PullRequests(ctx, scm.Filter{Head: wanted.Head, State: scm.Merged})
	if err != nil || len(merged) > 0 {
		return err
	}
	pr, _, err := c.EnsurePullRequest(ctx, wanted)
	if err != nil {
		return err
	}
	if _, err := c.EnsureComment(ctx, pr.Number, "<!-- m -->", "<!-- m -->\ntext"); err != nil {
		return err
	}
	if _, err := c.SetStatus(ctx, head, scm.Status{Context: "ferry/gates", State: scm.Success}); err != nil {
		return err
	}
	if _, err := c.EnsureDeployment(ctx, scm.Deployment{SHA: head, Environment: "dev/web", State: scm.Success}); err != nil {
		return err
	}
	_, err = c.MergePullRequest(ctx, pr.Number, scm.Merge{Head: head})
	return err
}

// again is a person who runs the command until it ends well.
func again(t *testing.T, what string, run func() error) {
	t.Helper()
	var err error
	for range 20 {
		if err = run(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

// settled looks at what came of it, without the network between.
func settled(t *testing.T, f *fake.Fake, w *weather) {
	t.Helper()
	c := open(t, f, fake.Bot)
	prs, err := c.PullRequests(t.Context(), scm.Filter{})
	if err != nil || len(prs) != 1 || prs[0].State != scm.Merged {
		t.Fatalf("%+v, %v", prs, err)
	}
	if comments := f.Comments(prs[0].Number); len(comments) != 1 {
		t.Errorf("comments %q", comments)
	}
	if all, err := c.Statuses(t.Context(), prs[0].HeadSHA); err != nil || len(all) != 1 {
		t.Errorf("statuses %+v, %v", all, err)
	}
	if got := f.Deployments(); got != 1 {
		t.Errorf("%d deployments", got)
	}
	main, _ := f.Repo.Head("main")
	if n := len(f.Repo.Log(prs[0].HeadSHA, main)); n != 1 {
		t.Errorf("%d commits on main beyond the head, want the merge alone", n)
	}
	if w.faults == 0 {
		t.Error("the weather was fine")
	}
}

// meddler acts once, right before a request to a path is sent.
type meddler struct {
	suffix string
	act    func()
	once   sync.Once
}

func (m *meddler) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, m.suffix) && r.Method != http.MethodGet {
		m.once.Do(m.act)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// A head that moves between the last look and the act is neither merged nor queued nor approved: GitLab itself compares.
func TestGuards(t *testing.T) {
	for suffix, act := range map[string]func(c *gitlab.Client, number int, head string) error{
		"/merge": func(c *gitlab.Client, number int, head string) error {
			_, err := c.MergePullRequest(t.Context(), number, scm.Merge{Head: head})
			return err
		},
		"/approve": func(c *gitlab.Client, number int, head string) error {
			_, err := c.Review(t.Context(), number, scm.Review{Verdict: scm.Approved, SHA: head})
			return err
		},
		"/merge_requests/1": func(c *gitlab.Client, number int, head string) error {
			return c.EnqueuePullRequest(t.Context(), number, scm.Merge{Head: head})
		},
	} {
		f, head := project(t)
		pr := propose(t, open(t, f, fake.Bot), wanted)
		text := "a: 1\n"
		next := f.Repo.Commit(head, map[string]*string{"unseen.yaml": &text}, "Unseen", "ada")
		if strings.HasSuffix(suffix, "/1") {
			f.Set(func(s *fake.Settings) { s.Trains = true })
		}
		m := &meddler{suffix: suffix, act: func() {
			if err := f.Repo.SetRef(wanted.Head, head, next); err != nil {
				t.Error(err)
			}
		}}
		c := openWith(t, f, gitlab.Options{Token: door.NewToken(f.Token(fake.Person)), Under: m})
		if err := act(c, pr.Number, head); !errors.Is(err, scm.ErrConflict) {
			t.Errorf("%s: %v, want ErrConflict", suffix, err)
		}
		got, err := open(t, f, fake.Bot).PullRequest(t.Context(), pr.Number)
		if err != nil || got.State != scm.Open || got.HeadSHA != next || got.Queued {
			t.Errorf("%s: %+v, %v", suffix, got, err)
		}
		if who := approvers(t, open(t, f, fake.Bot), pr.Number); len(who) != 0 {
			t.Errorf("%s: approved by %v", suffix, who)
		}
	}
}

// A reply that was lost is looked for: what it made was made by this call, and is made once.
func TestLostReply(t *testing.T) {
	f, head := project(t)
	lost := map[string]bool{}
	c := openWith(t, f, gitlab.Options{Token: door.NewToken(f.Token(fake.Bot)), Under: roundTrip(func(r *http.Request) (*http.Response, error) {
		res, err := http.DefaultTransport.RoundTrip(r)
		if err == nil && r.Method == http.MethodPost && !lost[r.URL.Path] {
			lost[r.URL.Path] = true
			return nil, errors.Join(errors.New("unexpected EOF"), res.Body.Close())
		}
		return res, err
	})})
	pr, outcome, err := c.EnsurePullRequest(t.Context(), wanted)
	if err != nil || outcome != scm.Created || pr.Number != 1 {
		t.Errorf("!%d, %s, %v", pr.Number, outcome, err)
	}
	if outcome, err := c.EnsureComment(t.Context(), 1, "<!-- m -->", "<!-- m -->"); err != nil || outcome != scm.Created || len(f.Comments(1)) != 1 {
		t.Errorf("comment: %s, %v: %q", outcome, err, f.Comments(1))
	}
	if wrote, err := c.SetStatus(t.Context(), head, scm.Status{Context: "a", State: scm.Success}); err != nil || !wrote {
		t.Errorf("status: wrote %v, %v", wrote, err)
	}
	if wrote, err := c.EnsureDeployment(t.Context(), scm.Deployment{SHA: head, Environment: "dev", State: scm.Success}); err != nil || !wrote || f.Deployments() != 1 {
		t.Errorf("deployment: wrote %v, %v", wrote, err)
	}
	for _, fine := range []bool{true, false} {
		lost["/api/v4/projects/"+fake.Path+"/merge_requests/1/notes"] = fine
		if _, err := c.Review(t.Context(), 1, scm.Review{Verdict: scm.Commented, Body: "said twice"}); err != nil {
			t.Error(err)
		}
	}
	if got := f.Comments(1); len(got) != 3 {
		t.Errorf("comments %q, want the first and two of the same", got)
	}
	if len(lost) != 4 {
		t.Errorf("lost %v", lost)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
