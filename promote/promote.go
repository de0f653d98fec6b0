// Package promote tells the story of a promotion: what each environment should hold (want.go), what that changes
// (change.go), which branches and pull requests carry it (plan.go), how it gets there (apply.go) and when it may be
// merged (merge.go). All of it is a function of one Snapshot of Git and the forge (snapshot.go), so any run may die
// anywhere and the next one continues.
package promote

import (
	"context"
	"time"

	"github.com/ferry-cd/ferry/check"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/scm"
)

// Forge is what a promotion asks of a forge.
type Forge interface {
	PullRequests(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error)
	PullRequest(ctx context.Context, number int) (scm.PullRequest, error)
	EnsurePullRequest(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error)
	ClosePullRequest(ctx context.Context, number int, reason string) error
	MergePullRequest(ctx context.Context, number int, m scm.Merge) (string, error)
	Reviews(ctx context.Context, number int) ([]scm.Review, error)
	Statuses(ctx context.Context, sha string) ([]scm.Status, error)
	SetStatus(ctx context.Context, sha string, s scm.Status) (bool, error)
	Self(ctx context.Context) (string, error)
}

// Sources gives what was accepted at intake.
type Sources interface {
	// Accepted gives the newest accepted release of each app; apps without one are absent.
	Accepted(ctx context.Context, apps ...string) (map[string]release.Release, error)
	// Files gives a stored template tree of an app, by path relative to its root.
	Files(ctx context.Context, app, tree string) (map[string][]byte, error)
}

// Judges say of manifests what takes a library of its own. An error is about the rules and schemas, not the manifests.
type Judges interface {
	Schemas(ctx context.Context, q check.Schemas, ms render.Manifests) ([]check.Finding, error)
	Policies(ctx context.Context, rules []check.Policy, about check.Subject, ms render.Manifests) ([]check.Finding, error)
}

// Registry tells what registries have.
type Registry interface {
	// Exists tells whether a repository, a name with its host and without a tag, has the image of a digest.
	Exists(ctx context.Context, repository, digest string) (bool, error)
	// Digest tells what name:tag means now.
	Digest(ctx context.Context, reference string) (string, error)
}

// Commits gives what lies between two commits of a source repository, newest first, and how many more there are than were
// read. It gives none, and no error, where the repository cannot be read from here.
type Commits func(ctx context.Context, repository, from, to string) (commits []Commit, more int)

// Commit is one commit of a source.
type Commit struct {
	ID      string `json:"id"`
	Author  string `json:"author"`
	Subject string `json:"subject"`
}

// Text is what a pull request says.
type Text struct {
	Title, Body string
	Rest        string // for the first comment, where the forge's descriptions are too small; "" where Body is all
	Labels      []string
}

// Promoter plans and applies promotions in one GitOps repository.
type Promoter struct {
	Repo      *git.Repository
	Forge     Forge                                                      // nil where the remote has no forge that ferry knows: no pull requests, no statuses
	Signer    func(ctx context.Context, base string) (scm.Signer, error) // who makes commits for a branch where the forge vouches for them itself; nil, or a nil one: Git
	Sources   Sources
	Renderers map[string]render.Renderer // by the kinds of render.Detect
	Write     func(p Promotion) Text     // the words of a pull request
	Registry  Registry                   // nil where nobody can be asked: the gate imageExists then stays shut
	Judges    Judges                     // nil judges neither by schemas nor by policies
	Message   func(p Promotion) string   // the words of a commit; nil takes the title
	Words     environments.Words         // what ferry.yaml's own words are checked with
	Commits   Commits                    // nil where nobody can look into sources
	Now       func() time.Time
	Limits    render.Limits                      // the most that ferry.yaml may allow a render; what is zero is not bounded
	Version   string                             // ferry's own, for information in the record
	Run       string                             // URL of the CI run, "" outside CI
	Progress  func(format string, a ...any)      // talk for people; nil is silent
	Step      func(done, total int, what string) // how far a long run has come; nil is silent
	Busy      func()                             // called once, when a run turns out to render much; nil does nothing
}

func (p *Promoter) say(format string, a ...any) {
	if p.Progress != nil {
		p.Progress(format, a...)
	}
}

func (p *Promoter) step(done, total int, what string) {
	if p.Step != nil {
		p.Step(done, total, what)
	}
}

// Key names one app in one environment.
type Key struct {
	App         string `json:"app"`
	Environment string `json:"environment"`
}
