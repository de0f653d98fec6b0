package fake

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

func (f *Fake) requestReviewers(c *call) (reply, error) {
	p, err := f.find(c.number())
	if err != nil {
		return reply{}, err
	}
	people, teams := c.list("reviewers"), c.list("team_reviewers")
	for _, name := range people {
		if name == p.author {
			return reply{}, &refused{code: 422, message: "Review cannot be requested from pull request author."}
		}
		if f.Host.Role(name) == hosttest.None {
			return reply{}, &refused{code: 422, message: "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the " + Path + " repository."}
		}
	}
	for _, name := range teams {
		if _, ok := f.teams[name]; !ok {
			return reply{}, &refused{code: 422, message: "Could not resolve to a node with the global id of '" + name + "'."}
		}
	}
	p.requested, p.teams = sorted(append(p.requested, people...)), sorted(append(p.teams, teams...))
	f.writes++
	return reply{201, f.pull(p, false)}, nil
}

func (f *Fake) replaceLabels(c *call) (reply, error) {
	p, err := f.find(c.number())
	if err != nil {
		return reply{}, err
	}
	names := c.list("labels")
	for _, n := range names {
		if utf8.RuneCountInString(n) > 50 {
			return reply{}, &refused{422, "Validation Failed", []any{object{"resource": "Label", "field": "name", "code": "custom", "message": "name is too long (maximum is 50 characters)"}}}
		}
	}
	p.labels = sorted(names)
	f.writes++
	return reply{200, f.labels(p.labels)}, nil
}

func (f *Fake) removeLabels(c *call) (reply, error) {
	p, err := f.find(c.number())
	if err != nil {
		return reply{}, err
	}
	p.labels = nil
	f.writes++
	return reply{code: 204}, nil
}

// addAssignees leaves out, without a word, who cannot be one.
func (f *Fake) addAssignees(c *call) (reply, error) {
	p, err := f.find(c.number())
	if err != nil {
		return reply{}, err
	}
	for _, name := range c.list("assignees") {
		if f.Host.Role(name) >= hosttest.Read && len(p.assignees) < 10 && !slices.Contains(p.assignees, name) {
			p.assignees = sorted(append(p.assignees, name))
			f.writes++
		}
	}
	return reply{201, f.issue(p)}, nil
}

func (f *Fake) listComments(c *call) (reply, error) {
	p, err := f.find(c.number())
	if err != nil {
		return reply{}, err
	}
	out := []any{}
	for _, one := range p.comments {
		out = append(out, f.comment(p, one))
	}
	return reply{200, out}, nil
}

func checkComment(c *call) error {
	switch {
	case c.text("body") == "":
		return invalid("IssueComment", "body", "missing_field")
	case tooLong(c.text("body"), 1<<16):
		return &refused{422, "Validation Failed", []any{object{"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": "Body is too long (maximum is 65536 characters)"}}}
	}
	return nil
}

func (f *Fake) createComment(c *call) (reply, error) {
	p, err := f.find(c.number())
	if err == nil {
		err = checkComment(c)
	}
	if err != nil {
		return reply{}, err
	}
	made := &comment{f.id(), c.who, c.text("body"), f.Host.Now()}
	p.comments = append(p.comments, made)
	p.timeline = append(p.timeline, event{kind: "IssueComment", actor: c.who, comment: made})
	f.writes++
	return reply{201, f.comment(p, made)}, nil
}

// theComment finds one by its id; who did not write it needs the right to write.
func (f *Fake) theComment(c *call) (*pull, *comment, error) {
	id, _ := strconv.ParseInt(c.PathValue("id"), 10, 64)
	for _, p := range f.pulls {
		for _, one := range p.comments {
			if one.id != id {
				continue
			}
			if one.author != c.who && c.role < hosttest.Write {
				return nil, nil, &refused{code: 403, message: "Must have admin rights to Repository."}
			}
			return p, one, nil
		}
	}
	return nil, nil, notFound()
}

func (f *Fake) editComment(c *call) (reply, error) {
	p, one, err := f.theComment(c)
	if err == nil {
		err = checkComment(c)
	}
	if err != nil {
		return reply{}, err
	}
	one.body = c.text("body")
	f.writes++
	return reply{200, f.comment(p, one)}, nil
}

func (f *Fake) deleteComment(c *call) (reply, error) {
	p, one, err := f.theComment(c)
	if err != nil {
		return reply{}, err
	}
	p.comments = slices.DeleteFunc(p.comments, func(other *comment) bool { return other == one })
	p.timeline = slices.DeleteFunc(p.timeline, func(e event) bool { return e.comment == one })
	f.writes++
	return reply{code: 204}, nil
}

// Comments gives the conversation of a pull request.
func (f *Fake) Comments(number int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	if p, err := f.find(number); err == nil {
		for _, c := range p.comments {
			out = append(out, c.body)
		}
	}
	return out
}

func (f *Fake) members(c *call) (reply, error) {
	people, ok := f.teams[c.PathValue("team")]
	if !ok || c.PathValue("org") != "acme" {
		return reply{}, notFound()
	}
	return reply{200, f.users(people)}, nil
}
