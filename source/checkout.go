package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/git"
)

// Checkout is a repository on this machine that a command is run in: a work tree, a linked one, or a bare repository.
type Checkout struct {
	repo   *git.Repository
	dir    string // root of the work tree; the repository itself where it is bare
	common string // the Git directory that linked work trees share
	bare   bool
	origin string

	fileMode bool // the file system tells what is executable
}

// OpenCheckout finds the repository around a folder, going up as git does. Nothing of it is executed.
func OpenCheckout(ctx context.Context, dir string, o git.Options) (*Checkout, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the repository around %s: %w", dir, err)
	}
	if _, err := os.Stat(start); err != nil {
		return nil, wrong("", "%s is no folder that can be read", dir)
	}
	for at := start; ; at = filepath.Dir(at) {
		if exists(filepath.Join(at, ".git")) || isBare(at) {
			return openAt(ctx, at, o)
		}
		if at == filepath.Dir(at) {
			return nil, wrong("run this inside a checkout, or name one", "%s is in no Git repository", dir)
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func isBare(dir string) bool {
	return exists(filepath.Join(dir, "HEAD")) && exists(filepath.Join(dir, "objects")) && exists(filepath.Join(dir, "refs"))
}

func openAt(ctx context.Context, dir string, o git.Options) (*Checkout, error) {
	repo, err := git.Open(ctx, dir, o)
	if err != nil {
		return nil, fmt.Errorf("open the repository at %s: %w", dir, err)
	}
	inner, _ := repo.Local()
	c := &Checkout{repo: repo, dir: dir, common: inner, bare: !exists(filepath.Join(dir, ".git"))}
	if link, err := readBounded(filepath.Join(inner, "commondir")); err == nil {
		c.common = filepath.FromSlash(strings.TrimSpace(string(link)))
		if !filepath.IsAbs(c.common) {
			c.common = filepath.Join(inner, c.common)
		}
	}
	return c, c.readConfig()
}

// maxSmall bounds files that Git keeps short: configuration, ignore files.
const maxSmall = 1 << 20

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	data, err := io.ReadAll(io.LimitReader(f, maxSmall+1))
	if err == nil && len(data) > maxSmall {
		err = fmt.Errorf("%s has more than %d bytes", path, maxSmall)
	}
	return data, err
}

// readConfig reads what there is to know from the repository's own configuration. Nothing in it is executed.
func (c *Checkout) readConfig() error {
	origin, err := c.repo.Config("remote.origin.url")
	if err != nil {
		return fmt.Errorf("read the repository's configuration: %w", err)
	}
	mode, err := c.repo.Config("core.filemode")
	if err != nil {
		return fmt.Errorf("read the repository's configuration: %w", err)
	}
	c.origin = withoutCredentials(origin)
	c.fileMode = runtime.GOOS != "windows" && !strings.EqualFold(mode, "false")
	return nil
}

// Repository gives the object store, for Store.Accept.
func (c *Checkout) Repository() *git.Repository { return c.repo }

// Dir is the root of the work tree or, where there is none, the bare repository.
func (c *Checkout) Dir() string { return c.dir }

// Origin is where the repository was cloned from, without credentials; "" where nothing says so.
func (c *Checkout) Origin() string { return c.origin }

// Head gives the commit that is checked out.
func (c *Checkout) Head(ctx context.Context) (git.Commit, error) {
	id, err := c.repo.Head(ctx)
	if errors.Is(err, git.ErrNotFound) {
		return git.Commit{}, wrong("commit first: releases are made from commits", "the repository at %s has no commit yet", c.dir)
	}
	if err != nil {
		return git.Commit{}, fmt.Errorf("read what is checked out in %s: %w", c.dir, err)
	}
	return c.Commit(ctx, id)
}

// Commit gives a commit by its full id.
func (c *Checkout) Commit(ctx context.Context, id git.ID) (git.Commit, error) {
	commit, err := c.repo.Commit(ctx, id)
	if errors.Is(err, git.ErrNotFound) {
		return git.Commit{}, wrong("fetch it first; CI often clones only the newest commit", "the repository at %s has no commit %s", c.dir, id)
	}
	if err != nil {
		return git.Commit{}, fmt.Errorf("read commit %s of %s: %w", id.Short(), c.dir, err)
	}
	return commit, nil
}

// Tree gives the tree of a folder at a commit: what a release stores of its templates.
func (c *Checkout) Tree(ctx context.Context, commit git.ID, root string) (git.ID, error) {
	at, err := c.Commit(ctx, commit)
	if err != nil {
		return "", err
	}
	entry, err := c.repo.Lookup(ctx, at.Tree, root)
	switch {
	case errors.Is(err, git.ErrNotFound):
		return "", &NoFolderError{Commit: at.ID, Path: root, Near: c.near(ctx, at.Tree, root)}
	case err != nil:
		return "", fmt.Errorf("read %s at %s: %w", root, at.ID.Short(), err)
	case entry.Mode != git.ModeDir:
		return "", &NoFolderError{Commit: at.ID, Path: root, File: true, Near: []string{path.Dir(path.Clean(root))}}
	}
	return entry.ID, nil
}

// NoFolderError says that a commit has no folder where the templates should be.
type NoFolderError struct {
	Commit git.ID
	Path   string
	File   bool     // there is a file of that name
	Near   []string // folders that were perhaps meant
}

func (e *NoFolderError) Error() string {
	if e.File {
		return fmt.Sprintf("%s is a file, not a folder, at commit %s", e.Path, e.Commit.Short())
	}
	return fmt.Sprintf("there is no folder %s at commit %s", e.Path, e.Commit.Short())
}

// Hint is the optional next step of an error.
func (e *NoFolderError) Hint() string {
	if len(e.Near) == 0 {
		return "commit the folder first; what is not committed is not released"
	}
	return "is it " + strings.Join(e.Near, " or ") + "? what is not committed is not released"
}

// ExitCode is that of wrong input.
func (e *NoFolderError) ExitCode() int { return 2 }

// near looks for folders that may have been meant: those whose path is like the missing one, and those with a chart or a
// kustomization. It only helps an error along, so that its own failures do not matter.
func (c *Checkout) near(ctx context.Context, tree git.ID, missing string) []string {
	files, err := c.repo.Walk(ctx, tree, "")
	if err != nil {
		return nil
	}
	score := map[string]int{}
	for _, f := range files {
		dir := path.Dir(f.Path)
		switch path.Base(f.Path) {
		case "Chart.yaml", "kustomization.yaml", "kustomization.yml", "Kustomization":
			score[dir] = min(distance(dir, missing), distance(path.Base(dir), path.Base(missing)))
		}
		for ; dir != "."; dir = path.Dir(dir) {
			if d := distance(dir, missing); d <= 2 {
				score[dir] = d
			}
		}
	}
	near := make([]string, 0, len(score))
	for dir := range score {
		near = append(near, dir)
	}
	slices.SortFunc(near, func(a, b string) int { return cmp.Or(cmp.Compare(score[a], score[b]), strings.Compare(a, b)) })
	return near[:min(3, len(near))]
}

// distance counts the edits between two paths; long ones are far from everything.
func distance(a, b string) int {
	if len(a) > 200 || len(b) > 200 {
		return 1000
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := before
			if a[i] != b[j] {
				replaced++
			}
			before = row[j+1]
			row[j+1] = min(row[j+1]+1, row[j]+1, replaced)
		}
	}
	return row[len(b)]
}
