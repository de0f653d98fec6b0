package promote_test

import (
	"context"
	"testing"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

// conflicting is a forge that finds a conflict in the open pull request as long as its head is this commit.
type conflicting struct {
	promote.Forge
	head string
}

func (c *conflicting) PullRequests(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	prs, err := c.Forge.PullRequests(ctx, f)
	for i := range prs {
		prs[i].Conflict = prs[i].State == scm.Open && prs[i].HeadSHA == c.head
	}
	return prs, err
}

// A branch that conflicts with its base is made anew on it, in the same pull request; one that does not stays as it is.
func TestAConflictIsRebuilt(t *testing.T) {
	w := proposedToQA(t)
	first := w.pull(1).HeadSHA
	w.push("main", map[string]string{"README.md": "changed\n"})
	w.advance()
	if w.pull(1).HeadSHA != first {
		t.Fatal("it was rebuilt although nobody needed that")
	}
	p := w.ferry()
	p.Forge = &conflicting{p.Forge, first}
	w.tick()
	r, err := p.Advance(w.ctx, promote.Options{})
	w.must(err)
	w.must(r.Errors())
	head := w.pull(1).HeadSHA
	if head == first || w.git("rev-parse", head+"^") != w.git("rev-parse", "main") || len(w.open()) != 1 {
		t.Errorf("head %s on %s, open %v", head, w.git("rev-parse", head+"^"), w.open())
	}
}
