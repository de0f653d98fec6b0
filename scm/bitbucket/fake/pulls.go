package fake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

var notFound = refuse(http.StatusNotFound, "Pull request not found")

// pull is a pull request.
type pull struct {
	id                       int
	author, branch, base     string
	title, description       string
	state, head, mergeCommit string
	closedBy                 string
	draft, fork              bool
	reviewers                []string
	created, updated         time.Time
	said                     map[string]said
	comments                 []remark
	updates                  []update // oldest first
	settled                  string
}

type update struct {
	head string
	at   time.Time
}

func (p *pull) move(head string, at time.Time) {
	p.head, p.updated = head, at
	p.updates = append(p.updates, update{head, at})
}

func (f *Fake) find(id int) *pull {
	if id < 1 || id > len(f.pulls) {
		return nil
	}
	return f.pulls[id-1]
}

func (f *Fake) add(author, branch, base string) *pull {
	now := f.Now()
	p := &pull{id: len(f.pulls) + 1, author: author, branch: branch, base: base, state: "OPEN", created: now, said: map[string]said{}}
	head, _ := f.repo.Head(branch)
	p.move(head, now)
	f.pulls = append(f.pulls, p)
	return p
}

// settle looks what pushes did to the open ones.
func (f *Fake) settle() {
	for _, p := range f.pulls {
		head, exists := f.repo.Head(p.branch)
		if p.fork {
			head, exists = p.head, true
		}
		base, _ := f.repo.Head(p.base)
		if p.state != "OPEN" || p.settled == head+base {
			continue
		}
		p.settled = head + base
		if exists && head != p.head {
			p.move(head, f.Now())
		}
		pusher, _ := f.pushers.Load(p.base)
		by, _ := pusher.(string)
		switch {
		case f.repo.Contains(base, p.head):
			f.end(p, "MERGED", by)
			p.mergeCommit = f.brought(p.head, base)
		case !exists:
			f.end(p, "DECLINED", by)
		}
	}
}

// brought gives the commit by which a head came into a base.
func (f *Fake) brought(head, base string) string {
	for _, c := range slices.Backward(f.repo.Log(head, base)) {
		if len(f.repo.Parents(c)) > 1 && f.repo.Contains(c, head) {
			return c
		}
	}
	return head
}

func (f *Fake) end(p *pull, state, by string) { p.state, p.closedBy, p.updated = state, by, f.Now() }

// short is a hash as lists show it.
func short(sha string) object {
	if sha == "" {
		return nil
	}
	return object{"type": "commit", "hash": sha[:12]}
}

func (f *Fake) show(p *pull, whole bool) object {
	into := object{"type": "repository", "full_name": Repository, "uuid": "{1}"}
	from := into
	if p.fork {
		from = object{"type": "repository", "full_name": "ada/gitops", "uuid": "{2}"}
	}
	people := []object{}
	for _, name := range p.reviewers {
		people = append(people, user(name))
	}
	out := object{"type": "pullrequest", "id": p.id, "title": p.title, "description": p.description, "state": p.state, "draft": p.draft,
		"author": user(p.author), "reviewers": people, "created_on": p.created, "updated_on": p.updated,
		"source":      object{"branch": object{"name": p.branch}, "commit": short(p.head), "repository": from},
		"destination": object{"branch": object{"name": p.base}, "repository": into},
		"links":       object{"html": object{"href": fmt.Sprintf("https://bitbucket.org/%s/pull-requests/%d", Repository, p.id)}}}
	if p.mergeCommit != "" {
		out["merge_commit"] = short(p.mergeCommit)
	}
	if p.closedBy != "" {
		out["closed_by"] = user(p.closedBy)
	}
	if whole {
		participants := []object{}
		for name, s := range p.said {
			participants = append(participants, object{"user": user(name), "state": s.verdict, "participated_on": s.at, "approved": s.verdict == "approved"})
		}
		out["participants"] = participants
	}
	return out
}

// listPulls knows the queries that the driver makes.
func (f *Fake) listPulls(c *call) (int, any, error) {
	q := c.URL.Query()
	states := q["state"]
	if len(states) == 0 {
		states = []string{"OPEN"}
	}
	var out []object
	for _, p := range slices.Backward(f.pulls) {
		known := []string{fmt.Sprintf("source.branch.name=%q", p.branch), fmt.Sprintf("destination.branch.name=%q", p.base)}
		fits := slices.Contains(states, p.state)
		for condition := range strings.SplitSeq(q.Get("q"), " AND ") {
			fits = fits && (condition == "" || slices.Contains(known, condition))
		}
		if fits {
			out = append(out, f.show(p, false))
		}
	}
	return page(f, c, out)
}

func (f *Fake) getPull(c *call) (int, any, error) {
	if p := f.find(c.number("id")); p != nil {
		return http.StatusOK, f.show(p, true), nil
	}
	return 0, nil, notFound
}

type input struct {
	Title       string
	Description string
	Draft       bool
	Source      *end
	Destination *end
	Reviewers   []struct{ UUID string }
}

type end struct{ Branch struct{ Name string } }

