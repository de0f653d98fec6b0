package gitlab

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/scm"
)

// verdict is what a word of GitLab means for a merge.
type verdict int

const (
	may      verdict = iota // nothing is in the way
	wait                    // GitLab is still finding out
	conflict                // both sides changed the same
	moved                   // it is not what was asked about
	rule                    // a rule is in the way
)

// mergeable is GitLab's detailed_merge_status. A word that is not here is left to GitLab, which refuses the merge itself.
// https://docs.gitlab.com/api/merge_requests/#merge-status
var mergeable = map[string]struct {
	verdict verdict
	rule    string
}{
	"mergeable":                      {may, ""},
	"":                               {may, ""},
	"unchecked":                      {wait, ""},
	"checking":                       {wait, ""},
	"preparing":                      {wait, ""},
	"approvals_syncing":              {wait, ""},
	"conflict":                       {conflict, ""},
	"broken_status":                  {conflict, ""},
	"not_open":                       {moved, "it is not open"},
	"commits_status":                 {moved, "its branch is gone or holds nothing new"},
	"draft_status":                   {rule, "a draft is not merged"},
	"ci_must_pass":                   {rule, "the pipeline of the head must succeed"},
	"ci_still_running":               {rule, "the pipeline of the head must succeed, and still runs"},
	"not_approved":                   {rule, "an approval is missing"},
	"requested_changes":              {rule, "changes are requested"},
	"discussions_not_resolved":       {rule, "every thread must be resolved"},
	"need_rebase":                    {rule, "the head must hold the newest commit of the base"},
	"blocked_status":                 {rule, "another merge request must be merged first"},
	"merge_request_blocked":          {rule, "another merge request must be merged first"},
	"external_status_checks":         {rule, "an external status check must pass"},
	"status_checks_must_pass":        {rule, "an external status check must pass"},
	"jira_association":               {rule, "title or description must name a Jira issue"},
	"jira_association_missing":       {rule, "title or description must name a Jira issue"},
	"policies_denied":                {rule, "a security policy forbids it"},
	"security_policy_violations":     {rule, "a security policy forbids it"},
	"security_policy_pipeline_check": {rule, "the pipelines of a security policy must succeed"},
	"locked_paths":                   {rule, "it changes a path that somebody locked"},
	"locked_lfs_files":               {rule, "it changes a large file that somebody locked"},
	"merge_time":                     {rule, "it is not to be merged before its time"},
	"title_regex":                    {rule, "the title is not in the form that the project asks for"},
}

// unsettled tells whether GitLab is still finding out.
func unsettled(status string) bool { return mergeable[status].verdict == wait }

// GitLab works a merge out in the background, in seconds as a rule.
const (
	settleLooks = 8
	settleFirst = 500 * time.Millisecond
)

// settled reads a merge request until GitLab knows whether it can be merged, or for about a minute.
func (c *Client) settled(ctx context.Context, number int) (*gitlab.MergeRequest, error) {
	for look, pause := 1, settleFirst; ; look, pause = look+1, pause*2 {
		mr, err := c.get(ctx, number)
		if err != nil || states[mr.State] != scm.Open || look == settleLooks || !unsettled(mr.DetailedMergeStatus) && mr.State != "locked" {
			return mr, err
		}
		if err := c.sleep(ctx, min(pause, 15*time.Second)); err != nil {
			return nil, err
		}
	}
}

// obstacle says why GitLab would not merge the head; nil where it would.
func (c *Client) obstacle(ctx context.Context, mr *gitlab.MergeRequest) error {
	m := mergeable[mr.DetailedMergeStatus]
	switch m.verdict {
	case conflict:
		return &scm.MergeConflictError{Head: mr.SourceBranch, Base: mr.TargetBranch}
	case moved:
		return fmt.Errorf("%s: %w", m.rule, scm.ErrConflict)
	case wait:
		return fmt.Errorf("GitLab still finds out whether it can be merged (%s): %w", mr.DetailedMergeStatus, scm.ErrConflict)
	case rule:
		return &scm.RuleError{Branch: mr.TargetBranch, Rule: c.explain(ctx, mr, m.rule)}
	}
	if !mr.User.CanMerge {
		return &scm.RuleError{Branch: mr.TargetBranch, Rule: "this account may not merge into it"}
	}
	return nil
}

// explain adds who is in the way, where GitLab tells.
func (c *Client) explain(ctx context.Context, mr *gitlab.MergeRequest, rule string) string {
	if mr.DetailedMergeStatus != "requested_changes" {
		return rule
	}
	reviewers, _, err := c.api.MergeRequests.GetMergeRequestReviewers(c.pid, mr.IID, with(ctx))
	if err != nil {
		return rule // the rule itself is worth more than who stands behind it
	}
	var who []string
	for _, r := range reviewers {
		if r.State == changesRequested {
			who = append(who, name(r.User))
		}
	}
	if len(who) == 0 {
		return rule
	}
	slices.Sort(who)
	return rule + " by " + strings.Join(who, ", ")
}

// ForetellMerge implements scm.Foreteller.
func (c *Client) ForetellMerge(ctx context.Context, number int) error {
	mr, err := c.settled(ctx, number)
	switch {
	case err != nil:
	case states[mr.State] == scm.Closed:
		err = fmt.Errorf("it is closed: %w", scm.ErrConflict)
	case states[mr.State] == scm.Open:
		err = c.obstacle(ctx, mr)
	}
	if err != nil {
		return c.aboutMR("merge", number, err)
	}
	return nil
}
