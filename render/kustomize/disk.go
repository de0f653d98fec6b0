package kustomize

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/ferry-cd/ferry/render"
)

// simpleName is what the library's file system in memory takes for the name of a file; the one on disk, which the CLI
// works on, takes any.
var simpleName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-zA-Z0-9_.:/-]+$`)
})

// diskOf gives the file system of a build.
func diskOf(files render.Files) (filesys.FileSystem, error) {
	disk := filesys.MakeFsInMemory()
	named := disk
	for name := range files {
		if !simpleName().MatchString(name) {
			named = &anyNames{FileSystem: disk, files: files, folders: foldersOf(files)}
			break
		}
	}
	if named != disk {
		return named, nil
	}
	for name, data := range files {
		if err := disk.WriteFile(path.Join(mount, name), data); err != nil {
			return nil, err
		}
	}
	return disk, nil
}

// anyNames is a file system to read from, whatever files are called.
type anyNames struct {
	filesys.FileSystem // empty
	files              render.Files
	folders            map[string]bool
}

func foldersOf(files render.Files) map[string]bool {
	folders := map[string]bool{".": true}
	for name := range files {
		for dir := path.Dir(name); !folders[dir]; dir = path.Dir(dir) {
			folders[dir] = true
		}
	}
	return folders
}

// below gives a path relative to the mount; "" where it lies elsewhere.
func below(name string) string {
	switch rest, ok := strings.CutPrefix(path.Clean(name), mount); {
	case ok && rest == "":
		return "."
	case ok && rest[0] == '/':
		return rest[1:]
	}
	return ""
}

func (d *anyNames) ReadFile(name string) ([]byte, error) {
	if data, ok := d.files[below(name)]; ok {
		return data, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (d *anyNames) IsDir(name string) bool { return d.folders[below(name)] }

func (d *anyNames) Exists(name string) bool {
	_, ok := d.files[below(name)]
	return ok || d.IsDir(name)
}

// CleanedAbs gives a folder, or the folder of a file and its name.
func (d *anyNames) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	name = path.Clean(name)
	switch {
	case d.IsDir(name):
		return filesys.ConfirmedDir(name), "", nil
	case d.Exists(name):
		return filesys.ConfirmedDir(path.Dir(name)), path.Base(name), nil
	}
	return "", "", fmt.Errorf("%q: %w", name, fs.ErrNotExist)
}
