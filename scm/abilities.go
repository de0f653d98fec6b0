package scm

import (
	"context"
	"maps"
	"slices"
)

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

// Approvers names, sorted, who approves the pull request as it is now: people whose newest verdict approves exactly this
// head. The author never counts. reviews are oldest first.
func Approvers(pr PullRequest, reviews []Review) []string {
	return people(pr, reviews, func(r Review) bool { return r.Verdict == Approved && r.SHA == pr.HeadSHA })
}

// Objectors names, sorted, who asked for changes and has not approved since. A new head does not silence them.
func Objectors(pr PullRequest, reviews []Review) []string {
	return people(pr, reviews, func(r Review) bool { return r.Verdict == ChangesRequested })
}

// people gives those whose newest verdict is as asked; a comment is no verdict.
func people(pr PullRequest, reviews []Review, is func(Review) bool) []string {
	newest := map[string]Review{}
	for _, r := range reviews {
		if r.Verdict != Commented && r.Author != pr.Author {
			newest[r.Author] = r
		}
	}
	maps.DeleteFunc(newest, func(_ string, r Review) bool { return !is(r) })
	return slices.Sorted(maps.Keys(newest))
}

// Foreteller is a forge that says beforehand what a merge would say.
type Foreteller interface {
	// ForetellMerge gives the error that MergePullRequest would give for the head as it is now, nil where it would merge,
	// and writes nothing.
	ForetellMerge(ctx context.Context, number int) error
}
