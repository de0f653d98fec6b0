package fake

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

type status struct {
	id                             int64
	context, state, text, url, who string
	time                           time.Time
}

// maxStatuses is the wall: so many for a commit and context, for ever.
const maxStatuses = 1000

func isCommit(sha string) bool {
	return len(sha) == 40 && strings.Trim(sha, "0123456789abcdef") == ""
}

// FillStatuses brings a commit and context to one short of the wall.
func (f *Fake) FillStatuses(sha, context string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.statuses[sha]) < maxStatuses-1 {
		f.statuses[sha] = append(f.statuses[sha], &status{f.id(), context, "pending", strconv.Itoa(len(f.statuses[sha])), "", Bot, f.Host.Now()})
	}
}

// statusOf gives the newest state of a context; "" for none.
func (f *Fake) statusOf(sha, context string) string {
	for _, s := range slices.Backward(f.statuses[sha]) {
		if s.context == context {
			return s.state
		}
	}
	return ""
}

func (f *Fake) listStatuses(c *call) (reply, error) {
	sha := c.PathValue("sha")
	if at, ok := f.Repo.Head(sha); ok {
		sha = at // any ref will do
	}
	out := []any{}
	for _, s := range slices.Backward(f.statuses[sha]) {
		out = append(out, f.status(sha, s))
	}
	return reply{200, out}, nil
}

func (f *Fake) status(sha string, s *status) object {
	u := f.user(s.who)
	return object{"id": s.id, "node_id": node("SC", s.id), "context": s.context, "state": s.state, "description": orNull(s.text), "target_url": orNull(s.url),
		"creator": u, "created_at": stamp(s.time), "updated_at": stamp(s.time), "url": f.URL() + "/repos/" + Path + "/statuses/" + sha, "avatar_url": u["avatar_url"]}
}

func (f *Fake) createStatus(c *call) (reply, error) {
	sha := c.PathValue("sha")
	s := &status{f.id(), c.text("context"), c.text("state"), c.text("description"), c.text("target_url"), c.who, f.Host.Now()}
	if s.context == "" {
		s.context = "default"
	}
	count := 0
	for _, other := range f.statuses[sha] {
		if other.context == s.context {
			count++
		}
	}
	switch {
	case !isCommit(sha) || !f.Repo.Has(sha):
		return reply{}, &refused{code: 422, message: "No commit found for SHA: " + sha}
	case !slices.Contains([]string{"error", "failure", "pending", "success"}, s.state):
		return reply{}, &refused{422, "Validation Failed", []any{object{"resource": "Status", "field": "state", "code": "invalid"}}}
	case utf8.RuneCountInString(s.text) > 140:
		return reply{}, &refused{422, "Validation Failed", []any{object{"resource": "Status", "code": "custom", "field": "description", "message": "description is too long (maximum is 140 characters)"}}}
	case len(s.context) > 255:
		return reply{}, &refused{422, "Validation Failed", []any{object{"resource": "Status", "code": "custom", "field": "context", "message": "context is too long (maximum is 255 characters)"}}}
	case s.url != "" && !strings.HasPrefix(s.url, "http://") && !strings.HasPrefix(s.url, "https://"):
		return reply{}, &refused{422, "Validation Failed", []any{object{"resource": "Status", "code": "custom", "field": "target_url", "message": "target_url must use http(s) scheme"}}}
	case count >= maxStatuses:
		return reply{}, &refused{422, "Validation Failed", []any{object{"resource": "Status", "code": "custom", "message": "This SHA and context has reached the maximum number of statuses."}}}
	}
	f.statuses[sha] = append(f.statuses[sha], s)
	f.writes++
	out := f.status(sha, s)
	f.merges()
	return reply{201, out}, nil
}

type deployment struct {
	id          int64
	sha, task   string
	environment string
	production  bool
	who         string
	time        time.Time
	statuses    []*status
}

func (f *Fake) deployment(d *deployment) object {
	base := f.URL() + "/repos/" + Path + "/deployments/" + strconv.FormatInt(d.id, 10)
	return with(object{"id": d.id, "node_id": node("DE", d.id), "sha": d.sha, "ref": d.sha, "task": d.task, "payload": object{}, "environment": d.environment,
		"original_environment": d.environment, "description": nil, "creator": f.user(d.who), "created_at": stamp(d.time), "updated_at": stamp(d.time),
		"transient_environment": false, "production_environment": d.production}, base, "url statuses_url repository_url")
}

func (f *Fake) listDeployments(c *call) (reply, error) {
	q := c.URL.Query()
	out := []any{}
	for _, d := range slices.Backward(f.deployments) {
		if (q.Get("sha") == "" || q.Get("sha") == d.sha) && (q.Get("environment") == "" || q.Get("environment") == d.environment) {
			out = append(out, f.deployment(d))
		}
	}
	return reply{200, out}, nil
}

func (f *Fake) createDeployment(c *call) (reply, error) {
	sha, environment := c.text("ref"), c.text("environment")
	if !f.Repo.Has(sha) {
		return reply{}, &refused{code: 422, message: "No ref found for: " + sha}
	}
	production, _ := c.body["production_environment"].(bool)
	d := &deployment{f.id(), sha, c.text("task"), environment, production, c.who, f.Host.Now(), nil}
	f.deployments = append(f.deployments, d)
	f.writes++
	return reply{201, f.deployment(d)}, nil
}

func (f *Fake) theDeployment(c *call) (*deployment, error) {
	for _, d := range f.deployments {
		if strconv.FormatInt(d.id, 10) == c.PathValue("id") {
			return d, nil
		}
	}
	return nil, notFound()
}

func (f *Fake) deploymentStatus(d *deployment, s *status) object {
	base := f.URL() + "/repos/" + Path + "/deployments/" + strconv.FormatInt(d.id, 10)
	return with(object{"id": s.id, "node_id": node("DES", s.id), "state": s.state, "creator": f.user(s.who), "description": s.text, "environment": d.environment,
		"target_url": s.url, "log_url": s.url, "environment_url": "", "created_at": stamp(s.time), "updated_at": stamp(s.time)}, base, "url deployment_url repository_url")
}

func (f *Fake) listDeploymentStatuses(c *call) (reply, error) {
	d, err := f.theDeployment(c)
	if err != nil {
		return reply{}, err
	}
	out := []any{}
	for _, s := range slices.Backward(d.statuses) {
		out = append(out, f.deploymentStatus(d, s))
	}
	return reply{200, out}, nil
}

func (f *Fake) createDeploymentStatus(c *call) (reply, error) {
	d, err := f.theDeployment(c)
	if err != nil {
		return reply{}, err
	}
	s := &status{f.id(), "", c.text("state"), c.text("description"), c.text("log_url"), c.who, f.Host.Now()}
	switch {
	case !slices.Contains([]string{"error", "failure", "inactive", "in_progress", "queued", "pending", "success"}, s.state):
		return reply{}, invalid("DeploymentStatus", "state", "invalid")
	case utf8.RuneCountInString(s.text) > 140:
		return reply{}, custom("DeploymentStatus", "description is too long (maximum is 140 characters)")
	}
	d.statuses = append(d.statuses, s)
	f.writes++
	return reply{201, f.deploymentStatus(d, s)}, nil
}
