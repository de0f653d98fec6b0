package promote_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

// strict is a forge that refuses a head which does not build on the newest base.
type strict struct {
	promote.Forge
	w *world
}

func (f strict) Rules(context.Context, string) (scm.Rules, error) {
	return scm.Rules{UpToDate: true}, nil
}

func (f strict) MergePullRequest(ctx context.Context, number int, m scm.Merge) (string, error) {
	if f.w.git("merge-base", "main", m.Head) != string(f.w.head("main")) {
		return "", fmt.Errorf("#%d is behind: %w", number, scm.ErrConflict)
	}
	return f.Forge.MergePullRequest(ctx, number, m)
}

// Where a branch asks for its newest commit below a pull request, one after the other is moved there and merged.
func TestTheNewestBaseIsAskedFor(t *testing.T) {
	config := strings.Replace(two, "pullRequest: false", "merge: auto, gates: {approvals: {count: 1}}", 1)
	w := newWorld(t, config, nil)
	w.templates("search", map[string]string{"d.yaml.tmpl": deployment})
	_, err := w.submit(w.release("shop", 1), w.release("search", 1))
	w.must(err)
	w.push("main", map[string]string{"README.md": "moved\n"})
	before := w.refs()
	run := func() {
		w.tick()
		p := w.ferry()
		p.Forge = strict{p.Forge, w}
		r, err := p.Advance(w.ctx, promote.Options{})
		w.must(err)
		w.must(r.Errors())
	}
	run()
	if w.refs() != before {
		t.Error("moved before anybody approved")
	}
	w.approve("grace", 1)
	w.approve("grace", 2)
	run()
	if w.open() != nil || w.version("dev", "shop") != "1.1.0" || w.version("dev", "search") != "1.1.0" {
		t.Errorf("open: %v", w.open())
	}
}

// A branch that asks for a whole pipeline names the part that did not succeed.
func TestThePipelineIsNamed(t *testing.T) {
	w := newWorld(t, strings.Replace(proposals("replace"), "count: 2", "count: 1", 1), nil)
	w.mustSubmit(1)
	w.approve("grace", 1)
	_, err := w.forge("ci").SetStatus(w.ctx, string(w.head("ferry/dev/shop")), scm.Status{Context: "ci/build", State: scm.StatusState(gates.Pending)})
	w.must(err)
	r := w.with(&ruled{rules: scm.Rules{Pipeline: true}})
	wantsIn(t, waits(r), "rule: main asks for a pipeline that succeeds, and its part ci/build is pending")
	if w.version("dev", "shop") != "" {
		t.Error("merged")
	}
}
