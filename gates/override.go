package gates

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/environments"
)

const gateOverride = "override"

// Override is a person's recorded decision that gates may be passed. It never goes through without somebody else.
type Override struct {
	Gates     []string
	By        string
	Reason    string
	Approvals int // of other people, at least 1
}

// overridden lets conditions pass that a person passes, and asks somebody else to agree. What no one may pass, such as
// a release that was never upstream at all, stays as it is.
func (v *Verdict) overridden(in Input) {
	o := in.Override
	if o == nil {
		return
	}
	used := false
	for _, cs := range [][]Condition{v.Propose, v.Merge} {
		for i := range cs {
			if cs[i].Pass || cs[i].fixed || !slices.Contains(o.Gates, cs[i].Gate) {
				continue
			}
			used = true
			cs[i].Pass, cs[i].Until, cs[i].Hint = true, time.Time{}, ""
			cs[i].Reason = fmt.Sprintf("%s: overridden by %s: %s (%s)", cs[i].Gate, o.By, o.Reason, strings.TrimPrefix(cs[i].Reason, cs[i].Gate+": "))
		}
	}
	if used {
		v.Merge = append(v.Merge, agreed(in, *o))
	}
}

// agreed wants the approval of people other than the one who overrides, whoever opened the pull request.
func agreed(in Input, o Override) Condition {
	need := max(1, o.Approvals)
	c := Condition{Gate: gateOverride, Holds: Merging}
	approvals := in.Placement.Gates.Approvals
	from, _ := resolve(approvals.From, in.Groups)
	excluded, why, hint := ruledOut(in)
	if why != "" {
		c.Reason, c.Hint = "override: "+why, hint
		return c
	}
	v := votes{head: in.Head, from: from, anyone: len(approvals.From) == 0, excluded: append(excluded, o.By), authors: in.Authors}
	v.hear(in.Reviews)
	c.Hint = v.hint
	c.Pass = len(v.approved) >= need && len(v.objected) == 0
	c.Reason = strings.Replace(v.sentence(need, approvals.From), "approvals: ", "override by "+o.By+": ", 1) + ", of others"
	return c
}

// Quick gives a placement with the gates of a rollback or a hotfix in place of its own: nothing is asked of environments
// upstream, where the release never was or is not any more.
func Quick(p environments.Placement, q environments.Quick) environments.Placement {
	p.After = nil
	p.Gates.Healthy, p.Gates.Soak, p.Gates.Checks, p.Gates.Manual = false, 0, nil, false
	p.Gates.Approvals.Count = q.Approvals
	if slices.Contains(q.Ignore, gateWindows) {
		p.Gates.Windows = nil
	}
	if slices.Contains(q.Ignore, gateFreezes) {
		p.Gates.Freezes = nil
	}
	if slices.Contains(q.Ignore, gateApprovals) {
		p.Gates.Approvals.Count = 0
	}
	return p
}

// Among tells whether a person is one of those that names stand for, directly or through a group.
func Among(who string, names []string, groups map[string][]string) bool {
	persons, _ := resolve(names, groups)
	return who != "" && contains(persons, who)
}
