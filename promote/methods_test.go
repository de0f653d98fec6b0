package promote_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

// choosy is a forge whose rules allow some methods only, and which people have reviewed.
type choosy struct {
	ruled
	reviews []scm.Review
	asked   []scm.Method
}

func (c *choosy) MergePullRequest(ctx context.Context, number int, m scm.Merge) (string, error) {
	c.asked = append(c.asked, m.Method)
	m.Method = ""
	return c.Forge.MergePullRequest(ctx, number, m)
}

func (c *choosy) Reviews(context.Context, int) ([]scm.Review, error) { return c.reviews, nil }

// advanceOn lets ferry run on a forge.
func (w *world) advanceOn(c *choosy) *promote.Report {
	w.Helper()
	w.tick()
	p := w.ferry()
	c.Forge, p.Forge = p.Forge, c
	r, err := p.Advance(w.ctx, promote.Options{})
	w.must(err)
	w.must(r.Errors())
	return r
}

// Where a branch takes no merge commits, ferry merges as it does take it.
func TestTheMethodThatTheRulesAllow(t *testing.T) {
	for _, tt := range []struct {
		rules scm.Rules
		want  scm.Method
	}{
		{scm.Rules{}, ""},
		{scm.Rules{Methods: []scm.Method{scm.Squash, scm.MergeCommit}}, ""},
		{scm.Rules{Methods: []scm.Method{scm.Squash}}, scm.Squash},
		{scm.Rules{Methods: []scm.Method{scm.Squash, scm.Rebase}}, scm.Rebase},
		{scm.Rules{Methods: []scm.Method{scm.Rebase, scm.Squash}, Signed: true}, scm.Squash},
	} {
		review := strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev}", 1)
		w := newWorld(t, review, nil)
		w.mustSubmit(1)
		w.push("main", map[string]string{"ferry.yaml": strings.Replace(review, "{name: dev}", "{name: dev, merge: auto}", 1)})
		c := &choosy{ruled: ruled{rules: tt.rules}}
		w.advanceOn(c)
		if len(c.asked) != 1 || c.asked[0] != tt.want || w.version("dev", "shop") != "1.1.0" {
			t.Errorf("%+v: asked for %q, want %q", tt.rules, c.asked, tt.want)
		}
	}
}

// A rule of the forge counts people, each once, and only those who may write; what somebody has taken back does not count.
func TestRulesCountPeople(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev, merge: auto, gates: {manual: true}}", 1), nil)
	w.mustSubmit(1)
	head, at := w.pull(1).HeadSHA, time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	said := func(who string, v scm.Verdict, writer bool) scm.Review {
		at = at.Add(time.Minute)
		return scm.Review{Author: who, Verdict: v, SHA: head, Writer: writer, Time: at}
	}
	c := &choosy{ruled: ruled{rules: scm.Rules{Approvals: 4}}, reviews: []scm.Review{said("grace", scm.Approved, true), said("grace", scm.Approved, true),
		said("reader", scm.Approved, false), said("ferry", scm.Approved, true), said("linus", scm.Approved, true), said("linus", scm.ChangesRequested, true)}}
	wantsIn(t, waits(w.advanceOn(c)), "4 approvals, of which there are 1")
}
