package source

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/ferry-cd/ferry/git"
)

// Bring makes a template tree of files that were fetched: over a tree of another repository, or, without one, of the files
// alone. Nothing is written until a release with the tree is accepted. Paths that no file system takes are refused.
func (s *Store) Bring(ctx context.Context, from *git.Repository, tree git.ID, files map[string][]byte) (git.ID, error) {
	if from != nil {
		if err := s.repo.CopyTree(ctx, from, tree); err != nil {
			return "", fmt.Errorf("take over the templates: %w", err)
		}
	}
	var edits []git.Edit
	for _, name := range slices.Sorted(maps.Keys(files)) {
		id, err := s.repo.WriteBlob(files[name])
		if err != nil {
			return "", fmt.Errorf("store %s: %w", name, err)
		}
		edits = append(edits, git.Edit{Path: name, Mode: git.ModeFile, ID: id})
	}
	made, err := s.repo.EditTree(ctx, tree, edits...)
	if err != nil {
		return "", fmt.Errorf("make a tree of what was fetched: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.brought[made] = true
	return made, nil
}

// Read gives the files of a tree of a repository, as renders read them: links inside the tree are replaced by what they
// point to.
func Read(ctx context.Context, repo *git.Repository, tree git.ID) (map[string][]byte, error) {
	return readTree(ctx, repo, tree)
}

// holder is the repository that a tree is read from before it is stored: nil where only the sources branch has it.
func (s *Store) holder(checkout *git.Repository, tree string) *git.Repository {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.brought[git.ID(tree)] {
		return s.repo
	}
	return checkout
}
