package fake

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// staleReviews dismisses approvals of an older head where a rule says so.
func (f *Fake) staleReviews(p *pull) {
	resets := false
	for _, r := range f.rulesOf(p.base) {
		resets = resets || r.Resets
	}
	for _, r := range p.reviews {
		if resets && r.state == "APPROVED" && r.sha != p.headSHA {
			r.state = "DISMISSED"
		}
	}
}

// newest gives each person's newest verdict; only people who may write count.
func (f *Fake) newest(p *pull) map[string]string {
	out := map[string]string{}
	for _, r := range p.reviews {
		if r.state != "COMMENTED" && f.Host.Role(r.author) >= hosttest.Write {
			out[r.author] = r.state
		}
	}
	return out
}

// blocked says, as GitHub would, which rule forbids a merge; "" for none.
func (f *Fake) blocked(p *pull) string {
	for _, r := range f.rulesOf(p.base) {
		if why := f.forbids(r, p); why != "" {
			return why
		}
	}
	return ""
}

func (f *Fake) forbids(r Rule, p *pull) string {
	var lacking []string
	for _, name := range r.Statuses {
		if f.statusOf(p.headSHA, name) != "success" {
			lacking = append(lacking, name)
		}
	}
	verdicts := f.newest(p)
	approvals, objects := 0, false
	for _, v := range verdicts {
		objects = objects || v == "CHANGES_REQUESTED"
		if v == "APPROVED" {
			approvals++
		}
	}
	switch {
	case len(lacking) == 1:
		return fmt.Sprintf("Required status check %q is expected.", lacking[0])
	case len(lacking) > 1:
		return fmt.Sprintf("%d of %d required status checks are expected.", len(lacking), len(r.Statuses))
	case r.Strict && !f.Repo.Contains(p.headSHA, f.tip(p.base)):
		return "This branch is out-of-date with the base branch."
	case r.Approvals > 0 && objects:
		return "Changes have been requested."
	case approvals < r.Approvals:
		return fmt.Sprintf("At least %d approving review is required by reviewers with write access.", r.Approvals)
	case r.Queue:
		return "Changes must be made through the merge queue"
	}
	return ""
}

// mergeState is GraphQL's mergeable and mergeStateStatus.
func (f *Fake) mergeState(p *pull) (mergeable, status string) {
	if p.state != "open" {
		return "UNKNOWN", "UNKNOWN"
	}
	if f.unknown > 0 {
		f.unknown--
		return "UNKNOWN", "UNKNOWN"
	}
	if f.clash(p) {
		return "CONFLICTING", "DIRTY"
	}
	why := f.blocked(p)
	switch {
	case p.draft:
		return "MERGEABLE", "DRAFT"
	case strings.Contains(why, "out-of-date"):
		return "MERGEABLE", "BEHIND"
	case strings.Contains(why, "merge queue"):
		return "MERGEABLE", "CLEAN"
	case why != "":
		return "MERGEABLE", "BLOCKED"
	}
	return "MERGEABLE", "CLEAN"
}

// clash tells whether a pull request cannot be merged as things are.
func (f *Fake) clash(p *pull) bool {
	key := f.tip(p.base) + " " + p.headSHA
	if _, known := f.clashes[key]; !known {
		f.clashes[key] = len(f.Repo.Conflicts(f.tip(p.base), p.headSHA)) > 0
	}
	return f.clashes[key]
}

func (f *Fake) mergePull(c *call) (reply, error) {
	p, err := f.find(c.number())
	if err != nil {
		return reply{}, err
	}
	method, sha := c.text("merge_method"), c.text("sha")
	if method == "" {
		method = "merge"
	}
	if _, known := f.Methods[method]; !known {
		return reply{}, invalid("Merge", "merge_method", "invalid")
	}
	no := func(why string) (reply, error) { return reply{}, &refused{code: 405, message: why} }
	switch {
	case p.state != "open":
		return no("Pull Request is not mergeable")
	case sha != "" && sha != p.headSHA:
		return reply{}, &refused{code: 409, message: "Head branch was modified. Review and try the merge again."}
	case p.merging:
		return no("Merge already in progress")
	case p.draft:
		return no("Pull Request is still a draft")
	case f.unknown > 0:
		f.unknown--
		return no("Base branch was modified. Review and try the merge again.")
	case !f.Methods[method]:
		return no(map[string]string{"merge": "Merge commits are not allowed on this repository.", "squash": "Squash merges are not allowed on this repository.", "rebase": "Rebase merges are not allowed on this repository."}[method])
	case f.clash(p):
		return no("Pull Request is not mergeable")
	}
	if why := f.blocked(p); why != "" {
		return no(why)
	}
	title := c.text("commit_title")
	if title == "" {
		title = fmt.Sprintf("Merge pull request #%d from acme/%s", p.number, p.head)
	}
	made, err := f.mergeNow(p, method, title+"\n\n"+c.text("commit_message"), c.who)
	if err != nil {
		return no("Base branch was modified. Review and try the merge again.")
	}
	f.merges()
	return reply{200, object{"sha": made, "merged": true, "message": "Pull Request successfully merged"}}, nil
}

func (f *Fake) mergeNow(p *pull, method, message, who string) (string, error) {
	was := f.tip(p.base)
	// A push tells of itself with the lock of the repository; so this one may not be held while the repository is asked.
	p.merging = true
	f.mu.Unlock()
	made, conflicts, err := f.Repo.Merge(p.base, p.headSHA, method, strings.TrimSpace(message), who)
	f.mu.Lock()
	p.merging = false
	switch {
	case err != nil:
		return "", err
	case len(conflicts) > 0:
		return "", fmt.Errorf("conflicts in %v", conflicts)
	case p.state == "open":
		f.merged(p, made, who)
	}
	f.afterMerge(was, made, p.base, who)
	return p.mergeSHA, nil
}

// afterMerge looks at the other pull requests into the same branch.
func (f *Fake) afterMerge(_, now, base, who string) {
	for _, p := range f.pulls {
		if p.state == "open" && p.base == base && p.headRepo == Path && f.Repo.Contains(now, p.headSHA) {
			f.merged(p, now, who)
		}
	}
}

// merges does what was asked to be done later: auto-merge and the queue.
func (f *Fake) merges() {
	for _, p := range slices.Clone(f.pulls) {
		if p.state != "open" || p.merging || p.auto == nil && !p.queued {
			continue
		}
		why := f.blocked(p)
		ready := why == "" || strings.Contains(why, "merge queue")
		if !ready || p.draft || f.clash(p) {
			continue
		}
		a := p.auto
		if a == nil {
			a = &auto{method: "merge"}
		}
		message := a.message
		if message == "" {
			message = fmt.Sprintf("Merge pull request #%d from acme/%s", p.number, p.head)
		}
		_, _ = f.mergeNow(p, a.method, message, "github-merge-queue[bot]")
	}
}
