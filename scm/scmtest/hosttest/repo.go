package hosttest

import (
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/git/gittest"
)

// Repo is one repository of a host.
type Repo struct {
	host *Host
	path string
	dir  string

	facts   sync.Map   // what was answered about commits, by command
	pushing sync.Mutex // one push at a time, so that it is known who moved what
	mu      sync.Mutex
	onPush  []func(branch, was, now, user string)
	refuse  func(Push) *Refusal
}

// Path is the repository's name on the host: acme/gitops.
func (r *Repo) Path() string { return r.path }

// Dir is where it lies on this machine.
func (r *Repo) Dir() string { return r.dir }

// Remote is its address for git.
func (r *Repo) Remote() string { return r.host.URL() + "/" + r.path + ".git" }

// OnPush is told of every branch that a push over HTTP moved; was and now are "" for one that came or went.
func (r *Repo) OnPush(f func(branch, was, now, user string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onPush = append(r.onPush, f)
}

// RefusePush declines pushes for which f says why. The whole push is undone then, and the pusher is told as servers tell it:
// in the report that belongs to a push, with words beside it.
func (r *Repo) RefusePush(f func(Push) *Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = f
}

// serve passes a request of git on, and looks what a push did.
func (r *Repo) serve(git http.Handler, w http.ResponseWriter, req *http.Request, user string, push bool) {
	if !push {
		git.ServeHTTP(w, req)
		return
	}
	r.pushing.Lock()
	defer r.pushing.Unlock()
	before := r.Branches()
	if r.declined(w, req, user) {
		return
	}
	git.ServeHTTP(w, req)
	r.tell(before, user)
}

func (r *Repo) tell(before map[string]string, user string) {
	after := r.Branches()
	r.mu.Lock()
	told := slices.Clone(r.onPush)
	r.mu.Unlock()
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, branch := range slices.Sorted(maps.Keys(all)) {
		if before[branch] == after[branch] {
			continue
		}
		for _, f := range told {
			f(branch, before[branch], after[branch], user)
		}
	}
}

// git runs a command that may fail.
func (r *Repo) git(args ...string) (string, error) { return gittest.Try(r.dir, args...) }

// must runs a command that may not.
func (r *Repo) must(args ...string) string {
	out, err := r.git(args...)
	if err != nil {
		r.host.fail("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// Conflicts names the paths in which two commits cannot be merged, sorted.
func (r *Repo) Conflicts(base, head string) []string {
	_, conflicts := r.mergeTree(base, head)
	return conflicts
}

// mergeTree merges without a work tree (git-merge-tree(1)): the tree's id first, then the names of conflicts.
func (r *Repo) mergeTree(base, head string) (tree string, conflicts []string) {
	out, merged := r.fact([]string{base, head}, "merge-tree", "--write-tree", "--name-only", "--no-messages", "--allow-unrelated-histories", base, head)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if merged {
		return lines[0], nil
	}
	if len(lines[0]) != 40 {
		r.host.fail("git merge-tree: %s", out)
	}
	conflicts = lines[1:]
	slices.Sort(conflicts)
	return "", slices.Compact(conflicts)
}

// Merge merges a commit into a branch by a method (merge, squash or rebase) and moves the branch, unless it moved
// meanwhile. It gives the branch's new commit, or the paths in conflict. A rebase makes one commit for each of head's.
func (r *Repo) Merge(base, head, method, message, author string) (sha string, conflicts []string, err error) {
	r.pushing.Lock()
	defer r.pushing.Unlock()
	was, ok := r.Head(base)
	if !ok {
		return "", nil, &movedError{base}
	}
	tree, conflicts := r.mergeTree(was, head)
	if conflicts != nil {
		return "", conflicts, nil
	}
	switch method {
	case "merge":
		sha = r.commitTree(tree, message, author, was, head)
	case "squash":
		sha = r.commitTree(tree, message, author, was)
	case "rebase":
		sha = r.rebase(was, head)
	default:
		r.host.fail("there is no method %q", method)
	}
	return sha, nil, r.SetRef(base, was, sha)
}

// rebase puts head's commits on top of another in a work tree of its own.
func (r *Repo) rebase(onto, head string) string {
	dir := filepath.Join(r.host.t.TempDir(), "rebase")
	r.must("worktree", "add", "-q", "--detach", dir, onto)
	defer r.must("worktree", "remove", "--force", dir)
	commits := r.Log(onto, head)
	slices.Reverse(commits)
	for _, c := range commits {
		if len(r.Parents(c)) < 2 {
			gittest.Run(r.host.t, dir, "cherry-pick", "--allow-empty", "--keep-redundant-commits", c)
		}
	}
	return gittest.Run(r.host.t, dir, "rev-parse", "HEAD")
}

func (r *Repo) commitTree(tree, message, author string, parents ...string) string {
	args := []string{"commit-tree", tree, "-F", "-"}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	date := r.host.Now().Format("2006-01-02T15:04:05Z")
	return r.feed(message, []string{"GIT_AUTHOR_NAME=" + author, "GIT_AUTHOR_EMAIL=" + author + "@example.com", "GIT_COMMITTER_NAME=forge",
		"GIT_COMMITTER_EMAIL=forge@example.com", "GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date}, args...)
}

// Commit makes a commit on top of a parent ("" for none) with files by path, nil removing one. No branch moves: the one
// that git-fast-import(1) asks for is given up before the end.
func (r *Repo) Commit(parent string, files map[string]*string, message, author string) (sha string) {
	const branch = "refs/heads/nowhere"
	var in strings.Builder
	data := func(text string) { fmt.Fprintf(&in, "data %d\n%s\n", len(text), text) }
	when := r.host.Now().Unix()
	author = strings.NewReplacer("<", "", ">", "").Replace(author)
	fmt.Fprintf(&in, "commit %s\nmark :1\nauthor %s <%s@example.com> %d +0000\ncommitter forge <forge@example.com> %d +0000\n", branch, author, author, when, when)
	data(strings.TrimSuffix(message, "\n") + "\n")
	if parent != "" {
		fmt.Fprintf(&in, "from %s\n", parent)
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if files[path] == nil {
			fmt.Fprintf(&in, "D %s\n", path)
			continue
		}
		fmt.Fprintf(&in, "M 100644 inline %s\n", path)
		data(*files[path])
	}
	fmt.Fprintf(&in, "\nget-mark :1\nreset %s\nfrom %s\n\n", branch, nobody)
	return r.feed(in.String(), nil, "fast-import", "--quiet", "--date-format=raw")
}

// feed runs a command that reads its input and may not fail.
func (r *Repo) feed(stdin string, env []string, args ...string) string {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin, cmd.Env = r.dir, strings.NewReader(stdin), append(gittest.Env(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.host.fail("git %s: %v\n%s", args[0], err, out)
	}
	return strings.TrimSpace(string(out))
}

// nobody is the id of what is not there.
var nobody = strings.Repeat("0", 40)

// SetRef moves a branch from was ("" for one that is not there) to now, or fails when it is elsewhere.
func (r *Repo) SetRef(branch, was, now string) error {
	if was == "" {
		was = nobody
	}
	if _, err := r.git("update-ref", "refs/heads/"+branch, now, was); err != nil {
		return &movedError{branch}
	}
	return nil
}

// DeleteBranch deletes a branch, if it is there.
func (r *Repo) DeleteBranch(name string) { _, _ = r.git("update-ref", "-d", "refs/heads/"+name) }

type movedError struct{ branch string }

func (e *movedError) Error() string { return e.branch + " moved meanwhile" }
