package source

import (
	"context"

	"github.com/ferry-cd/ferry/git"
)

// maxWalk bounds how much of a history is read to find what lies between two commits.
const maxWalk = 2_000

// Between gives the commits that are in the history of one commit and not in that of another, older one, newest first: what
// `git log from..to` lists. more counts those beyond most. Where the older commit is not found on the way down there is
// nothing between the two that could be told, and found is false.
func Between(ctx context.Context, repo *git.Repository, from, to git.ID, most int) (commits []git.Commit, more int, found bool, err error) {
	w := &walkBetween{from: from, most: most, theirs: map[git.ID]bool{from: true}, open: map[git.ID]bool{to: true}}
	err = repo.Log(ctx, to, w.visit)
	return w.commits, w.more, w.found, err
}

// walkBetween sorts the commits of one history into those that the older commit has too and the others. Children come
// before their parents, so each commit is decided when it is met.
type walkBetween struct {
	from    git.ID
	most    int
	theirs  map[git.ID]bool // in the history of the older commit
	open    map[git.ID]bool // parents of ours that are still to come
	commits []git.Commit
	more    int
	found   bool
	seen    int
}

func (w *walkBetween) visit(c git.Commit) (bool, error) {
	w.seen++
	delete(w.open, c.ID)
	w.found = w.found || c.ID == w.from
	for _, p := range c.Parents {
		if w.theirs[c.ID] {
			w.theirs[p] = true
		} else if !w.theirs[p] || p == w.from {
			w.open[p] = true
		}
	}
	switch {
	case w.theirs[c.ID]:
	case len(w.commits) < w.most:
		w.commits = append(w.commits, c)
	default:
		w.more++
	}
	return len(w.open) > 0 && w.seen < maxWalk, nil
}