func (f *Fake) createPull(c *call) (int, any, error) {
	in, err := read[input](c)
	switch {
	case err != nil:
		return 0, nil, err
	case in.Source == nil || in.Destination == nil || in.Title == "":
		return 0, nil, refuse(http.StatusBadRequest, "source: this field is required")
	}
	head, exists := f.repo.Head(in.Source.Branch.Name)
	base, into := f.repo.Head(in.Destination.Branch.Name)
	switch {
	case !exists:
		return 0, nil, refuse(http.StatusBadRequest, "source: branch not found")
	case !into:
		return 0, nil, refuse(http.StatusBadRequest, "destination: branch not found")
	case f.repo.Ahead(base, head) == 0:
		return 0, nil, refuse(http.StatusBadRequest, "There are no changes to be pulled")
	}
	for _, p := range f.pulls {
		if p.state == "OPEN" && !p.fork && p.branch == in.Source.Branch.Name && p.base == in.Destination.Branch.Name {
			err := f.edit(p, in) // who asks again edits what is there
			return http.StatusCreated, f.show(p, true), err
		}
	}
	p := f.add(c.user, in.Source.Branch.Name, in.Destination.Branch.Name)
	err = f.edit(p, in)
	p.updated = p.created
	return http.StatusCreated, f.show(p, true), err
}

func (f *Fake) editPull(c *call) (int, any, error) {
	in, err := read[input](c)
	p := f.find(c.number("id"))
	switch {
	case err != nil:
		return 0, nil, err
	case p == nil:
		return 0, nil, notFound
	case p.state != "OPEN":
		return 0, nil, refuse(http.StatusBadRequest, "This pull request is already closed.")
	}
	err = f.edit(p, in)
	return http.StatusOK, f.show(p, true), err
}

// edit replaces what can be edited, the reviewers too.
func (f *Fake) edit(p *pull, in input) error {
	if utf8.RuneCountInString(in.Title) > 255 || utf8.RuneCountInString(in.Description) > 32_768 {
		return refuse(http.StatusBadRequest, "title or description: too long")
	}
	var reviewers []string
	for _, r := range in.Reviewers {
		name, ok := f.named(r.UUID)
		switch {
		case !ok:
			return refuse(http.StatusBadRequest, "reviewers: Malformed reviewers list")
		case name == p.author:
			return refuse(http.StatusBadRequest, "%s is the author and cannot be included as a reviewer.", name)
		}
		reviewers = append(reviewers, name)
	}
	p.title, p.description, p.draft, p.reviewers, p.updated = in.Title, in.Description, in.Draft, reviewers, f.Now()
	return nil
}

type mergeInput struct {
	Type              string `json:"type"`
	Message           string `json:"message"`
	CloseSourceBranch bool   `json:"close_source_branch"`
	Strategy          string `json:"merge_strategy"`
}

var methods = map[string]string{"merge_commit": "merge", "squash": "squash", "rebase_fast_forward": "rebase"}

// mergePull merges whatever the head is.
func (f *Fake) mergePull(c *call) (int, any, error) {
	in, err := read[mergeInput](c)
	p := f.find(c.number("id"))
	switch {
	case err != nil:
		return 0, nil, err
	case p == nil:
		return 0, nil, notFound
	case p.state != "OPEN":
		return 0, nil, refuse(http.StatusBadRequest, "This pull request is already closed.")
	case p.draft:
		return 0, nil, refuse(http.StatusBadRequest, "You can't merge a draft pull request.")
	case methods[in.Strategy] == "":
		return 0, nil, refuse(http.StatusBadRequest, "merge_strategy: not a valid choice")
	}
	n := 0
	for _, s := range p.said {
		if s.verdict == "approved" {
			n++
		}
	}
	if n < f.approvals[p.base] {
		return 0, nil, refuse(http.StatusBadRequest, "Merge checks failed: at least %d approvals", f.approvals[p.base])
	}
	message := in.Message
	if message == "" {
		message = "Merged in " + p.branch
	}
	sha, conflicts, err := f.repo.Merge(p.base, p.head, methods[in.Strategy], message, c.user)
	switch {
	case err != nil:
		return 0, nil, refuse(http.StatusConflict, "%v", err)
	case conflicts != nil:
		return 0, nil, refuse(http.StatusBadRequest, "You can't merge until you resolve all merge conflicts.")
	}
	f.end(p, "MERGED", c.user)
	p.mergeCommit = sha
	return http.StatusOK, f.show(p, true), nil
}

func (f *Fake) declinePull(c *call) (int, any, error) {
	p := f.find(c.number("id"))
	switch {
	case p == nil:
		return 0, nil, notFound
	case p.state != "OPEN":
		return 0, nil, refuse(http.StatusBadRequest, "This pull request is already closed.")
	}
	f.end(p, "DECLINED", c.user)
	return http.StatusOK, f.show(p, true), nil
}

func (f *Fake) diffstat(c *call) (int, any, error) {
	p := f.find(c.number("id"))
	if p == nil {
		return 0, nil, notFound
	}
	base, _ := f.repo.Head(p.base)
	var out []object
	for _, path := range f.repo.Conflicts(base, p.head) {
		out = append(out, object{"type": "diffstat", "status": "merge conflict", "new": object{"path": path}})
	}
	return page(f, c, append(out, object{"type": "diffstat", "status": "modified"}))
}

// activity lists updates and verdicts, newest first.
func (f *Fake) activity(c *call) (int, any, error) {
	p := f.find(c.number("id"))
	if p == nil {
		return 0, nil, notFound
	}
	out := []object{{"approval": object{"user": user(Person)}}}
	for _, u := range slices.Backward(p.updates) {
		out = append(out, object{"update": object{"date": u.at, "source": object{"branch": object{"name": p.branch}, "commit": short(u.head)}}})
	}
	return page(f, c, out)
}
