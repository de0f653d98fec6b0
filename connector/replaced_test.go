package connector_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// story is a world in which ferry itself promotes, and dev is always healthy at once.
func story(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, promoted)
	w.pipes.advance = func(context.Context) { w.advance() }
	w.pipes.nobody = func(v connector.Verdict) bool { return v.Environment != "prod" }
	w.start()
	return w
}

func (w *world) advance() {
	w.Helper()
	r, err := w.ferry().Advance(w.ctx, promote.Options{})
	w.must(err)
	w.must(r.Errors())
}

// reach has version 1.n be healthy in dev, so that it is proposed for prod.
func (w *world) reach(n int64) {
	w.Helper()
	w.cluster.Set(w.kustomization("shop", "dev/shop", w.submit(n)))
	w.run(40 * time.Second)
	w.advance()
}

func (w *world) ref(branch string) string {
	w.Helper()
	refs, err := w.repo.Refs(w.ctx)
	w.must(err)
	return string(refs["refs/heads/"+branch])
}

// A release whose place in the open pull request a newer one took ends for those who wait for it, each by itself and once,
// whatever dies in between; the one that is proposed goes on waiting.
func TestReplacedInAPullRequestIsSuperseded(t *testing.T) {
	w := story(t)
	w.reach(1)
	first := w.ref(release.SourcesBranch)
	w.run(10 * time.Minute)
	if len(w.pipes.told) != 0 || len(w.open()) != 1 {
		t.Fatalf("told %q while %+v is open", w.pipes.told, w.open())
	}
	w.reach(2)
	second := w.ref(release.SourcesBranch)
	w.pipes.fail = 7
	w.run(20 * time.Minute)
	want := []string{first + "/prod/shop/superseded"}
	if !slices.Equal(w.pipes.told, want) {
		t.Fatalf("told %q", w.pipes.told)
	}
	if got, want := w.says(first, prodShop+"/continue"), []string{"pending telling pipelines: superseded", "success pipelines were told: superseded"}; !slices.Equal(got, want) {
		t.Errorf("said %q", got)
	}
	w.start() // the next process knows by the forge
	w.run(time.Hour)
	w.reach(3)
	w.start()
	w.run(10 * time.Minute)
	if want = append(want, second+"/prod/shop/superseded"); !slices.Equal(w.pipes.told, want) {
		t.Errorf("told %q", w.pipes.told)
	}
	last := w.pipes.verdicts[len(w.pipes.verdicts)-1]
	if last.Release.Version != "1.11" || last.By != w.ref("ferry/prod/shop") || !strings.HasPrefix(last.Text, "superseded by 1.111 (github-3)") {
		t.Errorf("told %+v", last)
	}
}

// Replaced and merged between two looks, its branch gone: the merged pull request still tells.
func TestReplacedAndMergedAtOnce(t *testing.T) {
	w := story(t)
	w.reach(1)
	first := w.ref(release.SourcesBranch)
	w.run(10 * time.Minute)
	w.cluster.Set(w.kustomization("shop", "dev/shop", w.submit(2)))
	w.run(40 * time.Second)
	w.advance()
	pr := w.open()[0]
	_, err := w.forge("ada").MergePullRequest(w.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA, Message: "By hand"})
	w.must(err)
	w.start()
	w.run(10 * time.Minute)
	if want := []string{first + "/prod/shop/superseded"}; !slices.Equal(w.pipes.told, want) {
		t.Errorf("told %q", w.pipes.told)
	}
}

// What a branch says of itself can be forged: only a release that was accepted, that the branch does not bring and that the
// environment never got, is superseded.
func TestWhatABranchSaysIsChecked(t *testing.T) {
	for name, tt := range map[string]struct {
		says, want string
	}{
		"true":             {"shop 1.1 (github-1)", "superseded"},
		"another version":  {"shop 1.7 (github-1)", ""},
		"never accepted":   {"shop 1.9 (github-9)", ""},
		"what it proposes": {"shop 1.111 (github-3)", ""},
		"merged before":    {"shop 1.11 (github-2)", ""},
		"another app":      {"cart 1.1 (github-1)", ""},
		"nothing of ours":  {"shop", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := story(t)
			w.submit(1)
			first := w.ref(release.SourcesBranch)
			w.reach(2)
			pr := w.open()[0]
			_, err := w.forge("ada").MergePullRequest(w.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA})
			w.must(err)
			w.cluster.Set()
			w.reach(3)
			head, err := w.repo.Commit(w.ctx, git.ID(w.ref("ferry/prod/shop")))
			w.must(err)
			forged, err := w.repo.WriteCommit(w.ctx, git.NewCommit{Tree: head.Tree, Parents: head.Parents,
				Message: release.Trailers{}.Add(release.TrailerSupersedes, tt.says).Message("Promote")})
			w.must(err)
			w.must(w.repo.Push(w.ctx, git.Update{Ref: "refs/heads/ferry/prod/shop", Old: head.ID, New: forged}))
			w.start()
			w.run(10 * time.Minute)
			var want []string
			if tt.want != "" {
				want = []string{first + "/prod/shop/" + tt.want}
			}
			if !slices.Equal(w.pipes.told, want) {
				t.Errorf("told %q, not %q", w.pipes.told, want)
			}
		})
	}
}

// A forge that brings the base into the branch hides nothing.
func TestReplacedBelowAnUpdateOfTheBranch(t *testing.T) {
	w := story(t)
	w.reach(1)
	first := w.ref(release.SourcesBranch)
	w.reach(2)
	w.commit("main", map[string]string{"README.md": "hello\n"})
	refs, err := w.repo.Refs(w.ctx)
	w.must(err)
	w.commit("ferry/prod/shop", map[string]string{"README.md": "hello\n"}, refs["refs/heads/main"])
	w.start()
	w.run(10 * time.Minute)
	if want := []string{first + "/prod/shop/superseded"}; !slices.Equal(w.pipes.told, want) {
		t.Errorf("told %q", w.pipes.told)
	}
}
