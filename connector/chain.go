package connector

import (
	"context"
	"path"
	"slices"
	"time"

	"github.com/ferry-cd/ferry/git"
)

// chain is the first-parent history of a branch, newest first, read as far as anyone asked: the commits that the branch
// itself went through. What a merge brought in beside them was never the state of an environment. It is the same for merge
// commits, squashes and rebases: only trees are compared.
type chain struct {
	commits []git.Commit
	place   map[string]int // of a commit: newer ones have higher places, and keep theirs when the branch grows
	base    int            // place of commits[0]
	folders map[string]*folderPlaces
	whole   bool                 // history ends with the last commit
	joins   map[git.ID]joining   // of commits beside the chain
	landed  map[git.ID]time.Time // when a commit came onto the branch, once told always the same
}

// folderPlaces are the places of the commits that changed a folder, as they were found: up the branch and down.
type folderPlaces struct{ newer, older []int }

// newest gives the n-th newest.
func (f *folderPlaces) newest(n int) (place int, ok bool) {
	switch up := len(f.newer); {
	case n < up:
		return f.newer[up-1-n], true
	case n-up < len(f.older):
		return f.older[n-up], true
	}
	return 0, false
}

// joining is where a commit's own history meets the chain.
type joining struct {
	at    string // the newest commit of the chain in it
	known bool   // there is such a commit
}

const (
	chainStep = 64
	maxChain  = 5000 // commits that are read of one branch
	maxBeside = 2000 // commits that are read to find where another one meets the chain
)

func newChain(head git.Commit, folders []string) *chain {
	c := &chain{
		commits: []git.Commit{head}, place: map[string]int{string(head.ID): 0}, folders: map[string]*folderPlaces{}, whole: len(head.Parents) == 0,
		joins: map[git.ID]joining{}, landed: map[git.ID]time.Time{},
	}
	for _, f := range folders {
		c.folders[f] = &folderPlaces{}
	}
	return c
}

// index tells where in commits one is.
func (c *chain) index(commit string) (int, bool) {
	place, ok := c.place[commit]
	return c.base - place, ok
}

// more reads older commits, and tells whether there were any.
func (c *chain) more(ctx context.Context, repo *git.Repository) (bool, error) {
	before := len(c.commits)
	if c.whole || before >= maxChain {
		return false, nil
	}
	last := c.commits[before-1]
	next := last.ID
	err := repo.Log(ctx, last.ID, func(g git.Commit) (bool, error) {
		if g.ID != next {
			return true, nil // came in through a merge
		}
		if g.ID != last.ID {
			if err := c.append(ctx, repo, g); err != nil {
				return false, err
			}
		}
		if c.whole = len(g.Parents) == 0; c.whole {
			return false, nil
		}
		next = g.Parents[0]
		return len(c.commits) < before+chainStep, nil
	})
	return len(c.commits) > before, err
}

// append adds the next older commit.
func (c *chain) append(ctx context.Context, repo *git.Repository, g git.Commit) error {
	i := len(c.commits) - 1
	err := c.compare(ctx, repo, g, c.commits[i], func(f *folderPlaces) { f.older = append(f.older, c.base-i) })
	if err != nil {
		return err
	}
	g.Message = "" // nothing is read from it, and there are many
	c.place[string(g.ID)] = c.base - len(c.commits)
	c.commits = append(c.commits, g)
	return nil
}

// prepend adds the next newer commit.
func (c *chain) prepend(ctx context.Context, repo *git.Repository, g git.Commit) error {
	err := c.compare(ctx, repo, c.commits[0], g, func(f *folderPlaces) { f.newer = append(f.newer, c.base+1) })
	if err != nil {
		return err
	}
	g.Message = ""
	c.base++
	c.place[string(g.ID)] = c.base
	c.commits = slices.Insert(c.commits, 0, g)
	return nil
}

