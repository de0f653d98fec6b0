package fake

import (
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

type pull struct {
	id                      int64
	number                  int
	title, body             string
	state                   string // open, closed
	merged, draft           bool
	head, headRepo, headSHA string
	base                    string
	author                  string
	labels, assignees       []string
	requested, teams        []string
	reviews                 []*review
	comments                []*comment
	timeline                []event
	created, closed         time.Time
	closedBy, mergeSHA      string
	auto                    *auto
	queued                  bool
	merging                 bool // by somebody else, right now
}

type review struct {
	id                       int64
	author, state, sha, body string
	time                     time.Time
}

type comment struct {
	id           int64
	author, body string
	time         time.Time
}

// event of a timeline: ClosedEvent, ReopenedEvent or IssueComment.
type event struct {
	kind, actor string
	comment     *comment
}

type auto struct{ method, message string }

// tip gives where a branch is.
func (f *Fake) tip(branch string) string {
	sha, ok := f.Repo.Head(branch)
	if !ok {
		return strings.Repeat("0", 40)
	}
	return sha
}

func (f *Fake) find(number int) (*pull, error) {
	if number < 1 || number > len(f.pulls) {
		return nil, notFound()
	}
	return f.pulls[number-1], nil
}

// tooLong counts a text as GitHub does: in characters, not bytes.
func tooLong(text string, limit int) bool { return utf8.RuneCountInString(text) > limit }

func checkTexts(c *call) error {
	title, titled := c.body["title"]
	switch {
	case titled && strings.TrimSpace(fmt.Sprint(title)) == "":
		return invalid("PullRequest", "title", "missing_field")
	case utf8.RuneCountInString(c.text("title")) > 256:
		return custom("PullRequest", "title is too long (maximum is 256 characters)")
	case tooLong(c.text("body"), 1<<16):
		return custom("PullRequest", "body is too long (maximum is 65536 characters)")
	}
	return nil
}

func (f *Fake) createPull(c *call) (reply, error) {
	head, base := c.text("head"), c.text("base")
	if err := checkTexts(c); err != nil {
		return reply{}, err
	}
	head = strings.TrimPrefix(head, "acme:")
	sha, ok := f.Repo.Head(head)
	if !ok {
		return reply{}, invalid("PullRequest", "head", "invalid")
	}
	at, ok := f.Repo.Head(base)
	if !ok {
		return reply{}, invalid("PullRequest", "base", "invalid")
	}
	switch {
	case !f.Repo.Related(at, sha):
		return reply{}, custom("PullRequest", fmt.Sprintf("The %s branch has no history in common with %s", head, base))
	case f.Repo.Ahead(at, sha) == 0:
		return reply{}, custom("PullRequest", fmt.Sprintf("No commits between %s and %s", base, head))
	case f.openPull(head, base) != nil:
		return reply{}, custom("PullRequest", "A pull request already exists for acme:"+head+".")
	}
	draft, _ := c.body["draft"].(bool)
	p := f.newPull(Path, head, sha, base, c.who)
	p.title, p.body, p.draft = c.text("title"), c.text("body"), draft
	return reply{201, f.pull(p, true)}, nil
}

func (f *Fake) openPull(head, base string) *pull {
	for _, p := range f.pulls {
		if p.state == "open" && p.headRepo == Path && p.head == head && p.base == base {
			return p
		}
	}
	return nil
}

func (f *Fake) newPull(repo, head, sha, base, author string) *pull {
	p := &pull{id: f.id(), number: len(f.pulls) + 1, state: "open", head: head, headRepo: repo, headSHA: sha, base: base, author: author, created: f.Host.Now()}
	f.pulls = append(f.pulls, p)
	f.writes++
	return p
}

// Fork opens a pull request into main from another repository with a commit of its own on a branch of that name.
func (f *Fake) Fork(branch string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := "image: evil\n"
	sha := f.Repo.Commit(f.tip("main"), map[string]*string{"evil.yaml": &text}, "Change", "mallory")
	p := f.newPull("mallory/gitops", branch, sha, "main", "mallory")
	p.title = "Trust me"
	return p.number
}

func (f *Fake) readPull(c *call) (reply, error) {
	p, err := f.find(c.number())
	if err != nil {
		return reply{}, err
	}
	return reply{200, f.pull(p, true)}, nil
}

func (f *Fake) editPull(c *call) (reply, error) {
	p, err := f.find(c.number())
	if err != nil {
		return reply{}, err
	}
	if err := checkTexts(c); err != nil {
		return reply{}, err
	}
	if title, ok := c.body["title"].(string); ok {
		p.title = title
	}
	if body, ok := c.body["body"].(string); ok {
		p.body = body
	}
	switch c.text("state") {
	case "closed":
		f.close(p, c.who)
	case "open":
		if err := f.reopen(p, c.who); err != nil {
			return reply{}, err
		}
	}
	f.writes++
	return reply{200, f.pull(p, true)}, nil
}

func (f *Fake) close(p *pull, who string) {
	if p.state == "open" {
		p.state, p.closed, p.closedBy, p.auto, p.queued = "closed", f.Host.Now(), who, nil, false
		p.timeline = append(p.timeline, event{kind: "ClosedEvent", actor: who})
		f.writes++
	}
}

func (f *Fake) reopen(p *pull, who string) error {
	sha, ok := f.Repo.Head(p.head)
	switch {
	case p.state == "open":
		return nil
	case p.merged:
		return invalid("PullRequest", "state", "invalid")
	case !ok:
		return custom("PullRequest", "state cannot be changed. The "+p.head+" branch has been deleted.")
	case f.openPull(p.head, p.base) != nil:
		return custom("PullRequest", "A pull request already exists for acme:"+p.head+".")
	}
	p.state, p.closed, p.closedBy, p.headSHA = "open", time.Time{}, "", sha
	p.timeline = append(p.timeline, event{kind: "ReopenedEvent", actor: who})
	return nil
}

// pushed is what GitHub does when a branch moved.
func (f *Fake) pushed(branch, was, now, user string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.pulls {
		if p.state != "open" || p.headRepo != Path {
			continue
		}
		if p.base == branch && now != "" && f.Repo.Contains(now, p.headSHA) {
			f.merged(p, f.broughtIn(was, now, p.headSHA), user)
			continue
		}
		switch {
		case p.head != branch:
		case now == "":
			f.close(p, user)
		default:
			p.headSHA = now
			f.staleReviews(p)
			f.writes++
		}
	}
}

// broughtIn finds the commit of a branch that brought another one into it.
func (f *Fake) broughtIn(was, now, head string) string {
	span := now
	if was != "" {
		span = was + ".." + now
	}
	cmd := exec.Command("git", "rev-list", "--first-parent", "--reverse", span)
	cmd.Dir = f.Repo.Dir()
	out, _ := cmd.Output()
	for sha := range strings.FieldsSeq(string(out)) {
		if f.Repo.Contains(sha, head) {
			return sha
		}
	}
	return now
}

func (f *Fake) merged(p *pull, sha, who string) {
	p.state, p.merged, p.mergeSHA, p.closed, p.closedBy, p.auto, p.queued = "closed", true, sha, f.Host.Now(), who, nil, false
	p.timeline = append(p.timeline, event{kind: "ClosedEvent", actor: who})
	f.writes++
}

func (f *Fake) listReviews(c *call) (reply, error) {
	p, err := f.find(c.number())
	if err != nil {
		return reply{}, err
	}
	out := []any{}
	for _, r := range p.reviews {
		out = append(out, f.review(p, r))
	}
	return reply{200, out}, nil
}

var reviewStates = map[string]string{"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}

func (f *Fake) createReview(c *call) (reply, error) {
	p, err := f.find(c.number())
	if err != nil {
		return reply{}, err
	}
	event, sha := c.text("event"), c.text("commit_id")
	if sha == "" {
		sha = p.headSHA
	}
	unprocessable := func(why string) (reply, error) { return reply{}, &refused{422, "Unprocessable Entity", []any{why}} }
	switch {
	case reviewStates[event] == "":
		return unprocessable("Variable $event of type PullRequestReviewEvent was provided invalid value")
	case event != "COMMENT" && c.who == p.author:
		return unprocessable(map[string]string{"APPROVE": "Can not approve your own pull request", "REQUEST_CHANGES": "Can not request changes on your own pull request"}[event])
	case event != "APPROVE" && c.text("body") == "":
		return unprocessable("Review cannot be blank")
	case tooLong(c.text("body"), 1<<16):
		return unprocessable("Body is too long (maximum is 65536 characters)")
	case !f.Repo.Has(sha):
		return unprocessable("Commit is not part of the pull request")
	}
	r := &review{f.id(), c.who, reviewStates[event], sha, c.text("body"), f.Host.Now()}
	p.reviews = append(p.reviews, r)
	p.requested = slices.DeleteFunc(p.requested, func(n string) bool { return n == c.who })
	f.writes++
	out := f.review(p, r)
	f.merges()
	return reply{200, out}, nil
}

func (f *Fake) dismissReview(c *call) (reply, error) {
	p, err := f.find(c.number())
	if err != nil {
		return reply{}, err
	}
	id, _ := strconv.ParseInt(c.PathValue("id"), 10, 64)
	for _, r := range p.reviews {
		switch {
		case r.id != id:
			continue
		case c.text("message") == "":
			return reply{}, &refused{422, "Unprocessable Entity", []any{"Message can't be blank"}}
		case r.state == "COMMENTED" || r.state == "DISMISSED":
			return reply{}, &refused{422, "Unprocessable Entity", []any{"Can not dismiss a " + strings.ToLower(r.state) + " pull request review"}}
		}
		r.state = "DISMISSED"
		f.writes++
		return reply{200, f.review(p, r)}, nil
	}
	return reply{}, notFound()
}

func (f *Fake) permission(c *call) (reply, error) {
	name := c.PathValue("user")
	role := f.Host.Role(name)
	if isBot(name) || role == hosttest.None {
		return reply{}, &refused{code: 404, message: name + " is not a user"}
	}
	word := map[hosttest.Role]string{hosttest.Read: "read", hosttest.Write: "write", hosttest.Admin: "admin"}[role]
	u := f.user(name)
	u["permissions"] = object{"pull": true, "push": role >= hosttest.Write, "admin": role >= hosttest.Admin}
	u["role_name"] = word
	return reply{200, object{"permission": word, "role_name": word, "user": u}}, nil
}
