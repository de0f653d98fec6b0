package fake

import (
	"cmp"
	"fmt"
	"slices"
)

// acceptance is a merge as it was asked for.
type acceptance struct {
	user, message, squashMessage string
	squash                       bool
}

// detailed is GitLab's detailed_merge_status, its checks in GitLab's order.
func (f *Fake) detailed(mr *mergeRequest) string {
	switch {
	case mr.state != opened:
		return "not_open"
	case mr.unchecked:
		return "checking"
	case f.known[mr.target] == "" || f.pair(mr).empty:
		return "commits_status"
	case draft.MatchString(mr.title):
		return "draft_status"
	case slices.ContainsFunc(mr.asked, func(r *reviewer) bool { return r.state == "requested_changes" }):
		return "requested_changes"
	case len(mr.approved) < f.approvalsFor(mr.target):
		return "not_approved"
	case f.conflicts(mr):
		return "conflict"
	case f.MergeMethod != "merge" && f.pair(mr).behind:
		return "need_rebase"
	}
	return f.ci(mr)
}

func (f *Fake) ci(mr *mergeRequest) string {
	if !f.PipelineMust {
		return "mergeable"
	}
	switch f.pipeline(mr.sha) {
	case "success":
		return "mergeable"
	case "running":
		return "ci_still_running"
	}
	return "ci_must_pass"
}

func (f *Fake) conflicts(mr *mergeRequest) bool {
	return f.known[mr.target] != "" && f.pair(mr).conflict
}

// relation of a head to its base; git is asked once for each two commits.
type relation struct{ empty, conflict, behind bool }

func (f *Fake) pair(mr *mergeRequest) relation {
	key := f.known[mr.target] + ".." + mr.sha
	if r, ok := f.pairs[key]; ok {
		return r
	}
	base := f.known[mr.target]
	r := relation{f.Repo.Ahead(base, mr.sha) == 0, len(f.Repo.Conflicts(base, mr.sha)) > 0, !f.Repo.Contains(mr.sha, base)}
	f.pairs[key] = r
	return r
}

func (f *Fake) approvalsFor(branch string) int {
	n := 0
	for _, r := range f.rules {
		if f.Premium && (r.branch == "" || r.branch == branch) {
			n = max(n, r.count)
		}
	}
	return n
}

// pipeline is the state of all statuses of a commit together: the newest of each name counts.
func (f *Fake) pipeline(sha string) string {
	newest := map[string]string{}
	for _, s := range f.statuses {
		if s.sha == sha {
			newest[s.name] = s.state
		}
	}
	state := ""
	for _, s := range newest {
		switch {
		case s == "pending" || s == "running":
			return "running"
		case s != "success":
			state = "failed"
		case state == "":
			state = "success"
		}
	}
	return state
}

// later are the checks for which GitLab waits when it is to merge by itself.
var later = []string{"ci_must_pass", "ci_still_running", "not_approved", "draft_status", "requested_changes", "discussions_not_resolved"}

func (f *Fake) acceptMR(c *call) (int, any) {
	mr := f.mr(c)
	if level(c.role) < 30 {
		refuse(401, "401 Unauthorized")
	}
	mr.unchecked = false
	status := f.detailed(mr)
	auto := c.flag("merge_when_pipeline_succeeds") && !f.NoAutoMerge && slices.Contains(later, status)
	if status != "mergeable" && !auto {
		refuse(405, "405 Method Not Allowed")
	}
	if sha := c.str("sha"); sha != "" && sha != mr.sha {
		refuse(409, "SHA does not match HEAD of source branch: %s", mr.sha)
	}
	a := f.acceptance(c, mr)
	if auto {
		mr.auto = &a
		c.wrote = true
		return 200, f.full(c, mr)
	}
	if !f.mergeNow(mr, a) {
		refuse(422, "Branch cannot be merged")
	}
	c.wrote = true
	return 200, f.full(c, mr)
}

func (f *Fake) acceptance(c *call, mr *mergeRequest) acceptance {
	words := fmt.Sprintf("Merge branch '%s' into '%s'\n\n%s\n\nSee merge request %s!%d", mr.source, mr.target, mr.title, Path, mr.iid)
	squash := c.flag("squash")
	switch f.SquashOption {
	case "always":
		squash = true
	case "never":
		squash = false
	}
	return acceptance{c.user, cmp.Or(c.str("merge_commit_message"), words), cmp.Or(c.str("squash_commit_message"), mr.title), squash}
}

func (f *Fake) mergeNow(mr *mergeRequest, a acceptance) bool {
	mergeCommit, squash, ok := f.bring(mr, a)
	if !ok {
		return false
	}
	mr.merge(a.user, mergeCommit, squash, f.Host.Now())
	now, _ := f.Repo.Head(mr.target)
	f.moved(mr.target, now, a.user)
	return true
}

// ripe merges what was to be merged when its checks pass.
func (f *Fake) ripe() {
	for _, mr := range f.mrs {
		if mr.state == opened && mr.auto != nil && f.detailed(mr) == "mergeable" {
			f.mergeNow(mr, *mr.auto)
		}
	}
}

func (f *Fake) cancelAutoMerge(c *call) (int, any) {
	mr := f.mr(c)
	if mr.auto == nil {
		refuse(406, "406 Not Acceptable")
	}
	mr.auto = nil
	c.wrote = true
	return 201, f.full(c, mr)
}

// boardTrain puts a merge request on the train: one that can go departs at once.
func (f *Fake) boardTrain(c *call) (int, any) {
	f.premium()
	mr := f.mr(c)
	if sha := c.str("sha"); sha != "" && sha != mr.sha {
		refuse(409, "SHA does not match HEAD of source branch: %s", mr.sha)
	}
	if !f.Trains || mr.state != opened {
		refuse(400, "Failed to merge")
	}
	a := f.acceptance(c, mr)
	mr.auto, mr.unchecked = &a, false
	f.ripe()
	c.wrote = true
	return 201, []any{map[string]any{"id": 1, "merge_request": map[string]any{"iid": mr.iid}, "target_branch": mr.target, "status": "idle"}}
}
