package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// ignores are the rules of what git does not look at, read as a walk comes by. Those of the user's own configuration are
// not among them: what is released must not depend on it.
type ignores struct{ patterns []gitignore.Pattern }

// newIgnores starts with the repository's own rules, in its Git directory.
func newIgnores(common string) *ignores {
	i := &ignores{}
	if data, err := readBounded(filepath.Join(common, "info", "exclude")); err == nil {
		i.add(data, nil)
	}
	return i
}

// read adds the rules of a folder. Later ones win.
func (i *ignores) read(root *os.Root, dir string) error {
	name := filepath.FromSlash(path.Join(dir, ".gitignore"))
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil // git does not follow a link there
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	f, err := root.Open(name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	defer func() { _ = f.Close() }() // only read
	data, err := io.ReadAll(io.LimitReader(f, maxSmall))
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	i.add(data, parts(dir))
	return nil
}

// forget drops the rules of a folder that the walk has left.
func (i *ignores) forget(until int) { i.patterns = i.patterns[:until] }

func (i *ignores) add(data []byte, domain []string) {
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		line = trimSpaces(strings.TrimRight(line, "\r\n"))
		if line != "" && !strings.HasPrefix(line, "#") {
			i.patterns = append(i.patterns, gitignore.ParsePattern(line, domain))
		}
	}
}

// trimSpaces drops spaces at the end, but for one behind a backslash.
func trimSpaces(line string) string {
	trimmed := strings.TrimRight(line, " ")
	if trimmed != line && strings.HasSuffix(trimmed, `\`) {
		return trimmed + " "
	}
	return trimmed
}

func (i *ignores) match(p string, dir bool) bool {
	return gitignore.NewMatcher(i.patterns).Match(parts(p), dir)
}

func parts(p string) []string {
	if p == "" {
		return nil
	}
	return strings.Split(p, "/")
}
