package fake

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// object is a thing as REST gives it.
type object = map[string]any

// node makes the opaque id of GraphQL.
func node(kind string, id any) string {
	return kind + "_" + base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprint(id)))
}

// with adds the many URLs that GitHub gives beside each thing.
func with(o object, base, names string) object {
	for name := range strings.FieldsSeq(names) {
		o[name] = base + "/" + strings.TrimSuffix(strings.TrimSuffix(name, "_url"), "url")
	}
	return o
}

func isBot(login string) bool { return strings.HasSuffix(login, "[bot]") }

// user as REST gives one: bots keep their suffix.
func (f *Fake) user(login string) object {
	kind := "User"
	if isBot(login) {
		kind = "Bot"
	}
	id := int64(crc32.ChecksumIEEE([]byte(login)))
	return with(object{"login": login, "id": id, "node_id": node("U", login), "gravatar_id": "", "type": kind, "site_admin": false},
		f.URL()+"/users/"+login, "avatar_url events_url followers_url following_url gists_url html_url organizations_url received_events_url repos_url starred_url subscriptions_url url")
}

func (f *Fake) users(logins []string) []any {
	out := []any{}
	for _, l := range logins {
		out = append(out, f.user(l))
	}
	return out
}

func (f *Fake) repository(path string) object {
	owner, name, _ := strings.Cut(path, "/")
	o := object{"id": int64(crc32.ChecksumIEEE([]byte(path))), "node_id": node("R", path), "name": name, "full_name": path, "owner": f.user(owner), "private": true,
		"description": nil, "fork": path != Path, "homepage": nil, "language": nil, "forks": 0, "forks_count": 0, "stargazers_count": 0, "watchers": 0,
		"watchers_count": 0, "size": 1, "default_branch": "main", "open_issues": 0, "open_issues_count": 0, "has_issues": true, "has_projects": false,
		"has_wiki": false, "has_pages": false, "has_downloads": true, "has_discussions": false, "archived": false, "disabled": false, "mirror_url": nil, "license": nil,
		"pushed_at": "2026-05-04T10:00:00Z", "created_at": "2026-05-04T10:00:00Z", "updated_at": "2026-05-04T10:00:00Z", "network_count": 0, "subscribers_count": 0}
	return with(o, f.URL()+"/repos/"+path, "archive_url assignees_url blobs_url branches_url collaborators_url comments_url commits_url compare_url contents_url contributors_url "+
		"deployments_url downloads_url events_url forks_url git_commits_url git_refs_url git_tags_url hooks_url html_url issue_comment_url issue_events_url issues_url keys_url labels_url "+
		"languages_url merges_url milestones_url notifications_url pulls_url releases_url stargazers_url statuses_url subscribers_url subscription_url tags_url teams_url trees_url url clone_url git_url ssh_url svn_url")
}

func (f *Fake) fullRepository(c *call) object {
	o := f.repository(Path)
	o["permissions"] = object{"admin": c.role >= hosttest.Admin, "maintain": c.role >= hosttest.Admin, "push": c.role >= hosttest.Write, "triage": c.role >= hosttest.Write, "pull": true}
	if c.role >= hosttest.Write {
		o["allow_merge_commit"], o["allow_squash_merge"], o["allow_rebase_merge"] = f.Methods["merge"], f.Methods["squash"], f.Methods["rebase"]
		o["allow_auto_merge"] = true
	}
	return o
}

func (f *Fake) label(name string) object {
	return with(object{"id": int64(crc32.ChecksumIEEE([]byte(name))), "node_id": node("LA", name), "name": name, "description": "", "color": "ededed", "default": false},
		f.URL()+"/repos/"+Path+"/labels", "url")
}

func (f *Fake) labels(names []string) []any {
	out := []any{}
	for _, n := range names {
		out = append(out, f.label(n))
	}
	return out
}

func (f *Fake) team(slug string) object {
	return with(object{"id": int64(crc32.ChecksumIEEE([]byte(slug))), "node_id": node("T", slug), "name": slug, "slug": slug, "description": nil, "permission": "push", "type": "organization",
		"parent": nil, "privacy": "closed"}, f.URL()+"/orgs/acme/teams/"+slug, "url members_url html_url repositories_url")
}

func link(url string) object { return object{"href": url} }

