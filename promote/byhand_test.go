package promote_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/promote"
)

// approvedQA is an environment whose pull requests stay open until somebody approves them.
var approvedQA = strings.Replace(ferryYAML, "{name: qa, after: [dev], merge: auto}", "{name: qa, after: [dev], merge: auto, gates: {approvals: {count: 1}}}", 1)

// proposedToQA has 1.1.0 proposed for qa as #1.
func proposedToQA(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, approvedQA, nil)
	w.mustSubmit(1)
	w.healthy("dev")
	w.advance()
	if got := w.open(); !slices.Equal(got, []string{"1 shop 1.1.0 -> qa"}) {
		t.Fatalf("open: %v", got)
	}
	return w
}

// Deleting the branch of a pull request closes it, on forges that tell of nobody who did: that is a no, of one release, and
// who asks by name takes it back.
func TestADeletedBranchIsANo(t *testing.T) {
	w := proposedToQA(t)
	w.git("update-ref", "-d", "refs/heads/ferry/qa/shop")
	wantsIn(t, waits(w.advance()), "qa: rejected: someone unknown closed pull request #1 without merging it")
	before := w.refs()
	w.advance()
	if got := w.open(); len(got) != 0 || w.refs() != before {
		t.Fatalf("open: %v; or a run with nothing to do wrote something", got)
	}
	w.tick()
	_, err := w.ferry().Promote(w.ctx, promote.Options{Scope: promote.Scope{Apps: []string{"shop"}, Environments: []string{"qa"}}, Explicit: true})
	w.must(err)
	if got := w.open(); !slices.Equal(got, []string{"2 shop 1.1.0 -> qa"}) {
		t.Fatalf("open: %v", got)
	}
	w.git("update-ref", "-d", "refs/heads/ferry/qa/shop")
	w.advance()
	w.mustSubmit(2)
	w.healthy("dev")
	w.advance()
	if got := w.open(); !slices.Equal(got, []string{"3 shop 1.2.0 -> qa"}) {
		t.Errorf("a newer release: %v", got)
	}
}

// Who merges with plain git has merged, whatever the history looks like: nothing is proposed again, nothing counts as
// rejected, and the next release goes on from there.
func TestMergedByPlainPush(t *testing.T) {
	for name, merge := range map[string]func(w *world, head string) string{
		"merge commit": func(w *world, head string) string {
			return w.git("-c", "user.name=ada", "-c", "user.email=ada@example.com", "commit-tree", "-p", "main", "-p", head, "-m", "by hand", w.onto(head, "qa/shop"))
		},
		"squash": func(w *world, head string) string {
			return w.git("-c", "user.name=ada", "-c", "user.email=ada@example.com", "commit-tree", "-p", "main", "-m", "by hand", w.onto(head, "qa/shop"))
		},
		"fast forward": func(_ *world, head string) string { return head },
	} {
		t.Run(name, func(t *testing.T) {
			w := proposedToQA(t)
			w.git("update-ref", "refs/heads/main", merge(w, w.pull(1).HeadSHA))
			w.advance()
			if got := w.open(); len(got) != 0 || w.version("qa", "shop") != "1.1.0" {
				t.Fatalf("open: %v; qa has %q", got, w.version("qa", "shop"))
			}
			if files := w.git("ls-tree", "-r", "--name-only", "ferry-state"); strings.Contains(files, "rejections/") {
				t.Errorf("a merge is on record as a rejection: %s", files)
			}
			before := w.refs()
			w.advance()
			if w.refs() != before {
				t.Error("a run with nothing to do wrote something")
			}
			w.mustSubmit(2)
			w.healthy("dev")
			w.advance()
			if got := w.open(); len(got) != 1 || !strings.Contains(got[0], "1.2.0 -> qa") {
				t.Errorf("the next one: %v", got)
			}
		})
	}
}
