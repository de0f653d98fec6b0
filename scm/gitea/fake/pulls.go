package fake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// pull is a pull request.
type pull struct {
	number                    int64
	author, branch, base      string
	title, body               string
	head                      string // where it is, or was when it ended
	fork, open                bool
	created, closed           time.Time
	mergeCommit, mergedBy     string
	labels                    []*sdk.Label
	assignees, asked, askTeam []string
	reviews                   []*sdk.PullReview
	events                    []*event
	auto                      *scheduled
	// checked is the head and base that were looked at for conflicts: until then nobody knows.
	checked   string
	conflicts bool
	settled   string
}

func (p *pull) ref() string { return fmt.Sprintf("refs/pull/%d/head", p.number) }

func (p *pull) draft() bool {
	upper := strings.ToUpper(p.title)
	return strings.HasPrefix(upper, "WIP:") || strings.HasPrefix(upper, "[WIP]")
}

func (f *Fake) find(number int64) *pull {
	if number < 1 || number > int64(len(f.pulls)) {
		return nil
	}
	return f.pulls[number-1]
}

// add opens a pull request.
func (f *Fake) add(author, branch, base, title, body string) *pull {
	head, _ := f.repo.Head(branch)
	p := &pull{number: int64(len(f.pulls) + 1), author: author, branch: branch, base: base, title: cut(title), body: body, head: head, open: true, created: f.Now()}
	f.pulls = append(f.pulls, p)
	return p
}

// cut is what the server does to long titles: wide characters count twice.
func cut(title string) string {
	width := 0
	for i, r := range title {
		if width++; r > 127 {
			width++
		}
		if width > 255 {
			return title[:i] + "…"
		}
	}
	return title
}

func (f *Fake) listPulls(c *call) (int, any, error) {
	f.settle()
	q := c.URL.Query()
	var out []*sdk.PullRequest
	for _, p := range slices.Backward(f.pulls) {
		state := q.Get("state")
		if (state == "open" && !p.open) || (state == "closed" && p.open) || (q.Get("base_branch") != "" && q.Get("base_branch") != p.base) {
			continue
		}
		shown := f.show(p)
		shown.RequestedReviewersTeams = nil // named only where one pull request is read
		out = append(out, shown)
	}
	return page(f, c, out)
}

func (f *Fake) getPull(c *call) (int, any, error) {
	f.settle()
	if p := f.find(c.number("index")); p != nil {
		return http.StatusOK, f.show(p), nil
	}
	return 0, nil, notFound
}

// show is a pull request in JSON. Its head is where the branch is now, even when it ended before.
func (f *Fake) show(p *pull) *sdk.PullRequest {
	state := sdk.StateClosed
	if p.open {
		state = sdk.StateOpen
	}
	head := &sdk.PRBranchInfo{Name: p.branch, Ref: p.ref(), Sha: p.head, RepoID: 1}
	if sha, ok := f.repo.Head(p.branch); ok && !p.fork {
		head.Ref, head.Sha = p.branch, sha
	}
	if p.fork {
		head.RepoID = 2
	}
	baseSHA, _ := f.repo.Head(p.base)
	url := fmt.Sprintf("%s/%s/pulls/%d", f.URL(), Repository, p.number)
	out := &sdk.PullRequest{ID: p.number, Index: p.number, URL: url, HTMLURL: url, Poster: f.user(p.author), Title: p.title, Body: p.body, Labels: p.labels,
		Assignees: f.users(p.assignees), RequestedReviewers: f.users(p.asked), State: state, Draft: p.draft(), Head: head,
		Base: &sdk.PRBranchInfo{Name: p.base, Ref: p.base, Sha: baseSHA, RepoID: 1}, Created: &p.created, Mergeable: f.mergeable(p)}
	for _, t := range p.askTeam {
		out.RequestedReviewersTeams = append(out.RequestedReviewersTeams, &sdk.Team{ID: 2, Name: t, Permission: sdk.AccessModeWrite})
	}
	if !p.open {
		out.Closed = &p.closed
	}
	if p.mergeCommit != "" {
		out.HasMerged, out.Merged, out.MergedCommitID, out.MergedBy = true, &p.closed, &p.mergeCommit, f.user(p.mergedBy)
	}
	return out
}