// pull as REST gives one of a list; full adds what only one by number has.
func (f *Fake) pull(p *pull, full bool) object {
	base := fmt.Sprintf("%s/repos/%s/pulls/%d", f.URL(), Path, p.number)
	teams := []any{}
	for _, t := range p.teams {
		teams = append(teams, f.team(t))
	}
	owner, _, _ := strings.Cut(p.headRepo, "/")
	o := object{"id": p.id, "node_id": node("PR", p.number), "number": p.number, "state": p.state, "locked": false, "title": p.title, "body": orNull(p.body), "user": f.user(p.author),
		"html_url": fmt.Sprintf("%s/%s/pull/%d", f.URL(), Path, p.number), "labels": f.labels(p.labels), "milestone": nil, "assignee": nil, "assignees": f.users(p.assignees),
		"requested_reviewers": f.users(p.requested), "requested_teams": teams, "created_at": stamp(p.created), "updated_at": stamp(p.created), "closed_at": stamp(p.closed),
		"merged_at": nil, "merge_commit_sha": orNull(p.mergeSHA), "draft": p.draft, "author_association": "COLLABORATOR", "auto_merge": nil, "active_lock_reason": nil,
		"head":   object{"label": owner + ":" + p.head, "ref": p.head, "sha": p.headSHA, "repo": f.repository(p.headRepo), "user": f.user(owner)},
		"base":   object{"label": "acme:" + p.base, "ref": p.base, "sha": f.tip(p.base), "repo": f.repository(Path), "user": f.user("acme")},
		"_links": object{"self": link(base), "html": link(base), "issue": link(base), "comments": link(base), "review_comments": link(base), "review_comment": link(base), "commits": link(base), "statuses": link(base)}}
	if p.merged {
		o["merged_at"] = stamp(p.closed)
	}
	if full {
		for k, v := range (object{"additions": 1, "deletions": 0, "changed_files": 1, "comments": len(p.comments), "commits": 1, "review_comments": 0, "maintainer_can_modify": false,
			"merged": p.merged, "mergeable": nil, "mergeable_state": "unknown", "merged_by": nil, "rebaseable": nil}) {
			o[k] = v
		}
		if p.merged {
			o["merged_by"] = f.user(p.closedBy)
		}
	}
	return with(o, base, "url diff_url patch_url issue_url commits_url comments_url review_comments_url review_comment_url statuses_url")
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// issue is a pull request in its other shape.
func (f *Fake) issue(p *pull) object {
	base := fmt.Sprintf("%s/repos/%s/issues/%d", f.URL(), Path, p.number)
	o := object{"id": p.id, "node_id": node("PR", p.number), "number": p.number, "title": p.title, "body": orNull(p.body), "state": p.state, "locked": false, "user": f.user(p.author),
		"labels": f.labels(p.labels), "assignee": nil, "assignees": f.users(p.assignees), "milestone": nil, "comments": len(p.comments), "created_at": stamp(p.created),
		"updated_at": stamp(p.created), "closed_at": stamp(p.closed), "author_association": "COLLABORATOR"}
	return with(o, base, "url html_url repository_url labels_url comments_url events_url")
}

func (f *Fake) review(p *pull, r *review) object {
	base := fmt.Sprintf("%s/repos/%s/pulls/%d", f.URL(), Path, p.number)
	return object{"id": r.id, "node_id": node("PRR", r.id), "user": f.user(r.author), "body": r.body, "state": r.state, "commit_id": r.sha, "submitted_at": stamp(r.time),
		"html_url": base, "pull_request_url": base, "author_association": "COLLABORATOR", "_links": object{"html": link(base), "pull_request": link(base)}}
}

func (f *Fake) comment(p *pull, c *comment) object {
	base := fmt.Sprintf("%s/repos/%s/issues/comments/%d", f.URL(), Path, c.id)
	return with(object{"id": c.id, "node_id": node("IC", c.id), "body": c.body, "user": f.user(c.author), "created_at": stamp(c.time), "updated_at": stamp(c.time),
		"author_association": "COLLABORATOR", "issue_url": fmt.Sprintf("%s/repos/%s/issues/%d", f.URL(), Path, p.number)}, base, "url html_url")
}

func sorted(all []string) []string {
	all = slices.Clone(all)
	slices.Sort(all)
	return slices.Compact(all)
}
