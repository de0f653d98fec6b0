package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/templates"
)

// TestExamples validates each example repository, plans a first release of each of its apps on the embedded forge, and
// brings it into the first environment.
func TestExamples(t *testing.T) {
	dirs, err := filepath.Glob("../../examples/*/gitops")
	if err != nil || len(dirs) < 6 {
		t.Fatalf("%d examples, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(filepath.Dir(dir)), func(t *testing.T) {
			t.Parallel()
			config, err := environments.Load(t.Context(), environments.Dir(dir), environments.For(version))
			if err != nil {
				t.Fatal(err)
			}
			e := example{t, t.TempDir(), config}
			e.repositories(dir)
			for _, app := range config.Apps {
				e.first(app)
			}
		})
	}
}

// example is a copy of an example, with repositories as its user would have.
type example struct {
	*testing.T
	dir    string
	config *environments.Config
}

func (e *example) git(args ...string) string {
	e.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = e.dir
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com", "GIT_CONFIG_GLOBAL=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		e.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (e *example) repositories(gitops string) {
	for name, from := range map[string]string{"gitops": gitops, "app": filepath.Join(filepath.Dir(gitops), "app")} {
		if err := os.CopyFS(filepath.Join(e.dir, name), os.DirFS(from)); err != nil {
			e.Fatal(err)
		}
		e.git("-C", name, "init", "-q", "-b", "main")
		e.git("-C", name, "add", ".")
		e.git("-C", name, "commit", "-qm", "An example")
	}
	e.git("-C", "app", "remote", "add", "origin", e.config.Apps[0].Source.Repository)
	e.git("clone", "-q", "--bare", "gitops", "gitops.git")
	for _, p := range e.config.Placements() {
		if p.Branch != "" && !strings.Contains(e.git("-C", "gitops.git", "branch"), p.Branch) {
			empty := strings.TrimSpace(e.git("-C", "gitops.git", "commit-tree", "-m", "Nothing yet", strings.TrimSpace(e.git("-C", "gitops.git", "hash-object", "-t", "tree", "-w", "/dev/null"))))
			e.git("-C", "gitops.git", "branch", p.Branch, empty)
		}
	}
}

// first plans and submits the first release of an app.
func (e *example) first(app environments.App) {
	p, _ := e.config.Placement(app.Name, e.config.Environments[0].Name)
	args := []string{"--repo", filepath.Join(e.dir, "gitops.git"), "--source", "app", "--app", app.Name, "--version", "1.0.0", "--sequence", "1"}
	for _, i := range p.Images {
		args = append(args, "--image", i.Name+":1.0.0@sha256:"+strings.Repeat("1", 64))
	}
	if out := e.ferry(append([]string{"plan"}, args...)...); !strings.Contains(out, app.Name) {
		e.Errorf("the plan does not name %s:\n%s", app.Name, out)
	}
	e.ferry(append([]string{"submit"}, args...)...)
	branch := p.Branch
	if branch == "" {
		branch = "main"
	}
	if out := e.git("-C", "gitops.git", "ls-tree", "-r", "--name-only", branch, p.Folder+"/"); !strings.Contains(out, "release.lock") || !strings.Contains(out, "deployment-") {
		e.Errorf("%s holds\n%s", p.Folder, out)
	}
}

func (e *example) ferry(args ...string) string {
	e.Helper()
	out, said, code := ran(e.Context(), e.dir, nil, args...)
	if code != 0 {
		e.Fatalf("ferry %s: %d\n%s%s", strings.Join(args, " "), code, out, said)
	}
	return out
}

// TestExamplesHaveTheCIThatInitWrites keeps one text for both; a repository with more branches listens to those, too.
func TestExamplesHaveTheCIThatInitWrites(t *testing.T) {
	seen := 0
	for starter, name := range map[string]string{"github": ".github/workflows/ferry.yaml", "gitlab": ".gitlab-ci.yml", "azure": "azure-pipelines.yml"} {
		want, err := templates.Starter.ReadFile("starter/ci/" + starter + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob("../../examples/*/gitops/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			lines := func(text []byte) []string {
				return slices.DeleteFunc(strings.Split(string(text), "\n"), func(l string) bool { return strings.Contains(l, "branches: [main") })
			}
			if !slices.Equal(lines(got), lines(want)) {
				t.Errorf("%s is not what ferry init writes", file)
			}
			seen++
		}
	}
	if seen != 6 {
		t.Errorf("%d examples have a CI", seen)
	}
}
