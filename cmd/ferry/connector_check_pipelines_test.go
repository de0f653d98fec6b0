package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector/config"
	pipelinefake "github.com/ferry-cd/ferry/connector/pipeline/fake"
	githubfake "github.com/ferry-cd/ferry/scm/github/fake"
)

// Each pipeline and each source that is named in full is asked, and what is wrong has its cause and its fix.
func TestConnectorCheckPipelinesAndSources(t *testing.T) {
	ci := pipelinefake.GitHub(strings.Repeat("5", 40), map[string]pipelinefake.Workflow{"acceptance.yml": {Dispatch: true}})
	t.Cleanup(ci.Close)
	forge := githubfake.New(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"ci": pipelinefake.Token, "typo": "nobody-knows-it", "good": forge.Token(githubfake.Bot), "reader": forge.Token(githubfake.Reader)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flow := func(name, file, token string) string {
		return fmt.Sprintf("  - {name: %s, allowPrivate: true, github: {url: %q, repository: acme/shop, workflow: %s}, token: {file: %q}}\n", name, ci.URL, file, filepath.Join(dir, token))
	}
	source := func(token string) string {
		return fmt.Sprintf("  - {url: %q, forge: {kind: github}, credentials: {token: {file: %q}}}\n", forge.Repo.Remote(), filepath.Join(dir, token))
	}
	cfg, err := config.Load("connector.yaml", []byte("version: 1\nrepositories: [{url: https://github.com/acme/gitops}]\nsources:\n"+source("good")+source("reader")+
		"  - {url: \"https://github.com/acme/*\"}\npipelines:\n"+flow("good", "acceptance.yml", "ci")+flow("gone", "gone.yml", "ci")+flow("typo", "acceptance.yml", "typo")))
	if err != nil {
		t.Fatal(err)
	}
	a := &app{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Now: time.Now, Getenv: func(string) string { return "" }, Dir: dir}
	r := &running{app: a, config: cfg, secrets: config.NewKeeper(a.Getenv), log: jsonLog(io.Discard, false)}
	found := append(r.trySources(context.Background()), r.tryPipelines(context.Background())...)
	for i, want := range []string{"the credentials may", "lack: Commit statuses", "when a release names", "takes the token", "404", "401"} {
		f := found[i]
		if bad := i == 1 || i > 3; !strings.Contains(f.Note, want) || f.OK == bad || bad != (f.Fix != "") {
			t.Errorf("without %q: %+v", want, f)
		}
	}
	if len(ci.Runs()) > 0 {
		t.Errorf("it started %v", ci.Runs())
	}
}
