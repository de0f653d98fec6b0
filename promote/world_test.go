package promote_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm"
	"github.com/ferry-cd/ferry/render/kustomize"
	"github.com/ferry-cd/ferry/render/plain"
	"github.com/ferry-cd/ferry/report"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/local"
	"github.com/ferry-cd/ferry/source"
)

// world is a GitOps repository on the embedded forge, an app repository, and a clock that a test moves.
type world struct {
	*testing.T
	ctx    context.Context
	now    time.Time
	gitops string // bare repository
	apps   *git.Repository
	tree   map[string]git.ID // templates by app
	seq    int64
}

const ferryYAML = `version: 1
defaults:
  kubernetes: {version: "1.34"}
  values: ["values/{app}.yaml?", "values/{environment}/{app}.yaml?"]
apps:
  - {name: shop, source: {repository: https://example.com/acme/apps, path: shop}, images: [{name: ghcr.io/acme/shop}], namespace: shop}
environments:
  - {name: dev, pullRequest: false}
  - {name: qa, after: [dev], merge: auto}
  - {name: prod, after: [qa]}
trust: {connector: [connector]}
`

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.App }}}
spec:
  replicas: {{ get .Values "replicas" 1 }}
  selector: {matchLabels: {app: {{ .Release.App }}}}
  template:
    metadata: {labels: {app: {{ .Release.App }}}}
    spec: {containers: [{name: main, image: ghcr.io/acme/{{ .Release.App }}}]}
