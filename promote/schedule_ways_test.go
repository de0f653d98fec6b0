package promote_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/source"
)

// resumes ends all holds of one scope as ferry resume does, if there is one.
func (s *schedule) resumes(f *fate) {
	holds := s.decided()
	if len(holds) == 0 {
		return
	}
	h := holds[s.rng.IntN(len(holds))]
	said, err := s.ends(s.process(f), h)
	s.note("%s a person resumes %s/%s: %v %v", s.now.Format("15:04"), h.Environment, h.App, said, err)
}

func (s *schedule) ends(p *promote.Promoter, h ledger.Hold) ([]string, error) {
	snap, err := p.Load(s.ctx, promote.Scope{})
	if err != nil {
		return nil, err
	}
	return p.Resume(s.ctx, snap, h.App, h.Environment, "ada")
}

// somewhere draws an app and an environment of which something holds; false where there is none.
func (s *schedule) somewhere(holds func(app, env string) bool) (app, env string, ok bool) {
	var all [][2]string
	for _, env := range s.env {
		for _, app := range s.apps {
			if holds(app, env) {
				all = append(all, [2]string{app, env})
			}
		}
	}
	if len(all) == 0 {
		return "", "", false
	}
	at := all[s.rng.IntN(len(all))]
	return at[0], at[1], true
}

func (s *schedule) runs(app, env string) bool { return s.version(env, app) != "" }

// behind tells whether the environment before has something else.
func (s *schedule) behind(app, env string) bool {
	i := slices.Index(s.env, env)
	return i > 0 && s.runs(app, s.env[i-1]) && s.version(env, app) != s.version(s.env[i-1], app)
}

// overrides lets grace, whom ferry.yaml allows it, pass gates with what waits to enter an environment.
func (s *schedule) overrides(f *fate) {
	app, env, ok := s.somewhere(s.behind)
	if !ok {
		return
	}
	p := s.process(f)
	p.Forge = mortalForge{s.forge("grace"), f}
	r, err := p.Override(s.ctx, promote.Emergency{Key: promote.Key{App: app, Environment: env}, Gates: []string{"healthy", "soak"}, Reason: "fire"})
	if err == nil {
		err = s.claimed(r)
	}
	s.byName(app, env)
	s.note("%s grace overrides gates for %s in %s: %v", s.now.Format("15:04"), app, env, err)
}

// fixes builds a release on top of what an environment runs and sends it straight there. CI counts it like any other.
func (s *schedule) fixes(f *fate) {
	app, env, ok := s.somewhere(s.runs)
	if !ok {
		return
	}
	s.submitted[app]++
	n := s.submitted[app]
	rel := s.world.release(app, n)
	rel.Version, rel.Source.Time = fmt.Sprintf("1.%d.0-fix", n), time.Date(2026, 11, 1, int(n), 0, 0, 0, time.UTC)
	s.fixed[app] = append(s.fixed[app], n)
	p := s.process(f)
	store := stored(func() error {
		return f.at(func() error { return p.Sources.(*source.Store).Keep(s.ctx, s.world.apps, rel) })
	})
	r, err := p.Hotfix(s.ctx, store, promote.Fix{Environment: env, Release: rel, Base: s.version(env, app), Reason: "CVE", By: "grace",
		Descends: func(context.Context, string) (bool, error) { return true, nil }})
	if err == nil {
		err = s.claimed(r)
	}
	s.note("%s grace fixes %s in %s by %s: %v", s.now.Format("15:04"), app, env, rel.Version, err)
}

// retires lets an app leave an environment, or all.
func (s *schedule) retires(f *fate) {
	app, env, ok := s.somewhere(s.runs)
	if !ok {
		return
	}
	if s.rng.IntN(2) == 0 {
		env = ""
	}
	r, err := s.process(f).Retire(s.ctx, promote.Leave{Key: promote.Key{App: app, Environment: env}, Reason: "nobody buys", By: "ada"})
	if err == nil {
		err = s.claimed(r)
	}
	s.note("%s a person retires %s from %q: %v", s.now.Format("15:04"), app, env, err)
}

// contains tells whether the source of the n-th release contains the hotfixes before it: that of each second one does.
func contains(n int64) bool { return n%2 == 0 }

// remembers what people decided about ways that pass the environments before, and what is rejected.
func (s *schedule) remembers(book ledger.Book) {
	for _, h := range book.Holds {
		place := h.Environment + "/" + h.App + "/"
		switch {
		case h.Rollback != nil:
			s.rolled[place+h.Rollback.To.Version] = true
		case h.Hotfix != nil:
			s.passed[place+h.Hotfix.Release.Version] = true
		}
	}
	for _, o := range book.Overrides {
		s.passed[o.Environment+"/"+o.App+"/"+o.Release.Version] = true
	}
	s.rejections = book.Rejections
}

// judgeDecisions looks at a release that ferry brought somewhere although people had decided otherwise before the step began.
func (s *schedule) judgeDecisions(env, app string, r release.Record) {
	s.Helper()
	for _, h := range s.holds {
		if slices.Contains(h.Except, r.Release.Sequence) || !h.Covers(app, env) {
			continue
		}
		switch {
		case h.Rollback != nil:
			if h.Rollback.From.Is(r) {
				s.Errorf("rule 6: %s of %s is back in %s, which was rolled back", r.Release.Version, app, env)
			}
		case h.Hotfix != nil:
			if fix := h.Hotfix.Release.Sequence; s.newest[env+"/"+app] == fix.Number && r.Release.Sequence.Number > fix.Number && !contains(r.Release.Sequence.Number) {
				s.Errorf("%s of %s replaced the hotfix %s in %s, which it does not contain", r.Release.Version, app, h.Hotfix.Release.Version, env)
			}
		case h.Retire != nil:
			s.Errorf("%s of %s came to %s, which it left: %s", r.Release.Version, app, env, h.Reason)
		default:
			s.Errorf("a hold on %s/%s did not stop %s in %s", h.Environment, h.App, r.Release.Version, env)
		}
	}
	for _, no := range s.refused {
		if no.App == app && no.Environment == env && no.Release.Is(r) && !s.rolled[env+"/"+app+"/"+r.Release.Version] {
			s.Errorf("%s of %s is in %s, where a person rejected it", r.Release.Version, app, env)
		}
	}
}
