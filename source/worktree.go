package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/git"
)

// Dirty lists, sorted, what a folder of the work tree has that its commit has not, or has otherwise: files that were
// changed, deleted or added and are not ignored. A bare repository is never dirty.
func (c *Checkout) Dirty(ctx context.Context, folder string) ([]string, error) {
	if c.bare {
		return nil, nil
	}
	s, err := c.scan(ctx, folder)
	if err != nil {
		return nil, err
	}
	defer s.close()
	var dirty []string
	there := map[string]bool{}
	for _, f := range s.files {
		there[f.path] = true
		if same, err := s.same(f); err != nil {
			return nil, err
		} else if !same {
			dirty = append(dirty, f.path)
		}
	}
	for p := range s.tracked {
		if !there[p] {
			dirty = append(dirty, p)
		}
	}
	slices.Sort(dirty)
	return dirty, nil
}

// WorkTree makes a tree of the files that lie in a folder now, committed or not; ignored files stay out, as with git
// add. The tree is known to Repository() alone, from where Store.Accept takes it.
func (c *Checkout) WorkTree(ctx context.Context, root string) (git.ID, error) {
	if c.bare {
		return "", wrong("release a commit of it", "%s is a bare repository without working files", c.dir)
	}
	s, err := c.scan(ctx, root)
	if err != nil {
		return "", err
	}
	defer s.close()
	if len(s.files) == 0 {
		return "", wrong("", "the folder %s has no files", root)
	}
	edits, err := s.edits(c.repo)
	if err != nil {
		return "", err
	}
	tree, err := c.repo.EditTree(ctx, "", edits...)
	if err != nil {
		return "", fmt.Errorf("make a tree of %s: %w", root, err)
	}
	if _, err := readTree(ctx, c.repo, tree); err != nil {
		return "", fmt.Errorf("make a tree of %s: %w", root, err)
	}
	return tree, nil
}

// scanner lists the files of one folder of a work tree that git would look at.
type scanner struct {
	root     *os.Root // of the work tree; nothing outside is reached through it
	folder   string   // "" for the whole work tree
	tracked  map[string]git.Entry
	above    map[string]bool // folders that hold something tracked
	ignored  *ignores
	fileMode bool // the file system tells what is executable
	files    []workFile
}

type workFile struct {
	path string // from the root of the work tree
	mode git.Mode
	size int64
}

