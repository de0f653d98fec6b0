package promote

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// levels turns words of ferry.yaml, which were checked when it was read, into levels of risk.
func levels(risk map[string]string) map[string]diff.Level {
	all := make(map[string]diff.Level, len(risk))
	for rule, word := range risk {
		var l diff.Level
		if l.UnmarshalText([]byte(word)) == nil {
			all[rule] = l
		}
	}
	return all
}

// restMarker tells ferry's one comment with the rest of a description from every other. A description that goes on in one
// begins with it: lists of some forges give the beginning only.
const restMarker = "<!-- ferry:rest -->"

// noRest is what the comment says once the description holds everything again.
const noRest = "The description holds everything: what was said here was about an earlier, longer change.\n"

// continues marks a description that goes on in a comment.
func continues(t Text) string {
	if t.Rest == "" {
		return t.Body
	}
	return restMarker + "\n\n" + t.Body
}

// comment says in one living comment what the description has no room for, and takes back what it said of an earlier
// change. before is the pull request as it was, nil where there was none.
func (p *Promoter) comment(ctx context.Context, d *Done, before *scm.PullRequest, rest string) error {
	forge, able := p.Forge.(scm.Commenter)
	if rest == "" && before != nil && strings.HasPrefix(before.Body, restMarker) {
		rest = noRest
	}
	if !able || rest == "" {
		return nil
	}
	outcome, err := forge.EnsureComment(ctx, d.PullRequest.Number, restMarker, rest+"\n"+restMarker+"\n")
	if err != nil {
		return fmt.Errorf("comment on pull request #%d: %w", d.PullRequest.Number, err)
	}
	d.Wrote = d.Wrote || outcome != scm.Unchanged
	return nil
}

// tell adds to a change what people want to know about the way from the old release to the new one.
func (p *Promoter) tell(ctx context.Context, c *Change) {
	if c.From == nil || p.Commits == nil {
		return
	}
	from, to := c.From.Release.Source, c.To.Release.Source
	if from.Commit == "" || to.Commit == "" || from.Commit == to.Commit || from.Repository != to.Repository {
		return
	}
	c.Commits, c.More = p.Commits(ctx, to.Repository, from.Commit, to.Commit)
}

// since adds the tickets of the releases that lie between what an environment holds and what it gets: those that the first
// environment on its way has had in the meantime.
func (p *Promoter) since(ctx context.Context, s *Snapshot, w *want, c *Change) error {
	live := s.lives[key(w.placement)]
	ancestors := s.ancestors(w.placement)
	if s.Config.Tickets.Pattern == nil || !live.Found || len(ancestors) == 0 {
		return nil
	}
	first, err := s.upstream(w.placement, ancestors[len(ancestors)-1])
	if err != nil {
		return err
	}
	return s.stretches(ctx, p.Repo, first, func(st stretch) (bool, error) {
		if !st.Found || !newer(st.Record.Release, live.Record.Release) {
			return false, nil
		}
		if !newer(st.Record.Release, w.release) && st.Record.Release.Sequence != (release.Sequence{}) {
			c.Tickets = append(c.Tickets, st.Record.Release.Tickets...)
		}
		return true, nil
	})
}

// proven says how much of a change is just what ran upstream.
func (c *Change) proven() {
	for i := range c.Origins {
		o := &c.Origins[i]
		o.Digests = len(c.To.Release.Images) > 0 && !slices.ContainsFunc(c.To.Release.Images, func(i release.Image) bool { return i.Digest == "" })
		for _, f := range c.To.Files {
			if slices.Contains(o.files, f) {
				o.Equal++
			}
		}
	}
}
