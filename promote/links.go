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

// entryError is an entry of ferry.yaml whose files cannot be read as they lie there. It stops the app, and no other.
type entryError struct{ text, next string }

func (e *entryError) Error() string { return e.text }

// Hint is the next step.
func (e *entryError) Hint() string { return e.next }

// ExitCode is that of wrong configuration.
func (e *entryError) ExitCode() int { return 2 }

// misled is about a link in the configuration that cannot be followed.
func misled(link, why string) error {
	return &entryError{fmt.Sprintf("the configuration has a link that %s: %s", why, link), "point it to a file of this repository, by a relative path, or put the file in its place"}
}

// follow finds what lies at a path of a tree, through links that stay in it; the entry's path is the real one. A path names
// the file of just these bytes: what some disks take for the same name is another one.
func follow(ctx context.Context, repo *git.Repository, tree git.ID, name string) (git.Entry, error) {
	at, links := "", 0
	var found git.Entry
	for rest := strings.Split(name, "/"); len(rest) > 0; {
		step := path.Join(at, rest[0])
		if rest[0] == ".." && at == "" {
			return found, misled(name, "leaves the repository")
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
			return found, misled(name, "leads nowhere")
		case path.IsAbs(string(target)):
			return found, misled(at, "leaves the repository")
		}
		if at = path.Dir(at); at == "." {
			at = ""
		}
		rest = append(strings.Split(string(target), "/"), rest...)
	}
	if at == "" {
		return git.Entry{}, misled(name, "is one to the whole repository")
	}
	return found, nil
}
