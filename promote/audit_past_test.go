package promote_test

import (
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

// A person merges, it fails, a person takes it back, and no run of ferry sees any of that: the next one puts all of it on
// record, although prod holds what it held before.
func TestTheAuditCatchesUp(t *testing.T) {
	w := newWorld(t, chainYAML, nil)
	w.arrive(1)
	w.advance()
	before := w.head("main")
	w.mustSubmit(2)
	w.healthy("dev")
	w.tick()
	w.tick()
	w.advance()
	failed := w.promotion("prod")
	w.approve("grace", failed.Number)
	w.merge("grace", failed.Number)
	w.says("connector", "prod", "shop", scm.Failure)
	w.tick()
	back := w.revert(before)
	w.healthy("prod")
	w.advance()
	a := w.audit()
	if len(a.Entries) != 3 {
		t.Fatalf("%d entries: %+v", len(a.Entries), a.Entries)
	}
	lost, last := a.Entries[1], a.Entries[2]
	if lost.Release.Version != "1.2.0" || lost.PullRequest != failed.Number || lost.Merger != "grace" || lost.Health == nil || lost.Health.State != "failed" || lost.From.Version != "1.1.0" {
		t.Errorf("lost: %+v %+v", lost, lost.Health)
	}
	if last.Release.Version != "1.1.0" || last.PullRequest != 0 || last.Commit != back {
		t.Errorf("last: %+v", last)
	}
	if len(a.Missing) != 1 || a.Missing[0].Commit != back || a.Missing[0].Why != "no pull request" {
		t.Errorf("missing: %+v", a.Missing)
	}
	w.advance()
	if r := w.advance(); r.Wrote() {
		t.Error("it is recorded again")
	}
	if again := w.audit(); len(again.Entries) != 3 {
		t.Errorf("recorded again: %d", len(again.Entries))
	}
}

// revert brings prod's folder back as it was at a commit, by a push.
func (w *world) revert(to git.ID) string {
	w.Helper()
	files := map[string]string{}
	for _, path := range strings.Fields(w.git("ls-tree", "-r", "--name-only", "main", "prod/")) {
		files[path] = ""
	}
	for _, path := range strings.Fields(w.git("ls-tree", "-r", "--name-only", string(to), "prod/")) {
		files[path] = w.file(string(to), path)
	}
	return string(w.push("main", files))
}
