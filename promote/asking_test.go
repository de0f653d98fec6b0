package promote_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

// shy is a forge on which nobody of a name can be asked.
type shy struct {
	promote.Forge
	unknown string
}

func (s shy) EnsurePullRequest(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error) {
	refused := slices.Contains(want.Reviewers, s.unknown)
	want.Reviewers = slices.DeleteFunc(slices.Clone(want.Reviewers), func(name string) bool { return name == s.unknown })
	pr, outcome, err := s.Forge.EnsurePullRequest(ctx, want)
	if err == nil && refused {
		err = &scm.PersonsError{Names: []string{s.unknown}}
	}
	return pr, outcome, err
}

// Reviewers and assignees of all apps are asked once; who cannot be asked stops nothing.
func TestReviewersAreAsked(t *testing.T) {
	config := strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev, reviewers: [team/release, nobody, ada], assignees: [grace]}", 1)
	w := newWorld(t, config, nil)
	p := w.ferry()
	p.Forge = shy{p.Forge, "nobody"}
	var said []string
	p.Progress = func(format string, a ...any) { said = append(said, format) }
	if err := w.handOver(p, &fate{}, 1); err != nil {
		t.Fatal(err)
	}
	prs, err := w.forge("ada").PullRequests(w.ctx, scm.Filter{State: scm.Open})
	if err != nil || len(prs) != 1 {
		t.Fatal(prs, err)
	}
	if got := prs[0]; !slices.Equal(got.Reviewers, []string{"ada", "team/release"}) || !slices.Equal(got.Assignees, []string{"grace"}) {
		t.Errorf("asked %v, assigned %v", got.Reviewers, got.Assignees)
	}
	if !strings.Contains(strings.Join(said, "\n"), "notice: pull request") {
		t.Errorf("nobody was told: %q", said)
	}
}

// hasty is a forge on which somebody pushes before the pull request is told.
type hasty struct {
	promote.Forge
	pushed string
	said   []string // commits that got a status
}

func (h *hasty) EnsurePullRequest(ctx context.Context, want scm.Proposal) (scm.PullRequest, scm.Outcome, error) {
	pr, outcome, err := h.Forge.EnsurePullRequest(ctx, want)
	pr.HeadSHA = h.pushed
	return pr, outcome, err
}

func (h *hasty) SetStatus(ctx context.Context, sha string, s scm.Status) (bool, error) {
	h.said = append(h.said, sha)
	return h.Forge.SetStatus(ctx, sha, s)
}

// What ferry says of its gates stands on the commit that it made: on another one it would let through what nobody judged.
func TestGatesAreSaidOfTheCommitThatWasJudged(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev}", 1), nil)
	p := w.ferry()
	h := &hasty{Forge: p.Forge, pushed: string(w.head("main"))}
	p.Forge = h
	w.must(w.handOver(p, &fate{}, 1))
	if want := []string{string(w.head("ferry/dev/shop"))}; !slices.Equal(h.said, want) {
		t.Errorf("statuses on %v, want %v", h.said, want)
	}
}
