package fake

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

type note struct {
	id               int
	author, body     string
	system           bool
	created, updated time.Time
}

func (mr *mergeRequest) say(f *Fake, author, body string, system bool) *note {
	now := f.Host.Now()
	n := &note{id: f.Host.Serial(), author: author, body: body, system: system, created: now, updated: now}
	mr.talk = append(mr.talk, n)
	return n
}

func (f *Fake) note(n *note) any {
	return map[string]any{"id": n.id, "type": nil, "body": n.body, "author": f.person(n.author), "system": n.system, "created_at": stamp(n.created),
		"updated_at": stamp(n.updated), "project_id": 1, "resolvable": false, "confidential": false, "internal": false}
}

func (f *Fake) listNotes(c *call) (int, any) {
	talk := slices.Clone(f.mr(c).talk)
	if c.str("sort") != "asc" {
		slices.Reverse(talk)
	}
	return paged(c, talk, f.note)
}

// words refuses what cannot be a note.
func words(c *call) string {
	c.required("body")
	body := c.str("body")
	if strings.TrimSpace(body) == "" {
		panic(refusal{400, map[string]any{"message": map[string]any{"note": []string{"can't be blank"}}}})
	}
	if utf8.RuneCountInString(body) > 1_000_000 {
		panic(refusal{400, map[string]any{"message": map[string]any{"note": []string{"is too long (maximum is 1000000 characters)"}}}})
	}
	return body
}

func (f *Fake) createNote(c *call) (int, any) {
	mr := f.mr(c)
	text, acted := f.act(c.user, mr, words(c))
	c.wrote = true
	if acted && strings.TrimSpace(text) == "" {
		return 202, map[string]any{"commands_changes": map[string]any{}, "summary": []string{"Applied."}}
	}
	return 201, f.note(mr.say(f, c.user, text, false))
}

func (f *Fake) ownNote(c *call) (*mergeRequest, int) {
	mr := f.mr(c)
	i := slices.IndexFunc(mr.talk, func(n *note) bool { return itoa(n.id) == c.PathValue("note") })
	if i < 0 {
		notFound("Note")
	}
	if mr.talk[i].author != c.user || mr.talk[i].system {
		refuse(403, "403 Forbidden")
	}
	return mr, i
}

func (f *Fake) updateNote(c *call) (int, any) {
	mr, i := f.ownNote(c)
	n := mr.talk[i]
	n.body, _ = f.act(c.user, mr, words(c))
	n.updated = f.Host.Now()
	c.wrote = true
	return 200, f.note(n)
}

func (f *Fake) deleteNote(c *call) (int, any) {
	mr, i := f.ownNote(c)
	mr.talk = slices.Delete(mr.talk, i, i+1)
	c.wrote = true
	return 204, nil
}

// Comments gives what people said about a merge request, oldest first.
func (f *Fake) Comments(number int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, n := range f.mrs[number-1].talk {
		if !n.system {
			out = append(out, n.body)
		}
	}
	return out
}

func (f *Fake) approvals(c *call) (int, any) {
	mr := f.mr(c)
	by := []any{}
	for _, n := range slices.Sorted(maps.Keys(mr.approved)) {
		a := map[string]any{"user": f.person(n)}
		if !f.NoApprovedAt {
			a["approved_at"] = stamp(mr.approved[n])
		}
		by = append(by, a)
	}
	_, has := mr.approved[c.user]
	return 200, map[string]any{"approved": len(mr.approved) >= f.approvalsFor(mr.target), "approved_by": by, "user_has_approved": has, "user_can_approve": !has}
}

func (f *Fake) approve(c *call) (int, any) {
	mr := f.mr(c)
	if sha := c.str("sha"); sha != "" && sha != mr.sha {
		refuse(409, "SHA does not match HEAD of source branch: %s", mr.sha)
	}
	// GitLab answers those who may not, and those who did already, with the code of a wrong password.
	if _, has := mr.approved[c.user]; has || mr.state != opened || level(c.role) < 30 || f.Premium && mr.author == c.user {
		refuse(401, "401 Unauthorized")
	}
	mr.approved[c.user] = f.Host.Now()
	if r := mr.reviewer(c.user); r != nil {
		r.state = "approved"
	}
	mr.say(f, c.user, "approved this merge request", true)
	f.ripe()
	c.wrote = true
	_, out := f.approvals(c)
	return 201, out
}

func (f *Fake) unapprove(c *call) (int, any) {
	mr := f.mr(c)
	if _, has := mr.approved[c.user]; !has {
		notFound("Approval")
	}
	delete(mr.approved, c.user)
	mr.say(f, c.user, "unapproved this merge request", true)
	c.wrote = true
	_, out := f.approvals(c)
	return 201, out
}

func (f *Fake) resetApprovals(c *call) (int, any) {
	mr := f.mr(c)
	if !strings.Contains(c.user, "_bot_") || mr.state == merged {
		refuse(401, "401 Unauthorized")
	}
	mr.approved = map[string]time.Time{}
	c.wrote = true
	return 202, nil
}

// String says what a merge request is, for a test that failed.
func (mr *mergeRequest) String() string {
	return fmt.Sprintf("!%d %s %s -> %s at %s", mr.iid, mr.state, mr.source, mr.target, mr.sha)
}
