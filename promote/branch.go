package promote

import (
	"context"
	"path"
	"slices"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// proposal is what lies on a promotion branch now.
type proposal struct {
	head    git.Commit
	records map[string]release.Record // by app: what the branch changes against its own parent
	foreign string                    // why it is not ferry's work alone, "" where it is
	stale   bool                      // an app's folder on the base moved since
	gone    bool                      // it removes an app: records then says, without files, what the base holds of it
	// What its commit says of itself; conveniences that may be edited away.
	superseded []release.Release
	overrides  []string
	hotfixes   map[string]bool   // by app
	withdrawn  []release.Release // hotfixes that were taken back: not among the records
	trailers   release.Trailers
}

// message is what a merge commit says: the title, and what the branch's own commit says for tools.
func (pr *proposal) message(title string) string { return pr.trailers.Message(title) }

// said reads the trailers of the head.
func (pr *proposal) said() {
	pr.trailers = release.ParseTrailers(pr.head.Message)
	pr.superseded = release.Superseded(pr.trailers)
	pr.hotfixes = map[string]bool{}
	for _, t := range pr.trailers {
		switch t.Key {
		case release.TrailerOverride:
			pr.overrides = append(pr.overrides, t.Value)
		case release.TrailerHotfix:
			pr.hotfixes[t.Value] = true
		}
	}
}

// proposed reads a promotion branch; nil where there is none. A branch is ferry's own when everything on it is explained
// by the records it carries, or removes: names, authors and trailers can be forged or edited, trees cannot.
func (p *Promoter) proposed(ctx context.Context, s *Snapshot, unit unit) (*proposal, error) {
	head, ok := s.heads[release.PromotionBranch(unit.Environment, unit.App)]
	if !ok {
		return nil, nil
	}
	pr := &proposal{head: head, records: map[string]release.Record{}}
	pr.said()
	if len(head.Parents) == 0 || len(head.Parents) > 2 {
		pr.foreign = "its head is not one commit on the base"
		return pr, nil
	}
	// A forge's "update branch" merges the base into it: the base is then the second parent.
	from, err := p.Repo.Commit(ctx, head.Parents[len(head.Parents)-1])
	if err != nil {
		return nil, err
	}
	changes, err := p.Repo.Changes(ctx, from.Tree, head.Tree)
	if err != nil {
		return nil, err
	}
	if err := p.explain(ctx, pr, unit, from, changes); err != nil {
		return nil, err
	}
	base := s.heads[unit.base]
	for _, pl := range unit.placements {
		then, err := folderAt(ctx, p.Repo, from.Tree, pl.Folder)
		if err != nil {
			return nil, err
		}
		now, err := folderAt(ctx, p.Repo, base.Tree, pl.Folder)
		if err != nil {
			return nil, err
		}
		pr.stale = pr.stale || then != now
	}
	return pr, nil
}

// explain checks that the records of a promotion branch account for every file it changes: the record it brings or, where
// an app leaves, the record of its base, whose files it removes, all of them and nothing else.
func (p *Promoter) explain(ctx context.Context, pr *proposal, u unit, from git.Commit, changes []git.Change) error {
	sides := map[string]side{}
	for _, pl := range u.placements {
		before, err := recordAt(ctx, p.Repo, from.Tree, pl)
		if err != nil {
			return err
		}
		after, err := recordAt(ctx, p.Repo, pr.head.Tree, pl)
		if err != nil {
			return err
		}
		leaves := before.Found && after.blob == "" && (u.retires || pr.trailers.Get(release.TrailerRetires) == pl.App)
		sides[pl.Folder] = side{before, after, leaves}
	}
	touched := map[string]bool{}
	for _, c := range changes {
		dir := path.Dir(c.Path)
		if at, ours := sides[dir]; !ours || !at.explains(path.Base(c.Path), c) {
			pr.foreign = "it changes " + c.Path + ", which ferry did not write"
			return nil
		}
		touched[dir] = true
	}
	for _, pl := range u.placements {
		if !touched[pl.Folder] {
			continue
		}
		at := sides[pl.Folder]
		if at.leaves {
			if err := p.removesAll(ctx, pr, u, pl, at.before.Record); err != nil {
				return err
			}
			continue
		}
		pr.records[pl.App] = at.after.Record
	}
	return nil
}

// side is an app's folder on both sides of a branch.
type side struct {
	before, after Live
	leaves        bool // the record goes, and was to go
}

// explains tells whether a record accounts for a changed file.
func (at side) explains(name string, c git.Change) bool {
	if at.leaves {
		return c.New.ID == "" && (name == release.RecordName || lists(at.before.Record, name))
	}
	return at.after.Found && (name == release.RecordName || accounted(at.before.Record, at.after.Record, name, c))
}

// accounted tells whether a changed file is one that the new record lists with this content, or that the old one listed
// and the new one dropped. A file that ferry took over was not in the old record, but is not in the new one either.
func accounted(before, after release.Record, name string, c git.Change) bool {
	for _, f := range after.Files {
		if f.Name == name {
			return git.ID(f.ID) == c.New.ID
		}
	}
	if c.New.ID != "" {
		return false
	}
	return lists(before, name) || before.Version == 0 // adopted: the folder had no record, and the file is gone because its resources moved
}

// lists tells whether a record has a file of that name.
func lists(r release.Record, name string) bool {
	return slices.ContainsFunc(r.Files, func(f release.File) bool { return f.Name == name })
}

// unit is what shares a pull request: a group's apps, or one app, in one environment.
type unit struct {
	Key        // App is the group's or the app's name
	base       string
	placements []environments.Placement
	retires    bool // an app on its way out, which always is a unit of its own
}

func (u unit) branch() string { return release.PromotionBranch(u.Environment, u.App) }

// unitOf gives the unit that a placement belongs to.
func (s *Snapshot) unitOf(pl environments.Placement) unit {
	for _, u := range s.units(Options{Scope: Scope{Apps: []string{pl.App}, Environments: []string{pl.Environment}}}) {
		return u
	}
	return unit{}
}

// units groups the placements in promotion order. A unit is whole as soon as one of its apps is in scope: what shares a
// branch is decided together.
func (s *Snapshot) units(o Options) []unit {
	scoped := map[Key]bool{}
	for _, pl := range s.placements {
		if o.Scope.has(key(pl)) {
			scoped[Key{App: pl.Unit, Environment: pl.Environment}] = true
		}
	}
	var all []unit
	at := map[Key]int{}
	for _, pl := range s.placements {
		k := Key{App: pl.Unit, Environment: pl.Environment}
		if !scoped[k] {
			continue
		}
		i, ok := at[k]
		if !ok {
			i = len(all)
			at[k] = i
			_, retires := s.retiring(pl)
			all = append(all, unit{Key: k, base: s.base(pl), retires: retires})
		}
		all[i].placements = append(all[i].placements, pl)
	}
	return all
}
