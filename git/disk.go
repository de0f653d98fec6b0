package git

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/config"
)

// diskDir is where the parts of a repository on disk lie.
type diskDir struct {
	git      string // HEAD of this work tree
	common   string // refs, objects, config; the same as git but for linked work trees
	bare     bool
	volatile bool // core.fsync is none: writes need not outlive a power failure
}

// findDisk takes the path of a bare repository, of a work tree, or of its Git directory.
func findDisk(path string) (diskDir, error) {
	git := path
	if inner := filepath.Join(path, ".git"); exists(inner) {
		git = inner
	}
	git, err := followGitFile(git)
	if err != nil {
		return diskDir{}, err
	}
	if !exists(filepath.Join(git, "HEAD")) {
		return diskDir{}, noRepository(path)
	}
	d := diskDir{git: git, common: git}
	if err := d.followCommon(); err != nil {
		return diskDir{}, err
	}
	if !exists(filepath.Join(d.common, "objects")) || !exists(filepath.Join(d.common, "refs")) {
		return diskDir{}, noRepository(path)
	}
	return d, d.readConfig()
}

func noRepository(path string) error {
	return &NotFoundError{What: "Git repository", Repository: path, Advice: "check the path; `git init --bare` makes an empty one"}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// followGitFile reads a .git that is a file, as submodules and linked work trees have it.
func followGitFile(path string) (string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", noRepository(path)
	}
	if err != nil {
		return "", fmt.Errorf("open repository: %w", err)
	}
	if info.IsDir() {
		return path, nil
	}
	text, err := readSmall(path)
	if err != nil {
		return "", err
	}
	target, ok := strings.CutPrefix(text, "gitdir: ")
	if !ok {
		return "", noRepository(path)
	}
	return against(filepath.Dir(path), strings.TrimSpace(target)), nil
}

func against(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func (d *diskDir) followCommon() error {
	text, err := readSmall(filepath.Join(d.git, "commondir"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	d.common = against(d.git, strings.TrimSpace(text))
	return nil
}

// readSmall reads a file that Git keeps short; a longer one is refused.
func readSmall(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 1<<20+1))
	if err == nil && len(data) > 1<<20 {
		err = fmt.Errorf("%s: %w", path, ErrTooLarge)
	}
	return string(data), err
}

// readConfig refuses the formats that this package does not read.
func (d *diskDir) readConfig() error {
	path := filepath.Join(d.common, "config")
	text, err := readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		d.bare = filepath.Base(d.common) != ".git"
		return nil
	}
	if err != nil {
		return err
	}
	c := config.New()
	if err := config.NewDecoder(strings.NewReader(text)).Decode(c); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	core, extensions := c.Section("core"), c.Section("extensions")
	d.bare = strings.EqualFold(core.Option("bare"), "true")
	d.volatile = core.Option("fsync") == "none"
	if !core.HasOption("bare") {
		d.bare = filepath.Base(d.common) != ".git"
	}
	if v := extensions.Option("objectformat"); v != "" && v != "sha1" {
		return fmt.Errorf("%s: objects are named by %s, which ferry does not read", path, v)
	}
	if v := extensions.Option("refstorage"); v != "" && v != "files" {
		return fmt.Errorf("%s: refs are stored as %s, which ferry does not read", path, v)
	}
	return nil
}
