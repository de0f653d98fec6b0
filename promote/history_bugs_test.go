package promote_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// What other promoters got wrong in the field, each with the number under which it was reported. Two more are asserted
// elsewhere: TestWritersOfOneBranch is akuity/kargo#3071 (parallel stages push to one repository), and git's
// TestWordsOfARejectionDecideNothing, akuity/kargo#5286 (a forge words its rejection differently). What
// Azure/gitops-connector reported is about a connector, not about promotions.

// lagging is a forge whose lists lag behind: an answer is one that it gave, or would have given, earlier.
type lagging struct {
	promote.Forge
	prs []scm.PullRequest
}

func (f lagging) PullRequests(_ context.Context, filter scm.Filter) ([]scm.PullRequest, error) {
	return slices.DeleteFunc(slices.Clone(f.prs), func(pr scm.PullRequest) bool {
		return filter.State != "" && pr.State != filter.State || filter.Head != "" && pr.Head != filter.Head || filter.Base != "" && pr.Base != filter.Base
	}), nil
}

const reviewedYAML = `version: 1
defaults:
  kubernetes: {version: "1.34"}
  values: ["values/{app}.yaml?", "values/{environment}/{app}.yaml?"]
apps:
  - {name: shop, source: {repository: https://example.com/acme/apps, path: shop}, images: [{name: ghcr.io/acme/shop}], namespace: shop}
environments:
  - {name: dev, pullRequest: false}
  - {name: %s, after: [dev]}
  - {name: %s, after: [dev]}
trust: {connector: [connector]}
`

func reviewed(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, fmt.Sprintf(reviewedYAML, "prod", "non-prod"), nil)
	w.mustSubmit(1)
	w.healthy("dev")
	return w
}

// akuity/kargo#2845: the open pull request was not found again, and there was a second one. It is found by its branch,
// whatever a person made of its title and text.
func TestOnePullRequestWhateverItIsCalled(t *testing.T) {
	w := reviewed(t)
	w.advance()
	before := len(w.all())
	for _, pr := range w.all() {
		_, _, err := w.forge("ada").EnsurePullRequest(w.ctx, scm.Proposal{Head: pr.Head, Base: pr.Base, Title: "mine now", Body: "nothing of ferry's"})
		w.must(err)
	}
	w.advance()
	w.advance()
	if got := len(w.all()); before != 2 || got != before {
		t.Errorf("%d pull requests, then %d", before, got)
	}
}

// Songmu/tagpr#333: a list that lags made a second pull request. It is asked for by branch, and the forge knows it.
func TestAListThatLagsOpensNothingTwice(t *testing.T) {
	w := reviewed(t)
	w.advance()
	before, refs := len(w.all()), w.refs()
	p := w.ferry()
	p.Forge = lagging{p.Forge, nil}
	_, err := p.Advance(w.ctx, promote.Options{})
	t.Logf("with a list that lags: %v", err)
	if got := len(w.all()); got != before {
		t.Errorf("%d pull requests, then %d", before, got)
	}
	w.advance()
	if w.refs() != refs {
		t.Errorf("something was written:\n%s\n%s", refs, w.refs())
	}
}

// argoproj-labs/gitops-promoter#1007: what was merged was merged again and again. A forge that still calls it open gets no
// second merge, and no second pull request is opened.
func TestNothingIsMergedTwice(t *testing.T) {
	w := newWorld(t, ferryYAML, nil) // qa merges by itself
	w.mustSubmit(1)
	w.healthy("dev")
	var open []scm.PullRequest
	p := w.ferry()
	p.Forge = spying{p.Forge, &open}
	_, err := p.Advance(w.ctx, promote.Options{Scope: promote.Scope{Environments: []string{"qa"}}})
	w.must(err)
	if len(open) != 1 || w.version("qa", "shop") != "1.1.0" {
		t.Fatalf("open: %v, qa holds %q", open, w.version("qa", "shop"))
	}
	head, prs := w.head("main"), len(w.all())
	for range 3 {
		w.tick()
		p := w.ferry()
		p.Forge = lagging{p.Forge, open}
		_, err := p.Advance(w.ctx, promote.Options{Scope: promote.Scope{Environments: []string{"qa"}}})
		t.Logf("with a list that lags: %v", err)
	}
	if w.head("main") != head || len(w.all()) != prs {
		t.Errorf("%d pull requests, then %d; main moved from %s to %s", prs, len(w.all()), head, w.head("main"))
	}
}

// spying keeps the last open pull requests that were listed.
type spying struct {
	promote.Forge
	open *[]scm.PullRequest
}

func (s spying) PullRequests(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	prs, err := s.Forge.PullRequests(ctx, f)
	for _, pr := range prs {
		if pr.State == scm.Open {
			*s.open = []scm.PullRequest{pr}
		}
	}
	return prs, err
}

