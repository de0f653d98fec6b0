package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/pipeline"
	"github.com/ferry-cd/ferry/connector/pipeline/fake"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/release"
)

var (
	commit = strings.Repeat("c", 40)
	source = strings.Repeat("5", 40)
	noon   = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

func verdict(phase connector.Phase, built release.Sequence) connector.Verdict {
	return connector.Verdict{
		Target: connector.Target{Environment: "dev", App: "shop", Repository: "https://git.example/gitops", Commit: commit,
			Release: release.Release{App: "shop", Version: "1.4.0", Sequence: built, Source: release.Source{Repository: "https://github.com/acme/shop", Commit: source}}},
		Phase: phase, Text: "2 of 2 units healthy\n" + strings.Repeat("é", 400), Since: noon, Checked: true,
	}
}

func way(s *fake.Server, token string) pipeline.Way {
	return pipeline.Way{URL: s.URL, Token: tokens(token)[0], AllowPrivate: true, Now: func() time.Time { return noon },
		Sleep: func(context.Context, time.Duration) error { return nil }}
}

func tokens(secrets ...string) []func() door.Token {
	var out []func() door.Token
	for _, s := range secrets {
		t := door.NewToken(s)
		out = append(out, func() door.Token { return t })
	}
	return out
}

func tell(t *testing.T, h pipeline.Host, v connector.Verdict) error {
	t.Helper()
	return pipeline.New(nil, pipeline.Pipeline{Name: "p", Host: h, When: connector.Ends}).Continue(context.Background(), v)
}

func whats(s *fake.Server) string {
	var out []string
	for _, r := range s.Runs() {
		out = append(out, strings.TrimSpace(r.What+" "+r.Ref))
	}
	return strings.Join(out, ", ")
}

var flows = map[string]fake.Workflow{
	"acceptance.yml": {Dispatch: true, Inputs: []string{"environment", "version", "key"}, Required: []string{"environment"}},
	"push.yml":       {},
}

var github7, gitlab41, azure77 = release.Sequence{Kind: release.GitHub, Number: 7}, release.Sequence{Kind: release.GitLab, Number: 41}, release.Sequence{Kind: release.Azure, Number: 77}

// Each way of going on, told of an end: what the host did, or what it said.
func TestHosts(t *testing.T) {
	inputs := map[string]string{"environment": "{environment}", "version": "v{version}", "key": "{key}"}
	github := func() *fake.Server { return fake.GitHub(source, flows) }
	for name, tt := range map[string]struct {
		host  func() *fake.Server
		make  func(pipeline.Way) pipeline.Host
		phase connector.Phase
		built release.Sequence
		want  string // what was started
		err   string // or why not
	}{
		"workflow": {github, func(w pipeline.Way) pipeline.Host {
			return pipeline.Workflow(w, "acme/shop", "acceptance.yml", "main", inputs)
		}, connector.Healthy, github7, "workflow acceptance.yml main", ""},
		"workflow, failed": {github, func(w pipeline.Way) pipeline.Host {
			return pipeline.Workflow(w, "acme/shop", "acceptance.yml", "main", inputs)
		}, connector.Failed, github7, "workflow acceptance.yml main", ""},
		"no such workflow": {github, func(w pipeline.Way) pipeline.Host {
			return pipeline.Workflow(w, "acme/shop", "gone.yml", "main", inputs)
		}, connector.Healthy, github7, "", "status 404"},
		"not dispatched": {github, func(w pipeline.Way) pipeline.Host { return pipeline.Workflow(w, "acme/shop", "push.yml", "main", nil) }, connector.Healthy, github7, "", "does not have 'workflow_dispatch' trigger"},
		"no such branch": {github, func(w pipeline.Way) pipeline.Host {
			return pipeline.Workflow(w, "acme/shop", "acceptance.yml", "dev", inputs)
		}, connector.Healthy, github7, "", "No ref found"},
		"input too many": {github, func(w pipeline.Way) pipeline.Host {
			return pipeline.Workflow(w, "acme/shop", "acceptance.yml", "main", map[string]string{"environment": "x", "suite": "y"})
		}, connector.Healthy, github7, "", "Unexpected inputs"},
		"input missing": {github, func(w pipeline.Way) pipeline.Host {
			return pipeline.Workflow(w, "acme/shop", "acceptance.yml", "main", nil)
		}, connector.Healthy, github7, "", "Required input"},
		"event":                  {github, func(w pipeline.Way) pipeline.Host { return pipeline.Event(w, "acme/shop", "ferry") }, connector.Superseded, github7, "event ferry", ""},
		"deployment":             {github, func(w pipeline.Way) pipeline.Host { return pipeline.Deployment(w, "acme/shop") }, connector.Healthy, github7, "deployment success", ""},
		"deployment, timed out":  {github, func(w pipeline.Way) pipeline.Host { return pipeline.Deployment(w, "acme/shop") }, connector.TimedOut, github7, "deployment failure", ""},
		"deployment, superseded": {github, func(w pipeline.Way) pipeline.Host { return pipeline.Deployment(w, "acme/shop") }, connector.Superseded, github7, "deployment inactive", ""},
		"trigger": {func() *fake.Server { return fake.GitLab() }, func(w pipeline.Way) pipeline.Host {
			w.Token = tokens("a-trigger-token")[0]
			return pipeline.Trigger(w, "acme/shop", "main", nil)
		}, connector.Closed, github7, "trigger main", ""},
		"trigger, wrong token": {func() *fake.Server { return fake.GitLab() }, func(w pipeline.Way) pipeline.Host { return pipeline.Trigger(w, "acme/shop", "main", nil) }, connector.Healthy, github7, "", "status 404"},
		"trigger, no branch": {func() *fake.Server { return fake.GitLab() }, func(w pipeline.Way) pipeline.Host {
			w.Token = tokens("a-trigger-token")[0]
			return pipeline.Trigger(w, "acme/shop", "x", nil)
		}, connector.Healthy, github7, "", "Reference not found"},
		"job": {func() *fake.Server {
			return fake.GitLab(many(120, fake.Job{ID: 700, Name: "go on", Status: "manual"})...)
		}, func(w pipeline.Way) pipeline.Host {
			return pipeline.ManualJob(w, "acme/shop", "go on", map[string]string{"SUITE": "{app}"})
		}, connector.Failed, gitlab41, "job 700", ""},
		"job, of the newest": {func() *fake.Server {
			return fake.GitLab(fake.Job{ID: 9, Name: "go on", Status: "manual"}, fake.Job{ID: 8, Name: "go on", Status: "failed"})
		}, func(w pipeline.Way) pipeline.Host { return pipeline.ManualJob(w, "acme/shop", "go on", nil) }, connector.Healthy, gitlab41, "job 9", ""},
		"job, played":           {func() *fake.Server { return fake.GitLab(fake.Job{ID: 9, Name: "go on", Status: "success"}) }, func(w pipeline.Way) pipeline.Host { return pipeline.ManualJob(w, "acme/shop", "go on", nil) }, connector.Healthy, gitlab41, "", ""},
		"job, not yet":          {func() *fake.Server { return fake.GitLab(fake.Job{ID: 9, Name: "go on", Status: "created"}) }, func(w pipeline.Way) pipeline.Host { return pipeline.ManualJob(w, "acme/shop", "go on", nil) }, connector.Healthy, gitlab41, "", "does not wait yet"},
		"job, misspelt":         {func() *fake.Server { return fake.GitLab(fake.Job{ID: 9, Name: "go on", Status: "manual"}) }, func(w pipeline.Way) pipeline.Host { return pipeline.ManualJob(w, "acme/shop", "goon", nil) }, connector.Healthy, gitlab41, "", `nothing that is called "goon"`},
		"job, built elsewhere":  {func() *fake.Server { return fake.GitLab() }, func(w pipeline.Way) pipeline.Host { return pipeline.ManualJob(w, "acme/shop", "go on", nil) }, connector.Healthy, github7, "", ""},
		"job, pipeline deleted": {func() *fake.Server { return fake.GitLab() }, func(w pipeline.Way) pipeline.Host { return pipeline.ManualJob(w, "acme/shop", "go on", nil) }, connector.Healthy, release.Sequence{Kind: release.GitLab, Number: 40}, "", ""},
		"run": {func() *fake.Server { return fake.Azure("inProgress") }, func(w pipeline.Way) pipeline.Host {
			return pipeline.Run(w, "shop", 12, "main", map[string]string{"environment": "{environment}", "key": "{key}"})
		}, connector.Healthy, azure77, "run 12 refs/heads/main", ""},
		"run, no pipeline": {func() *fake.Server { return fake.Azure("inProgress") }, func(w pipeline.Way) pipeline.Host { return pipeline.Run(w, "shop", 13, "main", nil) }, connector.Healthy, azure77, "", "Pipeline 13 not found"},
		"run, parameter": {func() *fake.Server { return fake.Azure("inProgress") }, func(w pipeline.Way) pipeline.Host {
			return pipeline.Run(w, "shop", 12, "main", map[string]string{"suite": "x"})
		}, connector.Healthy, azure77, "", "Unexpected parameter"},
		"task":              {waits("inProgress", "inProgress"), func(w pipeline.Way) pipeline.Host { return pipeline.Task(w, "shop", "wait for dev") }, connector.Healthy, azure77, "task t1 succeeded", ""},
		"task, failed":      {waits("inProgress", "inProgress"), func(w pipeline.Way) pipeline.Host { return pipeline.Task(w, "shop", "wait for dev") }, connector.TimedOut, azure77, "task t1 failed", ""},
		"task, not yet":     {waits("inProgress", "pending"), func(w pipeline.Way) pipeline.Host { return pipeline.Task(w, "shop", "wait for dev") }, connector.Healthy, azure77, "", "does not wait yet"},
		"task, over":        {waits("inProgress", "completed"), func(w pipeline.Way) pipeline.Host { return pipeline.Task(w, "shop", "wait for dev") }, connector.Healthy, azure77, "", ""},
		"task, misspelt":    {waits("inProgress", "inProgress"), func(w pipeline.Way) pipeline.Host { return pipeline.Task(w, "shop", "Wait") }, connector.Healthy, azure77, "", `nothing that is called "Wait"`},
		"task, run over":    {waits("completed", "inProgress"), func(w pipeline.Way) pipeline.Host { return pipeline.Task(w, "shop", "wait for dev") }, connector.Healthy, azure77, "", ""},
		"task, run deleted": {waits("inProgress", "inProgress"), func(w pipeline.Way) pipeline.Host { return pipeline.Task(w, "shop", "wait for dev") }, connector.Healthy, release.Sequence{Kind: release.Azure, Number: 76}, "", ""},
		"gitea": {func() *fake.Server { return fake.Gitea(flows) }, func(w pipeline.Way) pipeline.Host {
			return pipeline.GiteaWorkflow(w, "acme/shop", "acceptance.yml", "main", inputs)
		}, connector.Healthy, github7, "workflow acceptance.yml main", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := tt.host()
			defer s.Close()
			err := tell(t, tt.make(way(s, fake.Token)), verdict(tt.phase, tt.built))
			if got := whats(s); got != tt.want {
				t.Errorf("started %q, want %q", got, tt.want)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %v, want %q", err, tt.err)
			}
			for _, r := range s.Runs() {
				if v := r.Inputs["version"]; v != "" && v != "v1.4.0" || strings.Contains(fmt.Sprint(r.Inputs), "{") {
					t.Errorf("inputs are %v", r.Inputs)
				}
			}
		})
	}
}

