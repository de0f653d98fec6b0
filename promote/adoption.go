package promote

import (
	"context"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// adoption leaves the merge to a person where a folder becomes ferry's that was not: whatever the environment's rule is,
// nobody has looked at what the release would do to what people wrote there. apps are those that the pull request carries.
func (p *Promoter) adoption(ctx context.Context, s *Snapshot, u unit, apps func(app string) bool) ([]gates.Condition, error) {
	others, err := p.notOurs(ctx, s, u)
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, pl := range others {
		if apps(pl.App) {
			folders = append(folders, pl.Folder)
		}
	}
	if len(folders) == 0 {
		return nil, nil
	}
	slices.Sort(folders)
	return []gates.Condition{{Gate: "adoption", Holds: gates.Merging, Reason: "adoption: a person merges what takes over " + strings.Join(folders, ", "),
		Hint: "read what it replaces, then merge the pull request"}}, nil
}

// notOurs are the apps of a unit whose folders hold files and no record.
func (p *Promoter) notOurs(ctx context.Context, s *Snapshot, u unit) ([]environments.Placement, error) {
	var all []environments.Placement
	for _, pl := range u.placements {
		live := s.lives[key(pl)]
		if live.Found || live.Folder == "" {
			continue
		}
		here, err := p.folder(ctx, live.Folder, "")
		if err != nil {
			return nil, err
		}
		if len(here) > 0 {
			all = append(all, pl)
		}
	}
	return all, nil
}

// adopting tells whether an open pull request takes over every folder of a unit that is not ferry's: runs that nobody told
// to adopt keep it up to date, and take over nothing that somebody did not ask for.
func (p *Promoter) adopting(ctx context.Context, s *Snapshot, u unit, have *proposal) (bool, error) {
	if _, isOpen := s.open[u.Key]; !isOpen || have == nil {
		return false, nil
	}
	others, err := p.notOurs(ctx, s, u)
	for _, pl := range others {
		if _, carried := have.records[pl.App]; !carried {
			return false, err
		}
	}
	return len(others) > 0, err
}

// byPerson are the conditions that a person answers by merging: there is nothing else to wait for.
var byPerson = []string{"review", "adoption", "data"}

// gatesStatus is what ferry/gates says on the head of a pull request that waits for these conditions. Where a person's merge
// is all that is missing it is success: as a required status it would forbid just that merge otherwise.
func gatesStatus(conditions []gates.Condition) scm.Status {
	st := scm.Status{Context: release.GatesContext, State: scm.Success, Text: "every gate passes"}
	if len(conditions) == 0 {
		return st
	}
	if slices.ContainsFunc(conditions, func(c gates.Condition) bool { return !slices.Contains(byPerson, c.Gate) }) {
		return scm.Status{Context: release.GatesContext, State: scm.Pending, Text: "waits for " + waitsFor(conditions)}
	}
	st.Text += ", a person merges: " + waitsFor(conditions)
	return st
}
