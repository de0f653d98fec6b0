package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// Files shows a tree as files to read, in the form in which configuration asks for them. Its context is that of one reading.
type Files struct {
	Context    context.Context
	Repository *Repository
	Tree       ID
}

// List gives the paths of all files.
func (f *Files) List() ([]string, error) {
	entries, err := f.Repository.Walk(f.Context, f.Tree, "")
	if err != nil {
		return nil, err
	}
	paths := make([]string, 0, len(entries))
	for _, e := range entries {
		paths = append(paths, e.Path)
	}
	return paths, nil
}

// ReadFile reads one file; fs.ErrNotExist where there is none.
func (f *Files) ReadFile(path string) ([]byte, error) {
	e, err := f.Repository.Lookup(f.Context, f.Tree, path)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	return f.Repository.Blob(f.Context, e.ID)
}

// Prefetch asks for many files in one request.
func (f *Files) Prefetch(paths []string) error {
	var ids []ID
	for _, path := range paths {
		if e, err := f.Repository.Lookup(f.Context, f.Tree, path); err == nil {
			ids = append(ids, e.ID)
		}
	}
	_, err := f.Repository.Blobs(f.Context, ids...)
	return err
}