func many(n int, last fake.Job) []fake.Job {
	var out []fake.Job
	for i := range n {
		out = append(out, fake.Job{ID: i + 1, Name: fmt.Sprint("test ", i), Status: "success"})
	}
	return append(out, last)
}

func waits(run, task string) func() *fake.Server {
	return func() *fake.Server {
		return fake.Azure(run, fake.Step{ID: "t0", Parent: "j0", Name: "build", State: "completed"}, fake.Step{ID: "t1", Parent: "j1", Name: "wait for dev", State: task})
	}
}

// Wrong credentials are told as such by every host, Azure's page for signing in among them, and nothing is started.
func TestWrongCredentials(t *testing.T) {
	for name, h := range map[string]struct {
		s    *fake.Server
		make func(pipeline.Way) pipeline.Host
	}{
		"github": {fake.GitHub(source, flows), func(w pipeline.Way) pipeline.Host { return pipeline.Event(w, "acme/shop", "ferry") }},
		"gitlab": {fake.GitLab(), func(w pipeline.Way) pipeline.Host { return pipeline.ManualJob(w, "acme/shop", "x", nil) }},
		"azure":  {fake.Azure("inProgress"), func(w pipeline.Way) pipeline.Host { return pipeline.Run(w, "shop", 12, "main", nil) }},
		"gitea": {fake.Gitea(flows), func(w pipeline.Way) pipeline.Host {
			return pipeline.GiteaWorkflow(w, "acme/shop", "acceptance.yml", "main", nil)
		}},
	} {
		built := gitlab41
		err := tell(t, h.make(way(h.s, "another-secret-token")), verdict(connector.Healthy, built))
		if err == nil || strings.Contains(err.Error(), "another-secret") || whats(h.s) != "" {
			t.Errorf("%s: %v, started %q", name, err, whats(h.s))
		}
		h.s.Close()
	}
}

