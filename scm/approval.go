package scm

import (
	"maps"
	"slices"
)

// Approvers names, sorted, who approves the pull request as it is now: people who may write, whose newest verdict approves
// exactly this head. The author never counts. reviews are oldest first.
func Approvers(pr PullRequest, reviews []Review) []string {
	return people(pr, reviews, func(r Review) bool { return r.Verdict == Approved && r.Writer && r.Covers(pr) == "" })
}

// Objectors names, sorted, who asked for changes and has not approved since. A new head does not silence them.
func Objectors(pr PullRequest, reviews []Review) []string {
	return people(pr, reviews, func(r Review) bool { return r.Verdict == ChangesRequested })
}

// Covers says why a review is not about the pull request's head; "" when it is. Where the forge does not tell which commit
// was reviewed, the review has to be younger than the head; where it does not tell when that came either, it has to drop reviews by itself
// when the head moves.
func (r Review) Covers(pr PullRequest) string {
	switch {
	case r.SHA == pr.HeadSHA && r.SHA != "":
		return ""
	case r.SHA != "":
		return "it is about an older commit"
	case !pr.HeadPushed.IsZero() && !r.Time.After(pr.HeadPushed):
		return "it is older than the newest commit" // also where the forge will reset it in a moment
	case !pr.HeadPushed.IsZero(), pr.ResetsApprovals:
		return ""
	}
	return "the forge tells neither which commit was reviewed nor when the head was pushed, and does not reset approvals"
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