// compare marks, each once, the app folders that differ between a commit and the next newer one.
func (c *chain) compare(ctx context.Context, repo *git.Repository, old, fresh git.Commit, mark func(*folderPlaces)) error {
	changes, err := repo.Changes(ctx, old.Tree, fresh.Tree)
	if err != nil {
		return err
	}
	marked := map[string]bool{}
	for _, change := range changes {
		for dir := path.Dir(change.Path); dir != "." && !marked[dir]; dir = path.Dir(dir) {
			marked[dir] = true
			if f := c.folders[dir]; f != nil {
				mark(f)
			}
		}
	}
	return nil
}

// follow brings the chain to a newer head. It is false where that does not come after the old one: a branch that was
// rewritten is read anew.
func (c *chain) follow(ctx context.Context, repo *git.Repository, head git.Commit) (bool, error) {
	var fresh []git.Commit
	for at := head; at.ID != c.commits[0].ID; {
		if fresh = append(fresh, at); len(at.Parents) == 0 || len(fresh) > maxChain {
			return false, nil
		}
		if _, old := c.index(string(at.ID)); old {
			return false, nil // turned back to an older commit
		}
		var err error
		if at, err = repo.Commit(ctx, at.Parents[0]); err != nil {
			return false, err
		}
	}
	for i := len(fresh) - 1; i >= 0; i-- {
		if err := c.prepend(ctx, repo, fresh[i]); err != nil {
			return false, err
		}
	}
	clear(c.joins) // a newer commit may be where they meet now
	return true, nil
}

// meets finds the newest commit of the chain that a commit holds in its history.
func (c *chain) meets(ctx context.Context, repo *git.Repository, commit git.ID) (joining, error) {
	if _, in := c.index(string(commit)); in {
		return joining{string(commit), true}, nil
	}
	if j, done := c.joins[commit]; done {
		return j, nil
	}
	var j joining
	left := maxBeside
	err := repo.Log(ctx, commit, func(g git.Commit) (bool, error) {
		// A commit comes before its parents, so that the first one of the chain is the newest.
		if _, j.known = c.index(string(g.ID)); j.known {
			j.at = string(g.ID)
		}
		left--
		return !j.known && left > 0, nil
	})
	if err == nil {
		c.joins[commit] = j
	}
	return j, err
}

// cameAt is when a commit came onto the branch: by its own clock, but not before the commit below it, which was there first,
// and not in the future, where a deadline would never come.
func (c *chain) cameAt(i int, now time.Time) time.Time {
	g := c.commits[i]
	if at, ok := c.landed[g.ID]; ok {
		return at
	}
	at := g.Time
	if i+1 < len(c.commits) {
		at = later(at, c.commits[i+1].Time)
	}
	if at.After(now) {
		at = now
	}
	c.landed[g.ID] = at.UTC()
	return c.landed[g.ID]
}

// change is one state of an app's folder, by the commit of the branch that brought it.
type change struct {
	commit git.Commit
	index  int
	tree   git.ID // "" where the folder is gone
}

// change gives the n-th newest change of a folder; false where the history that is read has no more. The oldest commit that
// is read counts as one.
func (c *chain) change(ctx context.Context, t *trees, folder string, n int, deeper bool) (change, bool, error) {
	for {
		place, ok := c.folders[folder].newest(n)
		if ok {
			return c.changeAt(ctx, t, folder, c.base-place)
		}
		grew := false
		if deeper {
			var err error
			if grew, err = c.more(ctx, t.repo); err != nil {
				return change{}, false, err
			}
		}
		if !grew {
			break
		}
	}
	if n > 0 {
		_, ok := c.folders[folder].newest(n - 1)
		deeper = deeper && ok
	}
	if !deeper {
		return change{}, false, nil
	}
	return c.changeAt(ctx, t, folder, len(c.commits)-1)
}

func (c *chain) changeAt(ctx context.Context, t *trees, folder string, i int) (change, bool, error) {
	tree, err := t.folder(ctx, c.commits[i].Tree, folder)
	return change{c.commits[i], i, tree}, err == nil, err
}

// has tells whether exactly these folders are followed.
func (c *chain) has(folders []string) bool {
	return len(folders) == len(c.folders) && !slices.ContainsFunc(folders, func(f string) bool { return c.folders[f] == nil })
}
