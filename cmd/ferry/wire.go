package main

import (
	"context"
	"fmt"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/local"
)

// This file is the only one that knows drivers.

// openForge gives the forge of a repository and the repository itself. user is the name under which the embedded forge
// files what is written; other forges know it from the credentials.
func (a *app) openForge(ctx context.Context, remote, user string) (scm.Client, *git.Repository, error) {
	who, err := a.identity(ctx, user)
	if err != nil {
		return nil, nil, err
	}
	repo, err := git.Open(ctx, remote, git.Options{Identity: who, Now: a.Now})
	if err != nil {
		return nil, nil, err
	}
	if _, here := repo.Local(); !here {
		return nil, nil, &noForgeError{repo.URL()}
	}
	forge, err := local.Open(ctx, repo, local.Options{User: user, Now: a.Now})
	if err != nil {
		return nil, nil, err
	}
	return forge, repo, nil
}

// noForgeError says that ferry has no driver for a forge.
type noForgeError struct{ url string }

func (e *noForgeError) Error() string {
	return fmt.Sprintf("%s: the forges of servers are not supported yet", e.url)
}

func (e *noForgeError) Hint() string {
	return "a bare repository on this machine is a forge by itself: git clone --bare"
}

func (e *noForgeError) ExitCode() int { return exitUsage }