// akuity/kargo#5761: "base branch was modified" (405) ended promotions for good. It is no more than a lost race: the next
// run merges.
func TestAMovedBaseIsNoEnd(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	w.healthy("dev")
	p := w.ferry()
	p.Forge = &modified{Forge: p.Forge, w: w}
	r, err := p.Advance(w.ctx, promote.Options{})
	if err == nil {
		err = r.Errors()
	}
	if w.version("qa", "shop") == "" && err == nil {
		t.Error("a merge that failed is a success")
	}
	w.advance()
	if got := w.version("qa", "shop"); got != "1.1.0" || w.file("main", "NOTES.md") == "" {
		t.Errorf("qa holds %q: %v", got, err)
	}
}

// modified refuses the first merge as GitHub does when somebody has pushed to the base in the same moment.
type modified struct {
	promote.Forge
	w    *world
	done bool
}

func (m *modified) MergePullRequest(ctx context.Context, number int, how scm.Merge) (string, error) {
	if !m.done {
		m.done = true
		m.w.push("main", map[string]string{"NOTES.md": "a person's\n"})
		return "", fmt.Errorf("405 Base branch was modified. Review and try the merge again: %w", scm.ErrConflict)
	}
	return m.Forge.MergePullRequest(ctx, number, how)
}

// argoproj-labs/gitops-promoter#991: the status of what ran before let the next one through. A word about an older commit
// says nothing about the release that came since.
func TestAnOldStatusProvesNothingNew(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	before := w.head("main")
	w.mustSubmit(2)
	_, err := w.forge("connector").SetStatus(w.ctx, string(before), scm.Status{Context: release.StatusContext("dev", "shop", ""), State: scm.Success})
	w.must(err)
	w.advance()
	if got := w.version("qa", "shop"); got == "1.2.0" {
		t.Errorf("qa holds %s, which nobody called healthy", got)
	}
	for _, open := range w.open() {
		if strings.Contains(open, "1.2.0") {
			t.Errorf("open: %s", open)
		}
	}
}

// akuity/kargo#3236: a tag that looks like a number became one. It stays what it was, in the record and in the manifest.
func TestTagsThatLookLikeNumbers(t *testing.T) {
	for i, tag := range []string{"1234567", "12e4567", "0x10", "010", "1_000", "on", "null", "2026-01-01", "1.10"} {
		t.Run(tag, func(t *testing.T) {
			w := newWorld(t, ferryYAML, nil)
			rel := w.release("shop", int64(i+1))
			rel.Version, rel.Images[0].Tag = tag, tag
			_, err := w.submit(rel)
			w.must(err)
			if got := w.version("dev", "shop"); got != tag {
				t.Errorf("the record says %q", got)
			}
			if got := w.file("main", "dev/shop/deployment-shop.yaml"); !strings.Contains(got, "ghcr.io/acme/shop:"+tag+"@"+rel.Images[0].Digest) {
				t.Errorf("the manifest says:\n%s", got)
			}
		})
	}
}

// infracost/actions#60: "prod" was found in "non-prod". Names that contain each other share neither branch, nor pull
// request, nor status.
func TestNamesThatContainEachOther(t *testing.T) {
	w := reviewed(t)
	w.advance()
	heads := map[string]int{}
	for _, pr := range w.all() {
		heads[pr.Head]++
	}
	if len(heads) != 2 || heads["ferry/prod/shop"] != 1 || heads["ferry/non-prod/shop"] != 1 {
		t.Fatalf("branches: %v", heads)
	}
	w.merge("ada", w.promotion("non-prod").Number)
	w.healthy("non-prod")
	w.advance()
	if got := w.version("prod", "shop"); got != "" {
		t.Errorf("prod holds %q", got)
	}
	if got := w.open(); len(got) != 1 || !strings.HasSuffix(got[0], "-> prod") {
		t.Errorf("open: %v", got)
	}
	w.push("main", map[string]string{"ferry.yaml": strings.ReplaceAll(fmt.Sprintf(reviewedYAML, "non-prod", "prod"), "{name: prod, after: [dev]}", "{name: prod, after: [non-prod]}")})
	r := w.advance()
	if s := waits(r); strings.Contains(s, "healthy") {
		t.Errorf("what is proven in non-prod waits: %s", s)
	}
	_, err := w.forge("connector").SetStatus(w.ctx, string(w.head("main")), scm.Status{Context: release.StatusContext("prod", "shop", ""), State: scm.Failure})
	w.must(err)
	s, err := w.ferry().Load(w.ctx, promote.Scope{})
	w.must(err)
	if outcome, why, err := w.ferry().Standing(w.ctx, s, promote.Key{App: "shop", Environment: "non-prod"}, "1.1.0", promote.ForHealthy); err != nil || outcome != promote.Reached {
		t.Errorf("a failure in prod is one of non-prod: %s, %s, %v", outcome, why, err)
	}
}

var errDown = errors.New("the forge has a bad day")
