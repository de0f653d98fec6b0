package fake

import (
	"net/http"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// routes are the calls that GitLab has and this fake knows; everything else is GitLab's 404 for no such route.
func (f *Fake) routes() http.Handler {
	mux := http.NewServeMux()
	none, read, write := hosttest.None, hosttest.Read, hosttest.Write
	for _, r := range []struct {
		pattern string
		need    hosttest.Role
		answer  func(*call) (int, any)
	}{
		{"GET /user", none, func(c *call) (int, any) { return 200, f.person(c.user) }},
		{"GET /job", none, func(c *call) (int, any) {
			return 200, map[string]any{"id": 1, "status": "running", "user": f.person(c.user)}
		}},
		{"GET /users", none, f.findUsers},
		{"GET /personal_access_tokens/self", none, f.token},
		{"GET /groups/{group}/members/all", none, f.groupMembers},
		{"GET /projects/{project}", read, f.project},
		{"GET /projects/{project}/members/all", read, f.members},
		{"GET /projects/{project}/approvals", read, f.approvalSettings},
		{"GET /projects/{project}/approval_rules", read, f.approvalRules},
		{"GET /projects/{project}/push_rule", read, f.pushRule},
		{"GET /projects/{project}/repository/branches/{branch}", read, f.branch},
		{"GET /projects/{project}/repository/commits", read, f.commits},
		{"GET /projects/{project}/repository/commits/{sha}/refs", read, f.refs},
		{"GET /projects/{project}/repository/commits/{sha}/statuses", read, f.listStatuses},
		{"POST /projects/{project}/statuses/{sha}", write, f.postStatus},
		{"GET /projects/{project}/deployments", read, f.listDeployments},
		{"POST /projects/{project}/deployments", write, f.createDeployment},
		{"PUT /projects/{project}/deployments/{id}", write, f.updateDeployment},
		{"GET /projects/{project}/merge_requests", read, f.listMRs},
		{"POST /projects/{project}/merge_requests", write, f.createMR},
		{"GET /projects/{project}/merge_requests/{iid}", read, f.getMR},
		{"PUT /projects/{project}/merge_requests/{iid}", write, f.updateMR},
		{"PUT /projects/{project}/merge_requests/{iid}/merge", read, f.acceptMR},
		{"POST /projects/{project}/merge_requests/{iid}/cancel_merge_when_pipeline_succeeds", write, f.cancelAutoMerge},
		{"POST /projects/{project}/merge_trains/merge_requests/{iid}", write, f.boardTrain},
		{"GET /projects/{project}/merge_requests/{iid}/versions", read, f.versions},
		{"GET /projects/{project}/merge_requests/{iid}/reviewers", read, f.reviewers},
		{"GET /projects/{project}/merge_requests/{iid}/approvals", read, f.approvals},
		{"POST /projects/{project}/merge_requests/{iid}/approve", read, f.approve},
		{"POST /projects/{project}/merge_requests/{iid}/unapprove", read, f.unapprove},
		{"PUT /projects/{project}/merge_requests/{iid}/reset_approvals", read, f.resetApprovals},
		{"GET /projects/{project}/merge_requests/{iid}/notes", read, f.listNotes},
		{"POST /projects/{project}/merge_requests/{iid}/notes", read, f.createNote},
		{"PUT /projects/{project}/merge_requests/{iid}/notes/{note}", read, f.updateNote},
		{"DELETE /projects/{project}/merge_requests/{iid}/notes/{note}", read, f.deleteNote},
	} {
		method, path, _ := strings.Cut(r.pattern, " ")
		mux.Handle(method+" /api/v4"+path, f.handle(r.need, r.answer))
	}
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(404)
		_, _ = w.Write([]byte(`{"error":"404 Not Found"}`))
	})
	return mux
}

func (f *Fake) findUsers(c *call) (int, any) {
	var found []string
	for _, n := range []string{Bot, Person, Reader} {
		if strings.EqualFold(n, c.str("username")) {
			found = append(found, n)
		}
	}
	for n := range f.ids {
		if strings.EqualFold(n, c.str("username")) && !slices.Contains(found, n) {
			found = append(found, n)
		}
	}
	return paged(c, found, f.person)
}

func (f *Fake) token(c *call) (int, any) {
	scopes := []string{"api"}
	if c.role < hosttest.Write {
		scopes = []string{"read_api"}
	}
	return 200, map[string]any{"id": 1, "name": "ferry", "revoked": false, "active": true, "scopes": scopes, "user_id": f.id(c.user), "expires_at": "2027-05-04"}
}