func (c *Checkout) scan(ctx context.Context, folder string) (*scanner, error) {
	folder = path.Clean(folder)
	if !filepath.IsLocal(filepath.FromSlash(folder)) {
		return nil, wrong("", "%s does not lie in the checkout", folder)
	}
	if folder == "." {
		folder = ""
	}
	s := &scanner{folder: folder, tracked: map[string]git.Entry{}, above: map[string]bool{}, fileMode: c.fileMode, ignored: newIgnores(c.common)}
	if err := s.track(ctx, c); err != nil {
		return nil, err
	}
	var err error
	if s.root, err = os.OpenRoot(c.dir); err != nil {
		return nil, fmt.Errorf("open the work tree: %w", err)
	}
	if err := s.start(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *scanner) close() { _ = s.root.Close() }

// track learns what the commit has in the folder.
func (s *scanner) track(ctx context.Context, c *Checkout) error {
	id, err := c.repo.Head(ctx)
	if errors.Is(err, git.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what is checked out in %s: %w", c.dir, err)
	}
	head, err := c.Commit(ctx, id)
	if err != nil {
		return err
	}
	entries, err := c.repo.Walk(ctx, head.Tree, s.folder)
	if err != nil && !errors.Is(err, git.ErrNotFound) {
		return fmt.Errorf("read %s at %s: %w", s.folder, id.Short(), err)
	}
	for _, e := range entries {
		p := path.Join(s.folder, e.Path)
		s.tracked[p] = e
		for dir := path.Dir(p); dir != "." && !s.above[dir]; dir = path.Dir(dir) {
			s.above[dir] = true
		}
	}
	return nil
}

// start walks the folder; the ignore files above it count as well.
func (s *scanner) start(ctx context.Context) error {
	info, err := s.root.Stat(filepath.FromSlash(path.Join(".", s.folder)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // all of it was deleted, or there never was anything
	}
	if err != nil || !info.IsDir() {
		return wrong("", "%s is no folder that can be read", s.folder)
	}
	above, ignored := "", false
	for _, part := range parts(s.folder) {
		if err := s.ignored.read(s.root, above); err != nil {
			return err
		}
		above = path.Join(above, part)
		ignored = ignored || s.ignored.match(above, true)
	}
	return s.walk(ctx, s.folder, ignored)
}

// walk lists one folder. In one that is ignored only what is tracked counts.
func (s *scanner) walk(ctx context.Context, dir string, ignored bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer s.ignored.forget(len(s.ignored.patterns))
	if err := s.ignored.read(s.root, dir); err != nil {
		return err
	}
	entries, err := fs.ReadDir(s.root.FS(), path.Join(".", dir))
	if err != nil {
		return fmt.Errorf("read folder %s: %w", dir, err)
	}
	for _, e := range entries {
		if e.Name() == ".git" {
			continue
		}
		p := path.Join(dir, e.Name())
		if e.IsDir() {
			err = s.folderAt(ctx, p, ignored)
		} else {
			err = s.fileAt(p, e, ignored)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) folderAt(ctx context.Context, p string, ignored bool) error {
	ignored = ignored || s.ignored.match(p, true)
	if ignored && !s.above[p] {
		return nil
	}
	if _, err := s.root.Lstat(filepath.FromSlash(p + "/.git")); err == nil {
		return nil // another repository
	}
	return s.walk(ctx, p, ignored)
}

func (s *scanner) fileAt(p string, e fs.DirEntry, ignored bool) error {
	_, tracked := s.tracked[p]
	if !tracked && (ignored || s.ignored.match(p, false)) {
		return nil
	}
	if len(s.files) >= maxFiles {
		return wrong(smaller, "the folder %s has more than %d files", s.folder, maxFiles)
	}
	info, err := e.Info()
	if err != nil {
		return fmt.Errorf("read %s: %w", p, err)
	}
	f := workFile{path: p, mode: git.ModeFile, size: info.Size()}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		f.mode = git.ModeSymlink
	case !info.Mode().IsRegular():
		return nil // no pipe or device is ever opened; git sees none either
	case s.fileMode && info.Mode()&0o100 != 0:
		f.mode = git.ModeExecutable
	}
	s.files = append(s.files, f)
	return nil
}

// read gives what git would store of a file.
func (s *scanner) read(f workFile) ([]byte, error) {
	if f.mode == git.ModeSymlink {
		target, err := s.root.Readlink(filepath.FromSlash(f.path))
		if err != nil {
			return nil, fmt.Errorf("read the link %s: %w", f.path, err)
		}
		return []byte(filepath.ToSlash(target)), nil
	}
	file, err := s.root.Open(filepath.FromSlash(f.path))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.path, err)
	}
	defer func() { _ = file.Close() }() // only read
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.path, err)
	}
	if len(data) > maxFile {
		return nil, wrong("", "%s has more than %d bytes", f.path, maxFile)
	}
	return data, nil
}

// same tells whether a file is as its commit has it. Line ends that git may have written for this machine do not count.
func (s *scanner) same(f workFile) (bool, error) {
	was, tracked := s.tracked[f.path]
	if !tracked || was.Mode != f.mode && (s.fileMode || was.Mode == git.ModeSymlink || f.mode == git.ModeSymlink) {
		return false, nil
	}
	if f.size > maxFile {
		return false, nil // larger than any template may be, so that it hardly matters
	}
	data, err := s.read(f)
	if err != nil {
		return false, err
	}
	return git.BlobID(data) == was.ID || git.BlobID(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))) == was.ID, nil
}

// edits stores the files, as edits of the folder's tree.
func (s *scanner) edits(repo *git.Repository) ([]git.Edit, error) {
	var edits []git.Edit
	total := 0
	for _, f := range s.files {
		data, err := s.read(f)
		if err != nil {
			return nil, err
		}
		if total += len(data); total > maxTotal {
			return nil, wrong(smaller, "the files of %s have more than %d bytes", s.folder, maxTotal)
		}
		id, err := repo.WriteBlob(data)
		if err != nil {
			return nil, fmt.Errorf("store %s: %w", f.path, err)
		}
		mode := f.mode
		if was, ok := s.tracked[f.path]; ok && !s.fileMode && mode == git.ModeFile {
			mode = was.Mode
		}
		edits = append(edits, git.Edit{Path: strings.TrimPrefix(strings.TrimPrefix(f.path, s.folder), "/"), Mode: mode, ID: id})
	}
	return edits, nil
}
