package promote_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

const regionsYAML = `version: 1
defaults:
  kubernetes: {version: "1.34"}
  merge: auto
  values: ["values/{app}.yaml?", "values/{environment}/{app}.yaml?"]
apps:
  - {name: shop, source: {repository: https://example.com/acme/apps, path: shop}, images: [{name: ghcr.io/acme/shop}], namespace: shop}
environments:
  - {name: dev, pullRequest: false}
  - {name: eu, after: [dev]}
  - {name: us, after: [dev]}
  - {name: za, after: [dev]}
trust: {connector: [connector]}
`

// partial is a forge where one step fails for the environment in the middle.
type partial struct {
	promote.Forge
	step string
}

func (p partial) EnsurePullRequest(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error) {
	if p.step == "open" && strings.HasPrefix(want.Head, "ferry/us/") {
		return scm.PullRequest{}, scm.Unchanged, errDown
	}
	return p.Forge.EnsurePullRequest(ctx, want)
}

func (p partial) concerns(ctx context.Context, number int, sha string) bool {
	prs, err := p.Forge.PullRequests(ctx, scm.Filter{State: scm.Open})
	for _, pr := range prs {
		if strings.HasPrefix(pr.Head, "ferry/us/") && (pr.Number == number || pr.HeadSHA == sha) {
			return true
		}
	}
	return err != nil
}

func (p partial) SetStatus(ctx context.Context, sha string, s scm.Status) (bool, error) {
	if p.step == "announce" && p.concerns(ctx, 0, sha) {
		return false, errDown
	}
	return p.Forge.SetStatus(ctx, sha, s)
}

func (p partial) MergePullRequest(ctx context.Context, number int, m scm.Merge) (string, error) {
	if p.step == "merge" && p.concerns(ctx, number, "") {
		return "", errDown
	}
	return p.Forge.MergePullRequest(ctx, number, m)
}

// The second of three environments fails, at each step that writes: the others arrive, the run says which one did not,
// and the next run writes only that one.
func TestOneEnvironmentOfThreeFails(t *testing.T) {
	for _, step := range []string{"render", "push", "open", "announce", "merge"} {
		t.Run(step, func(t *testing.T) {
			w := newWorld(t, regionsYAML, map[string]string{"values/us/shop.yaml": "replicas: 2\n"})
			w.mustSubmit(1)
			w.healthy("dev")
			hook := filepath.Join(w.gitops, "hooks", "update")
			switch step {
			case "render":
				w.push("main", map[string]string{"values/us/shop.yaml": "replicas: [\n"})
			case "push":
				w.must(os.MkdirAll(filepath.Dir(hook), 0o700))
				w.must(os.WriteFile(hook, []byte("#!/bin/sh\ncase $1 in refs/heads/ferry/us/*) echo not today >&2; exit 1 ;; esac\n"), 0o700))
			}
			w.tick()
			p := w.writer().Promoter
			p.Forge = partial{p.Forge, step}
			r, err := p.Advance(w.ctx, promote.Options{})
			w.must(err)
			if r.Errors() == nil {
				t.Error("the run is called a success")
			}
			for _, d := range r.Done {
				if d.Err != nil && d.Environment != "us" {
					t.Errorf("%s failed too: %v", d.Environment, d.Err)
				}
			}
			w.holds("1.1.0", "", "1.1.0") // nothing is merged before its status says that it may be

			w.must(os.RemoveAll(hook))
			if step == "render" {
				w.push("main", map[string]string{"values/us/shop.yaml": "replicas: 2\n"})
			}
			again := w.advance()
			for _, d := range again.Done {
				if d.Wrote && d.Environment != "us" && d.Action != promote.ActionRecord {
					t.Errorf("the rerun did %s in %s", d.Action, d.Environment)
				}
			}
			w.holds("1.1.0", "1.1.0", "1.1.0")
			if prs := w.all(); len(prs) != 3 {
				t.Errorf("%d pull requests", len(prs))
			}
		})
	}
}

func (w *world) holds(eu, us, za string) {
	w.Helper()
	for environment, want := range map[string]string{"eu": eu, "us": us, "za": za} {
		if got := w.version(environment, "shop"); got != want {
			w.Errorf("%s holds %q, not %q", environment, got, want)
		}
	}
}
