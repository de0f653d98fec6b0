package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ferry-cd/ferry/render"
)

// Bounds of what ferry render reads from a folder. A repository at a commit has its own.
const (
	maxSourceFiles = 50_000
	maxSourceBytes = 256 << 20
	maxSourceDepth = 64
)

// sources are templates read from the working folder.
type sources struct {
	render.Renderer
	files render.Files
	dir   string // of files, the folder to render
}

// readSources reads what a render of dir may read, and nothing else: a chart and a folder of manifests lie below dir; what
// a kustomization reads, it says.
func (a *app) readSources(dir, root string) (sources, error) {
	full := a.below(dir)
	root = a.rootOf(full, root)
	rel, err := filepath.Rel(root, full)
	if err != nil || !filepath.IsLocal(rel) {
		return sources{}, usagef("--root %s does not contain %s", root, dir)
	}
	opened, err := os.OpenRoot(root)
	if err != nil {
		return sources{}, &usageError{err}
	}
	defer func() { _ = opened.Close() }() // only read from
	f := &sourceFolder{root: opened, files: render.Files{}}
	s := sources{dir: filepath.ToSlash(rel), files: f.files}
	if err := f.list(s.dir, nil); err != nil {
		return sources{}, &usageError{fmt.Errorf("read %s: %w", dir, err)}
	}
	kind, err := render.Detect(f.files, s.dir)
	if err != nil {
		return sources{}, err
	}
	s.Renderer = renderers()[kind]
	if g, ok := s.Renderer.(gatherer); ok {
		s.files, err = g.Gather(f.read, f.below, s.dir)
		return s, err
	}
	return s, f.readAll()
}

// gatherer is a renderer that knows which files it will read, also outside the folder it renders.
type gatherer interface {
	Gather(read func(path string) ([]byte, error), list func(dir string) []string, dir string) (render.Files, error)
}

// rootOf is the folder that a render may read in: the one asked for, the repository, the current folder, or only DIR.
func (a *app) rootOf(full, root string) string {
	if root != "" {
		return a.below(root)
	}
	for dir := full; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
	}
	if rel, err := filepath.Rel(a.Dir, full); err == nil && filepath.IsLocal(rel) {
		return a.Dir
	}
	return full
}

// below makes a path that counts from the current folder absolute.
func (a *app) below(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(a.Dir, name)
}

// below names the files of a folder. What cannot be listed cannot be read either, and is reported then.
func (f *sourceFolder) below(dir string) []string {
	_ = f.list(dir, nil)
	var all []string
	for name := range f.files {
		if strings.HasPrefix(name, dir+"/") {
			all = append(all, name)
		}
	}
	return all
}

// sourceFolder reads below a root that no link leads out of.
type sourceFolder struct {
	root  *os.Root
	files render.Files
	bytes int
}

// list notes the names of all files below dir, without reading them. Links are followed as long as they stay inside.
func (f *sourceFolder) list(dir string, above []fs.FileInfo) error {
	info, err := f.root.Stat(dir)
	if err != nil {
		return err
	}
	for _, a := range above {
		if os.SameFile(a, info) {
			return fmt.Errorf("%s: a link that leads back to a folder above it", dir)
		}
	}
	if len(above) > maxSourceDepth {
		return fmt.Errorf("%s: more than %d folders deep", dir, maxSourceDepth)
	}
	entries, err := fs.ReadDir(f.root.FS(), dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := f.entry(path.Join(dir, e.Name()), e, append(above, info)); err != nil {
			return err
		}
	}
	return nil
}

func (f *sourceFolder) entry(name string, e fs.DirEntry, above []fs.FileInfo) error {
	info, err := f.root.Stat(name)
	switch {
	case err != nil:
		return err
	case info.IsDir() && e.Name() == ".git": // no part of what a commit holds
		return nil
	case info.IsDir():
		return f.list(name, above)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: not a file that can be read (%s)", name, info.Mode().Type())
	case len(f.files) >= maxSourceFiles:
		return fmt.Errorf("%s: more than %d files", name, maxSourceFiles)
	}
	f.files[name] = nil
	return nil
}

func (f *sourceFolder) readAll() error {
	for name := range f.files {
		data, err := f.read(name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		f.files[name] = data
	}
	return nil
}

// read gives a file, and fs.ErrNotExist for whatever is none.
func (f *sourceFolder) read(name string) ([]byte, error) {
	info, err := f.root.Stat(name)
	switch {
	case errors.Is(err, syscall.ENOTDIR), err == nil && !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	case err != nil:
		return nil, err
	}
	if f.bytes += int(info.Size()); f.bytes > maxSourceBytes {
		return nil, fmt.Errorf("more than %d MB of templates", maxSourceBytes>>20)
	}
	data, err := f.root.ReadFile(name)
	return data, strip(err)
}

// strip takes the words of the operating system's call off an error that names the file anyway.
func strip(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) && strings.Contains(p.Op, "openat") {
		return p.Err
	}
	return err
}