// mergeable is false while the server has not looked for conflicts, which it does after this question.
func (f *Fake) mergeable(p *pull) bool {
	base, _ := f.repo.Head(p.base)
	if pair := p.head + base; p.checked != pair {
		p.checked = pair
		p.conflicts = p.open && len(f.repo.Conflicts(base, p.head)) > 0
		return false
	}
	return !p.conflicts && !p.draft()
}

func (f *Fake) createPull(c *call) (int, any, error) {
	in, err := read[sdk.CreatePullRequestOption](c)
	if err != nil {
		return 0, nil, err
	}
	f.settle()
	_, head := f.repo.Head(in.Head)
	_, base := f.repo.Head(in.Base)
	switch {
	case in.Head == in.Base:
		return 0, nil, refuse(http.StatusUnprocessableEntity, "Invalid PullRequest: There are no changes between the head and the base")
	case !head && f.resolve(in.Head) != "":
		return 0, nil, refuse(http.StatusUnprocessableEntity, "Invalid PullRequest: base and head must be branches")
	case !head || !base:
		return 0, nil, notFound
	case c.role < hosttest.Write:
		return 0, nil, refuse(http.StatusForbidden, "user must be a collaborator")
	}
	for _, p := range f.pulls {
		if p.open && !p.fork && p.branch == in.Head && p.base == in.Base {
			return 0, nil, refuse(http.StatusConflict, "pull request already exists for these targets [id: %d, issue_id: %d, head_repo_id: 1, base_repo_id: 1, head_branch: %s, base_branch: %s]",
				p.number, p.number, p.branch, p.base)
		}
	}
	p := f.add(c.user, in.Head, in.Base, in.Title, in.Body)
	p.labels = f.labelled(in.Labels)
	return http.StatusCreated, f.show(p), nil
}

// Race opens a pull request as the server does when it is asked twice at the same moment: without looking.
func (f *Fake) Race(branch, base string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.add(Bot, branch, base, "the same", "")
}

func (f *Fake) editPull(c *call) (int, any, error) {
	in, err := read[sdk.EditPullRequestOption](c)
	if err != nil {
		return 0, nil, err
	}
	f.settle()
	p := f.find(c.number("index"))
	switch {
	case p == nil:
		return 0, nil, notFound
	case p.author != c.user && c.role < hosttest.Write:
		return 0, nil, refuse(http.StatusForbidden, "")
	}
	for _, name := range in.Assignees {
		if account, ok := f.known(name); !ok || f.Role(account) < hosttest.Write {
			return 0, nil, refuse(http.StatusUnprocessableEntity, "Assignee does not exist: [name: %s]", name)
		}
	}
	f.edit(p, in)
	if in.State != nil {
		if err := f.turn(p, *in.State, c.user); err != nil {
			return 0, nil, err
		}
	}
	return http.StatusCreated, f.show(p), nil
}

// edit changes what is given; an empty list is one, none is not.
func (f *Fake) edit(p *pull, in sdk.EditPullRequestOption) {
	if in.Title != "" {
		p.title = cut(in.Title)
	}
	if in.Body != nil {
		p.body = *in.Body
	}
	if in.Labels != nil {
		p.labels = f.labelled(in.Labels)
	}
	if in.Assignees != nil {
		p.assignees = slices.Clone(in.Assignees)
	}
}

// turn closes or reopens. It opens one also beside another.
func (f *Fake) turn(p *pull, state sdk.StateType, user string) error {
	if p.mergeCommit != "" {
		return refuse(http.StatusPreconditionFailed, "cannot change state of this pull request, it was already merged")
	}
	switch {
	case state == sdk.StateClosed && p.open:
		f.close(p, user)
	case state == sdk.StateOpen && !p.open:
		p.open, p.checked, p.settled = true, "", ""
		f.say(p, user, "reopen", "")
		f.settle()
	}
	return nil
}

func (f *Fake) close(p *pull, user string) {
	p.open, p.closed, p.auto = false, f.Now(), nil
	f.say(p, user, "close", "")
}
