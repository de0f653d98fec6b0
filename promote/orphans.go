package promote

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// Orphan is a folder with a record of an app or environment that ferry.yaml does not name any more. Nobody looks after
// it, and the engine still applies it.
type Orphan struct {
	Key
	Folder  string `json:"folder"`
	Branch  string `json:"branch"`
	Version string `json:"version"`
}

// Orphans looks for them beside the folders of apps.
func (p *Promoter) Orphans(ctx context.Context, s *Snapshot) ([]Orphan, error) {
	owned, parents := map[[2]string]bool{}, map[[2]string]bool{}
	for _, pl := range s.placements {
		b := s.base(pl)
		owned[[2]string{b, pl.Folder}] = true
		parents[[2]string{b, path.Dir(pl.Folder)}] = true
	}
	var all []Orphan
	for at := range parents {
		dir := at[1]
		if dir == "." {
			dir = ""
		}
		entries, err := p.Repo.List(ctx, s.heads[at[0]].Tree, dir)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			folder := path.Join(dir, e.Path)
			if e.Mode != git.ModeDir || owned[[2]string{at[0], folder}] {
				continue
			}
			o, ok, err := p.orphan(ctx, s, at[0], folder)
			if err != nil {
				return nil, err
			}
			if ok {
				all = append(all, o)
			}
		}
	}
	slices.SortFunc(all, func(a, b Orphan) int { return strings.Compare(a.Branch+a.Folder, b.Branch+b.Folder) })
	return all, nil
}

func (p *Promoter) orphan(ctx context.Context, s *Snapshot, branch, folder string) (Orphan, bool, error) {
	e, err := p.Repo.Lookup(ctx, s.heads[branch].Tree, folder+"/"+release.RecordName)
	if isNotFound(err) {
		return Orphan{}, false, nil
	}
	if err != nil {
		return Orphan{}, false, err
	}
	data, err := p.Repo.Blob(ctx, e.ID)
	if err != nil {
		return Orphan{}, false, err
	}
	r, err := release.ParseRecord(data)
	if err != nil {
		return Orphan{}, false, nil // not a record of ours
	}
	return Orphan{Key: Key{r.App, r.Environment}, Folder: folder, Branch: branch, Version: r.Release.Version}, true, nil
}

// stale closes pull requests of ferry's that belong to nothing any more: their app or environment left ferry.yaml, or is
// written directly now. Only a run about everything can tell.
func (p *Promoter) stale(ctx context.Context, s *Snapshot, o Options, plan *Plan) error {
	if len(o.Apps) > 0 || len(o.Environments) > 0 || len(s.lost) == 0 {
		return nil
	}
	me, err := p.me(ctx, s)
	if err != nil {
		return err
	}
	for _, pr := range s.lost {
		if pr.Author != me {
			continue
		}
		environment, unit, _ := strings.Cut(strings.TrimPrefix(pr.Head, "ferry/"), "/")
		plan.Promotions = append(plan.Promotions, Promotion{Environment: environment, Unit: unit, Action: ActionClose, Branch: pr.Head, Base: pr.Base, PullRequest: &pr,
			Notes: []string{fmt.Sprintf("%s in %s is not in ferry.yaml any more", unit, environment)}})
	}
	return nil
}

// isPromotion tells whether a branch is called as promotion branches are.
func isPromotion(branch string) bool {
	parts := strings.Split(branch, "/")
	return len(parts) == 3 && parts[0] == "ferry"
}
