package source

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/git"
)

// Bounds of one template tree.
const (
	maxFiles  = 100_000
	maxFile   = 16 << 20  // bytes of one file
	maxTotal  = 100 << 20 // bytes of all files
	maxLinks  = 40        // links followed for one path
	maxTarget = 4096      // bytes of what a link says
)

// forest is a template tree laid open: what lies in every folder, and where links point to. Renderers know no links, so
// that expand puts what they point to in their place, as long as that lies in the tree.
type forest struct {
	repo    *git.Repository
	folders map[string][]git.Entry // by path, "" for the root; entries have their own name as Path
	at      map[string]git.Entry   // by path
	ids     []git.ID               // of files and links
	blobs   map[git.ID][]byte
}

// readTree reads a template tree with all its files, in one request where they are not at hand.
func readTree(ctx context.Context, repo *git.Repository, tree git.ID) (map[string][]byte, error) {
	f := &forest{repo: repo, folders: map[string][]git.Entry{}, at: map[string]git.Entry{}}
	if err := f.list(ctx, tree, ""); err != nil {
		return nil, err
	}
	var err error
	if f.blobs, err = repo.Blobs(ctx, f.ids...); err != nil {
		return nil, err
	}
	e := expander{forest: f, files: map[string][]byte{}}
	if err := e.expand("", "", nil); err != nil {
		return nil, err
	}
	return e.files, nil
}

func (f *forest) list(ctx context.Context, tree git.ID, dir string) error {
	entries, err := f.repo.List(ctx, tree, "")
	if err != nil {
		return err
	}
	f.folders[dir] = entries
	for _, e := range entries {
		if len(f.at) >= maxFiles {
			return wrong(smaller, "the template tree has more than %d files", maxFiles)
		}
		p := path.Join(dir, e.Path)
		if err := git.CheckPath(p); err != nil {
			return fmt.Errorf("read the template tree: %w", err)
		}
		f.at[p] = e
		switch {
		case e.Mode == git.ModeDir:
			if err := f.list(ctx, e.ID, p); err != nil {
				return err
			}
		case e.Mode.IsBlob():
			f.ids = append(f.ids, e.ID)
		default:
			return wrong("vendor what the submodule brings", "%s is a submodule, whose files are elsewhere", p)
		}
	}
	return nil
}

const smaller = "name a smaller folder as source.root of the app in ferry.yaml"

// resolve follows links until a path names something that is none, part by part as an operating system does.
func (f *forest) resolve(link string) (string, git.Entry, error) {
	w := &way{forest: f, link: link, entry: git.Entry{Mode: git.ModeDir}, todo: strings.Split(link, "/")}
	for len(w.todo) > 0 {
		if err := w.step(); err != nil {
			return "", git.Entry{}, err
		}
	}
	return w.at, w.entry, nil
}

// way is how far a path has been followed. Only the path of the link is ever told: what its target says may be a secret
// of the machine it was made on.
type way struct {
	*forest
	link  string
	at    string    // so far, without links
	entry git.Entry // what lies there
	todo  []string
	hops  int
}

func (w *way) step() error {
	part := w.todo[0]
	w.todo = w.todo[1:]
	switch part {
	case "", ".":
		return nil
	case "..":
		if w.at == "" {
			return w.leaves()
		}
		w.at, w.entry = parent(w.at), git.Entry{Mode: git.ModeDir}
		return nil
	}
	next, ok := w.forest.at[path.Join(w.at, part)]
	switch {
	case !ok:
		return wrong("", "%s is a link to nothing", w.link)
	case next.Mode == git.ModeSymlink:
		return w.follow(string(w.blobs[next.ID]))
	}
	w.at, w.entry = path.Join(w.at, part), next
	return nil
}

func (w *way) follow(target string) error {
	if target == "" || len(target) > maxTarget || path.IsAbs(target) || strings.ContainsAny(target, "\\\x00") {
		return w.leaves()
	}
	if w.hops++; w.hops > maxLinks {
		return wrong("", "%s is a link that leads in a circle", w.link)
	}
	w.todo = append(strings.Split(target, "/"), w.todo...)
	return nil
}

func (w *way) leaves() error {
	return wrong("copy what it points to into the folder", "%s is a link that leaves the folder of the templates", w.link)
}

func parent(p string) string {
	if dir := path.Dir(p); dir != "." {
		return dir
	}
	return ""
}

// expander puts files in the place of links.
type expander struct {
	*forest
	files   map[string][]byte
	visited int
	total   int
}

// expand lays out the folder real under another name. chain are the folders being laid out, to tell circles.
func (x *expander) expand(name, real string, chain []string) error {
	chain = append(slices.Clone(chain), real)
	for _, e := range x.folders[real] {
		if x.visited++; x.visited > maxFiles {
			return wrong(smaller, "the template tree has more than %d files with what its links point to", maxFiles)
		}
		to, from := path.Join(name, e.Path), path.Join(real, e.Path)
		if e.Mode == git.ModeSymlink {
			var err error
			if from, e, err = x.resolve(from); err != nil {
				return err
			}
		}
		if e.Mode != git.ModeDir {
			if err := x.add(to, x.blobs[e.ID]); err != nil {
				return err
			}
			continue
		}
		if slices.Contains(chain, from) {
			return wrong("", "%s is a link that leads in a circle", to)
		}
		if err := x.expand(to, from, chain); err != nil {
			return err
		}
	}
	return nil
}

func (x *expander) add(name string, data []byte) error {
	if len(data) > maxFile {
		return wrong("", "%s has %d bytes, more than %d", name, len(data), maxFile)
	}
	if x.total += len(data); x.total > maxTotal {
		return wrong(smaller, "the files of the template tree have more than %d bytes", maxTotal)
	}
	x.files[name] = data
	return nil
}
