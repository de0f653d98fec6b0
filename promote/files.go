package promote

import (
	"context"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
)

// Files reads the default branch as the snapshot saw it.
func (s *Snapshot) Files(ctx context.Context, p *Promoter) environments.Source {
	return &git.Files{Context: ctx, Repository: p.Repo, Tree: s.heads[s.DefaultBranch].Tree}
}
