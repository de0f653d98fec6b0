package supply

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/git"
)

// commit gives the commit that a ref names, or, where one is known already, that very one: a ref that moved meanwhile is
// nobody's concern.
func (s *Supply) commit(ctx context.Context, address, ref, known string) (*git.Repository, git.Commit, error) {
	repo, err := s.repos.Do(address, func() (*git.Repository, error) { return s.o.Git(ctx, address) })
	if err != nil {
		return nil, git.Commit{}, &Error{What: address, Reason: "open it", Err: err}
	}
	if known != "" {
		c, err := s.known(ctx, repo, git.ID(known), ref)
		return repo, c, err
	}
	id, err := resolveRef(ctx, repo, ref)
	if err != nil {
		return nil, git.Commit{}, &Error{What: repo.URL(), Reason: "find " + orHead(ref), Err: err}
	}
	c, err := s.known(ctx, repo, id, ref)
	return repo, c, err
}

func orHead(ref string) string {
	if ref == "" {
		return "its HEAD"
	}
	return ref
}

// known reads a commit by its id. Servers that give none by id have it below the ref.
func (s *Supply) known(ctx context.Context, repo *git.Repository, id git.ID, ref string) (git.Commit, error) {
	c, err := repo.Commit(ctx, id)
	if err == nil {
		return c, nil
	}
	for _, full := range fullRefs(ref) {
		if repo.Fetch(ctx, 0, full) == nil {
			if c, again := repo.Commit(ctx, id); again == nil {
				return c, nil
			}
		}
	}
	return git.Commit{}, &Error{What: repo.URL(), Reason: "get commit " + string(id), Err: err}
}

func fullRefs(ref string) []string {
	if strings.HasPrefix(ref, "refs/") {
		return []string{ref}
	}
	if ref == "" {
		return nil
	}
	return []string{"refs/tags/" + ref, "refs/heads/" + ref}
}

// resolveRef finds what a ref names as `git rev-parse` does in a clone: a full id, a full ref, a tag, a branch.
func resolveRef(ctx context.Context, repo *git.Repository, ref string) (git.ID, error) {
	if git.ID(ref).Valid() {
		return git.ID(ref), nil
	}
	if ref == "" {
		return repo.Head(ctx)
	}
	refs, err := repo.Refs(ctx)
	if err != nil {
		return "", err
	}
	for _, full := range fullRefs(ref) {
		if id, ok := refs[full]; ok {
			return id, nil
		}
	}
	return "", errors.New("there is no such tag, branch or full commit id")
}

// folder is what a kustomization in a Git repository reads.
type folder struct {
	commit string
	files  map[string][]byte // by path from the root of the repository
}

// maxAhead bounds the files that are asked for at once before anybody reads them.
const maxAhead = 1000

// base brings the files that the kustomization of a remote base reads, and no others of its repository. What it names
// elsewhere in its turn is passed over: a place is kept for it.
func (s *Supply) base(ctx context.Context, b remoteBase, known string) (folder, error) {
	key := strings.Join([]string{b.Repository, b.Dir, b.Ref, known}, "\n")
	return s.folders.Do(key, func() (folder, error) {
		if b.Dir == ".." || strings.HasPrefix(b.Dir, "../") {
			return folder{}, wrong(b.Entry, "", "the folder %s leaves the repository", b.Dir)
		}
		repo, c, err := s.commit(ctx, b.Repository, b.Ref, known)
		if err != nil {
			return folder{}, err
		}
		g := &gathering{treeReader: treeReader{ctx: ctx, repo: repo, tree: c.Tree}, files: map[string][]byte{}, kept: map[string][]byte{}}
		g.ahead(b.Dir)
		if _, err = s.o.Gather(g.read, g.list, b.Dir); err != nil {
			return folder{}, &Error{What: b.Entry, Reason: "read the base at " + c.ID.Short(), Err: err}
		}
		return folder{commit: string(c.ID), files: g.files}, nil
	})
}

// gathering reads a commit for whoever follows a kustomization, and notes what was read.
type gathering struct {
	treeReader
	files map[string][]byte
	kept  map[string][]byte // places of what comes from elsewhere
}

func (g *gathering) read(name string) ([]byte, error) {
	if data, ok := g.kept[name]; ok {
		return data, nil
	}
	data, err := g.treeReader.read(name)
	if err != nil {
		return nil, err
	}
	g.files[name] = data
	if !slices.Contains(kustomizationNames, path.Base(name)) {
		return data, nil
	}
	needs, err := kustomizationNeeds(g.files, name)
	if err != nil {
		return nil, err
	}
	for _, n := range needs {
		if n.Base == nil {
			g.kept[join(n.Place, "Chart.yaml")] = []byte("name: " + n.Chart + "\n")
		} else {
			g.kept[join(n.Base.target(), "kustomization.yaml")] = []byte("resources: []\n")
		}
	}
	return rewrite(name, data, needs)
}

// list names the files below a folder.
func (g *gathering) list(dir string) []string {
	entries, err := g.repo.Walk(g.ctx, g.tree, dir)
	if err != nil {
		return nil
	}
	var all []string
	for _, e := range entries {
		all = append(all, join(dir, e.Path))
	}
	return all
}

// treeReader reads single files of a commit.
type treeReader struct {
	ctx  context.Context
	repo *git.Repository
	tree git.ID
}

// ahead asks for a folder's files in one request; each alone is a journey. It only makes what follows faster.
func (r *treeReader) ahead(dir string) {
	entries, err := r.repo.Walk(r.ctx, r.tree, dir)
	if err != nil {
		return
	}
	var ids []git.ID
	for _, e := range entries {
		if e.Mode.IsBlob() {
			ids = append(ids, e.ID)
		}
	}
	if len(ids) <= maxAhead {
		_, _ = r.repo.Blobs(r.ctx, ids...) // what is wrong is said when it is read
	}
}

func (r *treeReader) read(name string) ([]byte, error) {
	e, err := r.repo.Lookup(r.ctx, r.tree, path.Clean(name))
	switch {
	case errors.Is(err, git.ErrNotFound):
		return nil, fs.ErrNotExist
	case err != nil:
		return nil, err
	case e.Mode == git.ModeDir:
		return nil, fs.ErrNotExist
	case !slices.Contains([]git.Mode{git.ModeFile, git.ModeExecutable}, e.Mode):
		return nil, fmt.Errorf("%s is a link or a submodule; only files are taken", name)
	}
	return r.repo.Blob(r.ctx, e.ID)
}
