// Package scm holds the words of a forge: pull requests, reviews, commit statuses and the errors that the rooms above
// branch on. Each driver below it puts them into the dialect of one forge; everything is bound to one repository.
package scm

import (
	"context"
	"time"
)

// Client is what every forge can do. Asking for a state that is already there writes nothing. A client may be used by
// several goroutines, and several clients, also of one identity, may work on one repository at once.
type Client interface {
	// PullRequests lists pull requests whose head branch lies in this repository, newest first, all pages.
	PullRequests(ctx context.Context, f Filter) ([]PullRequest, error)
	// PullRequest gives one by number; ErrNotFound where there is none.
	PullRequest(ctx context.Context, number int) (PullRequest, error)
	// EnsurePullRequest opens the pull request for (Head, Base), or edits the open one until it is as wanted. There is never
	// more than one open for a (Head, Base), whoever asks at the same time. Text is compared as Proposal.Normal gives it.
	// ErrInvalid where a branch is missing, Head is Base, or Head holds nothing that Base lacks. A merged or closed one
	// is history: the next proposal gets a new number.
	EnsurePullRequest(ctx context.Context, want Proposal) (PullRequest, Outcome, error)
	// ClosePullRequest closes without merging and says why; the head branch stays. Closing a closed one is a no-op; a
	// merged one is ErrConflict.
	ClosePullRequest(ctx context.Context, number int, reason string) error
	// MergePullRequest merges when the head is still m.Head, else ErrConflict; a head that cannot be merged is a
	// *MergeConflictError, a rule of the base branch that forbids it a *RuleError. It returns the commit on the base
	// branch. Merging what is merged already, at that head, gives the same commit and writes nothing.
	MergePullRequest(ctx context.Context, number int, m Merge) (string, error)
	// Reviews lists the reviews of a pull request, oldest first.
	Reviews(ctx context.Context, number int) ([]Review, error)
	// Statuses gives the whole history of statuses on a commit, newest first; none for a commit the forge does not know.
	Statuses(ctx context.Context, sha string) ([]Status, error)
	// SetStatus posts a status unless the newest of its context says the same already, state, text and URL, and this account
	// said it: see Said. Where a forge tells of nobody who said what, the same words are enough. It tells whether it wrote.
	// ErrNotFound where there is no such commit.
	SetStatus(ctx context.Context, sha string, s Status) (bool, error)
	// Self tells who this client is to the forge, as Author, Creator and Review.Author name it.
	Self(ctx context.Context) (string, error)
	// Limits says how long texts may be here. Drivers cut what is longer, on whole characters; who wants to say the most
	// important first asks before.
	Limits() Limits
}

// Limits are the longest texts of a forge, in characters (runes); 0 means that there is no limit that anyone could reach.
// Each driver gives its constants with their source.
type Limits struct {
	Title      int // of a pull request
	Body       int // its description
	Comment    int
	StatusText int
	Label      int
	Branch     int
	// UTF16 says that the forge counts in code units of UTF-16: an emoji is two. The numbers are such units then.
	UTF16 bool
}

// State of a pull request.
type State string

// The states of a pull request.
const (
	Open   State = "open"
	Merged State = "merged"
	Closed State = "closed"
)

// Filter narrows a list of pull requests; zero fields match all.
type Filter struct {
	Head, Base string // branch names, compared exactly
	State      State
	Newest     int  // at most so many, the newest; 0 = all
	Brief      bool // long bodies, and the heads of merged ones, may be left out: on some forges they cost a call each
}

// First gives the newest of a list as Newest wants them; for drivers that have more.
func (f Filter) First(all []PullRequest) []PullRequest {
	if f.Newest > 0 && len(all) > f.Newest {
		return all[:f.Newest]
	}
	return all
}

