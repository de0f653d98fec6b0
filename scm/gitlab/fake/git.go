package fake

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

func itoa(n int) string { return strconv.Itoa(n) }

// push is a branch that somebody moved.
type push struct{ branch, now, user string }

// noticePush keeps a push for the next call: who pushes holds the repository, who calls holds the fake.
func (f *Fake) noticePush(branch, _, now, user string) {
	f.pushing.Lock()
	defer f.pushing.Unlock()
	f.pushes = append(f.pushes, push{branch, now, user})
}

func (f *Fake) refusePush(p hosttest.Push) *hosttest.Refusal {
	if f.protected(p.Branch) && f.Host.Role(p.User) < hosttest.Admin {
		return &hosttest.Refusal{Said: "GitLab: You are not allowed to push code to protected branches on this project.", Reason: "pre-receive hook declined"}
	}
	return nil
}

func (f *Fake) protected(branch string) bool {
	f.pushing.Lock()
	defer f.pushing.Unlock()
	return f.protects[branch]
}

// settle brings the merge requests up to date with the branches: with the pushes in their order, then with what the
// repository holds, should a push be through and not noticed yet.
func (f *Fake) settle() {
	f.pushing.Lock()
	pushes := f.pushes
	f.pushes = nil
	f.pushing.Unlock()
	for _, p := range pushes {
		f.moved(p.branch, p.now, p.user)
	}
	now := f.Repo.Branches()
	all := maps.Clone(f.known)
	maps.Copy(all, now)
	for _, b := range slices.Sorted(maps.Keys(all)) {
		f.moved(b, now[b], Person)
	}
}

// moved is what GitLab does after a push: merge requests into the branch may be merged by it, those from it have a new head
// or end with it.
func (f *Fake) moved(branch, now, user string) {
	was := f.known[branch]
	if was == now {
		return
	}
	if f.known[branch] = now; now == "" {
		delete(f.known, branch)
	}
	at := f.Host.Now()
	for _, mr := range f.mrs {
		if mr.state != opened {
			continue
		}
		if mr.target == branch && now != "" {
			mr.unchecked = true
			if f.Repo.Contains(now, mr.sha) {
				mr.merge(user, f.landing(now, mr.sha), "", at)
				continue
			}
		}
		if mr.source == branch && !mr.foreign() {
			f.newHead(mr, now, user, at)
		}
	}
}

func (f *Fake) newHead(mr *mergeRequest, now, user string, at time.Time) {
	if now == "" {
		mr.close(user, at)
		return
	}
	mr.sha, mr.unchecked, mr.auto = now, true, nil
	mr.addVersion(f.Host.Serial(), now, at)
	if f.ResetOnPush && f.Premium {
		mr.approved = map[string]time.Time{}
	}
}

// landing is the commit on the first line of a branch by which a commit came into it.
func (f *Fake) landing(tip, sha string) string {
	for {
		parents := f.Repo.Parents(tip)
		if tip == sha || len(parents) == 0 || !f.Repo.Contains(parents[0], sha) {
			return tip
		}
		tip = parents[0]
	}
}

// bring merges the head of a merge request into its target in the project's way, and gives the commits of the merge and of
// the squash.
func (f *Fake) bring(mr *mergeRequest, a acceptance) (merge, squash string, ok bool) {
	head := mr.sha
	if a.squash {
		head = f.squash(mr, a.squashMessage)
		squash = head
	}
	if f.MergeMethod == "ff" {
		return "", squash, f.Repo.SetRef(mr.target, f.known[mr.target], head) == nil
	}
	merge, conflicts, err := f.Repo.Merge(mr.target, head, "merge", a.message, a.user)
	return merge, squash, err == nil && conflicts == nil
}

// squash makes one commit of all on top of the target.
func (f *Fake) squash(mr *mergeRequest, message string) string {
	const room = "gitlab-squash"
	base, _ := f.Repo.Head(mr.target)
	f.Repo.DeleteBranch(room)
	_ = f.Repo.SetRef(room, "", base)
	defer f.Repo.DeleteBranch(room)
	sha, _, _ := f.Repo.Merge(room, mr.sha, "squash", message, mr.author)
	return sha
}

// OpenFork opens a merge request into main from a fork, whose branch may be called as one of the project's.
func (f *Fake) OpenFork(branch string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settle()
	base := f.known["main"]
	text := "theirs\n"
	sha := f.Repo.Commit(base, map[string]*string{"theirs.yaml": &text}, "Theirs", Reader)
	_, _ = gittest.Try(f.Repo.Dir(), "update-ref", "refs/merge-requests/"+itoa(len(f.mrs)+1)+"/head", sha)
	mr := f.newMR(Reader, branch, "main", sha)
	mr.title, mr.sourceProject = "Theirs", 2
	f.writes++
	return mr.iid
}

// Open opens a merge request without asking whether there is one, as two requests at once can.
func (f *Fake) Open(author, source, target string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settle()
	mr := f.newMR(author, source, target, f.known[source])
	mr.title = "Another"
	f.writes++
	return mr.iid
}

// Refs names the branches on which the statuses of a commit are, sorted.
func (f *Fake) Refs(sha string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, s := range f.statuses {
		if s.sha == sha {
			out = append(out, s.ref)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Deployments counts them.
func (f *Fake) Deployments() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.deploys)
}
