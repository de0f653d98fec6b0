package promote

import (
	"context"

	"github.com/ferry-cd/ferry/environments"
)

// Files reads the default branch as the snapshot saw it.
func (s *Snapshot) Files(ctx context.Context, p *Promoter) environments.Source {
	return &treeSource{ctx: ctx, repo: p.Repo, tree: s.heads[s.DefaultBranch].Tree}
}
