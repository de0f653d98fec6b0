package main

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/source"
)

const kubeVersion = "1.34"

// stage is a matrix with the GitOps repository in which every app has an accepted release and no environment holds
// anything yet: what ferry plans there is to render all of it.
type stage struct {
	*matrix
	bench  *bench
	gitops string // bare, on disk
}

func (b *bench) stage(ctx context.Context, m *matrix, charts fs.FS) (*stage, error) {
	s := &stage{matrix: m, bench: b, gitops: filepath.Join(m.root, "gitops.git")}
	if err := m.make(charts); err != nil {
		return nil, err
	}
	if err := write(filepath.Join(m.root, "ferry.yaml"), m.config()); err != nil {
		return nil, err
	}
	for _, step := range [][]string{
		{"init", "--quiet", "--initial-branch=main"}, {"add", "."}, {"commit", "--quiet", "-m", "Everything"}, {"clone", "--quiet", "--bare", ".", s.gitops},
	} {
		if _, err := runGit(ctx, m.root, step...); err != nil {
			return nil, err
		}
	}
	return s, s.accept(ctx)
}

// accept hands a release of every app over, as ferry submit does, without planning what it changes.
func (s *stage) accept(ctx context.Context) error {
	o := git.Options{Identity: git.Identity{Name: "Bench", Email: "bench@example.com"}, Now: time.Now}
	checkout, err := git.Open(ctx, s.root, o)
	if err != nil {
		return err
	}
	repo, err := git.Open(ctx, s.gitops, o)
	if err != nil {
		return err
	}
	folders := []string{"rev-parse"}
	for _, a := range s.apps {
		folders = append(folders, "HEAD:"+a.folder())
	}
	trees, err := runGit(ctx, s.root, folders...)
	if err != nil {
		return err
	}
	var releases []release.Release
	for n, tree := range strings.Fields(trees) {
		releases = append(releases, s.apps[n].release(tree, n))
	}
	if _, err := source.NewStore(repo).Accept(ctx, checkout, releases); err != nil {
		return err
	}
	_, err = runGit(ctx, s.gitops, "repack", "-adq")
	return err
}

func (a matrixApp) folder() string {
	if a.kind == "kustomize" {
		return "overlays/" + a.name
	}
	return "charts/" + a.name
}

func (a matrixApp) release(tree string, n int) release.Release {
	name, version := "ghcr.io/acme/"+a.name, fmt.Sprintf("1.%d.0", n)
	return release.Release{App: a.name, Version: version, Sequence: release.Sequence{Kind: release.Manual, Number: 1},
		Source:    release.Source{Repository: "https://github.com/acme/" + a.name, Commit: strings.Repeat("c0", 20), Ref: "refs/heads/main", Time: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)},
		Templates: tree, Root: a.folder(), Images: []release.Image{{Name: name, Tag: version, Digest: fmt.Sprintf("sha256:%064x", n+1)}}}
}

// config is a ferry.yaml in which an environment waits for the one before only where the matrix is a chain.
func (m *matrix) config() string {
	var out strings.Builder
	fmt.Fprintf(&out, "version: 1\ndefaults:\n  kubernetes: {version: %q}\n  pullRequest: false\n  values: [\"values/{app}.yaml?\", \"values/{environment}/{app}.yaml?\"]\napps:\n", kubeVersion)
	for _, a := range m.apps {
		path, root := a.folder(), ""
		if a.kind == "kustomize" {
			path, root = path+"/{environment}", ", root: "+path
		}
		fmt.Fprintf(&out, "  - {name: %[1]s, source: {repository: https://github.com/acme/%[1]s, path: \"%[2]s\"%[3]s}, namespace: %[1]s}\n", a.name, path, root)
	}
	out.WriteString("environments:\n")
	for n, env := range m.environments {
		if m.chain && n > 0 {
			fmt.Fprintf(&out, "  - {name: %s, after: [%s], health: {from: merged}}\n", env, m.environments[n-1])
			continue
		}
		fmt.Fprintf(&out, "  - {name: %s, health: {from: merged}}\n", env)
	}
	return out.String()
}
