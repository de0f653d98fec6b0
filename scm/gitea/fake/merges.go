package fake

import (
	"net/http"
	"slices"
	"strings"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// scheduled is a merge that waits for the rules.
type scheduled struct {
	style         sdk.MergeStyle
	user, message string
}

// pushed remembers who moved a branch last; what that means is found when somebody asks.
func (f *Fake) pushed(branch, _, _, user string) { f.pushers.Store(branch, user) }

func (f *Fake) pusher(branch string) string {
	user, _ := f.pushers.Load(branch)
	name, _ := user.(string)
	return name
}

// settle looks what pushes did to the open pull requests.
func (f *Fake) settle() {
	for _, p := range f.pulls {
		if !p.open {
			continue
		}
		head, exists := f.repo.Head(p.branch)
		if p.fork {
			head, exists = p.head, true
		}
		base, _ := f.repo.Head(p.base)
		if pair := head + base; pair == p.settled {
			continue
		} else if p.settled = pair; exists {
			f.moved(p, head)
		}
		if by := f.handMerge(p, base); by != "" {
			f.merged(p, by, f.pusher(p.base))
		} else if !exists {
			f.close(p, f.pusher(p.branch))
		}
	}
}

// moved drops approvals of what is no longer the head, where the base's rules say so.
func (f *Fake) moved(p *pull, head string) {
	if p.head == head {
		return
	}
	p.head = head
	for _, r := range p.reviews {
		r.Stale = r.CommitID != head
		if rule := f.rules[p.base]; rule != nil && rule.DismissStaleApprovals && r.State == sdk.ReviewStateApproved && r.Stale {
			r.Dismissed = true
		}
	}
}

// handMerge gives the commit by which a push brought the head into the base.
func (f *Fake) handMerge(p *pull, base string) string {
	if base == "" || !f.repo.Contains(base, p.head) {
		return ""
	}
	for _, c := range slices.Backward(f.repo.Log(p.head, base)) {
		if len(f.repo.Parents(c)) > 1 && f.repo.Contains(c, p.head) {
			return c
		}
	}
	return p.head
}

func (f *Fake) merged(p *pull, commit, by string) {
	p.open, p.closed, p.mergeCommit, p.mergedBy, p.auto = false, f.Now(), commit, by, nil
	f.say(p, by, "merge_pull", "")
}

func (f *Fake) mergePull(c *call) (int, any, error) {
	in, err := read[sdk.MergePullRequestOption](c)
	if err != nil {
		return 0, nil, err
	}
	f.settle()
	p := f.find(c.number("index"))
	if p == nil {
		return 0, nil, notFound
	}
	if err := f.mayMerge(c, p, in); err != nil {
		return 0, nil, err
	}
	message := strings.TrimSpace(in.Title)
	if message == "" {
		message = "Merge pull request '" + p.title + "' from " + p.branch + " into " + p.base
	}
	if text := strings.TrimSpace(in.Message); text != "" {
		message += "\n\n" + text
	}
	if in.MergeWhenChecksSucceed {
		if p.auto != nil {
			return 0, nil, refuse(http.StatusConflict, "pull request is already scheduled to auto merge when checks succeed [pull_id: %d]", p.number)
		}
		p.auto = &scheduled{in.Style, c.user, message}
		f.say(p, c.user, "pull_scheduled_merge", "")
		f.automerge(p.head)
		return http.StatusCreated, nil, nil
	}
	if in.HeadCommitId != "" && in.HeadCommitId != p.head {
		return 0, nil, refuse(http.StatusConflict, "head out of date")
	}
	return http.StatusOK, nil, f.merge(p, in.Style, message, c.user)
}

func (f *Fake) mayMerge(c *call, p *pull, in sdk.MergePullRequestOption) error {
	no := func(format string, args ...any) error { return refuse(http.StatusMethodNotAllowed, format, args...) }
	switch {
	case p.mergeCommit != "":
		return no("The PR is already merged")
	case !p.open:
		return notFound
	case c.role < hosttest.Write:
		return no("User not allowed to merge PR")
	case p.draft():
		return no("Work in progress PRs cannot be merged")
	case !f.mergeable(p):
		return no("Please try again later")
	case !f.allows(in.Style):
		return no("%s is not allowed an allowed merge style for this repository", in.Style)
	}
	if why := f.blocked(p); why != "" && !in.MergeWhenChecksSucceed {
		return no("%s", why)
	}
	return nil
}

// blocked says which rule of the base is not kept.
func (f *Fake) blocked(p *pull) string {
	rule := f.rules[p.base]
	if rule == nil {
		return ""
	}
	newest := map[string]sdk.StatusState{}
	for _, s := range f.statuses[p.head] {
		newest[s.Context] = s.State
	}
	for _, name := range rule.StatusCheckContexts {
		if rule.EnableStatusCheck && newest[name] != sdk.StatusSuccess {
			return "Not all required status checks successful"
		}
	}
	switch {
	case int64(len(f.standing(p, sdk.ReviewStateApproved))) < rule.RequiredApprovals:
		return "Does not have enough approvals"
	case rule.BlockOnRejectedReviews && len(f.standing(p, sdk.ReviewStateRequestChanges)) > 0:
		return "There are requested changes"
	}
	return ""
}

func (f *Fake) merge(p *pull, style sdk.MergeStyle, message, user string) error {
	commit, conflicts, err := f.repo.Merge(p.base, p.head, string(style), message, user)
	switch {
	case err != nil:
		return refuse(http.StatusConflict, "PushRejected with remote message: cannot lock ref 'refs/heads/%s'", p.base)
	case conflicts != nil:
		return refuse(http.StatusMethodNotAllowed, "Please try again later")
	}
	f.merged(p, commit, user)
	return nil
}

// automerge merges what was scheduled and may be merged now.
func (f *Fake) automerge(head string) {
	for _, p := range f.pulls {
		if p.open && p.auto != nil && p.head == head && f.blocked(p) == "" {
			_ = f.merge(p, p.auto.style, p.auto.message, p.auto.user) // the server tries again at the next news
		}
	}
}

func (f *Fake) cancelMerge(c *call) (int, any, error) {
	p := f.find(c.number("index"))
	if p == nil || p.auto == nil {
		return 0, nil, notFound
	}
	p.auto = nil
	f.say(p, c.user, "pull_cancel_scheduled_merge", "")
	return http.StatusNoContent, nil, nil
}
