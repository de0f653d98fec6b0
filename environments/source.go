package environments

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// Source is the GitOps repository as configuration is read from it: a commit or a folder. Paths are separated by
// slashes, relative to the repository's root, clean, and never leave it.
type Source interface {
	// ReadFile gives a file's content; the error is fs.ErrNotExist where there is none.
	ReadFile(path string) ([]byte, error)
	// List gives the paths of all files.
	List() ([]string, error)
}

// Dir reads a folder of this machine. Links that lead out of it are refused, .git is not listed.
func Dir(path string) Source { return dir(path) }

type dir string

// maxRead bounds what Dir reads of one file; Load allows less.
const maxRead = 16 << 20

func (d dir) ReadFile(name string) ([]byte, error) {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	// Looked at before it is opened: opening a named pipe would wait for a writer.
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: it is not a file", name)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRead+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > maxRead {
		return nil, fmt.Errorf("read %s: it is larger than %d MB", name, maxRead>>20)
	}
	return data, nil
}

func (d dir) List() ([]string, error) {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var files []string
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path.Base(name) == ".git":
			return fs.SkipDir
		case !entry.IsDir():
			files = append(files, name)
		}
		return nil
	})
	return files, err
}

// clean tells whether a path is one that a Source takes.
func clean(name string) bool {
	return fs.ValidPath(name) && !strings.ContainsAny(name, "\\\x00")
}
