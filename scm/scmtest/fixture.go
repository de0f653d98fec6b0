package scmtest

import (
	"context"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/scm"
)

// Fixture is an empty repository on a forge, and who works with it. Fields that say "nil" or "0" may be left out.
type Fixture struct {
	Bot    scm.Client // opens and merges pull requests, posts statuses
	Person scm.Client // somebody else who may write; the reviews are theirs
	// Twin gives one more client with Bot's identity, sharing nothing with it, as another process would.
	Twin func(t *testing.T) scm.Client

	Remote string   // what a person's git pushes to
	Env    []string // what that git needs in its environment besides, such as GIT_ASKPASS

	// Fingerprint changes with every write to the forge; nil where it cannot be had, and then Outcome has to do.
	Fingerprint func(t *testing.T) string
	// Protect makes rules for a branch; nil where this repository cannot have any.
	Protect func(t *testing.T, r Rules)

	// Comments gives the conversation of a pull request, oldest first; nil where it cannot be read.
	Comments func(t *testing.T, number int) []string
	// Fork opens a pull request into main from another repository, whose branch has the given name, and gives its number;
	// nil where there are no other repositories.
	Fork func(t *testing.T, branch string) int
	// Signed tells what the forge thinks of a commit's signature; nil where it signs nothing.
	Signed func(t *testing.T, sha string) bool

	Reader   scm.Client // somebody who may read but not write; nil where there is nobody like that
	Stranger string     // a name that nobody can be asked by; "" where every name may be somebody's
	Team     string     // a team with Person alone in it, without "team/"; "" where there are no teams

	// Cannot tells what this forge is not able to keep, and why: the promise that says so in Impossible is then not tried.
	Cannot map[Impossible]string

	Page     int           // how many make more than one page of the forge's lists; 0 = 12
	MaxBody  int           // the longest body in characters; 0 = 60,000
	Patience time.Duration // how long the forge may take to notice a push; 0 = none
}

// Impossible is something that a forge may not be able to do, whatever its driver does.
type Impossible string

// What some forges cannot do.
const (
	StatusHistory  Impossible = "keep the history of statuses"
	StatusCreators Impossible = "tell who posted a status"
	Drafts         Impossible = "have drafts"
	TwoBases       Impossible = "have two pull requests from one branch"
	ReviewCommits  Impossible = "tell which commit was reviewed"
	Assignees      Impossible = "have assignees beside reviewers"
	EndByPush      Impossible = "end a pull request because of what was pushed"
	PendingText    Impossible = "change the words of a pending status, or keep it beside its result"
	NamedStatuses  Impossible = "require statuses by their names"
	ReviewHistory  Impossible = "keep earlier verdicts"
	TeamReviewers  Impossible = "ask a team for a review"
	PlainSquash    Impossible = "squash without a merge commit beside it"
)

// able skips, with the forge's reason, what it cannot do.
func (s *stage) able(t *testing.T, what Impossible) {
	t.Helper()
	if why, ok := s.Cannot[what]; ok {
		t.Skipf("this forge cannot %s: %s", what, why)
	}
}

// cannot is able without skipping, for promises that still hold in part.
func (s *stage) cannot(what Impossible) bool {
	_, is := s.Cannot[what]
	return is
}

// Rules of a protected branch.
type Rules struct {
	Branch    string
	Statuses  []string // contexts that must be success on the head
	Approvals int
}

// stage is a fixture with a first commit on main and a person's work tree beside it.
type stage struct {
	Fixture
	ctx  context.Context
	git  *worktree
	main string // the first commit
}

func newStage(t *testing.T, f Fixture) *stage {
	t.Helper()
	if f.Page == 0 {
		f.Page = 12
	}
	if f.MaxBody == 0 {
		f.MaxBody = 60_000
	}
	s := &stage{Fixture: f, ctx: t.Context(), git: newWorktree(t, f.Remote, f.Env)}
	s.main = s.git.commit(t, "main", "", files{"readme.md": "# gitops\n", "dev/web/web.yaml": "image: web:1\n", "prod/web/web.yaml": "image: web:1\n"})
	return s
}

// branch pushes a branch off main with one file of its own and gives its commit.
func (s *stage) branch(t *testing.T, name string) string {
	t.Helper()
	return s.git.commit(t, name, "main", files{name + "/web.yaml": "image: web:2\n"})
}

// propose ensures a pull request from head into main that must come out new.
func (s *stage) propose(t *testing.T, head string) scm.PullRequest {
	t.Helper()
	pr, outcome, err := s.Bot.EnsurePullRequest(s.ctx, scm.Proposal{Head: head, Base: "main", Title: "Promote " + head, Body: "one\n\ntwo"})
	if err != nil {
		t.Fatalf("open %s: %v", head, err)
	}
	if outcome != scm.Created {
		t.Fatalf("open %s: outcome %s, want created", head, outcome)
	}
	return pr
}

// opened is branch and propose in one.
func (s *stage) opened(t *testing.T, head string) scm.PullRequest {
	t.Helper()
	s.branch(t, head)
	return s.propose(t, head)
}

// pull reads a pull request back, waiting until it is as it should be, for forges that take notice later.
func (s *stage) pull(t *testing.T, number int, is func(scm.PullRequest) bool) scm.PullRequest {
	t.Helper()
	for end := time.Now().Add(s.Patience); ; time.Sleep(200 * time.Millisecond) {
		pr, err := s.Bot.PullRequest(s.ctx, number)
		if err != nil {
			t.Fatalf("read pull request %d: %v", number, err)
		}
		if is(pr) {
			return pr
		}
		if time.Now().After(end) {
			t.Fatalf("pull request %d is not as it should be: %+v", number, pr)
		}
	}
}

func (s *stage) list(t *testing.T, f scm.Filter) []scm.PullRequest {
	t.Helper()
	prs, err := s.Bot.PullRequests(s.ctx, f)
	if err != nil {
		t.Fatalf("list %+v: %v", f, err)
	}
	return prs
}

// unwritten fails when what was done in between wrote to the forge.
func (s *stage) unwritten(t *testing.T, act func()) {
	t.Helper()
	if s.Fingerprint == nil {
		act()
		return
	}
	before := s.Fingerprint(t)
	act()
	if after := s.Fingerprint(t); after != before {
		t.Errorf("the forge was written to:\n%s\nbefore:\n%s", after, before)
	}
}

func (s *stage) self(t *testing.T, c scm.Client) string {
	t.Helper()
	name, err := c.Self(s.ctx)
	if err != nil || name == "" {
		t.Fatalf("self: %q, %v", name, err)
	}
	return name
}

// reviewer is the person in that role; forges where ferry cannot play it skip what needs one.
func (s *stage) reviewer(t *testing.T, c scm.Client) scm.Reviewer {
	t.Helper()
	r, ok := c.(scm.Reviewer)
	if !ok {
		t.Skipf("%T gives no reviews", c)
	}
	return r
}

func numbers(prs []scm.PullRequest) []int {
	var ns []int
	for _, pr := range prs {
		ns = append(ns, pr.Number)
	}
	return ns
}

func isOpen(pr scm.PullRequest) bool   { return pr.State == scm.Open }
func isMerged(pr scm.PullRequest) bool { return pr.State == scm.Merged }
func isClosed(pr scm.PullRequest) bool { return pr.State == scm.Closed }
