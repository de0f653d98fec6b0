package promote_test

import (
	"encoding/base64"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// canary is the token that processes get; no server asks for it, some say it back.
const canary = "canary-5bd1e995"

// rules are those that no fault and no race may break, as far as they can be seen from outside.
func (s *schedule) rules() {
	s.Helper()
	prs, err := s.forge("ada").PullRequests(s.ctx, scm.Filter{State: scm.Open})
	s.must(err)
	open := map[string]int{}
	for _, pr := range prs {
		if other := open[pr.Head]; other != 0 {
			s.Errorf("rule 2: #%d and #%d are both open for %s", other, pr.Number, pr.Head)
		}
		open[pr.Head] = pr.Number
	}
	if s.at("", "README.md") != "people's own\n" {
		s.Error("rule 4: a file of people's changed")
	}
	for path, was := range s.edits {
		if now := s.at("", path); now != was+"# by hand\n" && now != "" {
			s.Errorf("rule 4: the hand edit of %s is lost:\n%s", path, now)
		}
	}
	holds := s.decided()
	for _, commit := range s.unseen() {
		s.onMain[commit] = true
		for i, env := range s.env {
			for _, app := range s.apps {
				s.judge(commit, i, env, app)
			}
		}
	}
	s.holds, s.refused = holds, s.rejections
	s.readBack()
}

// unseen gives what main went through since the last look, oldest first.
func (s *schedule) unseen() []git.ID {
	s.Helper()
	repo := s.repo()
	refs, err := repo.Refs(s.ctx)
	s.must(err)
	var fresh []git.ID
	next := refs["refs/heads/main"]
	was := s.looked
	s.looked = next
	s.must(repo.Log(s.ctx, next, func(c git.Commit) (bool, error) {
		if c.ID == was || c.ID == next && len(c.Parents) == 0 {
			return false, nil
		}
		if c.ID == next {
			fresh = append(fresh, c.ID)
			next = c.Parents[0]
		}
		return next != was, nil
	}))
	slices.Reverse(fresh)
	return fresh
}

// judge looks at what a commit of main holds for an app in the i-th environment.
func (s *schedule) judge(commit git.ID, i int, env, app string) {
	s.Helper()
	key := env + "/" + app
	text := s.at(commit, key+"/"+release.RecordName)
	if text == "" {
		delete(s.newest, key) // nothing came yet, or it left
		return
	}
	r, err := release.ParseRecord([]byte(text))
	if err != nil {
		s.Errorf("record of %s in %s at %.10s: %v", app, env, commit, err)
		return
	}
	n := r.Release.Sequence.Number
	if n != s.newest[key] && !s.byPeople && !s.healed {
		s.judgeDecisions(env, app, r)
	}
	if n < s.newest[key] && !s.rolled[key+"/"+r.Release.Version] {
		s.Errorf("rule 6: %s went back from release %d to %d in %s", app, s.newest[key], n, env)
	}
	s.newest[key] = n
	if v := r.Release.Version; i > 0 && !s.proven[s.env[i-1]+"/"+app][v] && !s.passed[key+"/"+v] {
		s.Errorf("rule 5: %s holds %s %s, which nobody called healthy in %s or let pass", env, app, r.Release.Version, s.env[i-1])
	}
}

func (s *schedule) repo() *git.Repository {
	s.Helper()
	repo, err := git.Open(s.ctx, s.gitops, s.options("judge"))
	s.must(err)
	return repo
}

// at reads a file of a commit, of main's head where none is named; "" where there is none.
func (s *schedule) at(commit git.ID, path string) string {
	s.Helper()
	repo := s.repo()
	if commit == "" {
		refs, err := repo.Refs(s.ctx)
		s.must(err)
		commit = refs["refs/heads/main"]
	}
	c, err := repo.Commit(s.ctx, commit)
	s.must(err)
	entry, err := repo.Lookup(s.ctx, c.Tree, path)
	if errors.Is(err, git.ErrNotFound) {
		return ""
	}
	s.must(err)
	data, err := repo.Blob(s.ctx, entry.ID)
	s.must(err)
	return string(data)
}

// version tells which release an environment holds.
func (s *schedule) version(env, app string) string {
	s.Helper()
	text := s.at("", env+"/"+app+"/"+release.RecordName)
	if text == "" {
		return ""
	}
	r, err := release.ParseRecord([]byte(text))
	s.must(err)
	return r.Release.Version
}

// decided reads the holds on record, and remembers what any of them went back to.
func (s *schedule) decided() []ledger.Hold {
	s.Helper()
	repo := s.repo()
	head, err := ledger.Head(s.ctx, repo)
	s.must(err)
	book, err := ledger.Read(s.ctx, repo, head.Tree, "")
	s.must(err)
	s.remembers(book)
	return book.Holds
}

// tells collects what runs say, and their errors.
func (s *schedule) tells(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said.WriteString(text + "\n")
}

// claimed notes what a run says it did, to be read back.
func (s *schedule) claimed(r *promote.Report) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range r.Done {
		if d.Wrote && d.Err == nil {
			s.claims = append(s.claims, d)
		}
	}
	return r.Errors()
}

// readBack looks for everything that runs reported as done.
func (s *schedule) readBack() {
	s.Helper()
	for _, d := range s.claims {
		switch {
		case d.Action == promote.ActionWrite && !s.onMain[git.ID(d.Commit)]:
			s.Errorf("rule 10: %s was reported as written by %.10s, which main never stood at", d.Title(), d.Commit)
		case d.Action == promote.ActionMerge && !s.onMain[git.ID(d.Merged)]:
			s.Errorf("rule 10: pull request #%d was reported as merged by %.10s, which main never stood at", d.PullRequest.Number, d.Merged)
		case d.PullRequest != nil:
			if _, err := s.forge("ada").PullRequest(s.ctx, d.PullRequest.Number); err != nil {
				s.Errorf("rule 10: pull request #%d was reported: %v", d.PullRequest.Number, err)
			}
		}
	}
	s.claims = nil
}

// secrets looks for the token in all that was said, and in every object of the repository.
func (s *schedule) secrets() {
	s.Helper()
	objects, err := exec.Command("git", "-C", s.gitops, "cat-file", "--batch-all-objects", "--batch", "--buffer").Output()
	s.must(err)
	for _, form := range []string{canary, base64.StdEncoding.EncodeToString([]byte("x-access-token:" + canary))} {
		for where, text := range map[string]string{"the repository": string(objects), "what was said": s.said.String(), "errors": strings.Join(s.log, "\n")} {
			if strings.Contains(text, form) {
				s.Errorf("rule 9: the token is in %s", where)
			}
		}
	}
}

// waitsEnd asks, long after everything has come, how each release stands that is somewhere: a wait for a machine is over.
func (s *schedule) waitsEnd() {
	s.Helper()
	p := s.ferry()
	snap, err := p.Load(s.ctx, promote.Scope{})
	s.must(err)
	later := s.now.AddDate(0, 1, 0)
	p.Now = func() time.Time { return later }
	for _, env := range s.env {
		for _, app := range s.apps {
			v := s.version(env, app)
			if v == "" {
				continue
			}
			outcome, why, err := p.Standing(s.ctx, snap, promote.Key{App: app, Environment: env}, v, promote.ForHealthy)
			if err != nil || outcome == promote.Underway {
				s.Errorf("rule 7: a month later, %s %s is still waited for in %s: %s, %v", app, v, env, why, err)
			}
		}
	}
}
