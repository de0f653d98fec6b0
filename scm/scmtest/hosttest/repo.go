package hosttest

import (
	"bytes"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/git/gittest"
)

// Repo is one repository of a host.
type Repo struct {
	host *Host
	path string
	dir  string

	pushing sync.Mutex // one push at a time, so that it is known who moved what
	mu      sync.Mutex
	onPush  []func(branch, was, now, user string)
	refuse  func(branch, user string) string
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

// RefusePush declines pushes for which f says why. The whole push is undone then, and the pusher is told the branch's
// rule as a hook of the server would say it.
func (r *Repo) RefusePush(f func(branch, user string) (why string)) {
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
	if why := r.refused(req, user); why != "" {
		http.Error(w, why, http.StatusForbidden)
		return
	}
	git.ServeHTTP(w, req)
	r.tell(before, user)
}

// refused asks for every branch that the request names; the commands stand before the pack.
func (r *Repo) refused(req *http.Request, user string) string {
	r.mu.Lock()
	f := r.refuse
	r.mu.Unlock()
	if f == nil {
		return ""
	}
	body := gittest.Body(req)
	for _, branch := range pushed(body) {
		if why := f(branch, user); why != "" {
			return why
		}
	}
	return ""
}

// pushed names the branches in the commands of a push: pkt-lines until a flush (git-http-protocol(5), gitprotocol-pack(5)).
func pushed(body []byte) []string {
	var out []string
	for len(body) >= 4 {
		n, err := strconv.ParseUint(string(body[:4]), 16, 16)
		if err != nil || n < 4 || int(n) > len(body) {
			return out
		}
		command, _, _ := bytes.Cut(body[4:n], []byte{0})
		if fields := strings.Fields(string(command)); len(fields) == 3 {
			if branch, ok := strings.CutPrefix(fields[2], "refs/heads/"); ok {
				out = append(out, branch)
			}
		}
		body = body[n:]
	}
	return out
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

// Branches gives the commit of every branch.
func (r *Repo) Branches() map[string]string {
	out := map[string]string{}
	for _, line := range strings.Fields(strings.ReplaceAll(r.must("for-each-ref", "--format=%(objectname)=%(refname:lstrip=2)", "refs/heads"), "\n", " ")) {
		sha, branch, _ := strings.Cut(line, "=")
		out[branch] = sha
	}
	return out
}

// Head gives the commit of a branch.
func (r *Repo) Head(branch string) (sha string, ok bool) {
	sha, err := r.git("rev-parse", "--verify", "--quiet", "refs/heads/"+branch)
	return sha, err == nil
}

// Has tells whether there is a commit.
func (r *Repo) Has(sha string) bool {
	_, err := r.git("cat-file", "-e", sha+"^{commit}")
	return err == nil && len(sha) == 40
}

// Contains tells whether a commit is an ancestor of another, or that other itself.
func (r *Repo) Contains(commit, ancestor string) bool {
	_, err := r.git("merge-base", "--is-ancestor", ancestor, commit)
	return err == nil
}

// Ahead counts the commits in head that base lacks.
func (r *Repo) Ahead(base, head string) int {
	n, _ := strconv.Atoi(r.must("rev-list", "--count", base+".."+head))
	return n
}

// Related tells whether two commits have an ancestor in common.
func (r *Repo) Related(a, b string) bool {
	_, err := r.git("merge-base", a, b)
	return err == nil
}

// Message of a commit.
func (r *Repo) Message(sha string) string { return r.must("log", "-1", "--format=%B", sha) }

// Parents of a commit.
func (r *Repo) Parents(sha string) []string {
	return strings.Fields(r.must("log", "-1", "--format=%P", sha))
}

// Tree of a commit.
func (r *Repo) Tree(sha string) string { return r.must("rev-parse", sha+"^{tree}") }

// Log gives the commits in head that base lacks, newest first.
func (r *Repo) Log(base, head string) []string {
	return strings.Fields(r.must("rev-list", base+".."+head))
}

// Conflicts names the paths in which two commits cannot be merged, sorted.
func (r *Repo) Conflicts(base, head string) []string {
	_, conflicts := r.mergeTree(base, head)
	return conflicts
}

// mergeTree merges without a work tree (git-merge-tree(1)): the tree's id first, then the names of conflicts.
func (r *Repo) mergeTree(base, head string) (tree string, conflicts []string) {
	out, err := r.git("merge-tree", "--write-tree", "--name-only", "--no-messages", "--allow-unrelated-histories", base, head)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err == nil {
		return lines[0], nil
	}
	if len(lines[0]) != 40 {
		r.host.fail("git merge-tree: %v\n%s", err, out)
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
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = r.dir, strings.NewReader(message)
	date := r.host.Now().Format("2006-01-02T15:04:05Z")
	cmd.Env = append(gittest.Env(), "GIT_AUTHOR_NAME="+author, "GIT_AUTHOR_EMAIL="+author+"@example.com", "GIT_COMMITTER_NAME=forge",
		"GIT_COMMITTER_EMAIL=forge@example.com", "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.host.fail("git commit-tree: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// Commit makes a commit on top of a parent ("" for none) with files by path, nil removing one. No branch moves.
func (r *Repo) Commit(parent string, files map[string]*string, message, author string) (sha string) {
	index := r.host.t.TempDir() + "/index"
	run := func(stdin string, args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Stdin, cmd.Env = r.dir, strings.NewReader(stdin), append(gittest.Env(), "GIT_INDEX_FILE="+index)
		out, err := cmd.CombinedOutput()
		if err != nil {
			r.host.fail("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return strings.TrimSpace(string(out))
	}
	var parents []string
	if parent != "" {
		run("", "read-tree", parent)
		parents = []string{parent}
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if files[path] == nil {
			run("", "rm", "--cached", "-q", "--ignore-unmatch", "--", path)
			continue
		}
		run("", "update-index", "--add", "--cacheinfo", "100644,"+run(*files[path], "hash-object", "-w", "--stdin")+","+path)
	}
	return r.commitTree(run("", "write-tree"), message, author, parents...)
}

// SetRef moves a branch from was ("" for one that is not there) to now, or fails when it is elsewhere.
func (r *Repo) SetRef(branch, was, now string) error {
	if was == "" {
		was = strings.Repeat("0", 40)
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