// A secret that was replaced is used with the next message.
func TestRotation(t *testing.T) {
	s := fake.GitHub(source, flows)
	defer s.Close()
	secret := "the-old-token"
	w := way(s, "")
	w.Token = func() door.Token { return door.NewToken(secret) }
	h := pipeline.Event(w, "acme/shop", "ferry")
	if err := tell(t, h, verdict(connector.Healthy, github7)); err == nil {
		t.Fatal("the old token works")
	}
	secret = fake.Token
	if err := tell(t, h, verdict(connector.Healthy, github7)); err != nil || whats(s) != "event ferry" {
		t.Errorf("%v, started %q", err, whats(s))
	}
}

// The deployment is found again, and the same word is not said twice.
func TestDeploymentIsEnsured(t *testing.T) {
	s := fake.GitHub(source, flows)
	defer s.Close()
	for _, phase := range []connector.Phase{connector.Failed, connector.Failed, connector.Healthy, connector.Healthy} {
		if err := tell(t, pipeline.Deployment(way(s, fake.Token), "acme/shop"), verdict(phase, github7)); err != nil {
			t.Fatal(err)
		}
	}
	if got := whats(s); got != "deployment failure, deployment success" {
		t.Errorf("said %q", got)
	}
}

// Whom a promotion concerns is told, nobody else; who was told is not told again because another could not be.
func TestWhoIsTold(t *testing.T) {
	s := fake.GitHub(source, flows)
	defer s.Close()
	var seen []string
	event := func(name string) pipeline.Host { return pipeline.Event(way(s, fake.Token), "acme/shop", name) }
	only := func(env, app string) func(string, string, string) bool {
		return func(_, e, a string) bool { return e == env && a == app }
	}
	bad := pipeline.Workflow(way(s, fake.Token), "acme/shop", "gone.yml", "main", nil)
	p := pipeline.New(func(told pipeline.Told) { seen = append(seen, told.Pipeline) },
		pipeline.Pipeline{Name: "all", Host: event("all"), When: connector.Ends},
		pipeline.Pipeline{Name: "gone", Host: bad, When: []connector.Phase{connector.Healthy}},
		pipeline.Pipeline{Name: "failures", Host: event("failures"), When: []connector.Phase{connector.Failed, connector.TimedOut}},
		pipeline.Pipeline{Name: "ours", Host: event("ours"), When: connector.Ends, Concerns: only("dev", "shop")},
		pipeline.Pipeline{Name: "theirs", Host: event("theirs"), When: connector.Ends, Concerns: only("dev", "cart")},
		pipeline.Pipeline{Name: "advance", Host: event("advance"), Advance: true})
	for range 2 {
		err := p.Continue(context.Background(), verdict(connector.Healthy, github7))
		if err == nil || !strings.Contains(err.Error(), "tell pipeline gone that shop in dev is healthy") {
			t.Errorf("got %v", err)
		}
	}
	if got := whats(s); got != "event all, event ours" {
		t.Errorf("told %q", got)
	}
	if want := []string{"all", "gone", "ours", "gone"}; !slices.Equal(seen, want) {
		t.Errorf("tried %q", seen)
	}
	for range 2 {
		if err := p.Advance(context.Background(), "https://git.example/gitops", "dev became healthy"); err != nil {
			t.Error(err)
		}
	}
	if got := whats(s); !strings.HasSuffix(got, "event advance, event advance") || !p.Advances("x") {
		t.Errorf("told %q", got)
	}
}

