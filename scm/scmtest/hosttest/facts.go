package hosttest

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What fakes ask again and again is answered without a process of Git: where branches stand is read from the repository's
// files, and what is true of a commit stays true.

// full is the whole id of a commit.
var full = regexp.MustCompile(`^[0-9a-f]{40}$`)

// answer is what a command said, and whether it ended well.
type answer struct {
	text string
	ok   bool
}

// fact runs a command about commits, and asks only once where they are named by their ids.
func (r *Repo) fact(commits []string, args ...string) (string, bool) {
	key := strings.Join(args, " ")
	if known, ok := r.facts.Load(key); ok {
		return known.(answer).text, known.(answer).ok
	}
	out, err := r.git(args...)
	var exit *exec.ExitError
	told := err == nil || errors.As(err, &exit) && exit.ExitCode() == 1 // 1 is a no; any other end is about what may still come
	if told && !slices.ContainsFunc(commits, func(c string) bool { return !full.MatchString(c) }) {
		r.facts.Store(key, answer{out, err == nil})
	}
	return out, err == nil
}

// sure is a fact of commits that are there.
func (r *Repo) sure(commits []string, args ...string) string {
	out, ok := r.fact(commits, args...)
	if !ok {
		r.host.fail("git %s: %s", strings.Join(args, " "), out)
	}
	return out
}

// Branches gives the commit of every branch.
func (r *Repo) Branches() map[string]string {
	out := map[string]string{}
	root := filepath.Join(r.dir, "refs", "heads")
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && d.IsDir() { // a branch that goes meanwhile, or takes its folder along
			return nil
		}
		name, _ := filepath.Rel(root, file)
		if sha, ok := r.Head(filepath.ToSlash(name)); ok {
			out[filepath.ToSlash(name)] = sha
		}
		return err
	})
	if err != nil {
		r.host.fail("branches of %s: %v", r.path, err)
	}
	return out
}

// Head gives the commit of a branch. Nothing in a host packs refs, so each has a file.
func (r *Repo) Head(branch string) (sha string, ok bool) {
	if !filepath.IsLocal(branch) || strings.HasSuffix(branch, ".lock") {
		return "", false
	}
	data, err := os.ReadFile(filepath.Join(r.dir, "refs", "heads", filepath.FromSlash(branch)))
	sha = strings.TrimSpace(string(data))
	return sha, err == nil && full.MatchString(sha)
}

// Has tells whether there is a commit.
func (r *Repo) Has(sha string) bool {
	_, ok := r.fact([]string{sha}, "cat-file", "-e", sha+"^{commit}")
	return ok && len(sha) == 40
}

// Contains tells whether a commit is an ancestor of another, or that other itself.
func (r *Repo) Contains(commit, ancestor string) bool {
	_, ok := r.fact([]string{commit, ancestor}, "merge-base", "--is-ancestor", ancestor, commit)
	return ok
}

// Ahead counts the commits in head that base lacks.
func (r *Repo) Ahead(base, head string) int {
	n, _ := strconv.Atoi(r.sure([]string{base, head}, "rev-list", "--count", base+".."+head))
	return n
}

// Related tells whether two commits have an ancestor in common.
func (r *Repo) Related(a, b string) bool {
	_, ok := r.fact([]string{a, b}, "merge-base", a, b)
	return ok
}

// Message of a commit.
func (r *Repo) Message(sha string) string {
	return r.sure([]string{sha}, "log", "-1", "--format=%B", sha)
}

// Parents of a commit.
func (r *Repo) Parents(sha string) []string {
	return strings.Fields(r.sure([]string{sha}, "log", "-1", "--format=%P", sha))
}

// Tree of a commit.
func (r *Repo) Tree(sha string) string { return r.sure([]string{sha}, "rev-parse", sha+"^{tree}") }

// Log gives the commits in head that base lacks, newest first.
func (r *Repo) Log(base, head string) []string {
	return strings.Fields(r.sure([]string{base, head}, "rev-list", base+".."+head))
}
