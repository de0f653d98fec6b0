package promote

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/release"
)

// maxMissed bounds how many states of one app are caught up with: between two runs there are fewer, and what is more was
// before the audit began.
const maxMissed = 50

// past is one state that an environment went through, and the one before it.
type past struct{ came, before stretch }

// commit is the one that brought the state.
func (g past) commit() git.Commit { return g.came.commits[len(g.came.commits)-1] }

// unrecorded gives the states of an app that the audit does not name, oldest first, and the last one that it does. An audit
// that names none begins with what runs now.
func (p *Promoter) unrecorded(ctx context.Context, s *Snapshot, pl environments.Placement) (missed []past, last *past, err error) {
	recorded, err := ledger.Recorded(ctx, p.Repo, s.heads[release.StateBranch].Tree, pl.Environment, pl.App)
	if err != nil {
		return nil, nil, err
	}
	var all []past
	err = s.stretches(ctx, p.Repo, pl, func(st stretch) (bool, error) {
		if n := len(all); n > 0 {
			if g := &all[n-1]; st.blob == g.came.blob { // edited, or other files: the same state
				st.commits = append(slices.Clone(g.came.commits), st.commits...)
				g.came = st
				return true, nil
			}
			all[n-1].before = st
			if recorded(all[n-1].commit().ID) || len(all) > maxMissed {
				return false, nil
			}
		}
		all = append(all, past{came: st})
		return true, nil
	})
	if err != nil || len(all) == 0 {
		return nil, nil, err
	}
	if n := len(all) - 1; recorded(all[n].commit().ID) {
		last, all = &all[n], all[:n]
	} else {
		all = all[:1]
	}
	slices.Reverse(all)
	return slices.DeleteFunc(all, func(g past) bool { return !g.came.Found }), last, nil
}

// catchUp puts every state on record that came since the last one which is: also what was replaced or taken back before any
// run of ferry saw it, with what history and statuses tell of it now.
func (p *Promoter) catchUp(ctx context.Context, s *Snapshot, pl environments.Placement, pending *ledger.Entry, plan *Plan) error {
	missed, last, err := p.unrecorded(ctx, s, pl)
	if err != nil || len(missed) == 0 {
		return err
	}
	var files []ledger.File
	if pending != nil {
		if pending.Health, err = p.ended(ctx, s, pl, last, missed[0]); err != nil {
			return err
		}
		files = pending.Files(nil)
	}
	for i, g := range missed {
		e, err := p.entry(ctx, s, pl, g)
		if err != nil {
			return err
		}
		if i < len(missed)-1 {
			if e.Health, err = p.ended(ctx, s, pl, &g, missed[i+1]); err != nil {
				return err
			}
		}
		record, err := p.Repo.Blob(ctx, g.came.blob)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("audit: %s %s by %s", e.Kind, e.Release.Version, orUnknown(e.Merger))
		plan.decide(key(pl), what, append(files, e.Files(record)...)...).Audit = &e
		files = nil
		if !e.Same {
			plan.mistakes = append(plan.mistakes, mistake{key(pl), e.Commit, otherContent(e)})
		}
	}
	return nil
}

func otherContent(e ledger.Entry) string {
	if e.PullRequest == 0 {
		return "no pull request proposed this"
	}
	return fmt.Sprintf("pull request #%d proposed other content than what was merged", e.PullRequest)
}

// ended says how a state did until the next one came.
func (p *Promoter) ended(ctx context.Context, s *Snapshot, pl environments.Placement, g *past, next past) (*ledger.Health, error) {
	h := &ledger.Health{State: "superseded", Why: next.came.Record.Release.Version + " came before this was seen healthy", Since: next.commit().Time}
	if g == nil {
		return h, nil
	}
	_, evidence, err := p.prove(ctx, s, pl.App, pl.Environment, g.came)
	if err != nil {
		return nil, err
	}
	evidence.Withdrawn = nil // it is about the cluster, not about what people thought of it
	switch proof := gates.Prove(pl, s.Config.Trust, evidence); proof.State {
	case gates.Healthy:
		return &ledger.Health{State: string(gates.Healthy), Why: proof.Why, Since: proof.Since}, nil
	case gates.Failed:
		return &ledger.Health{State: string(gates.Failed), Why: proof.Why, Since: proof.FailedAt}, nil
	}
	return h, nil
}

// maxUnseen bounds how far back one run looks for what came and went.
const maxUnseen = 1000

// stirred tells whether anything came into an app's folder since the audit was complete, also when it holds the same again.
func (p *Promoter) stirred(ctx context.Context, s *Snapshot, pl environments.Placement) (bool, error) {
	seen, err := ledger.Seen(ctx, p.Repo, s.heads[release.StateBranch].Tree, s.base(pl))
	if err != nil || seen == "" {
		return false, err
	}
	c := s.chainOf(s.base(pl))
	for i := 0; i < maxUnseen; i++ {
		if c.commits[i].ID == seen {
			return false, nil
		}
		if i == len(c.touched) && !c.whole {
			if err := c.grow(ctx, p.Repo); err != nil {
				return false, fmt.Errorf("read the history of %s: %w", s.base(pl), err)
			}
		}
		if i == len(c.touched) {
			return false, nil
		}
		if c.touched[i][pl.Folder] {
			return true, nil
		}
	}
	return false, nil
}

// sawAll notes up to which commit of each branch the audit is complete, with what is recorded anyway: a run with nothing to
// record writes nothing.
func (s *Snapshot) sawAll(o Options, plan *Plan) {
	if len(o.Apps) > 0 || len(o.Environments) > 0 || plan.Backlog > 0 {
		return
	}
	i := slices.IndexFunc(plan.Decisions, func(d Decision) bool { return strings.HasPrefix(d.What, "audit: ") })
	if i < 0 {
		return
	}
	var branches []string
	for _, pl := range s.placements {
		if b := s.base(pl); s.audited(pl) && !slices.Contains(branches, b) {
			branches = append(branches, b)
			plan.Decisions[i].files = append(plan.Decisions[i].files, ledger.SeenFile(b, s.heads[b].ID))
		}
	}
}
