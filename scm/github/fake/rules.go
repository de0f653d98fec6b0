package fake

import (
	"strconv"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// Rule is what a branch asks for before something is merged into it.
type Rule struct {
	Statuses  []string
	Approvals int
	Resets    bool // approvals are dismissed when the head moves
	Strict    bool // the head must hold the newest base
	Signed    bool
	Linear    bool
	Queue     bool // rulesets alone
}

// Protection of a branch in the older way, told to administrators.
type Protection struct {
	Rule
	EnforceAdmins bool
}

// Ruleset is the newer way, told to every reader.
type Ruleset struct {
	Rule
	Branch string
	Bypass string // always, pull_requests_only or never
	id     int64
}

// Protect sets the protection of a branch.
func (f *Fake) Protect(branch string, p Protection) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.protected[branch] = &p
}

// AddRuleset adds one.
func (f *Fake) AddRuleset(r Ruleset) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r.id = f.id()
	f.rulesets = append(f.rulesets, &r)
}

// rulesOf gives all that holds for a branch.
func (f *Fake) rulesOf(branch string) []Rule {
	var out []Rule
	if p := f.protected[branch]; p != nil {
		out = append(out, p.Rule)
	}
	for _, r := range f.rulesets {
		if r.Branch == branch {
			out = append(out, r.Rule)
		}
	}
	return out
}

func (f *Fake) queueOf(branch string) bool {
	for _, r := range f.rulesOf(branch) {
		if r.Queue {
			return true
		}
	}
	return false
}

func (f *Fake) branchRules(c *call) (reply, error) {
	if f.Old {
		return reply{}, notFound()
	}
	out := []any{}
	for _, r := range f.rulesets {
		if r.Branch != c.PathValue("branch") {
			continue
		}
		add := func(kind string, parameters object) {
			one := object{"type": kind, "ruleset_source_type": "Repository", "ruleset_source": Path, "ruleset_id": r.id}
			if parameters != nil {
				one["parameters"] = parameters
			}
			out = append(out, one)
		}
		if r.Approvals > 0 || r.Resets {
			add("pull_request", object{"required_approving_review_count": r.Approvals, "dismiss_stale_reviews_on_push": r.Resets, "require_code_owner_review": false,
				"require_last_push_approval": false, "required_review_thread_resolution": false, "allowed_merge_methods": []any{"merge", "squash"}})
		}
		if len(r.Statuses) > 0 {
			checks := []any{}
			for _, s := range r.Statuses {
				checks = append(checks, object{"context": s})
			}
			add("required_status_checks", object{"required_status_checks": checks, "strict_required_status_checks_policy": r.Strict})
		}
		if r.Signed {
			add("required_signatures", nil)
		}
		if r.Linear {
			add("required_linear_history", nil)
		}
		if r.Queue {
			add("merge_queue", object{"check_response_timeout_minutes": 60, "grouping_strategy": "ALLGREEN", "max_entries_to_build": 5, "max_entries_to_merge": 5, "merge_method": "MERGE",
				"min_entries_to_merge": 1, "min_entries_to_merge_wait_minutes": 5})
		}
	}
	return reply{200, out}, nil
}

func (f *Fake) getRuleset(c *call) (reply, error) {
	for _, r := range f.rulesets {
		if strconv.FormatInt(r.id, 10) == c.PathValue("id") {
			return reply{200, object{"id": r.id, "name": "rules", "target": "branch", "source_type": "Repository", "source": Path, "enforcement": "active", "current_user_can_bypass": r.Bypass}}, nil
		}
	}
	return reply{}, notFound()
}

func checks(contexts []string) []any {
	out := []any{}
	for _, s := range contexts {
		out = append(out, object{"context": s, "app_id": nil})
	}
	return out
}

func anys(all []string) []any {
	out := []any{}
	for _, s := range all {
		out = append(out, s)
	}
	return out
}

func (f *Fake) getProtection(c *call) (reply, error) {
	branch := c.PathValue("branch")
	p := f.protected[branch]
	switch {
	case c.role < hosttest.Admin && isBot(c.who):
		return reply{}, &refused{code: 403, message: "Resource not accessible by integration"}
	case c.role < hosttest.Admin:
		return reply{}, notFound()
	case p == nil:
		return reply{}, &refused{code: 404, message: "Branch not protected"}
	}
	base := f.URL() + "/repos/" + Path + "/branches/" + branch + "/protection"
	on := func(is bool) object { return object{"enabled": is} }
	out := object{"url": base, "enforce_admins": object{"url": base, "enabled": p.EnforceAdmins}, "required_linear_history": on(p.Linear), "allow_force_pushes": on(false),
		"allow_deletions": on(false), "required_signatures": object{"url": base, "enabled": p.Signed}}
	if len(p.Statuses) > 0 {
		out["required_status_checks"] = object{"url": base, "strict": p.Strict, "contexts": anys(p.Statuses), "contexts_url": base, "checks": checks(p.Statuses)}
	}
	if p.Approvals > 0 {
		out["required_pull_request_reviews"] = object{"url": base, "dismiss_stale_reviews": p.Resets, "require_code_owner_reviews": false, "required_approving_review_count": p.Approvals}
	}
	return reply{200, out}, nil
}

func (f *Fake) getBranch(c *call) (reply, error) {
	name := c.PathValue("branch")
	sha, ok := f.Repo.Head(name)
	if !ok {
		return reply{}, &refused{code: 404, message: "Branch not found"}
	}
	base := f.URL() + "/repos/" + Path + "/branches/" + name
	protection := object{"enabled": false, "required_status_checks": object{"enforcement_level": "off", "contexts": []any{}, "checks": []any{}}}
	if p := f.protected[name]; p != nil {
		protection = object{"enabled": true, "required_status_checks": object{"enforcement_level": "non_admins", "contexts": anys(p.Statuses), "checks": checks(p.Statuses)}}
	}
	who := object{"name": "ada", "email": "ada@example.com", "date": "2026-05-04T10:00:00Z"}
	commit := with(object{"sha": sha, "node_id": node("C", sha), "author": nil, "committer": nil, "parents": []any{},
		"commit": object{"author": who, "committer": who, "message": "x", "tree": object{"sha": sha, "url": base}, "url": base, "comment_count": 0}}, base, "url html_url comments_url")
	return reply{200, object{"name": name, "commit": commit, "_links": object{"html": base, "self": base}, "protected": len(f.rulesOf(name)) > 0, "protection": protection, "protection_url": base}}, nil
}
