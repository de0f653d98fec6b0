package local

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git"
)

// workshop writes trees, and asks Git how it would merge them.
type workshop struct {
	*testing.T
	dir  string
	repo *git.Repository
}

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "w.git")
	repo, err := git.Init(t.Context(), dir, git.Options{Identity: git.Identity{Name: "Ada", Email: "ada@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	return &workshop{T: t, dir: dir, repo: repo}
}

// tree makes one from "path=content" words; a content of "x!" is executable.
func (w *workshop) tree(words string) git.ID {
	w.Helper()
	var edits []git.Edit
	for _, word := range strings.Fields(words) {
		path, data, _ := strings.Cut(word, "=")
		blob, err := w.repo.WriteBlob([]byte(data + "\n"))
		if err != nil {
			w.Fatal(err)
		}
		e := git.Edit{Path: path, Mode: git.ModeFile, ID: blob}
		if strings.HasSuffix(data, "!") {
			e.Mode = git.ModeExecutable
		}
		edits = append(edits, e)
	}
	id, err := w.repo.EditTree(w.Context(), "", edits...)
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// ours merges as the forge does.
func (w *workshop) ours(base, ours, theirs git.ID) (tree git.ID, conflicts []string) {
	w.Helper()
	m := threeway{list: func(ctx context.Context, id git.ID) ([]git.Entry, error) { return w.repo.List(ctx, id, "") }}
	if err := m.root(w.Context(), base, ours, theirs); err != nil {
		w.Fatal(err)
	}
	if len(m.conflicts) > 0 {
		return "", m.conflicts
	}
	tree, err := w.repo.EditTree(w.Context(), ours, m.edits...)
	if err != nil {
		w.Fatalf("edits %+v: %v", m.edits, err)
	}
	return tree, nil
}

// words gives a tree in the form that makes it.
func (w *workshop) words(tree git.ID) string {
	w.Helper()
	entries, err := w.repo.Walk(w.Context(), tree, "")
	if err != nil {
		w.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		data, err := w.repo.Blob(w.Context(), e.ID)
		if err != nil {
			w.Fatal(err)
		}
		out = append(out, e.Path+"="+strings.TrimSpace(string(data)))
	}
	return strings.Join(out, " ")
}

func TestThreeway(t *testing.T) {
	for _, row := range []struct {
		name, base, ours, theirs, want string
		conflicts                      string
	}{
		{"nothing changed", "a=1", "a=1", "a=1", "a=1", ""},
		{"only theirs", "a=1 b=1", "a=1 b=1", "a=2 b=1", "a=2 b=1", ""},
		{"only ours", "a=1 b=1", "a=2 b=1", "a=1 b=1", "a=2 b=1", ""},
		{"both alike", "a=1", "a=2 n=1", "a=2 n=1", "a=2 n=1", ""},
		{"different files", "d/a=1 d/b=1", "d/a=2 d/b=1", "d/a=1 d/b=2", "d/a=2 d/b=2", ""},
		{"one file", "d/a=1", "d/a=2", "d/a=3", "", "d/a"},
		{"all are named", "d/a=1 e/a=1 f=1", "d/a=2 e/a=2 f=2", "d/a=3 e/a=3 f=2", "", "d/a e/a"},
		{"both added", "z=1", "z=1 a=1", "z=1 a=2", "", "a"},
		{"changed and deleted", "a=1 b=1", "a=2 b=1", "b=1", "", "a"},
		{"deleted and changed", "a=1 b=1", "b=1", "a=2 b=1", "", "a"},
		{"both deleted", "a=1 b=1", "b=1", "b=1", "b=1", ""},
		{"one deletes, one adds beside", "d/a=1", "d/a=1 d/b=1", "z=1", "d/b=1 z=1", ""},
		{"folder deleted and added to", "d/a=1 z=1", "z=1", "d/a=1 d/b=1 z=1", "d/b=1 z=1", ""},
		{"folder deleted and changed in", "d/a=1 d/b=1 z=1", "z=1", "d/a=2 d/b=1 z=1", "", "d/a"},
		{"file becomes a folder", "d=1 z=1", "d=1 z=2", "d/a=1 z=1", "d/a=1 z=2", ""},
		{"folder becomes a file", "d/a=1 d/e/b=1 z=1", "d/a=1 d/e/b=1 z=2", "d=1 z=1", "d=1 z=2", ""},
		{"folder becomes a file, changed in", "d/a=1", "d/a=2", "d=1", "", "d"},
		{"folder and file of one name", "z=1", "d=1 z=1", "d/a=1 z=1", "", "d"},
		{"mode and content", "a=1", "a=1!", "a=2", "", "a"},
		{"everything goes", "a=1", "a=1", "b=1", "b=1", ""},
		{"names that sort apart", "a=1 a-b=1 a.b=1", "a=1 a-b=2 a.b=1", "a/x=1 a-b=1 a.b=2", "a-b=2 a.b=2 a/x=1", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorkshop(t)
			tree, conflicts := w.ours(w.tree(row.base), w.tree(row.ours), w.tree(row.theirs))
			if got := strings.Join(conflicts, " "); got != row.conflicts {
				t.Fatalf("conflicts %q, want %q", got, row.conflicts)
			}
			if row.conflicts == "" && w.words(tree) != row.want {
				t.Errorf("got %q, want %q", w.words(tree), row.want)
			}
		})
	}
}

// What we merge Git merges to the same tree, and what we refuse Git refuses, on trees made at random.
func TestThreewayAgainstGit(t *testing.T) {
	w := newWorkshop(t)
	r := rand.New(rand.NewPCG(7, 7))
	clean := 0
	const rounds = 120
	for range rounds {
		words := [3]string{randomTree(r, nil)}
		words[1], words[2] = randomTree(r, strings.Fields(words[0])), randomTree(r, strings.Fields(words[0]))
		base, ours, theirs := w.tree(words[0]), w.tree(words[1]), w.tree(words[2])
		tree, conflicts := w.ours(base, ours, theirs)
		want, ok := w.git(base, ours, theirs)
		if ok != (len(conflicts) == 0) || ok && tree != want {
			t.Errorf("%q\n ours %q\n theirs %q\n conflicts %v, Git merges: %v", words[0], words[1], words[2], conflicts, ok)
		}
		if ok {
			clean++
		}
	}
	if clean < rounds/4 || clean > rounds*3/4 {
		t.Errorf("%d of %d merges were clean: the trees are too alike or too different to tell much", clean, rounds)
	}
}

// randomTree makes one, or changes some of the files of another.
func randomTree(r *rand.Rand, from []string) string {
	names := []string{"a", "b", "d", "d/a", "d/b", "d/e", "d/e/a", "f/a", "f/g/h"}
	files := map[string]string{}
	for _, word := range from {
		path, data, _ := strings.Cut(word, "=")
		files[path] = data
	}
	edits := 2
	if from == nil {
		edits = 7
	}
	for range edits {
		name := names[r.IntN(len(names))]
		for other := range files {
			if strings.HasPrefix(other, name+"/") || strings.HasPrefix(name, other+"/") {
				delete(files, other)
			}
		}
		if files[name] = fmt.Sprint(r.IntN(3)); r.IntN(4) == 0 {
			delete(files, name)
		}
	}
	var words []string
	for path, data := range files {
		words = append(words, path+"="+data+path)
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// git merges with `git merge-tree`, without guessing at renames.
func (w *workshop) git(base, ours, theirs git.ID) (git.ID, bool) {
	w.Helper()
	var ids []string
	for _, tree := range []git.ID{base, ours, theirs} {
		var parents []git.ID
		if len(ids) > 0 {
			parents = []git.ID{git.ID(ids[0])}
		}
		id, err := w.repo.WriteCommit(w.Context(), git.NewCommit{Tree: tree, Parents: parents, Message: "x"})
		if err != nil {
			w.Fatal(err)
		}
		refs, err := w.repo.Refs(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		if err := w.repo.Push(w.Context(), git.Update{Ref: "refs/heads/x", Old: refs["refs/heads/x"], New: id}); err != nil {
			w.Fatal(err)
		}
		ids = append(ids, string(id))
	}
	cmd := exec.Command("git", "-C", w.dir, "-c", "merge.renames=false", "merge-tree", "--write-tree", ids[1], ids[2])
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull)
	out, err := cmd.Output()
	return git.ID(strings.TrimSpace(string(out))), err == nil
}
