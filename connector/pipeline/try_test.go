package pipeline_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/pipeline"
	"github.com/ferry-cd/ferry/connector/pipeline/fake"
)

// What can be asked without an effect: a token that is not taken, a workflow that is not there, and a host that is down are
// found, and nothing is started by it.
func TestTry(t *testing.T) {
	github, gitea := fake.GitHub(source, flows), fake.Gitea(flows)
	t.Cleanup(github.Close)
	t.Cleanup(gitea.Close)
	for name, tt := range map[string]struct {
		host pipeline.Host
		err  string
	}{
		"workflow":              {pipeline.Workflow(way(github, fake.Token), "acme/shop", "acceptance.yml", "main", nil), ""},
		"no such workflow":      {pipeline.Workflow(way(github, fake.Token), "acme/shop", "gone.yml", "main", nil), "404"},
		"nobody's token":        {pipeline.Workflow(way(github, "typo"), "acme/shop", "acceptance.yml", "main", nil), "401"},
		"event":                 {pipeline.Event(way(github, fake.Token), "acme/shop", "ferry"), ""},
		"event elsewhere":       {pipeline.Event(way(github, fake.Token), "acme/gone", "ferry"), "404"},
		"deployment":            {pipeline.Deployment(way(github, fake.Token), "acme/shop"), ""},
		"Gitea":                 {pipeline.GiteaWorkflow(way(gitea, fake.Token), "acme/shop", "acceptance.yml", "main", nil), ""},
		"Gitea, nobody's token": {pipeline.GiteaWorkflow(way(gitea, "typo"), "acme/shop", "acceptance.yml", "main", nil), "401"},
	} {
		note, err := tt.host.Try(t.Context())
		if tt.err == "" && (err != nil || note == "") || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: %q, %v", name, note, err)
		}
	}
	if runs := whats(github) + whats(gitea); runs != "" {
		t.Errorf("it started %s", runs)
	}
}

// GitLab, Azure DevOps and webhooks: each asked with what is right, with a token that nobody knows, with one that is good for
// less, for what is not there, and where nobody answers.
func TestTryOthers(t *testing.T) {
	gitlab, azure := fake.GitLab(fake.Job{ID: 7, Name: "go on", Status: "manual"}), fake.Azure("inProgress", fake.Step{ID: "t", Parent: "j", Name: "wait", State: "inProgress"})
	down := fake.GitLab()
	down.Close()
	hook := consume(t, func(http.Header, []byte) error { return errors.New("unsigned") })
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	for _, s := range []interface{ Close() }{gitlab, azure, proxy} {
		t.Cleanup(s.Close)
	}
	play := func(s *fake.Server, project, token string) pipeline.Host {
		return pipeline.ManualJob(way(s, token), project, "go on", nil)
	}
	run := func(s *fake.Server, project string, id int, token string) pipeline.Host {
		return pipeline.Run(way(s, token), project, id, "main", nil)
	}
	task := func(s *fake.Server, project, token string) pipeline.Host {
		return pipeline.Task(way(s, token), project, "wait")
	}
	trigger := func(s *fake.Server) pipeline.Host {
		return pipeline.Trigger(way(s, "a-trigger-token"), "acme/shop", "main", nil)
	}
	signed := func(url string, key ...string) pipeline.Host {
		w := way(gitlab, "")
		w.URL, w.Token = url, nil
		return pipeline.Webhook(w, keys(key...))
	}
	for name, tt := range map[string]struct {
		host      pipeline.Host
		note, err string
	}{
		"job":                          {play(gitlab, "acme/shop", fake.Token), "may play jobs", ""},
		"job, nobody's token":          {play(gitlab, "acme/shop", "typo"), "", "401"},
		"job, a Reporter":              {play(gitlab, "acme/shop", fake.Looker), "", "is Reporter of the project"},
		"job, read_api":                {play(gitlab, "acme/shop", fake.Narrow), "", `["read_api"]`},
		"job, no such project":         {play(gitlab, "acme/gone", fake.Token), "", "404"},
		"job, nobody there":            {play(down, "acme/shop", fake.Token), "", "refused"},
		"trigger":                      {trigger(gitlab), "the host answers", ""},
		"trigger, nobody there":        {trigger(down), "", "refused"},
		"run":                          {run(azure, "shop", 12, fake.Token), "takes the token", ""},
		"run, nobody's token":          {run(azure, "shop", 12, "typo"), "", "a page came"},
		"run, another scope":           {run(azure, "shop", 12, fake.Narrow), "", "401"},
		"run, who may not see it":      {run(azure, "shop", 12, fake.Looker), "", "View builds"},
		"run, no such pipeline":        {run(azure, "shop", 13, fake.Token), "", "404"},
		"run, no such project":         {run(azure, "gone", 12, fake.Token), "", "TF200016"},
		"run, nobody there":            {run(down, "shop", 12, fake.Token), "", "refused"},
		"task":                         {task(azure, "shop", fake.Token), "takes the token", ""},
		"task, nobody's token":         {task(azure, "shop", "typo"), "", "a page came"},
		"task, who may not see it":     {task(azure, "shop", fake.Looker), "", "View builds"},
		"task, no such project":        {task(azure, "gone", fake.Token), "", "TF200016"},
		"task, nobody there":           {task(down, "shop", fake.Token), "", "refused"},
		"webhook":                      {signed(hook.URL, "a-signing-key"), "the host answers", ""},
		"webhook without a key":        {signed(hook.URL, ""), "", "no key signs"},
		"webhook, nobody there":        {signed(down.URL, "a-signing-key"), "", "refused"},
		"webhook, nobody behind proxy": {signed(proxy.URL, "a-signing-key"), "", "502"},
	} {
		note, err := tt.host.Try(t.Context())
		if tt.err == "" && (err != nil || !strings.Contains(note, tt.note)) || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: %q, %v", name, note, err)
		}
		if err != nil && (strings.Contains(err.Error(), "typo") || strings.Contains(err.Error(), "fake-token")) {
			t.Errorf("%s: the error has the token: %v", name, err)
		}
	}
	if runs := whats(gitlab) + whats(azure); runs != "" || len(hook.acted) > 0 {
		t.Errorf("it started %s, sent %v", runs, hook.acted)
	}
}

// What a try says of a token is what happens when it is used.
func TestTryTellsTheTruth(t *testing.T) {
	for token, may := range map[string]bool{fake.Token: true, fake.Looker: false, fake.Narrow: false} {
		s := fake.GitLab(fake.Job{ID: 7, Name: "go on", Status: "manual"})
		h := pipeline.ManualJob(way(s, token), "acme/shop", "go on", nil)
		_, tried := h.Try(t.Context())
		told := tell(t, h, verdict(connector.Healthy, gitlab41))
		if (tried == nil) != may || (told == nil) != may || may != (whats(s) == "job 7") {
			t.Errorf("%s: tried %v, told %v, started %q", token, tried, told, whats(s))
		}
		s.Close()
	}
}
