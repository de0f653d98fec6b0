package promote

import (
	"context"
	"fmt"
	"strings"

	"github.com/ferry-cd/ferry/release"
)

// Needed names, for each app of ferry.yaml, the template trees that somebody may still render: those of the accepted release,
// of what environments hold and held up to keep releases ago, of open promotions, and of hotfixes on record.
func (p *Promoter) Needed(ctx context.Context, s *Snapshot, keep int) (map[string]map[string]bool, error) {
	needed := map[string]map[string]bool{}
	for _, a := range s.Config.Apps {
		needed[a.Name] = map[string]bool{}
	}
	note := func(app string, rel release.Release) {
		if trees, known := needed[app]; known && rel.Templates != "" {
			trees[rel.Templates] = true
		}
	}
	for app, rel := range s.Accepted {
		note(app, rel)
	}
	for _, h := range s.book.Holds {
		if h.Hotfix != nil {
			note(h.App, h.Hotfix.Release)
		}
	}
	for _, pl := range s.placements {
		releases := map[release.Sequence]bool{}
		err := s.stretches(ctx, p.Repo, pl, func(st stretch) (bool, error) {
			if st.Found {
				releases[st.Record.Release.Sequence] = true
				note(pl.App, st.Record.Release)
			}
			return len(releases) <= keep, nil
		})
		if err != nil {
			return nil, err
		}
	}
	return needed, p.underway(ctx, s, note)
}

// underway notes what lies on promotion branches, whatever became of their pull requests: a merge may be under way.
func (p *Promoter) underway(ctx context.Context, s *Snapshot, note func(string, release.Release)) error {
	for branch, head := range s.heads {
		if !strings.HasPrefix(branch, "ferry/") {
			continue
		}
		for _, pl := range s.placements {
			live, err := recordAt(ctx, p.Repo, head.Tree, pl)
			if err != nil {
				return fmt.Errorf("read %s: %w", branch, err)
			}
			if live.Found {
				note(pl.App, live.Record.Release)
			}
		}
	}
	return nil
}