`

const service = `apiVersion: v1
kind: Service
metadata: {name: {{ .Release.App }}}
spec: {selector: {app: {{ .Release.App }}}, ports: [{port: 80}]}
`

// newWorld starts with a configuration and nothing released. Templates of an app lie in a folder of its name.
func newWorld(t *testing.T, config string, more map[string]string) *world {
	t.Helper()
	w := &world{T: t, ctx: context.Background(), now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), gitops: t.TempDir(), tree: map[string]git.ID{}}
	repo := w.repository(w.gitops)
	files := map[string]string{"ferry.yaml": config, "README.md": "people's own\n"}
	for path, text := range more {
		files[path] = text
	}
	w.commit(repo, "main", "Ada", files)
	w.apps = w.repository(t.TempDir())
	w.templates("shop", map[string]string{"deployment.yaml.tmpl": deployment, "service.yaml.tmpl": service})
	return w
}

// repository makes a bare one that does not wait for the disk: tests make thousands of commits, and none survives a test.
func (w *world) repository(dir string) *git.Repository {
	w.Helper()
	_, err := git.Init(w.ctx, dir, w.options("Ada"))
	w.must(err)
	config, err := os.ReadFile(filepath.Join(dir, "config"))
	w.must(err)
	w.must(os.WriteFile(filepath.Join(dir, "config"), append(config, "\tfsync = none\n"...), 0o600))
	repo, err := git.Open(w.ctx, dir, w.options("Ada"))
	w.must(err)
	return repo
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) options(name string) git.Options {
	return git.Options{Identity: git.Identity{Name: name, Email: strings.ToLower(name) + "@example.com"}, Now: func() time.Time { return w.now }}
}

// templates sets what the next release of an app is rendered from.
func (w *world) templates(app string, files map[string]string) {
	w.Helper()
	var edits []git.Edit
	for path, text := range files {
		id, err := w.apps.WriteBlob([]byte(text))
		w.must(err)
		edits = append(edits, git.Edit{Path: app + "/" + path, ID: id})
	}
	tree, err := w.apps.EditTree(w.ctx, "", edits...)
	w.must(err)
	w.seq++
	id, err := w.apps.WriteCommit(w.ctx, git.NewCommit{Tree: tree, Message: "templates"})
	w.must(err)
	w.must(w.apps.Push(w.ctx, git.Update{Ref: fmt.Sprintf("refs/heads/t%d", w.seq), New: id}))
	entry, err := w.apps.Lookup(w.ctx, tree, app)
	w.must(err)
	w.tree[app] = entry.ID
}

// commit is a person's push; "" deletes a file.
func (w *world) commit(repo *git.Repository, branch, who string, files map[string]string) git.ID {
	w.Helper()
	refs, err := repo.Refs(w.ctx)
	w.must(err)
	old := refs["refs/heads/"+branch]
	var base git.ID
	var parents []git.ID
	if old != "" {
		c, err := repo.Commit(w.ctx, old)
		w.must(err)
		base, parents = c.Tree, []git.ID{old}
	}
	var edits []git.Edit
	for path, text := range files {
		e := git.Edit{Path: path}
		if text != "" {
			e.ID, err = repo.WriteBlob([]byte(text))
			w.must(err)
		}
		edits = append(edits, e)
	}
	tree, err := repo.EditTree(w.ctx, base, edits...)
	w.must(err)
	id, err := repo.WriteCommit(w.ctx, git.NewCommit{Tree: tree, Parents: parents, Message: "by " + who})
	w.must(err)
	w.must(repo.Push(w.ctx, git.Update{Ref: "refs/heads/" + branch, Old: old, New: id}))
	return id
}

// push is a person's commit to the GitOps repository.
func (w *world) push(branch string, files map[string]string) git.ID {
	w.Helper()
	w.tick()
	repo, err := git.Open(w.ctx, w.gitops, w.options("Ada"))
	w.must(err)
	return w.commit(repo, branch, "Ada", files)
}

func (w *world) tick() { w.now = w.now.Add(time.Minute) }

func (w *world) forge(user string) *local.Client {
	w.Helper()
	repo, err := git.Open(w.ctx, w.gitops, w.options(user))
	w.must(err)
	c, err := local.Open(w.ctx, repo, local.Options{User: user, Now: func() time.Time { return w.now }})
	w.must(err)
	return c
}

// ferry is a fresh process of the bot.
func (w *world) ferry() *promote.Promoter {
	w.Helper()
	repo, err := git.Open(w.ctx, w.gitops, w.options("ferry"))
	w.must(err)
	forge, err := local.Open(w.ctx, repo, local.Options{User: "ferry", Now: func() time.Time { return w.now }})
	w.must(err)
	return &promote.Promoter{Repo: repo, Forge: forge, Sources: source.NewStore(repo), Write: report.Writer{Budget: report.Local}.PullRequest,
		Renderers: map[string]render.Renderer{"plain": plain.New(), "kustomize": kustomize.New(), "helm": helm.New()}, Now: func() time.Time { return w.now }, Version: "0.1.0"}
}

// release is what CI built: version 1.n.0 has the sequence n.
func (w *world) release(app string, n int64) release.Release {
	return release.Release{App: app, Version: fmt.Sprintf("1.%d.0", n), Sequence: release.Sequence{Kind: release.GitHub, Number: n},
		Source:    release.Source{Repository: "https://example.com/acme/apps", Commit: fmt.Sprintf("%040x", n), Time: w.now},
		Templates: string(w.tree[app]), Root: app,
		Images: []release.Image{{Name: "ghcr.io/acme/" + app, Tag: fmt.Sprintf("1.%d.0", n), Digest: fmt.Sprintf("sha256:%x", sha256.Sum256(fmt.Append(nil, app, n)))}}}
}

// submit hands releases over.
func (w *world) submit(releases ...release.Release) (*promote.Report, error) {
	w.Helper()
	return w.submitWith(w.ferry(), releases...)
}

func (w *world) submitWith(p *promote.Promoter, releases ...release.Release) (*promote.Report, error) {
	w.Helper()
	w.tick()
	s, err := p.Load(w.ctx, promote.Scope{Apps: appsOf(releases)})
	w.must(err)
	in, err := p.Sources.(*source.Store).Intake(w.ctx, w.apps, releases)
	if err != nil {
		return nil, err
	}
	r, err := p.Submit(w.ctx, s, in, promote.Options{Scope: promote.Scope{Apps: in.Apps()}})
	if err != nil {
		return nil, err
	}
	return r, r.Errors()
}

// mustSubmit hands over version 1.n.0 of the shop.
func (w *world) mustSubmit(n int64) *promote.Report {
	w.Helper()
	r, err := w.submit(w.release("shop", n))
	w.must(err)
	return r
}

func (w *world) run(o promote.Options) (*promote.Report, error) {
	w.Helper()
	w.tick()
	r, err := w.ferry().Advance(w.ctx, o)
	if err != nil {
		return nil, err
	}
	return r, r.Errors()
}

func (w *world) advance() *promote.Report {
	w.Helper()
	r, err := w.run(promote.Options{})
	w.must(err)
	return r
}

// says posts a status on the head of main, as the connector would.
func (w *world) says(who, environment, app string, state scm.StatusState) {
	w.Helper()
	w.tick()
	_, err := w.forge(who).SetStatus(w.ctx, string(w.head("main")), scm.Status{Context: release.StatusContext(environment, app, ""), State: state})
	w.must(err)
}

func (w *world) healthy(environment string) { w.says("connector", environment, "shop", scm.Success) }

// git runs the real Git on the GitOps repository.
func (w *world) git(args ...string) string {
	w.Helper()
	out, err := exec.Command("git", append([]string{"-C", w.gitops}, args...)...).CombinedOutput()
	if err != nil {
		w.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (w *world) head(branch string) git.ID {
	w.Helper()
	repo, err := git.Open(w.ctx, w.gitops, w.options("Ada"))
	w.must(err)
	refs, err := repo.Refs(w.ctx)
	w.must(err)
	id, ok := refs["refs/heads/"+branch]
	if !ok {
		w.Fatalf("there is no branch %s", branch)
	}
	return id
}

// refs are all refs: equal before and after means that nothing was written.
func (w *world) refs() string { return w.git("show-ref") }

// file reads a file at the head of a branch, "" where there is none.
func (w *world) file(branch, path string) string {
	out, err := exec.Command("git", "-C", w.gitops, "show", branch+":"+path).Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// version tells which release an environment holds.
func (w *world) version(environment, app string) string {
	w.Helper()
	text := w.file("main", environment+"/"+app+"/"+release.RecordName)
	if text == "" {
		return ""
	}
	r, err := release.ParseRecord([]byte(text))
	w.must(err)
	return r.Release.Version
}

// open lists the open pull requests as "number title".
func (w *world) open() []string {
	w.Helper()
	prs, err := w.forge("ada").PullRequests(w.ctx, scm.Filter{State: scm.Open})
	w.must(err)
	var all []string
	for _, pr := range prs {
		all = append(all, fmt.Sprintf("%d %s", pr.Number, pr.Title))
	}
	return all
}

func appsOf(releases []release.Release) []string {
	var apps []string
	for _, r := range releases {
		apps = append(apps, r.App)
	}
	return apps
}