// PullRequest is one pull request as the forge has it now.
type PullRequest struct {
	Number      int       `json:"number"`
	URL         string    `json:"url"`
	State       State     `json:"state"`
	Head        string    `json:"head"` // branch
	Base        string    `json:"base"` // branch
	HeadSHA     string    `json:"headSHA"`
	MergeCommit string    `json:"mergeCommit,omitempty"` // the commit on the base branch, when merged
	Title       string    `json:"title"`
	Body        string    `json:"body"`
	Labels      []string  `json:"labels,omitempty"` // sorted
	Draft       bool      `json:"draft,omitempty"`
	Author      string    `json:"author"`
	Reviewers   []string  `json:"reviewers,omitempty"` // who was asked and those who answered, sorted; teams as team/NAME
	Assignees   []string  `json:"assignees,omitempty"` // sorted
	Created     time.Time `json:"created"`
	Closed      time.Time `json:"closed,omitzero"` // when merged or closed
	ClosedBy    string    `json:"closedBy,omitempty"`
	CloseReason string    `json:"closeReason,omitempty"`
	// Conflict says that the head cannot be merged into the base as they are.
	Conflict bool `json:"conflict,omitempty"`
	// Queued says that the forge will merge it by itself when its rules allow, in its queue or by auto-merge.
	Queued bool `json:"queued,omitempty"`
	// HeadPushed is when the head came to be this commit; zero where the forge does not tell.
	HeadPushed time.Time `json:"headPushed,omitzero"`
	// ResetsApprovals says that the forge drops approvals by itself when the head moves.
	ResetsApprovals bool `json:"resetsApprovals,omitempty"`
}

// Proposal is a pull request as it should be.
type Proposal struct {
	Head, Base  string
	Title, Body string
	Labels      []string
	Draft       bool
	// New says that the caller has just seen that none is open for (Head, Base), and that Head holds something that Base
	// lacks. Drivers need not look first then; the forge still refuses a second one.
	New bool
	// Reviewers and Assignees are asked when they are not yet; people by name, teams as team/NAME. Others, asked by somebody
	// else, stay. Who cannot be asked (no such person, the author) is a *PersonsError, together with the pull request as it
	// was made all the same: a wrong name must not stop a promotion.
	Reviewers, Assignees []string
}

// Outcome says what had to be done to reach a state.
type Outcome string

// The outcomes of asking for a state.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
)

// Merge is a guarded merge.
type Merge struct {
	Head    string // the commit that was checked
	Message string // "" = the forge's own words
	Method  Method // "" = MergeCommit
}

// Method of a merge.
type Method string

// The methods of a merge. What the forge or its rules do not allow is a *RuleError.
const (
	MergeCommit Method = "merge"
	Squash      Method = "squash"
	Rebase      Method = "rebase"
)

// Verdict of a review.
type Verdict string

// The verdicts of a review.
const (
	Approved         Verdict = "approved"
	ChangesRequested Verdict = "changes-requested"
	Commented        Verdict = "commented"
)

// Review is one person's word on a pull request.
type Review struct {
	Author  string    `json:"author"`
	Verdict Verdict   `json:"verdict"`
	SHA     string    `json:"sha"`              // the head that was reviewed; "" where the forge does not tell
	Writer  bool      `json:"writer,omitempty"` // the author may write to the repository now; false where that cannot be known
	Body    string    `json:"body,omitempty"`
	Time    time.Time `json:"time"`
}

// StatusState of a commit status.
type StatusState string

// The states of a commit status; forges without "superseded" use their nearest word and keep it in the text.
const (
	Pending    StatusState = "pending"
	Success    StatusState = "success"
	Failure    StatusState = "failure"
	Superseded StatusState = "superseded"
)

// Status is one commit status.
type Status struct {
	Context string      `json:"context"`
	State   StatusState `json:"state"`
	Text    string      `json:"text,omitempty"`
	URL     string      `json:"url,omitempty"`
	Creator string      `json:"creator,omitempty"` // set by the forge
	Time    time.Time   `json:"time,omitzero"`     // set by the forge
	First   bool        `json:"-"`                 // for SetStatus: nothing was said about this commit yet, no need to look
}
