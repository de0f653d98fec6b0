package main

import (
	"context"
	"fmt"

	"github.com/ferry-cd/ferry/check"
	"github.com/ferry-cd/ferry/check/policy"
	"github.com/ferry-cd/ferry/check/schema"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm"
	"github.com/ferry-cd/ferry/render/kustomize"
	"github.com/ferry-cd/ferry/render/plain"
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
	forge, err := a.forge(ctx, repo, user)
	if err == nil && forge == nil {
		err = &noForgeError{repo.URL()}
	}
	return forge, repo, err
}

// forge gives the forge of a repository; nil where it has none that ferry knows.
func (a *app) forge(ctx context.Context, repo *git.Repository, user string) (scm.Client, error) {
	if _, here := repo.Local(); !here {
		return nil, nil
	}
	return local.Open(ctx, repo, local.Options{User: user, Now: a.Now})
}

// pullRequestURL takes apart the URL of a pull request on the embedded forge: repository and number.
func pullRequestURL(url string) (repo string, number int, ok bool) { return local.ParseURL(url) }

// mergeBase gives the commit that a branch started from; "" where it has none in common with the other.
func mergeBase(ctx context.Context, repo *git.Repository, a, b git.ID) (git.ID, error) {
	id, err := local.MergeBase(ctx, repo, string(a), string(b))
	return git.ID(id), err
}

// renderers by the kinds of render.Detect.
func renderers() map[string]render.Renderer {
	return map[string]render.Renderer{"helm": helm.New(), "kustomize": kustomize.New(), "plain": plain.New()}
}

// judges are those that have libraries of their own.
type judges struct{}

func (judges) Schemas(ctx context.Context, q check.Schemas, ms render.Manifests) ([]check.Finding, error) {
	return schema.Judge(ctx, q, ms)
}

func (judges) Policies(ctx context.Context, rules []check.Policy, about check.Subject, ms render.Manifests) ([]check.Finding, error) {
	return policy.Judge(ctx, rules, about, ms)
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
