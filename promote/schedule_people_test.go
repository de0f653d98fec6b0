package promote_test

import (
	"fmt"
	"slices"

	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

// person does something to an open pull request, if there is one. The forge may refuse it.
func (s *schedule) person(does string, f func(scm.PullRequest) error) {
	prs, err := s.forge("ada").PullRequests(s.ctx, scm.Filter{State: scm.Open})
	s.must(err)
	if len(prs) == 0 {
		return
	}
	pr := prs[s.rng.IntN(len(prs))]
	err = f(pr)
	s.note("%s a person %s #%d %s: %v", s.now.Format("15:04"), does, pr.Number, pr.Title, err)
}

func (s *schedule) changesValues(app, env string) {
	path := "values/" + app + ".yaml"
	if s.rng.IntN(2) == 0 {
		path = "values/" + env + "/" + app + ".yaml"
	}
	change := map[string]string{path: fmt.Sprintf("replicas: %d\n", 2+s.rng.IntN(5))}
	s.note("%s a person sets %v", s.now.Format("15:04"), change)
	s.pushes = append(s.pushes, change)
	s.push("main", change)
}

func (s *schedule) editsByHand(app, env string) {
	path := env + "/" + app + "/service-" + app + ".yaml"
	was := s.at("", path)
	if was == "" || s.edits[path] != "" {
		return
	}
	s.note("%s a person edits %s", s.now.Format("15:04"), path)
	s.edits[path] = was
	s.push("main", map[string]string{path: was + "# by hand\n"})
}

// heldUp is a person's hold on an app in an environment, or on all of it.
func (s *schedule) heldUp(app, env string) {
	if s.rng.IntN(3) == 0 {
		app = ""
	}
	s.note("%s a person holds %s/%s", s.now.Format("15:04"), env, app)
	s.decide(ledger.Hold{App: app, Environment: env, Reason: "wait", By: "ada"}.File())
}

// goesBack rolls an app back in an environment. There may be nothing to go back to.
func (s *schedule) goesBack(app, env string, f *fate) {
	r, err := s.process(f).Rollback(s.ctx, promote.Back{Key: promote.Key{App: app, Environment: env}, Reason: "slow", By: "ada"})
	if err == nil {
		err = s.claimed(r)
	}
	s.note("%s rolls %s back in %s: %v", s.now.Format("15:04"), app, env, err)
}

// promotesByName asks for what the environment before has, so that it passes what a rollback holds back.
func (s *schedule) promotesByName(app, env string, f *fate) {
	before := map[string]string{"qa": "dev", "prod": "qa"}[env]
	v := ""
	if before != "" {
		v = s.version(before, app)
	}
	if v == "" {
		return
	}
	r, err := s.process(f).Promote(s.ctx, promote.Options{Scope: promote.Scope{Apps: []string{app}, Environments: []string{env}}, Release: v})
	if err == nil {
		err = s.claimed(r)
	}
	s.byName(app, env)
	s.note("%s promotes %s %s to %s by name: %v", s.now.Format("15:04"), app, v, env, err)
}

// byName looks again at what is on record: what was asked for by name passes from now on, also where somebody rejected it.
func (s *schedule) byName(app, env string) {
	s.holds = s.decided()
	s.refused = slices.DeleteFunc(s.refused, func(r ledger.Rejection) bool { return r.App == app && r.Environment == env })
}
