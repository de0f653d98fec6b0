package fake

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"
)

type status struct {
	id                     int
	sha, ref, name, state  string
	text, url, user        string
	created, started, done time.Time
}

func (s *status) active() bool { return s.state == "pending" || s.state == "running" }

func (f *Fake) status(s *status) any {
	return map[string]any{"id": s.id, "sha": s.sha, "ref": s.ref, "status": s.state, "name": s.name, "target_url": null(s.url), "description": null(s.text),
		"created_at": stamp(s.created), "started_at": stamp(s.started), "finished_at": stamp(s.done), "allow_failure": false, "coverage": nil,
		"pipeline_id": 1, "author": f.person(s.user)}
}

func (f *Fake) listStatuses(c *call) (int, any) {
	sha := c.PathValue("sha")
	if !f.Repo.Has(sha) {
		notFound("Commit")
	}
	var rows []*status
	for _, s := range f.statuses {
		if s.sha == sha && matchesParam(c, "name", s.name) && matchesParam(c, "ref", s.ref) {
			rows = append(rows, s)
		}
	}
	if c.str("all") != "true" {
		slices.Reverse(rows)
		seen := map[string]bool{}
		rows = slices.DeleteFunc(rows, func(s *status) bool { was := seen[s.name]; seen[s.name] = true; return was })
		slices.Reverse(rows)
	}
	return paged(c, rows, f.status)
}

// states that can be posted, and the events by which a status comes to them.
var events = map[string]string{"pending": "enqueue", "running": "run", "success": "success", "failed": "drop", "canceled": "cancel", "skipped": "skip"}

func (f *Fake) postStatus(c *call) (int, any) {
	c.required("state")
	state := c.str("state")
	if events[state] == "" {
		panic(refusal{400, map[string]any{"error": "state does not have a valid value"}})
	}
	if f.Busy > 0 {
		f.Busy--
		refuse(409, "Another update to this commit status is in progress")
	}
	sha := c.PathValue("sha")
	if !f.Repo.Has(sha) {
		notFound("Commit")
	}
	ref := f.refOf(c, sha)
	validStatus(c)
	name := cmp.Or(c.str("name"), c.str("context"), "default")
	row, fresh := f.row(sha, ref, name, c.user)
	if row.state == state {
		if !f.TakesSame {
			refuse(400, `Cannot transition status via :%s from :%s (Reason(s): Status cannot transition via "%s")`, events[state], state, events[state])
		}
		return 201, f.status(row)
	}
	if row.state == "running" && state == "pending" {
		refuse(400, `Cannot transition status via :enqueue from :running (Reason(s): Status cannot transition via "enqueue")`)
	}
	row.turn(c, state, f.Host.Now())
	if fresh {
		f.statuses = append(f.statuses, row)
	}
	f.ripe()
	c.wrote = true
	return 201, f.status(row)
}

// refOf is the branch that a status belongs to.
func (f *Fake) refOf(c *call, sha string) string {
	if ref := c.str("ref"); ref != "" {
		return ref
	}
	for _, s := range f.statuses {
		if s.sha == sha && !f.FirstBranch {
			return s.ref // that of the pipeline
		}
	}
	branches := f.branchesWith(sha)
	if len(branches) == 0 {
		notFound("References for commit")
	}
	return branches[0]
}

func validStatus(c *call) {
	for _, name := range []string{"name", "description", "target_url"} {
		if utf8.RuneCountInString(c.str(name)) > 255 {
			panic(refusal{400, map[string]any{"message": map[string]any{name: []string{"is too long (maximum is 255 characters)"}}}})
		}
	}
	if u, err := url.Parse(c.str("target_url")); c.str("target_url") != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https") {
		panic(refusal{400, map[string]any{"message": map[string]any{"target_url": []string{"is blocked: Only allowed schemes are http, https"}}}})
	}
}

// row is the status of a name that waits for its result, or a new one.
func (f *Fake) row(sha, ref, name, user string) (row *status, fresh bool) {
	for _, s := range f.statuses {
		if s.sha == sha && s.ref == ref && s.name == name && s.user == user && s.active() {
			return s, false
		}
	}
	return &status{id: f.Host.Serial(), sha: sha, ref: ref, name: name, user: user, created: f.Host.Now()}, true
}

func (s *status) turn(c *call, state string, at time.Time) {
	s.state = state
	if c.has("description") {
		s.text = c.str("description")
	}
	if c.has("target_url") {
		s.url = c.str("target_url")
	}
	switch state {
	case "pending":
	case "running":
		s.started = at
	default:
		s.done = at
	}
}

type deployment struct {
	id                   int
	sha, env, ref, state string
	created              time.Time
}

func (f *Fake) deployment(d *deployment) any {
	return map[string]any{"id": d.id, "iid": d.id, "ref": d.ref, "sha": d.sha, "status": d.state, "created_at": stamp(d.created),
		"environment": map[string]any{"id": 1, "name": d.env}}
}

func (f *Fake) listDeployments(c *call) (int, any) {
	var rows []*deployment
	for _, d := range f.deploys {
		if matchesParam(c, "environment", d.env) {
			rows = append(rows, d)
		}
	}
	if c.str("sort") == "desc" {
		slices.Reverse(rows)
	}
	return paged(c, rows, f.deployment)
}

func (f *Fake) createDeployment(c *call) (int, any) {
	c.required("environment", "sha", "ref", "tag", "status")
	if !slices.Contains([]string{"running", "success", "failed", "canceled"}, c.str("status")) {
		panic(refusal{400, map[string]any{"error": "status does not have a valid value"}})
	}
	if !f.Repo.Has(c.str("sha")) {
		refuse(400, "The sha does not exist")
	}
	d := &deployment{id: f.Host.Serial(), sha: c.str("sha"), env: c.str("environment"), ref: c.str("ref"), state: c.str("status"), created: f.Host.Now()}
	f.deploys = append(f.deploys, d)
	c.wrote = true
	return 201, f.deployment(d)
}

func (f *Fake) updateDeployment(c *call) (int, any) {
	for _, d := range f.deploys {
		if itoa(d.id) != c.PathValue("id") {
			continue
		}
		if d.state != "running" && d.state != "created" {
			panic(refusal{400, map[string]any{"message": map[string]any{"status": []string{fmt.Sprintf("cannot transition via \"%s\"", c.str("status"))}}}})
		}
		d.state = c.str("status")
		c.wrote = true
		return 200, f.deployment(d)
	}
	notFound("Deployment")
	return 0, nil
}
