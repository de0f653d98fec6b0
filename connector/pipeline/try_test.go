package pipeline_test

import (
	"strings"
	"testing"

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
