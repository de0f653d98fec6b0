package connector_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/connectortest"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm/local"
)

const twoEnvironments = `version: 1
defaults: {kubernetes: {version: "1.34"}}
apps:
  - {name: shop, source: {repository: https://example.com/acme/shop, path: chart}}
  - {name: cart, source: {repository: https://example.com/acme/cart, path: chart}}
environments:
  - {name: dev, deadline: 1h}
  - {name: prod, after: [dev], deadline: 1h}
trust: {connector: [connector]}
`

// world is a GitOps repository with the embedded forge in it, a cluster in memory, and a clock that the test moves.
type world struct {
	*testing.T
	ctx     context.Context
	dir     string
	repo    *git.Repository
	cluster *connectortest.Cluster
	memory  *memory // in place of the embedded forge, where a test wants to break it
	pipes   *pipes
	options connector.Options
	c       *connector.Connector

	time *moment // shared by all connectors of a story
}

// moment is a clock that stands until it is moved.
type moment struct {
	mu  sync.Mutex
	now time.Time
}

func newWorld(t *testing.T, config string) *world {
	t.Helper()
	w := &world{T: t, ctx: t.Context(), dir: t.TempDir(), time: &moment{now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}, cluster: connectortest.New(), pipes: &pipes{}}
	w.repo = w.bare(w.dir)
	w.commit("main", map[string]string{"ferry.yaml": config})
	w.options = connector.Options{
		Cluster: w.cluster, Pipelines: w.pipes, Now: w.clock, Version: "0.1.0", Counter: counter{t},
		Repositories: []connector.Repository{{
			Name: "acme/gitops", Open: func(ctx context.Context) (*git.Repository, error) { return git.Open(ctx, w.dir, git.Options{}) },
			Forge: connector.Destination{Name: "forge", Forge: w.forge("connector")},
		}},
	}
	w.cluster.Set()
	return w
}

// bare makes a repository that does not wait for the disk: none survives a test.
func (w *world) bare(dir string) *git.Repository {
	w.Helper()
	_, err := git.Init(w.ctx, dir, git.Options{})
	w.must(err)
	config, err := os.ReadFile(filepath.Join(dir, "config"))
	w.must(err)
	w.must(os.WriteFile(filepath.Join(dir, "config"), append(config, "\tfsync = none\n"...), 0o600))
	repo, err := git.Open(w.ctx, dir, git.Options{Identity: git.Identity{Name: "Ada", Email: "ada@example.com"}, Now: w.clock})
	w.must(err)
	return repo
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) clock() time.Time {
	w.time.mu.Lock()
	defer w.time.mu.Unlock()
	return w.time.now
}

func (w *world) wait(d time.Duration) {
	w.time.mu.Lock()
	defer w.time.mu.Unlock()
	w.time.now = w.time.now.Add(d)
}

func (w *world) forge(user string) *local.Client {
	w.Helper()
	repo, err := git.Open(w.ctx, w.dir, git.Options{Identity: git.Identity{Name: user, Email: user + "@example.com"}, Now: w.clock})
	w.must(err)
	c, err := local.Open(w.ctx, repo, local.Options{User: user, Now: w.clock})
	w.must(err)
	return c
}

// commit pushes onto a branch; "" deletes a file.
func (w *world) commit(branch string, files map[string]string, parents ...git.ID) string {
	w.Helper()
	w.wait(time.Second)
	refs, err := w.repo.Refs(w.ctx)
	w.must(err)
	old := refs["refs/heads/"+branch]
	var base git.ID
	if old != "" {
		c, err := w.repo.Commit(w.ctx, old)
		w.must(err)
		base, parents = c.Tree, append([]git.ID{old}, parents...)
	}
	id := w.object(base, files, parents...)
	w.must(w.repo.Push(w.ctx, git.Update{Ref: "refs/heads/" + branch, Old: old, New: id}))
	return string(id)
}

func (w *world) object(base git.ID, files map[string]string, parents ...git.ID) git.ID {
	w.Helper()
	var edits []git.Edit
	for path, text := range files {
		e := git.Edit{Path: path}
		if text != "" {
			var err error
			e.ID, err = w.repo.WriteBlob([]byte(text))
			w.must(err)
		}
		edits = append(edits, e)
	}
	tree, err := w.repo.EditTree(w.ctx, base, edits...)
	w.must(err)
	id, err := w.repo.WriteCommit(w.ctx, git.NewCommit{Tree: tree, Parents: parents, Message: "change"})
	w.must(err)
	return id
}

// release is version 1.n.0 of an app as it lies in an environment's folder.
func (w *world) release(environment, app string, n int64) map[string]string {
	w.Helper()
	rec := release.Record{Version: 1, App: app, Environment: environment, Inputs: release.NewInputs(nil), Release: release.Release{
		App: app, Version: fmt.Sprintf("1.%d.0", n), Sequence: release.Sequence{Kind: release.GitHub, Number: n},
		Source: release.Source{Repository: "https://example.com/acme/" + app, Commit: fmt.Sprintf("%040x", n), Time: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)},
		Images: []release.Image{{Name: "ghcr.io/acme/" + app, Tag: fmt.Sprintf("1.%d.0", n), Digest: "sha256:" + strings.Repeat("a", 64)}},
	}}
	data, err := rec.Marshal()
	w.must(err)
	folder := environment + "/" + app + "/"
	return map[string]string{folder + release.RecordName: string(data), folder + "deployment-" + app + ".yaml": fmt.Sprintf("kind: Deployment # %d\n", n)}
}

