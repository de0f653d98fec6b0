package promote_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

// forgetful is a forge that does not tell which commit a review is about.
type forgetful struct {
	promote.Forge
	pushed time.Time // when the head came, as it tells when asked for the one pull request
	resets bool
}

func (f forgetful) Reviews(ctx context.Context, number int) ([]scm.Review, error) {
	reviews, err := f.Forge.Reviews(ctx, number)
	for i := range reviews {
		reviews[i].SHA = ""
	}
	return reviews, err
}

func (f forgetful) PullRequest(ctx context.Context, number int) (scm.PullRequest, error) {
	pr, err := f.Forge.PullRequest(ctx, number)
	pr.HeadPushed, pr.ResetsApprovals = f.pushed, f.resets
	return pr, err
}

// An approval without a commit counts by the forge's clock alone: the time in a commit is the pusher's to choose.
func TestApprovalsWithoutACommit(t *testing.T) {
	for name, c := range map[string]struct {
		pushed time.Duration // after the approval
		tells  bool
		resets bool
		merged bool
	}{
		"pushed before":                  {pushed: -time.Minute, tells: true, merged: true},
		"pushed after":                   {pushed: time.Minute, tells: true},
		"pushed in the same moment":      {tells: true},
		"nobody knows when":              {},
		"nobody knows, but pushes reset": {resets: true, merged: true},
		"pushed after, but pushes reset": {pushed: time.Minute, tells: true, resets: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev, merge: auto, gates: {approvals: {count: 1}}}", 1), nil)
			w.mustSubmit(1)
			w.tick()
			pr, err := w.forge("ada").PullRequest(w.ctx, 1)
			w.must(err)
			given, err := w.forge("ada").Review(w.ctx, 1, scm.Review{Verdict: scm.Approved, SHA: pr.HeadSHA})
			w.must(err)
			p := w.ferry()
			forge := forgetful{Forge: p.Forge, resets: c.resets}
			if c.tells {
				forge.pushed = given.Time.Add(c.pushed)
			}
			p.Forge = forge
			w.tick()
			r, err := p.Advance(w.ctx, promote.Options{})
			w.must(err)
			w.must(r.Errors())
			if merged := w.version("dev", "shop") != ""; merged != c.merged {
				t.Errorf("merged: %v, want %v", merged, c.merged)
			}
		})
	}
}

// dismissive is a forge where approvals can be dropped, or not by this account.
type dismissive struct {
	promote.Forge
	asked *[]string
	err   error
}

func (d dismissive) ResetApprovals(_ context.Context, number int, reason string) error {
	*d.asked = append(*d.asked, fmt.Sprintf("#%d %s", number, reason))
	return d.err
}

// What was approved is not what is proposed now: the forge's own count of approvals has to know that, too.
func TestApprovalsAreDropped(t *testing.T) {
	for _, refusal := range []error{nil, scm.ErrForbidden} {
		w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev}", 1), nil)
		var asked []string
		next := func(n int64) {
			t.Helper()
			p := w.ferry()
			p.Forge = dismissive{p.Forge, &asked, refusal}
			w.must(w.handOver(p, &fate{}, n))
		}
		next(1)
		next(2)
		if len(asked) != 0 {
			t.Errorf("nobody had approved: %q", asked)
		}
		pr, err := w.forge("ada").PullRequest(w.ctx, 1)
		w.must(err)
		_, err = w.forge("ada").Review(w.ctx, 1, scm.Review{Verdict: scm.Approved, SHA: pr.HeadSHA})
		w.must(err)
		next(3)
		if len(asked) != 1 || !strings.HasPrefix(asked[0], "#1 The content has changed since: shop 1.3.0") {
			t.Errorf("asked for %q", asked)
		}
	}
}
