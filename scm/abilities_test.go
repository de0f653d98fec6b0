package scm

import (
	"errors"
	"strings"
	"testing"

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
	if d := cmp.Diff([]string{"abe", "cy"}, Approvers(pr, reviews)); d != "" {
		t.Error("approvers:", d)
	}
	if d := cmp.Diff([]string{"bea", "dot"}, Objectors(pr, reviews)); d != "" {
		t.Error("objectors:", d)
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
