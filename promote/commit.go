package promote

import (
	"context"
	"fmt"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

// commit makes one commit with every change of a promotion on top of its base.
func (p *Promoter) commit(ctx context.Context, pr Promotion) (git.ID, error) {
	var edits []git.Edit
	var files []scm.File
	for _, c := range pr.Changes {
		for _, e := range c.edits {
			edit := git.Edit{Path: e.path, Mode: git.ModeFile}
			if e.data != nil {
				var err error
				if edit.ID, err = p.Repo.WriteBlob(e.data); err != nil {
					return "", fmt.Errorf("write %s: %w", e.path, err)
				}
			}
			edits, files = append(edits, edit), append(files, scm.File{Path: e.path, Data: e.data})
		}
	}
	tree, err := p.Repo.EditTree(ctx, pr.parent.Tree, edits...)
	if err != nil {
		return "", fmt.Errorf("edit the tree of %s: %w", pr.Base, err)
	}
	signer, err := p.signer(ctx, pr.Base)
	if err != nil {
		return "", err
	}
	if signer != nil {
		return p.vouched(ctx, signer, pr, tree, files)
	}
	return p.Repo.WriteCommit(ctx, git.NewCommit{Tree: tree, Parents: []git.ID{pr.parent.ID}, Message: p.message(pr)})
}

func (p *Promoter) signer(ctx context.Context, base string) (scm.Signer, error) {
	if p.Signer == nil {
		return nil, nil
	}
	return p.Signer(ctx, base)
}

// vouched lets the forge make the commit, and believes only what it reads back: the tree has to be the one that was
// judged, and the parent the base.
func (p *Promoter) vouched(ctx context.Context, signer scm.Signer, pr Promotion, tree git.ID, files []scm.File) (git.ID, error) {
	sha, err := signer.SignedCommit(ctx, scm.Commit{Parent: string(pr.parent.ID), Files: files, Message: p.message(pr), Time: p.Now()})
	if err != nil {
		return "", fmt.Errorf("let the forge sign %s: %w", pr.Title(), err)
	}
	made, err := p.Repo.Commit(ctx, git.ID(sha))
	if err != nil {
		return "", fmt.Errorf("read the commit that the forge signed: %w", err)
	}
	if made.Tree != tree || len(made.Parents) != 1 || made.Parents[0] != pr.parent.ID {
		return "", fmt.Errorf("the forge signed another change than %s: commit %.10s has the tree %.10s, not %.10s", pr.Title(), made.ID, made.Tree, tree)
	}
	return made.ID, nil
}