// promote puts version 1.n.0 into an environment, straight onto the branch.
func (w *world) promote(environment, app string, n int64) string {
	w.Helper()
	return w.commit("main", w.release(environment, app, n))
}

// start makes a connector, as a fresh process does.
func (w *world) start() {
	w.Helper()
	var err error
	w.c, err = connector.New(w.options)
	w.must(err)
}

// run lets the connector work for a while.
func (w *world) run(d time.Duration) {
	w.Helper()
	runAll(w, d, w.c)
}

// runAll steps several connectors, moving the clock to whatever is due next.
func runAll(w *world, d time.Duration, all ...*connector.Connector) {
	w.Helper()
	end := w.clock().Add(d)
	for steps := 0; ; steps++ {
		if steps > 200_000 {
			w.Fatal("the connector never rests")
		}
		var next time.Time
		for _, c := range all {
			if at := c.Once(w.ctx); next.IsZero() || !at.IsZero() && at.Before(next) {
				next = at
			}
		}
		w.time.mu.Lock()
		switch {
		case next.IsZero() || next.After(end):
			w.time.now = end
			w.time.mu.Unlock()
			return
		case next.After(w.time.now):
			w.time.now = next
		}
		w.time.mu.Unlock()
	}
}

// inMemory has the connector speak to a forge that the test can break.
func (w *world) inMemory() *memory {
	w.memory = newMemory(w.clock, "connector")
	w.options.Repositories[0].Forge.Forge = w.memory
	return w.memory
}

// says gives the history of a context on a commit, oldest first, as "state text".
func (w *world) says(commit, context string) []string {
	w.Helper()
	if w.memory != nil {
		return w.memory.says(commit, context)
	}
	all, err := w.forge("reader").Statuses(w.ctx, commit)
	w.must(err)
	var out []string
	for _, s := range slices.Backward(all) {
		if s.Context == context {
			out = append(out, fmt.Sprintf("%s %s", s.State, s.Text))
		}
	}
	return out
}

// now is the newest of says.
func (w *world) newest(commit, context string) string {
	w.Helper()
	all := w.says(commit, context)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

func (w *world) expect(commit, context, want string) {
	w.Helper()
	if got := w.newest(commit, context); !strings.HasPrefix(got, want) {
		w.Errorf("%s on %.7s: %q, not %q; all: %q", context, commit, got, want, w.says(commit, context))
	}
}

// kustomization is a unit of Flux that is ready with a commit.
func (w *world) kustomization(name, path, commit string) connector.Unit {
	at := connector.Revision{Kind: connector.Git, Branch: "main", Algorithm: "sha1", Value: commit}
	return connector.Unit{
		Engine: connector.Flux, Kind: "Kustomization", Namespace: "flux-system", Name: name, UID: name, Generation: 1, Observed: 1, Checks: true,
		Origins: []connector.Origin{{Repository: w.repo.URL(), Branch: "main", Path: "./" + path, Attempted: at, Applied: at, Attempting: commit, Commit: commit}},
		Ready:   connector.Condition{State: connector.True, Reason: "ReconciliationSucceeded", Since: w.clock()},
		Healthy: connector.Condition{State: connector.True, Reason: "Succeeded", Since: w.clock()},
	}
}

// verifying is the same while health is looked at.
func verifying(u connector.Unit) connector.Unit {
	u.Ready = connector.Condition{State: connector.Unclear, Reason: "Progressing", Since: u.Ready.Since}
	u.Reconciling = connector.Condition{State: connector.True, Reason: "Progressing", Since: u.Ready.Since}
	u.Healthy = connector.Condition{State: connector.Unclear, Reason: "Progressing", Since: u.Ready.Since}
	return u
}

// unhealthy is the same when that came out badly.
func unhealthy(u connector.Unit) connector.Unit {
	u.Ready = connector.Condition{State: connector.False, Reason: "HealthCheckFailed", Message: "timeout waiting for: [Deployment/shop/shop]", Since: u.Ready.Since}
	u.Healthy = connector.Condition{State: connector.False, Reason: "HealthCheckFailed", Since: u.Ready.Since}
	return u
}

// pipes remembers what pipelines are told, and fails as often as it is asked to.
type pipes struct {
	mu       sync.Mutex
	told     []string
	verdicts []connector.Verdict
	advances []string
	fail     int
	before   func() (done bool, err error)
	advance  func(context.Context) // in place of the run that is asked for
	nobody   func(connector.Verdict) bool
}

func (p *pipes) Awaits(v connector.Verdict) bool { return p.nobody == nil || !p.nobody(v) }

func (p *pipes) Continue(_ context.Context, v connector.Verdict) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail > 0 {
		p.fail--
		return errors.New("no pipeline answers")
	}
	done, err := true, error(nil)
	if p.before != nil {
		done, err = p.before()
	}
	if done {
		p.told, p.verdicts = append(p.told, v.Key()), append(p.verdicts, v)
	}
	return err
}

func (p *pipes) Advance(ctx context.Context, repository, why string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.advance != nil {
		p.advance(ctx)
	}
	p.advances = append(p.advances, repository+": "+why)
	return nil
}

// counter writes what goes wrong into the test's log.
type counter struct{ t *testing.T }

func (c counter) Evaluated(string, int, time.Duration)     {}
func (c counter) Posted(string, connector.PostResult)      {}
func (c counter) Continued(string, connector.Phase, error) {}
func (c counter) Ended(connector.Verdict, time.Duration)   {}
func (c counter) Troubled(repository, trouble string)      { c.t.Log(repository, trouble) }

const (
	devShop  = "ferry/dev/shop"
	prodShop = "ferry/prod/shop"
)
