package fake

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// declines says why a branch does not move by a push, with the codes and in the words that GitHub has for it: GH006 where
// the branch is protected, GH013 where a ruleset stands against it.
func (f *Fake) declines(p hosttest.Push) *hosttest.Refusal {
	f.mu.Lock()
	defer f.mu.Unlock()
	ref := "refs/heads/" + p.Branch
	if guard := f.protected[p.Branch]; guard != nil && (guard.EnforceAdmins || f.Host.Role(p.User) < hosttest.Admin) {
		if broken := f.broken(guard.Rule, p.Now); len(broken) > 0 {
			return &hosttest.Refusal{Reason: "protected branch hook declined", Said: "error: GH006: Protected branch update failed for " + ref + ".\n\n- " + strings.Join(broken, "\n\n- ") + "\n"}
		}
	}
	var broken []string
	for _, r := range f.rulesets {
		if r.Branch == p.Branch && r.Bypass != "always" && p.Now != "" {
			broken = append(broken, f.broken(r.Rule, p.Now)...)
		}
	}
	if len(broken) == 0 {
		return nil
	}
	return &hosttest.Refusal{Reason: "push declined due to repository rule violations", Said: "error: GH013: Repository rule violations found for " + ref + ".\nReview all repository rules at " +
		f.URL() + "/" + Path + "/rules?ref=" + url.QueryEscape(ref) + "\n\n- " + strings.Join(broken, "\n\n- ") + "\n"}
}

// broken names what of a rule a commit would break, pushed to the branch; "" deletes that.
func (f *Fake) broken(r Rule, now string) []string {
	var out []string
	if now == "" {
		return append(out, "Cannot delete a protected branch")
	}
	if r.Approvals > 0 || r.Resets {
		out = append(out, "Changes must be made through a pull request.")
	}
	if r.Queue {
		out = append(out, "Changes must be made through the merge queue")
	}
	if r.Signed && !f.signed[now] {
		out = append(out, "Commits must have verified signatures.")
	}
	var expected []string
	for _, name := range r.Statuses {
		if f.statusOf(now, name) != "success" {
			expected = append(expected, name)
		}
	}
	switch len(expected) {
	case 0:
	case 1:
		out = append(out, fmt.Sprintf("Required status check %q is expected.", expected[0]))
	default:
		out = append(out, fmt.Sprintf("%d of %d required status checks are expected.", len(expected), len(r.Statuses)))
	}
	return out
}
