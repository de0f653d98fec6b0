package promote_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// mute is a forge that cannot set ferry/gates just now.
type mute struct {
	promote.Forge
	silent bool
}

func (m *mute) SetStatus(ctx context.Context, sha string, st scm.Status) (bool, error) {
	if m.silent && st.Context == release.GatesContext {
		return false, errors.New("not now")
	}
	return m.Forge.SetStatus(ctx, sha, st)
}

// What ferry could not say on a pull request it does not merge either: the next run says it first.
func TestNothingIsMergedUnsaid(t *testing.T) {
	w := newWorld(t, chainYAML, nil)
	w.mustSubmit(1)
	w.healthy("dev")
	w.tick()
	w.tick()
	w.advance()
	w.approve("grace", w.promotion("prod").Number)
	p := w.ferry()
	forge := &mute{p.Forge, true}
	p.Forge = forge
	r, err := p.Advance(w.ctx, promote.Options{})
	w.must(err)
	if r.Errors() == nil || w.version("prod", "shop") != "" {
		t.Fatalf("merged without a word: %v", r.Errors())
	}
	forge.silent = false
	r, err = p.Advance(w.ctx, promote.Options{})
	w.must(err)
	w.must(r.Errors())
	if got := w.version("prod", "shop"); got != "1.1.0" {
		t.Errorf("prod has %q", got)
	}
}

// A hold keeps its words until it is resumed or over, also when two people hold at the same moment.
func TestHoldsAreNotReplaced(t *testing.T) {
	w := newWorld(t, chainYAML, nil)
	hold := func(s *promote.Snapshot, why string) error {
		h := ledger.Hold{Environment: "prod", Reason: why, By: why, Since: w.now, Until: w.now.Add(60e9)}
		return w.ferry().Hold(w.ctx, s, h)
	}
	load := func() *promote.Snapshot {
		s, err := w.ferry().Load(w.ctx, promote.Scope{})
		w.must(err)
		return s
	}
	early := load()
	w.must(hold(early, "ada"))
	if err := hold(early, "grace"); !errors.Is(err, ledger.ErrTaken) {
		t.Errorf("at the same moment: %v", err)
	}
	var no *promote.Refused
	if err := hold(load(), "grace"); !errors.As(err, &no) {
		t.Errorf("afterwards: %v", err)
	}
	w.tick()
	w.must(hold(load(), "linus"))
	if hs := w.ferry().Holds(load(), promote.Scope{}); len(hs) != 1 || hs[0].By != "linus" {
		t.Errorf("when it is over: %+v", hs)
	}
}

// A commit is found by the beginning of its id where a branch points to it.
func TestGatesOfAShortCommit(t *testing.T) {
	w := newWorld(t, chainYAML, nil)
	w.mustSubmit(1)
	p := w.ferry()
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	head := string(w.head("main"))
	if _, err := p.JudgeCommit(w.ctx, s, head[:9]); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{head[:4], "zzzzzzzz", ""} {
		var no *promote.Refused
		if _, err := p.JudgeCommit(w.ctx, s, bad); !errors.As(err, &no) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	statuses, err := p.Forge.Statuses(w.ctx, head)
	w.must(err)
	if len(statuses) == 0 {
		t.Error("nothing is posted on the commit")
	}
}
