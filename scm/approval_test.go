package scm

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPeople(t *testing.T) {
	pr := PullRequest{Author: "ferry", HeadSHA: "new"}
	reviews := []Review{
		{Author: "ferry", Verdict: Approved, SHA: "new"},         // the author
		{Author: "ada", Verdict: Approved, SHA: "old"},           // another head
		{Author: "bea", Verdict: ChangesRequested, SHA: "old"},   // still stands
		{Author: "cy", Verdict: ChangesRequested, SHA: "new"},    // taken back below
		{Author: "cy", Verdict: Approved, SHA: "new"},            // counts
		{Author: "cy", Verdict: Commented, SHA: "new"},           // no verdict
		{Author: "abe", Verdict: Approved, SHA: "new"},           // counts
		{Author: "dot", Verdict: Approved, SHA: "new"},           // taken back below
		{Author: "dot", Verdict: ChangesRequested, SHA: "new"},   // objects
		{Author: "eve", Verdict: Commented, SHA: "new"},          // says nothing
		{Author: "ferry", Verdict: ChangesRequested, SHA: "new"}, // the author
	}
	for i := range reviews {
		reviews[i].Writer = true
	}
	reviews = append(reviews, Review{Author: "fay", Verdict: Approved, SHA: "new"}) // may not write
	if d := cmp.Diff([]string{"abe", "cy"}, Approvers(pr, reviews)); d != "" {
		t.Error("approvers:", d)
	}
	if d := cmp.Diff([]string{"bea", "dot"}, Objectors(pr, reviews)); d != "" {
		t.Error("objectors:", d)
	}
}

func TestCovers(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		pr     PullRequest
		review Review
		want   bool
	}{
		"the same commit":               {PullRequest{HeadSHA: "a"}, Review{SHA: "a"}, true},
		"another commit":                {PullRequest{HeadSHA: "a", ResetsApprovals: true}, Review{SHA: "b", Time: noon}, false},
		"no commit, no time, no rule":   {PullRequest{HeadSHA: "a"}, Review{Time: noon}, false},
		"no commit, the reset rule":     {PullRequest{HeadSHA: "a", ResetsApprovals: true}, Review{Time: noon}, true},
		"no commit, younger":            {PullRequest{HeadSHA: "a", HeadPushed: noon}, Review{Time: noon.Add(time.Second)}, true},
		"no commit, in the same second": {PullRequest{HeadSHA: "a", HeadPushed: noon}, Review{Time: noon}, false},
		"no commit, older":              {PullRequest{HeadSHA: "a", HeadPushed: noon}, Review{Time: noon.Add(-time.Second)}, false},
		"nothing known of either":       {PullRequest{}, Review{}, false},
	} {
		if why := c.review.Covers(c.pr); (why == "") != c.want {
			t.Errorf("%s: %q", name, why)
		}
	}
}

func TestErrors(t *testing.T) {
	var conflict error = &MergeConflictError{Head: "ferry/qa/web", Base: "main", Paths: strings.Split("abcdefghijkl", "")}
	if !errors.Is(conflict, ErrConflict) {
		t.Error("a merge conflict is no ErrConflict")
	}
	if want := "ferry/qa/web conflicts with main: both changed a, b, c, d, e, f, g, h, i, j and 2 more"; conflict.Error() != want {
		t.Errorf("got %q, want %q", conflict, want)
	}
	if !errors.Is(&RuleError{Branch: "main", Rule: "r"}, ErrForbidden) {
		t.Error("a rule is no ErrForbidden")
	}
}
