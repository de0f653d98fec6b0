package promote

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/ferry-cd/ferry/git"
)

// Bounds of following links.
const (
	maxLinks  = 40
	maxTarget = 4096 // bytes of what a link says
)

// linkError is a link in the configuration that cannot be followed.
type linkError struct{ link, why string }

func (e *linkError) Error() string {
	return fmt.Sprintf("the configuration has a link that %s: %s", e.why, e.link)
}

// Hint is the next step.
func (e *linkError) Hint() string {
	return "point it to a file of this repository, by a relative path, or put the file in its place"
}

// ExitCode is that of wrong configuration.
func (e *linkError) ExitCode() int { return 2 }

// follow finds what lies at a path of a tree, through links that stay in it; the entry's path is the real one. A path names
// the file of just these bytes: what some disks take for the same name is another one.
func follow(ctx context.Context, repo *git.Repository, tree git.ID, name string) (git.Entry, error) {
	at, links := "", 0
	var found git.Entry
	for rest := strings.Split(name, "/"); len(rest) > 0; {
		step := path.Join(at, rest[0])
		if rest[0] == ".." && at == "" {
			return found, &linkError{name, "leaves the repository"}
		}
		at, rest = step, rest[1:]
		if at == "." || at == "" {
			at = ""
			continue
		}
		var err error
		if found, err = repo.Lookup(ctx, tree, at); err != nil {
			return found, err
		}
		found.Path = at
		if found.Mode != git.ModeSymlink {
			continue
		}
		target, err := repo.Blob(ctx, found.ID)
		links++
		switch {
		case err != nil:
			return found, err
		case links > maxLinks || len(target) > maxTarget:
			return found, &linkError{name, "leads nowhere"}
		case path.IsAbs(string(target)):
			return found, &linkError{at, "leaves the repository"}
		}
		if at = path.Dir(at); at == "." {
			at = ""
		}
		rest = append(strings.Split(string(target), "/"), rest...)
	}
	return found, nil
}
