package promote_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

func (w *world) audit() promote.Audit {
	w.Helper()
	p := w.ferry()
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	a, err := p.Audit(w.ctx, s, promote.Scope{Environments: []string{"prod"}}, time.Time{}, time.Time{})
	w.must(err)
	return a
}

// Every merge leaves who, what, when and on which evidence, and then how it did.
func TestAudit(t *testing.T) {
	w := newWorld(t, chainYAML, nil)
	w.arrive(1)
	w.advance()
	w.arrive(2)
	w.advance()
	_, err := w.back("")
	w.must(err)
	w.approve("grace", w.promotion("prod").Number)
	w.advance()
	a := w.audit()
	if len(a.Entries) != 3 || len(a.Missing) != 0 {
		t.Fatalf("%d entries, missing %+v", len(a.Entries), a.Missing)
	}
	first, last := a.Entries[0], a.Entries[2]
	if first.Kind != "promotion" || first.Merger != "ferry" || first.Approvers[0] != "grace" || first.Health == nil || first.Health.State != "healthy" || !first.Evidence() || first.Commit == "" {
		t.Errorf("first: %+v %+v", first, first.Health)
	}
	if last.Kind != "rollback" || last.From.Version != "1.2.0" || last.Release.Version != "1.1.0" || last.Health != nil {
		t.Errorf("last: %+v", last)
	}
	wantsIn(t, gatesOf(first), "healthy true healthy: dev since", "soak true", "approvals true approvals: 1 of 1: grace")
	wantsIn(t, gatesOf(last), "approvals true approvals: 1 of 1: grace")
	if strings.Contains(gatesOf(last), "soak") {
		t.Errorf("a rollback does not soak: %s", gatesOf(last))
	}
}

func gatesOf(e ledger.Entry) string {
	var b strings.Builder
	for _, g := range e.Gates {
		b.WriteString(g.Gate)
		if g.Pass {
			b.WriteString(" true ")
		} else {
			b.WriteString(" false ")
		}
		b.WriteString(g.Reason + "\n")
	}
	return b.String()
}

// What a person pushes past every pull request is named, and so is a merge that brought something else.
func TestAuditNamesWhatHasNoEvidence(t *testing.T) {
	w := newWorld(t, chainYAML, nil)
	w.arrive(1)
	w.advance()
	pushed := w.push("main", map[string]string{"prod/shop/service-shop.yaml": w.file("main", "prod/shop/service-shop.yaml") + "# by hand\n"})
	a := w.audit()
	if len(a.Missing) != 1 || a.Missing[0].Commit != string(pushed) || a.Missing[0].Why != "no audit entry" || a.Missing[0].By != "Ada" {
		t.Errorf("missing: %+v", a.Missing)
	}
}

// A forge that merges something else than was reviewed: an error status on the commit, and no later environment gets it.
func TestAMergeThatBringsSomethingElse(t *testing.T) {
	w := newWorld(t, chainYAML, nil)
	w.mustSubmit(1)
	w.healthy("dev")
	w.tick()
	w.tick()
	w.advance()
	pr := w.promotion("prod")
	w.approve("grace", pr.Number)
	w.merge("ada", pr.Number)
	tampered := strings.Replace(w.file("main", "prod/shop/service-shop.yaml"), "80", "81", 1)
	w.git("update-ref", "refs/heads/main", w.amended(map[string]string{"prod/shop/service-shop.yaml": tampered}))
	w.healthy("prod")
	r := w.advance()
	wantsIn(t, waits(r), "dr: healthy: withdrawn in prod: prod/shop/service-shop.yaml is not what ferry proposed")
	statuses, err := w.forge("ada").Statuses(w.ctx, string(w.head("main")))
	w.must(err)
	found := false
	for _, st := range statuses {
		found = found || st.Context == "ferry/merged/prod/shop" && st.State == scm.Failure
	}
	if !found {
		t.Errorf("no error status: %+v", statuses)
	}
}

// amended is the head of main with other content: what a forge would do that merges differently.
func (w *world) amended(files map[string]string) string {
	w.Helper()
	main := w.git("rev-parse", "main")
	w.git("update-ref", "refs/heads/scratch", main)
	id := w.push("scratch", files)
	tree := w.git("rev-parse", string(id)+"^{tree}")
	w.git("update-ref", "-d", "refs/heads/scratch")
	return w.git("-c", "user.name=f", "-c", "user.email=f@example.com", "commit-tree", "-p", main+"^1", "-p", main+"^2", "-m", "merged differently", tree)
}
