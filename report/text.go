package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/promote"
)

// Text writes what a run did, and what it left and why.
func Text(w io.Writer, r *promote.Report) error {
	t := &lines{w: w}
	for _, d := range r.Done {
		if d.Err == nil && d.Action != promote.ActionKeep {
			t.done(d)
		}
	}
	for _, pr := range r.Plan.Promotions {
		if pr.Action == promote.ActionKeep && !mergedBy(r, pr) {
			t.line("%s: already proposed as #%d %s", pr.Environment, pr.PullRequest.Number, plain(pr.PullRequest.Title))
			t.conditions("  waits for ", pr.Conditions)
		}
	}
	if !r.Wrote() && len(r.Plan.Failures) == 0 {
		t.line("nothing to do")
	}
	t.waiting(r.Plan)
	return t.err
}

// Plan writes what would be done, with every change.
func Plan(w io.Writer, plan *promote.Plan) error {
	t := &lines{w: w}
	for _, pr := range plan.Promotions {
		t.planned(pr)
	}
	for _, m := range plan.Merges {
		t.line("%s: would merge #%d %s", m.Environment, m.PullRequest.Number, plain(m.PullRequest.Title))
	}
	if len(plan.Promotions) == 0 && len(plan.Failures) == 0 {
		t.line("nothing to do")
	}
	t.waiting(plan)
	return t.err
}

// lines writes lines until the first error.
type lines struct {
	w   io.Writer
	err error
}

func (t *lines) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", args...)
	}
}

func (t *lines) done(d promote.Done) {
	switch d.Action {
	case promote.ActionWrite:
		t.line("%s: wrote %s to %s (%s)", d.Environment, what(d.Promotion), d.Base, short(d.Commit))
	case promote.ActionOpen:
		t.line("%s: opened #%d %s", d.Environment, d.PullRequest.Number, what(d.Promotion))
	case promote.ActionUpdate:
		t.line("%s: updated #%d %s", d.Environment, d.PullRequest.Number, what(d.Promotion))
		for _, old := range d.Supersedes {
			t.line("  supersedes %s %s", old.App, plain(old.Version))
		}
	case promote.ActionMerge:
		t.line("%s: merged #%d %s", d.Environment, d.PullRequest.Number, plain(d.PullRequest.Title))
		return
	case promote.ActionClose:
		t.line("%s: closed #%d, everything in it is there already", d.Environment, d.PullRequest.Number)
		return
	}
	t.notes(d.Promotion)
}

// mergedBy tells whether a run merged the pull request that its last plan still saw open.
func mergedBy(r *promote.Report, pr promote.Promotion) bool {
	return slices.ContainsFunc(r.Done, func(d promote.Done) bool {
		return d.Action == promote.ActionMerge && d.Err == nil && d.PullRequest.Number == pr.PullRequest.Number
	})
}

// what names the apps of a promotion with their versions and the size of the change.
func what(pr promote.Promotion) string {
	var parts []string
	for _, c := range pr.Changes {
		parts = append(parts, fmt.Sprintf("%s %s (%s)", c.App, versions(c), counts(c.Diff.Totals)))
	}
	return strings.Join(parts, ", ")
}

// notes are what a reader of a change should know besides the diff.
func (t *lines) notes(pr promote.Promotion) {
	for _, c := range pr.Changes {
		for _, r := range c.Diff.Risks {
			t.line("  risk: %s", risk(r))
		}
		for _, note := range changeNotes(c) {
			t.line("  %s", note)
		}
	}
	for _, left := range pr.LeftOut {
		t.line("  left out: %s", plain(left))
	}
}

func changeNotes(c promote.Change) []string {
	notes := carried(c.To.Release)
	if len(c.Adopted) > 0 {
		verdict := "0 semantic changes"
		if !c.Diff.Empty() {
			verdict = sentence(c.Diff.Totals)
		}
		notes = append(notes, fmt.Sprintf("takes over %s: %s", plain(strings.Join(c.Adopted, ", ")), verdict))
	}
	for _, f := range c.Findings {
		notes = append(notes, "warning: "+plain(f.String()))
	}
	for _, n := range c.Notices {
		notes = append(notes, "note: "+plain(n))
	}
	return notes
}

func (t *lines) planned(pr promote.Promotion) {
	switch pr.Action {
	case promote.ActionWrite:
		t.line("%s: would write to %s", pr.Environment, pr.Base)
	case promote.ActionOpen:
		t.line("%s: would open a pull request from %s", pr.Environment, pr.Branch)
	case promote.ActionUpdate:
		t.line("%s: would update #%d", pr.Environment, pr.PullRequest.Number)
	case promote.ActionKeep:
		t.line("%s: already proposed as #%d %s", pr.Environment, pr.PullRequest.Number, plain(pr.PullRequest.Title))
	case promote.ActionClose:
		t.line("%s: would close #%d, everything in it is there already", pr.Environment, pr.PullRequest.Number)
	}
	for _, c := range pr.Changes {
		t.line("  %s %s: %s", c.App, versions(c), sentence(c.Diff.Totals))
		t.changes(c.Diff)
	}
	t.notes(pr)
	t.conditions("  merging waits for ", pr.Conditions)
}

func (t *lines) changes(d diff.Diff) {
	for _, r := range d.Resources {
		t.line("    %s %s", sign(r.Kind), plain(r.Resource.String()))
		for _, f := range r.Fields {
			if !f.Noise {
				t.line("        %s", fieldChange(f))
			}
		}
	}
}

// waiting lists what may not move yet, and what would help.
func (t *lines) waiting(plan *promote.Plan) {
	for _, w := range plan.Waiting {
		name := w.App
		if w.Version != "" {
			name += " " + plain(w.Version)
		}
		t.line("%s: %s waits", w.Environment, name)
		if w.Reason != "" {
			t.line("  %s", plain(w.Reason))
		}
		t.conditions("  ", w.Conditions)
		if w.Hint != "" {
			t.line("  hint: %s", plain(w.Hint))
		}
	}
	if !plan.NextWakeup.IsZero() {
		t.line("run ferry advance again at %s", plan.NextWakeup.UTC().Format(time.RFC3339))
	}
}

func (t *lines) conditions(prefix string, cs []gates.Condition) {
	for _, c := range cs {
		t.line("%s%s: %s", prefix, c.Gate, plain(strings.TrimPrefix(c.Reason, c.Gate+": ")))
		if c.Hint != "" {
			t.line("  hint: %s", plain(c.Hint))
		}
	}
}
