package promote_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/source"
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

// Whoever may push to a promotion branch can forge a record together with the manifests it lists. ferry merges only what
// it would write itself.
func TestAForgedProposalIsNotMerged(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev, merge: auto, gates: {approvals: {count: 1}}}", 1), nil)
	w.mustSubmit(1)
	record, err := release.ParseRecord([]byte(w.file("ferry/dev/shop", "dev/shop/release.lock")))
	w.must(err)
	evil := strings.Replace(w.file("ferry/dev/shop", "dev/shop/service-shop.yaml"), "port: 80", "port: 666", 1)
	for i, f := range record.Files {
		if f.Name == "service-shop.yaml" {
			record.Files[i].ID = string(git.BlobID([]byte(evil)))
		}
	}
	data, err := record.Marshal()
	w.must(err)
	// One commit on the base, as ferry makes it: amended by somebody else.
	w.git("branch", "-f", "ferry/dev/shop-forged", "ferry/dev/shop")
	head := w.push("ferry/dev/shop-forged", map[string]string{"dev/shop/service-shop.yaml": evil, "dev/shop/release.lock": string(data)})
	tree := w.git("rev-parse", string(head)+"^{tree}")
	forged := w.git("-c", "user.name=m", "-c", "user.email=m@example.com", "commit-tree", "-p", "main", "-m", "shop 1.1.0 -> dev", tree)
	w.git("update-ref", "refs/heads/ferry/dev/shop", forged)
	w.git("branch", "-D", "ferry/dev/shop-forged")
	_, err = w.forge("grace").Review(w.ctx, 1, scm.Review{Verdict: scm.Approved, SHA: forged})
	w.must(err)
	_, err = w.run(promote.Options{})
	if err == nil || !strings.Contains(err.Error(), "does not hold what ferry renders for shop") {
		t.Errorf("got %v", err)
	}
	if got := w.version("dev", "shop"); got != "" {
		t.Errorf("dev got the forged %s", got)
	}
}

// Apps of a group share a pull request, not a fate.
func TestAGroupSharesNoFate(t *testing.T) {
	config := strings.ReplaceAll(strings.Replace(two, "pullRequest: false", "merge: review", 1), "namespace: store", "namespace: store, group: storefront")
	w := newWorld(t, config, map[string]string{"dev/search/by-hand.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs}\n"})
	w.templates("search", map[string]string{"d.yaml.tmpl": deployment})
	_, err := source.NewStore(w.ferry().Repo).Accept(w.ctx, w.apps, []release.Release{w.release("search", 1)})
	w.must(err)
	r := w.mustSubmit(1)
	if got := w.open(); !slices.Equal(got, []string{"1 shop 1.1.0 -> dev"}) {
		t.Fatalf("open: %v", got)
	}
	if len(r.Done) == 0 || len(r.Done[0].LeftOut) != 1 || !strings.Contains(r.Done[0].LeftOut[0], "search: ") {
		t.Errorf("left out: %+v", r.Done)
	}
	before := w.refs()
	if _, err := w.run(promote.Options{}); err == nil || !strings.Contains(err.Error(), "the folder dev/search is not ferry's") {
		t.Errorf("a run about everything names it: %v", err)
	}
	_, _ = w.run(promote.Options{})
	if w.refs() != before {
		t.Error("a run with nothing to do wrote something")
	}
}

// A record that was copied with its folder does not make a release live there.
func TestACopiedRecordIsNoRecord(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	w.push("main", map[string]string{"qa/shop/release.lock": w.file("main", "dev/shop/release.lock")})
	w.healthy("dev")
	if _, err := w.run(promote.Options{}); err == nil || !strings.Contains(err.Error(), "the record is that of shop in dev") {
		t.Errorf("got %v", err)
	}
}
