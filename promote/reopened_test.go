package promote_test

import (
	"slices"
	"strings"
	"testing"
)

// Who opens a closed pull request again takes the no back: ferry goes on with it, and opens no other.
func TestAReopenedPullRequestGoesOn(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: qa, after: [dev], merge: auto}", "{name: qa, after: [dev], merge: auto, gates: {approvals: {count: 1}}}", 1), nil)
	w.mustSubmit(1)
	w.healthy("dev")
	w.advance()
	w.must(w.forge("ada").ClosePullRequest(w.ctx, 1, "not now"))
	wantsIn(t, waits(w.advance()), "qa: rejected: ada closed pull request #1")
	w.must(w.forge("ada").ReopenPullRequest(w.ctx, 1))
	w.advance()
	if got := w.open(); !slices.Equal(got, []string{"1 shop 1.1.0 -> qa"}) {
		t.Fatalf("open: %v", got)
	}
	w.approve("grace", 1)
	w.advance()
	if got := w.version("qa", "shop"); got != "1.1.0" {
		t.Errorf("qa has %q", got)
	}
}
