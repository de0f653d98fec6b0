package promote_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

// What a plan would open has no pull request yet: the matrix must be able to say what it will wait for all the same.
func TestStatusOfAPullRequestThatIsNotOpenYet(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: qa, after: [dev], merge: auto}", "{name: qa, after: [dev]}", 1), nil)
	w.mustSubmit(1)
	w.healthy("dev")
	p := w.ferry()
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	plan, err := p.Plan(w.ctx, s, promote.Options{})
	w.must(err)
	m, err := p.Status(w.ctx, s, plan, promote.Scope{})
	w.must(err)
	if c, _ := m.Cell("shop", "qa"); len(c.Waiting) != 1 || !strings.Contains(c.Waiting[0], "a person merges") {
		t.Errorf("waiting: %q", c.Waiting)
	}
}

// racing is a forge on which something happens just before pull requests are listed.
type racing struct {
	promote.Forge
	first func()
}

func (r *racing) PullRequests(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	if first := r.first; first != nil {
		r.first = nil
		first()
	}
	return r.Forge.PullRequests(ctx, f)
}

// A push between reading the branches and listing the pull requests was not judged and is not merged.
func TestOnlyTheJudgedHeadIsMerged(t *testing.T) {
	review := strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev}", 1)
	auto := strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev, merge: auto}", 1)
	w := newWorld(t, review, nil)
	w.mustSubmit(1)
	w.push("main", map[string]string{"ferry.yaml": auto})
	p := w.ferry()
	p.Forge = &racing{p.Forge, func() { w.push("ferry/dev/shop", map[string]string{"README.md": "not reviewed\n"}) }}
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	plan, err := p.Plan(w.ctx, s, promote.Options{})
	w.must(err)
	_, err = p.Apply(w.ctx, plan)
	w.must(err)
	if got := w.file("main", "README.md"); got != "people's own\n" {
		t.Errorf("merged what nobody judged: %q", got)
	}
}

// A person turns an environment back with git: what was merged before is proposed anew, with content that can be merged.
func TestARevertedPromotionIsProposedWithContent(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev, merge: auto}", 1), nil)
	w.mustSubmit(1)
	first := w.git("rev-parse", "main")
	w.mustSubmit(2)
	files := map[string]string{}
	for _, f := range strings.Fields(w.git("ls-tree", "--name-only", first+":dev/shop")) {
		files["dev/shop/"+f] = w.git("show", first+":dev/shop/"+f) + "\n"
	}
	w.push("main", files)
	if got := w.version("dev", "shop"); got != "1.1.0" {
		t.Fatalf("turned back to %s", got)
	}
	w.advance()
	if got := w.version("dev", "shop"); got != "1.2.0" {
		t.Errorf("dev has %s", got)
	}
}

const joined = `version: 1
defaults:
  kubernetes: {version: "1.34"}
apps:
  - {name: shop, source: {repository: https://example.com/acme/apps, path: shop}, images: [{name: ghcr.io/acme/shop}], namespace: shop}
environments:
  - {name: left, pullRequest: false}
  - {name: right, pullRequest: false}
  - {name: prod, after: [left, right], pullRequest: false}
trust: {connector: [connector]}
`

// Turned back, or emptied, in one of the environments before: not proven there any more.
func TestAJoinNeedsWhatIsThereNow(t *testing.T) {
	w := newWorld(t, joined, nil)
	w.mustSubmit(1)
	w.healthy("left")
	w.healthy("right")
	files := map[string]string{}
	for _, f := range strings.Fields(w.git("ls-tree", "--name-only", "main:right/shop")) {
		files["right/shop/"+f] = ""
	}
	w.push("main", files)
	if _, err := w.run(promote.Options{Scope: promote.Scope{Environments: []string{"prod"}}}); err != nil {
		t.Fatal(err)
	}
	if got := w.version("prod", "shop"); got != "" {
		t.Errorf("prod got %s, which right does not run", got)
	}
}

// A file with a List is taken over like one with the same resources one by one.
func TestAdoptAList(t *testing.T) {
	list := "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Service\n    metadata: {name: shop}\n    spec: {ports: [{port: 80}], selector: {app: shop}}\n"
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	w.healthy("dev")
	w.push("main", map[string]string{"qa/shop/all.yaml": list})
	r, err := w.run(promote.Options{Adopt: true, Explicit: true, Scope: promote.Scope{Apps: []string{"shop"}, Environments: []string{"qa"}}})
	w.must(err)
	if got := r.Done[0].Changes[0].Adopted; !slices.Equal(got, []string{"all.yaml"}) {
		t.Errorf("adopted %v", got)
	}
}