// level is a role in GitLab's numbers. https://docs.gitlab.com/api/access_requests/#valid-access-levels
func level(r hosttest.Role) int {
	return map[hosttest.Role]int{hosttest.Read: 20, hosttest.Write: 30, hosttest.Admin: 40}[r]
}

func (f *Fake) project(c *call) (int, any) {
	return 200, map[string]any{
		"id": 1, "path_with_namespace": Path, "default_branch": "main", "merge_method": f.MergeMethod, "squash_option": f.SquashOption,
		"only_allow_merge_if_pipeline_succeeds": f.PipelineMust, "merge_trains_enabled": f.Trains, "archived": false,
		"permissions": map[string]any{"project_access": map[string]any{"access_level": level(c.role), "notification_level": 3}, "group_access": nil},
	}
}

func (f *Fake) members(c *call) (int, any) {
	var all []string
	for _, n := range []string{Bot, Person, Reader} {
		f.id(n)
	}
	for n := range f.ids {
		if asked := c.URL.Query()["user_ids[]"]; f.Host.Role(n) > hosttest.None && (len(asked) == 0 || slices.Contains(asked, itoa(f.ids[n]))) {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return paged(c, all, func(n string) any {
		m, _ := f.person(n).(map[string]any)
		m["access_level"] = level(f.Host.Role(n))
		return m
	})
}

func (f *Fake) groupMembers(c *call) (int, any) {
	if c.PathValue("group") != Group {
		notFound("Group")
	}
	return paged(c, []string{Person}, f.person)
}

func (f *Fake) premium() {
	if !f.Premium {
		panic(refusal{404, map[string]any{"error": "404 Not Found"}})
	}
}

func (f *Fake) approvalSettings(*call) (int, any) {
	f.premium()
	return 200, map[string]any{"reset_approvals_on_push": f.ResetOnPush, "merge_requests_author_approval": false, "approvals_before_merge": 0}
}

func (f *Fake) approvalRules(c *call) (int, any) {
	f.premium()
	return paged(c, f.rules, func(r approvalRule) any {
		branches := []any{}
		if r.branch != "" {
			branches = append(branches, map[string]any{"id": 1, "name": r.branch})
		}
		return map[string]any{"id": 1, "name": "Reviews", "rule_type": "regular", "approvals_required": r.count, "protected_branches": branches,
			"applies_to_all_protected_branches": false}
	})
}

func (f *Fake) pushRule(*call) (int, any) {
	f.premium()
	return 200, map[string]any{"id": 1, "project_id": 1, "reject_unsigned_commits": f.RejectUnsig}
}

func (f *Fake) branch(c *call) (int, any) {
	name := c.PathValue("branch")
	sha, ok := f.Repo.Head(name)
	if !ok {
		notFound("Branch")
	}
	return 200, map[string]any{"name": name, "protected": f.protected(name), "default": name == "main", "commit": map[string]any{"id": sha},
		"can_push": c.role >= hosttest.Admin || c.role >= hosttest.Write && !f.protected(name), "developers_can_push": false, "developers_can_merge": true}
}

// commits lists those of a range of full names of branches; the driver asks for nothing else.
func (f *Fake) commits(c *call) (int, any) {
	from, to, ok := strings.Cut(c.str("ref_name"), "..")
	base, baseOK := f.Repo.Head(strings.TrimPrefix(from, "refs/heads/"))
	head, headOK := f.Repo.Head(strings.TrimPrefix(to, "refs/heads/"))
	if !ok || !baseOK || !headOK || !strings.HasPrefix(from, "refs/heads/") || !strings.HasPrefix(to, "refs/heads/") {
		notFound("Tree")
	}
	return paged(c, f.Repo.Log(base, head), func(sha string) any { return map[string]any{"id": sha, "short_id": sha[:8]} })
}

func (f *Fake) refs(c *call) (int, any) {
	sha := c.PathValue("sha")
	if !f.Repo.Has(sha) {
		notFound("Commit")
	}
	return paged(c, f.branchesWith(sha), func(b string) any { return map[string]any{"type": "branch", "name": b} })
}

// branchesWith names the branches that hold a commit, sorted.
func (f *Fake) branchesWith(sha string) []string {
	var out []string
	for b, head := range f.Repo.Branches() {
		if f.Repo.Contains(head, sha) {
			out = append(out, b)
		}
	}
	slices.Sort(out)
	return out
}
