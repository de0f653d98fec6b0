package promote

import (
	"context"
	"fmt"
	"path"
	"slices"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
)

// chain is the first-parent history of a branch, newest first, read as far as anyone asked: the commits that the branch
// itself went through. What a merge brought in beside them was never the state of the environment.
type chain struct {
	commits []git.Commit
	touched []map[string]bool // touched[i]: the app folders that differ between commits[i] and commits[i+1]
	folders map[string]bool   // app folders of this branch, and every folder above one
	whole   bool              // history ends with the last commit
}

const chainStep = 64

// chainOf starts the history of a branch at its head.
func (s *Snapshot) chainOf(branch string) *chain {
	if c := s.history[branch]; c != nil {
		return c
	}
	head := s.heads[branch]
	c := &chain{commits: []git.Commit{head}, whole: len(head.Parents) == 0, folders: map[string]bool{}}
	for _, p := range s.placements {
		if s.base(p) != branch {
			continue
		}
		for dir := p.Folder; dir != "."; dir = path.Dir(dir) {
			c.folders[dir] = true
		}
	}
	s.history[branch] = c
	return c
}

// grow reads older commits.
func (c *chain) grow(ctx context.Context, repo *git.Repository) error {
	last := c.commits[len(c.commits)-1]
	next, to := last.ID, len(c.commits)+chainStep
	return repo.Log(ctx, last.ID, func(g git.Commit) (bool, error) {
		if g.ID != next {
			return true, nil // came in through a merge
		}
		if g.ID != last.ID {
			touched := map[string]bool{}
			if err := c.compare(ctx, repo, "", c.commits[len(c.commits)-1].Tree, g.Tree, touched); err != nil {
				return false, err
			}
			c.commits, c.touched = append(c.commits, g), append(c.touched, touched)
		}
		if len(g.Parents) == 0 {
			c.whole = true
			return false, nil
		}
		next = g.Parents[0]
		return len(c.commits) < to, nil
	})
}

// compare marks the app folders that differ between two trees. It opens only what differs and leads to an app folder.
func (c *chain) compare(ctx context.Context, repo *git.Repository, dir string, a, b git.ID, touched map[string]bool) error {
	if a == b {
		return nil
	}
	touched[dir] = true
	left, err := folders(ctx, repo, a)
	if err != nil {
		return err
	}
	right, err := folders(ctx, repo, b)
	if err != nil {
		return err
	}
	for name := range left {
		if _, ok := right[name]; !ok {
			right[name] = ""
		}
	}
	for name, id := range right {
		if sub := path.Join(dir, name); c.folders[sub] && left[name] != id {
			if err := c.compare(ctx, repo, sub, left[name], id, touched); err != nil {
				return err
			}
		}
	}
	return nil
}

func folders(ctx context.Context, repo *git.Repository, tree git.ID) (map[string]git.ID, error) {
	subs := map[string]git.ID{}
	if tree == "" {
		return subs, nil
	}
	entries, err := repo.List(ctx, tree, "")
	for _, e := range entries {
		if e.Mode == git.ModeDir {
			subs[e.Path] = e.ID
		}
	}
	return subs, err
}

// stretch is a run of consecutive commits of an environment's branch in which an app's folder is one tree.
type stretch struct {
	Live
	commits []git.Commit // newest first
}

// stretches visits what an app's folder went through, newest first, until visit says stop or history ends.
func (s *Snapshot) stretches(ctx context.Context, repo *git.Repository, p environments.Placement, visit func(stretch) (more bool, err error)) error {
	c := s.chainOf(s.base(p))
	for from, i := 0, 0; ; i++ {
		if i == len(c.touched) && !c.whole {
			if err := c.grow(ctx, repo); err != nil {
				return fmt.Errorf("read the history of %s: %w", s.base(p), err)
			}
		}
		end := i == len(c.touched)
		if !end && !c.touched[i][p.Folder] {
			continue
		}
		live, err := recordAt(ctx, repo, c.commits[from].Tree, p)
		if err != nil {
			return err
		}
		more, err := visit(stretch{Live: live, commits: c.commits[from : i+1]})
		if err != nil || !more || end {
			return err
		}
		from = i + 1
	}
}

func folderAt(ctx context.Context, repo *git.Repository, tree git.ID, folder string) (git.ID, error) {
	e, err := repo.Lookup(ctx, tree, folder)
	if isNotFound(err) {
		return "", nil
	}
	return e.ID, err
}

// maxEvidence bounds how many commits of one stretch are asked for their statuses: the newest ones, and always the
// oldest, which brought the release and is the one that a connector never leaves unanswered.
const maxEvidence = 50

func (st stretch) evidence() []git.Commit {
	if len(st.commits) <= maxEvidence {
		return st.commits
	}
	return append(slices.Clone(st.commits[:maxEvidence-1]), st.commits[len(st.commits)-1])
}
