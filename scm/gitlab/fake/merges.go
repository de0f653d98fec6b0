package fake

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// States of a merge request.
const (
	opened = "opened"
	closed = "closed"
	merged = "merged"
)

type mergeRequest struct {
	iid                    int
	title, description     string
	state                  string
	source, target, sha    string
	sourceProject          int
	labels                 []string
	author                 string
	asked                  []*reviewer
	assignees              []string
	created, updated       time.Time
	ended                  time.Time
	endedBy                string
	mergeCommit, squashSHA string
	unchecked              bool        // GitLab has not yet found out whether it can be merged
	auto                   *acceptance // merge when the checks pass
	diffs                  []version
	approved               map[string]time.Time
	talk                   []*note
}

type reviewer struct {
	name, state string
	since       time.Time
}

type version struct {
	id   int
	head string
	at   time.Time
}

func (mr *mergeRequest) foreign() bool { return mr.sourceProject != 1 }

func (mr *mergeRequest) close(by string, at time.Time) {
	mr.state, mr.endedBy, mr.ended, mr.auto = closed, by, at, nil
}

func (mr *mergeRequest) merge(by, mergeCommit, squash string, at time.Time) {
	mr.state, mr.endedBy, mr.ended, mr.mergeCommit, mr.squashSHA, mr.auto = merged, by, at, mergeCommit, squash, nil
}

func (mr *mergeRequest) addVersion(id int, head string, at time.Time) {
	mr.diffs = append(mr.diffs, version{id, head, at})
}

// reviewer gives a person's place among the reviewers, nil where there is none.
func (mr *mergeRequest) reviewer(name string) *reviewer {
	if i := slices.IndexFunc(mr.asked, func(r *reviewer) bool { return r.name == name }); i >= 0 {
		return mr.asked[i]
	}
	return nil
}

// mr finds the merge request that a call names.
func (f *Fake) mr(c *call) *mergeRequest {
	for _, mr := range f.mrs {
		if itoa(mr.iid) == c.PathValue("iid") {
			return mr
		}
	}
	panic(refusal{404, map[string]any{"message": "404 Not found"}})
}

func (f *Fake) newMR(author, source, target, sha string) *mergeRequest {
	now := f.Host.Now()
	mr := &mergeRequest{iid: len(f.mrs) + 1, state: opened, source: source, target: target, sha: sha, sourceProject: 1, author: author, created: now,
		updated: now, unchecked: true, approved: map[string]time.Time{}}
	mr.addVersion(f.Host.Serial(), sha, now)
	f.mrs = append(f.mrs, mr)
	return mr
}

func (f *Fake) listMRs(c *call) (int, any) {
	state := cmp.Or(c.str("state"), "all")
	if !slices.Contains([]string{"opened", "closed", "locked", "merged", "all"}, state) {
		panic(refusal{400, map[string]any{"error": "state does not have a valid value"}})
	}
	var found []*mergeRequest
	for _, mr := range f.mrs {
		if (state == "all" || mr.state == state) && matchesParam(c, "source_branch", mr.source) && matchesParam(c, "target_branch", mr.target) {
			found = append(found, mr)
		}
	}
	slices.SortFunc(found, func(a, b *mergeRequest) int { return b.created.Compare(a.created) })
	return paged(c, found, func(mr *mergeRequest) any { return f.basic(mr) })
}

func matchesParam(c *call, name, value string) bool { return c.str(name) == "" || c.str(name) == value }

func (f *Fake) getMR(c *call) (int, any) {
	mr := f.mr(c)
	out := f.full(c, mr)
	mr.unchecked = false // the look makes GitLab find out; the next one sees it
	return 200, out
}

// basic is a merge request as lists show it.
func (f *Fake) basic(mr *mergeRequest) map[string]any {
	out := map[string]any{
		"id": 1000 + mr.iid, "iid": mr.iid, "project_id": 1, "title": mr.title, "description": mr.description, "state": mr.state,
		"created_at": stamp(mr.created), "updated_at": stamp(mr.updated), "source_branch": mr.source, "target_branch": mr.target,
		"source_project_id": mr.sourceProject, "target_project_id": 1, "labels": append([]string{}, mr.labels...), "draft": draft.MatchString(mr.title),
		"work_in_progress": draft.MatchString(mr.title), "author": f.person(mr.author), "sha": mr.sha, "merge_commit_sha": null(mr.mergeCommit),
		"squash_commit_sha": null(mr.squashSHA), "merge_when_pipeline_succeeds": mr.auto != nil, "detailed_merge_status": f.detailed(mr),
		"has_conflicts": !mr.unchecked && mr.state == opened && f.conflicts(mr), "web_url": fmt.Sprintf("%s/%s/-/merge_requests/%d", f.Host.URL(), Path, mr.iid),
		"reviewers": []any{}, "assignees": []any{}, "merged_by": nil, "merge_user": nil, "merged_at": nil, "closed_by": nil, "closed_at": nil,
	}
	var reviewers, assignees = []any{}, []any{}
	for _, r := range mr.asked {
		reviewers = append(reviewers, f.person(r.name))
	}
	for _, a := range mr.assignees {
		assignees = append(assignees, f.person(a))
	}
	out["reviewers"], out["assignees"] = reviewers, assignees
	switch mr.state {
	case merged:
		out["merged_by"], out["merge_user"], out["merged_at"] = f.person(mr.endedBy), f.person(mr.endedBy), stamp(mr.ended)
	case closed:
		out["closed_by"], out["closed_at"] = f.person(mr.endedBy), stamp(mr.ended)
	}
	return out
}