// consumer is somebody who gets webhooks and acts once on each id, as Standard Webhooks asks of receivers.
type consumer struct {
	*httptest.Server
	mu      sync.Mutex
	came    int
	acted   map[string]string
	answers []int
}

func consume(t *testing.T, verify func(http.Header, []byte) error) *consumer {
	t.Helper()
	c := &consumer{acted: map[string]string{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = verify(r.Header, body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		c.came++
		var m struct {
			Type string
			Data pipeline.Message
		}
		if err := json.Unmarshal(body, &m); err != nil {
			t.Error(err)
		}
		c.acted[r.Header.Get("webhook-id")] = m.Type + " " + m.Data.Key
		if len(c.answers) > 0 {
			code := c.answers[0]
			c.answers = c.answers[1:]
			if code == 0 {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(code)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// One end is one effective continuation, whatever happens to messages and their replies, and to the process that sends them.
func TestOneContinuation(t *testing.T) {
	c := consume(t, func(http.Header, []byte) error { return nil })
	c.answers = []int{0, 502, 200, 0, 0, 500, 200}
	w := pipeline.Way{URL: c.URL, AllowPrivate: true, Now: func() time.Time { return noon }, Sleep: func(context.Context, time.Duration) error { return nil }}
	for range 5 { // each a process that forgot
		for range 2 {
			if err := tell(t, pipeline.Webhook(w, keys("a-key-of-some-length")), verdict(connector.Healthy, github7)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(c.acted) != 1 || c.came < 12 {
		t.Errorf("%d messages, %d continuations: %v", c.came, len(c.acted), c.acted)
	}
	if err := tell(t, pipeline.Webhook(w, keys("a-key-of-some-length")), verdict(connector.Failed, github7)); err != nil || len(c.acted) != 2 {
		t.Errorf("another end: %v, %v", err, c.acted)
	}
}

func keys(secrets ...string) func() []door.Token {
	return func() []door.Token {
		var out []door.Token
		for _, s := range tokens(secrets...) {
			out = append(out, s())
		}
		return out
	}
}

// Nothing that a host answers leads anywhere else, and a private address is not reached unless that was said.
func TestTargets(t *testing.T) {
	reached := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer elsewhere.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		first := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/path?of=another", code))
		w := pipeline.Way{URL: first.URL, AllowPrivate: true, Token: tokens("a-secret-token")[0], Sleep: func(context.Context, time.Duration) error { return nil }}
		for _, h := range []pipeline.Host{pipeline.Event(w, "acme/shop", "x"), pipeline.Deployment(w, "acme/shop"), pipeline.Webhook(w, keys("a-signing-key"))} {
			err := tell(t, h, verdict(connector.Healthy, github7))
			if err == nil || !strings.Contains(err.Error(), "the host sends elsewhere") || strings.Contains(err.Error(), "another") {
				t.Errorf("%d: %v", code, err)
			}
		}
		first.Close()
	}
	inside := pipeline.Way{URL: elsewhere.URL, Token: tokens("a-secret-token")[0], Sleep: func(context.Context, time.Duration) error { return nil }}
	err := tell(t, pipeline.Event(inside, "acme/shop", "x"), verdict(connector.Healthy, github7))
	var hint interface{ Hint() string }
	if err == nil || !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "allowPrivate") {
		t.Errorf("inside: %v", err)
	}
	if reached != 0 {
		t.Errorf("reached %d times", reached)
	}
}

// A host that is down for a moment is asked again; one that refuses is not.
func TestRetries(t *testing.T) {
	s := fake.GitLab()
	defer s.Close()
	w := way(s, "a-trigger-token")
	s.Fail(429, 429)
	if err := tell(t, pipeline.Trigger(w, "acme/shop", "main", nil), verdict(connector.Healthy, github7)); err != nil || whats(s) != "trigger main" {
		t.Errorf("%v, started %q", err, whats(s))
	}
	s.Lose(1)
	err := tell(t, pipeline.Trigger(w, "acme/shop", "main", nil), verdict(connector.Healthy, github7))
	if !door.Lost(err) || whats(s) != "trigger main, trigger main" {
		t.Errorf("a lost reply: %v, started %q", err, whats(s))
	}
}
