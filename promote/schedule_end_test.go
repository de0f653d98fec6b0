package promote_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/scm"
)

// heal ends the faults, undoes what people have to undo, and drives a last release of every app to the end.
func (s *schedule) heal() {
	s.Helper()
	s.mu.Lock()
	s.chaos, s.healed = 0, true
	s.mu.Unlock()
	s.note("from here on nothing fails")
	for _, h := range s.decided() {
		_, err := s.ends(s.ferry(), h)
		s.must(err)
	}
	for path, was := range s.edits {
		if s.at("", path) != "" { // else the app left
			s.push("main", map[string]string{path: was})
		}
		delete(s.edits, path)
	}
	if s.at("", foreign) != "" { // somebody merged it
		s.push("main", map[string]string{foreign: ""})
	}
	for _, branch := range strings.Fields(s.git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/ferry/")) {
		if s.file(branch, foreign) == "" {
			continue
		}
		prs, err := s.forge("grace").PullRequests(s.ctx, scm.Filter{Head: branch, State: scm.Open})
		s.must(err)
		for _, pr := range prs {
			s.must(s.forge("grace").ClosePullRequest(s.ctx, pr.Number, "somebody pushed to it"))
		}
		s.git("update-ref", "-d", "refs/heads/"+branch)
	}
	s.arrive()
}

// last is the release that ends every schedule.
const last = 40

func (s *schedule) arrive() {
	s.Helper()
	var missing []string
	for round := range 14 {
		s.now = s.now.Add(time.Hour)
		if round == 1 {
			for _, app := range s.apps {
				s.release(app, last, &fate{})
			}
		}
		s.advances(1)
		for _, env := range s.env {
			for _, app := range s.apps {
				s.reports(app, env, scm.Success)
			}
		}
		prs, err := s.forge("ada").PullRequests(s.ctx, scm.Filter{State: scm.Open})
		s.must(err)
		for _, pr := range prs {
			_, err := s.forge("ada").Review(s.ctx, pr.Number, scm.Review{Verdict: scm.Approved, SHA: pr.HeadSHA})
			s.must(err)
			if strings.HasPrefix(pr.Head, "ferry/dev/") {
				_, err = s.forge("ada").MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA})
				s.must(err)
			}
		}
		if missing = s.missing(); len(missing) == 0 && len(prs) == 0 {
			s.settled()
			return
		}
	}
	s.Errorf("rule 1: the last release has not arrived: %s; open: %v", strings.Join(missing, ", "), s.open())
}

// missing names where the last release is not.
func (s *schedule) missing() []string {
	var out []string
	for _, env := range s.env {
		for _, app := range s.apps {
			if v := s.version(env, app); v != fmt.Sprintf("1.%d.0", last) {
				out = append(out, fmt.Sprintf("%s of %s is %q", app, env, v))
			}
		}
	}
	return out
}

// settled checks that nothing is left to do.
func (s *schedule) settled() {
	s.Helper()
	s.advances(1)
	before := s.refs()
	s.advances(1)
	if s.refs() != before {
		s.Error("rule 8: a run with nothing to do wrote something")
	}
	if open := s.open(); len(open) > 0 {
		s.Errorf("left open: %v", open)
	}
}

// calm is the same configuration with the same people's changes and only the last release, without any fault.
func (s *schedule) calm() *schedule {
	s.Helper()
	c := newSchedule(s.T, s.seed)
	c.url, c.healed = "", true
	for _, change := range s.pushes {
		c.push("main", change)
	}
	c.arrive()
	if c.Failed() {
		s.note("then, in the calm run:")
		s.log = append(s.log, c.log...)
	}
	return c
}