// full is a merge request by itself.
func (f *Fake) full(c *call, mr *mergeRequest) map[string]any {
	out := f.basic(mr)
	out["user"] = map[string]any{"can_merge": level(c.role) >= 30}
	return out
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (f *Fake) createMR(c *call) (int, any) {
	c.required("title", "source_branch", "target_branch")
	source, target := c.str("source_branch"), c.str("target_branch")
	if source == target {
		refuse(422, "You can't use same project/branch for source and target")
	}
	for _, mr := range f.mrs {
		if mr.state == opened && mr.source == source && mr.target == target && !mr.foreign() {
			panic(refusal{409, map[string]any{"message": []string{fmt.Sprintf("Another open merge request already exists for this source branch: !%d", mr.iid)}}})
		}
	}
	f.valid(c)
	mr := f.newMR(c.user, source, target, f.known[source])
	f.apply(c, mr)
	c.wrote = true
	return 201, f.full(c, mr)
}

func (f *Fake) updateMR(c *call) (int, any) {
	mr := f.mr(c)
	if len(c.body) == 0 {
		panic(refusal{400, map[string]any{"error": "assignee_id, assignee_ids, reviewer_ids, description, labels, state_event, target_branch, title are missing, at least one parameter must be provided"}})
	}
	f.valid(c)
	if !f.event(c, mr) {
		return 200, f.full(c, mr)
	}
	f.apply(c, mr)
	mr.updated = f.Host.Now()
	c.wrote = true
	return 200, f.full(c, mr)
}

// event changes the state; a change that cannot be is not made and not refused.
func (f *Fake) event(c *call, mr *mergeRequest) bool {
	switch event := c.str("state_event"); {
	case event == "":
		return true
	case event == "close" && mr.state == opened:
		mr.close(c.user, f.Host.Now())
	case event == "reopen" && mr.state == closed:
		if f.known[mr.source] == "" {
			return false
		}
		mr.state, mr.ended, mr.endedBy, mr.unchecked = opened, time.Time{}, "", true
		if now := f.known[mr.source]; now != mr.sha {
			f.newHead(mr, now, c.user, f.Host.Now())
		}
	case event == "close", event == "reopen":
		return false
	default:
		panic(refusal{400, map[string]any{"error": "state_event does not have a valid value"}})
	}
	return true
}

// draft is what makes a title that of a draft.
var draft = regexp.MustCompile(`(?i)^(?:\[draft\]|\(draft\)|draft:)`)

// valid refuses texts as GitLab's validations do.
func (f *Fake) valid(c *call) {
	for name, limit := range map[string]int{"title": 255, "description": 1 << 20} {
		if utf8.RuneCountInString(c.str(name)) > limit {
			panic(refusal{400, map[string]any{"message": map[string]any{name: []string{fmt.Sprintf("is too long (maximum is %d characters)", limit)}}}})
		}
	}
	if c.has("title") && strings.TrimSpace(c.str("title")) == "" {
		panic(refusal{400, map[string]any{"error": "title is empty"}})
	}
}

// apply takes over what a call says of a merge request.
func (f *Fake) apply(c *call, mr *mergeRequest) {
	if c.has("title") {
		mr.title = strings.TrimSpace(c.str("title"))
	}
	if c.has("labels") {
		mr.labels = nil
		for l := range strings.SplitSeq(c.str("labels"), ",") {
			if l = strings.TrimSpace(l); l != "" && utf8.RuneCountInString(l) <= 255 && !slices.Contains(mr.labels, l) {
				mr.labels = append(mr.labels, l)
			}
		}
	}
	if c.has("reviewer_ids") {
		f.askReviewers(c, mr)
	}
	if c.has("assignee_ids") {
		mr.assignees = f.people(c.ints("assignee_ids"))
	}
	if c.has("description") {
		mr.description, _ = f.act(c.user, mr, c.str("description"))
	}
}

// people are those behind numbers who may see the project; others are passed over.
func (f *Fake) people(ids []int) []string {
	var out []string
	for _, id := range ids {
		if n, ok := f.nameOf(id); ok && f.Host.Role(n) > 0 && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	if f.OneReviewer && len(out) > 1 {
		out = out[:1]
	}
	return out
}

func (f *Fake) askReviewers(c *call, mr *mergeRequest) {
	var asked []*reviewer
	for _, n := range f.people(c.ints("reviewer_ids")) {
		r := mr.reviewer(n)
		if r == nil {
			r = &reviewer{n, "unreviewed", f.Host.Now()}
		}
		asked = append(asked, r)
	}
	mr.asked = asked
}

func (f *Fake) versions(c *call) (int, any) {
	newest := slices.Clone(f.mr(c).diffs)
	slices.Reverse(newest)
	return paged(c, newest, func(v version) any {
		return map[string]any{"id": v.id, "head_commit_sha": v.head, "created_at": stamp(v.at), "state": "collected"}
	})
}

func (f *Fake) reviewers(c *call) (int, any) {
	out := []any{}
	for _, r := range f.mr(c).asked {
		out = append(out, map[string]any{"user": f.person(r.name), "state": r.state, "created_at": stamp(r.since)})
	}
	return 200, out
}
