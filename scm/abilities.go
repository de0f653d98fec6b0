package scm

import (
	"context"
	"time"
)

// What some forges can and others cannot: each ability is an interface of its own, found by a type assertion on a Client.

// Reviewer is a forge where this client can give its word on a pull request, as a person at a command line does.
type Reviewer interface {
	// Review records r.Verdict and r.Body; Author and Time are set by the forge. r.SHA is the head that was looked at:
	// ErrConflict when it has moved since, "" takes the head as it is. Approving or refusing one's own pull request is
	// ErrForbidden, a verdict on one that is not open ErrConflict. Saying the same of the same head again writes nothing;
	// comments are always written.
	Review(ctx context.Context, number int, r Review) (Review, error)
}

// Reopener is a forge where this client can open a closed pull request again.
type Reopener interface {
	// ReopenPullRequest opens a closed one. An open one is a no-op; a merged one, one whose branch is gone, or one whose
	// place another open one took, is ErrConflict.
	ReopenPullRequest(ctx context.Context, number int) error
}

// Foreteller is a forge that says beforehand what a merge would say.
type Foreteller interface {
	// ForetellMerge gives the error that MergePullRequest would give for the head as it is now, nil where it would merge,
	// and writes nothing.
	ForetellMerge(ctx context.Context, number int) error
}

// Commenter is a forge where a pull request has a conversation.
type Commenter interface {
	// EnsureComment makes the one comment of this client that contains marker say text, which contains it too. The marker
	// is a line of its own, compared exactly; other people's comments with it are never touched. All pages are looked
	// through. ErrNotFound where there is no such pull request.
	EnsureComment(ctx context.Context, number int, marker, text string) (Outcome, error)
}

// Queuer is a forge that merges by itself when its own rules are satisfied: a merge queue, auto-merge, auto-complete.
type Queuer interface {
	// EnqueuePullRequest asks for it; ErrConflict when the head is not m.Head. Asking again writes nothing. A *RuleError
	// where the repository does not allow it.
	EnqueuePullRequest(ctx context.Context, number int, m Merge) error
	// DequeuePullRequest takes that back; where it was not asked for, nothing happens. ErrConflict when it is merged.
	DequeuePullRequest(ctx context.Context, number int) error
}

// Ruler is a forge that tells the rules of a branch.
type Ruler interface {
	// Rules gives what has to be true before something is merged into a branch; the zero value where nothing is asked.
	// ErrForbidden where this client may not know.
	Rules(ctx context.Context, branch string) (Rules, error)
}

// Rules of a branch.
type Rules struct {
	Protected       bool     `json:"protected"`
	Statuses        []string `json:"statuses,omitempty"` // contexts that must be success on the head, sorted
	Pipeline        bool     `json:"pipeline,omitempty"` // every status and job of the head must be success, whatever it is called
	Approvals       int      `json:"approvals,omitempty"`
	ResetsApprovals bool     `json:"resetsApprovals,omitempty"` // approvals are dropped when the head moves
	UpToDate        bool     `json:"upToDate,omitempty"`        // the head must hold the newest base
	Signed          bool     `json:"signed,omitempty"`          // commits must be signed
	Queue           bool     `json:"queue,omitempty"`           // merged through a queue only
	Methods         []Method `json:"methods,omitempty"`         // allowed; empty where the forge does not tell
	MergesOnly      bool     `json:"mergesOnly,omitempty"`      // they are about merges: whoever may push, may push
	Bypass          bool     `json:"bypass,omitempty"`          // this client may merge or push past the rules
}

// Permitted is a forge that tells what this client may do.
type Permitted interface {
	Permissions(ctx context.Context) (Permissions, error)
}

// Permissions of a client in its repository. Missing names, in the forge's own words, what a promotion needs and the
// credentials lack; Unknown what cannot be asked without trying it.
type Permissions struct {
	Admin   bool     `json:"admin"`
	Missing []string `json:"missing,omitempty"`
	Unknown []string `json:"unknown,omitempty"`
	Expires string   `json:"expires,omitempty"` // RFC 3339, where the forge tells
}

// Teams is a forge that knows groups of people.
type Teams interface {
	// Members gives the people of a team (without "team/"), sorted, all pages. ErrNotFound where there is no such team or
	// this client may not look: who is not known does not count.
	Members(ctx context.Context, team string) ([]string, error)
}

// People is a forge that tells who may write.
type People interface {
	// MayWrite tells of each of these accounts whether it may write to the repository now; a name that nobody has may not.
	MayWrite(ctx context.Context, names []string) (map[string]bool, error)
}

// Resetter is a forge where this client can drop the approvals of a pull request.
type Resetter interface {
	// ResetApprovals makes every approval given so far count no more, and says why where the forge shows it.
	ResetApprovals(ctx context.Context, number int, reason string) error
}

// Linker is a forge that plans work too, and shows with a piece of it what is done for it.
type Linker interface {
	// LinkWorkItems links a pull request to these work items. What is linked already is left alone; each that cannot be
	// linked is named in the error, the others are linked all the same.
	LinkWorkItems(ctx context.Context, number int, ids []int) error
}

// BulkReader is a forge that gives the statuses of many commits in few calls.
type BulkReader interface {
	// StatusesOf gives what Statuses gives for each commit, the newest per context at least; where somebody who is not
	// trusted has spoken last, what the others said before, too. No names trust everybody.
	StatusesOf(ctx context.Context, shas, trusted []string) (map[string][]Status, error)
}

// Deployer is a forge that shows deployments.
type Deployer interface {
	// EnsureDeployment makes the deployment of (SHA, Environment) say the state, and tells whether it wrote.
	EnsureDeployment(ctx context.Context, d Deployment) (bool, error)
}

// Deployment is one commit in one environment as the forge shows it.
type Deployment struct {
	SHA         string
	Environment string
	State       StatusState
	Text, URL   string
	Production  bool
}

// Signer is a forge that makes verified commits.
type Signer interface {
	// SignedCommit makes a commit on the forge, signed by the forge for this client, and gives its id. No branch moves.
	// ErrNotFound where the forge does not have the parent.
	SignedCommit(ctx context.Context, c Commit) (string, error)
}

// Commit is one to be made by a Signer: on top of Parent, with these files put or, where Data is nil, removed.
type Commit struct {
	Parent  string
	Files   []File // by path
	Message string
	Time    time.Time
}

// File is a change of one file; Data nil removes it.
type File struct {
	Path       string
	Data       []byte
	Executable bool
}
