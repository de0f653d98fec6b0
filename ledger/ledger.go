// Package ledger keeps what people decided, on the branch ferry-state: holds, rejections, overrides, and the audit of
// what was promoted. One small file each, appended or replaced by compare-and-swap, so that any two writers come through.
//
//	ledger.go      the branch: where files lie, how they are written
//	hold.go        "stop here", also what a rollback or a hotfix leaves behind
//	rejection.go   a person closed a pull request without merging it
//	override.go    a person's decision to pass a gate
//	audit.go       who promoted what, when, on which evidence
//	book.go        all decisions that matter for the next plan, read at once
package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// Ref is the branch of decisions.
const Ref = "refs/heads/" + release.StateBranch

// File is one file of the branch as it should be; nil data removes it.
type File struct {
	Path string
	Data []byte
	New  bool // somebody else's file of that name stays: ErrTaken
}

// ErrTaken says that somebody wrote a file of that name first.
var ErrTaken = errors.New("somebody else decided at the same moment; look, and ask again")

// Write brings files onto the branch in one commit, whoever else writes at the same time. What is there already is not
// written again; it tells whether it wrote.
func Write(ctx context.Context, repo *git.Repository, message string, files ...File) (bool, error) {
	wrote := false
	err := git.Retry(ctx, git.RetryOptions{Attempts: writeTries}, func(int) error {
		var err error
		wrote, err = write(ctx, repo, message, files)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("record on %s: %s: %w", release.StateBranch, message, err)
	}
	return wrote, nil
}

// writeTries is more than for other branches: every environment's writers meet here, with nothing to plan anew.
const writeTries = 16

// write is one try, from where the branch is now.
func write(ctx context.Context, repo *git.Repository, message string, files []File) (bool, error) {
	head, err := Head(ctx, repo)
	if err != nil {
		return false, err
	}
	edits, err := editsOf(ctx, repo, head.Tree, files)
	if err != nil || len(edits) == 0 {
		return false, err
	}
	tree, err := repo.EditTree(ctx, head.Tree, edits...)
	if err != nil || tree == head.Tree {
		return false, err
	}
	c := git.NewCommit{Tree: tree, Message: message}
	if head.ID != "" {
		c.Parents = []git.ID{head.ID}
	}
	id, err := repo.WriteCommit(ctx, c)
	if err != nil {
		return false, err
	}
	return true, git.Advise(repo.Push(ctx, git.Update{Ref: Ref, Old: head.ID, New: id}), "leave "+release.StateBranch+" out of that rule, or let ferry's account pass it")
}

// Head gives the newest commit of the branch, the zero one where there is no branch yet.
func Head(ctx context.Context, repo *git.Repository) (git.Commit, error) {
	refs, err := repo.Refs(ctx)
	if err != nil || refs[Ref] == "" {
		return git.Commit{}, err
	}
	if err := repo.Fetch(ctx, 1, Ref); err != nil {
		return git.Commit{}, err
	}
	return repo.Commit(ctx, refs[Ref])
}

// editsOf drops removals of what is not there.
func editsOf(ctx context.Context, repo *git.Repository, tree git.ID, files []File) ([]git.Edit, error) {
	var edits []git.Edit
	for _, f := range files {
		e := git.Edit{Path: f.Path}
		if f.New {
			if there, err := Has(ctx, repo, tree, f.Path); err != nil || there {
				return nil, errors.Join(err, ErrTaken)
			}
		}
		if f.Data == nil {
			there, err := Has(ctx, repo, tree, f.Path)
			if err != nil {
				return nil, err
			}
			if there {
				edits = append(edits, e)
			}
			continue
		}
		var err error
		if e.ID, err = repo.WriteBlob(f.Data); err != nil {
			return nil, err
		}
		edits = append(edits, e)
	}
	return edits, nil
}
