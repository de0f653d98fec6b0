package source

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

const sourcesRef = "refs/heads/" + release.SourcesBranch

// Store is the sources branch of a GitOps repository.
type Store struct {
	repo *git.Repository

	mu      sync.Mutex
	last    git.Commit      // the newest head that was fetched
	kept    kept            // trees that were read from it
	brought map[git.ID]bool // trees that were made here and are stored with the next release
}

// NewStore opens the sources branch, which need not exist yet.
func NewStore(repo *git.Repository) *Store { return &Store{repo: repo, brought: map[git.ID]bool{}} }

// head gives the newest commit of the branch, the zero one where there is no branch.
func (s *Store) head(ctx context.Context) (git.Commit, error) {
	refs, err := s.repo.Refs(ctx)
	if err != nil {
		return git.Commit{}, fmt.Errorf("read the refs of %s: %w", s.repo.URL(), err)
	}
	id := refs[sourcesRef]
	s.mu.Lock()
	defer s.mu.Unlock()
	if id == "" || id == s.last.ID {
		if id == "" {
			s.last = git.Commit{}
		}
		return s.last, nil
	}
	if err := s.repo.Fetch(ctx, 1, sourcesRef); err != nil {
		return git.Commit{}, fmt.Errorf("fetch %s: %w", release.SourcesBranch, err)
	}
	c, err := s.repo.Commit(ctx, id)
	if err != nil {
		return git.Commit{}, fmt.Errorf("read %s: %w", release.SourcesBranch, err)
	}
	s.last = c
	return c, nil
}

// Accepted gives the newest accepted release of each app, of all apps where none is named. Apps without one are left out.
func (s *Store) Accepted(ctx context.Context, apps ...string) (map[string]release.Release, error) {
	head, err := s.head(ctx)
	if err != nil || head.ID == "" {
		return map[string]release.Release{}, err
	}
	return s.acceptedAt(ctx, head.Tree, apps)
}

func (s *Store) acceptedAt(ctx context.Context, tree git.ID, apps []string) (map[string]release.Release, error) {
	if len(apps) == 0 {
		entries, err := s.repo.List(ctx, tree, "")
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", release.SourcesBranch, err)
		}
		for _, e := range entries {
			apps = append(apps, e.Path)
		}
	}
	locks := map[string]git.ID{}
	var ids []git.ID
	for _, app := range apps {
		lock, err := s.repo.Lookup(ctx, tree, release.AcceptedPath(app))
		if errors.Is(err, git.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", release.SourcesBranch, err)
		}
		locks[app], ids = lock.ID, append(ids, lock.ID)
	}
	blobs, err := s.repo.Blobs(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", release.SourcesBranch, err)
	}
	return parseAccepted(locks, blobs)
}

func parseAccepted(locks map[string]git.ID, blobs map[git.ID][]byte) (map[string]release.Release, error) {
	accepted := make(map[string]release.Release, len(locks))
	var problems []error
	for _, app := range slices.Sorted(maps.Keys(locks)) {
		rel, err := release.ParseAccepted(blobs[locks[app]])
		if err == nil && rel.App != app {
			err = fmt.Errorf("it is of app %s", rel.App)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s:%s: %w", release.SourcesBranch, release.AcceptedPath(app), err))
		}
		accepted[app] = rel
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return accepted, nil
}

// Files gives a stored template tree of an app, by path relative to its root. Links inside the tree are replaced by what
// they point to. The files may be shared: do not change them.
func (s *Store) Files(ctx context.Context, app, tree string) (map[string][]byte, error) {
	at := release.TemplatesPath(app, tree)
	s.mu.Lock()
	last, files := s.last, s.kept.at(s.last.ID, at)
	s.mu.Unlock()
	if files != nil {
		return files, nil
	}
	head, err := s.holding(ctx, last, app, tree)
	if err != nil {
		return nil, err
	}
	if files, err = readTree(ctx, s.repo, git.ID(tree)); err != nil {
		return nil, fmt.Errorf("read the templates of %s: %w", app, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.put(head, at, files)
	return files, nil
}

// holding gives a head of the branch that keeps a tree for an app: the one that was read last where that does, for a tree
// that was stored is what it is for ever; else the newest.
func (s *Store) holding(ctx context.Context, last git.Commit, app, tree string) (git.ID, error) {
	if stored, err := s.stored(ctx, last.Tree, app, tree); err == nil && stored {
		return last.ID, nil
	}
	head, err := s.head(ctx)
	if err != nil {
		return "", err
	}
	stored, err := s.stored(ctx, head.Tree, app, tree)
	if err == nil && !stored {
		err = wrong("submit the release again, from its commit", "%s has no templates %s of app %s", release.SourcesBranch, tree, app)
	}
	return head.ID, err
}

// stored tells whether the branch keeps just this tree for the app. That the path says so is not enough: what lies there
// must be the tree.
func (s *Store) stored(ctx context.Context, head git.ID, app, tree string) (bool, error) {
	if head == "" {
		return false, nil
	}
	e, err := s.repo.Lookup(ctx, head, release.TemplatesPath(app, tree))
	if errors.Is(err, git.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", release.SourcesBranch, err)
	}
	return e.Mode == git.ModeDir && string(e.ID) == tree, nil
}
