package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/promote"
)

// Report writes what a run did, and what it left and why.
func (w Terminal) Report(r *promote.Report) error {
	t := &lines{Terminal: w}
	for i, d := range r.Done {
		if d.Err == nil && d.Action != promote.ActionKeep {
			t.done(d)
			t.still(r, d, r.Done[i+1:])
		}
	}
	for _, pr := range r.Plan.Promotions {
		if pr.Action == promote.ActionKeep && !mergedBy(r, pr) && !toldOf(r.Done, pr) {
			t.line(proposedAlready(pr))
			t.conditions(2, "waits for ", pr.Conditions)
		}
	}
	if !r.Wrote() && len(r.Plan.Failures) == 0 {
		t.line(outside("nothing to do"))
	}
	t.waiting(r.Plan)
	return t.err
}

// Plan writes what would be done, with every change.
func (w Terminal) Plan(plan *promote.Plan) error {
	t := &lines{Terminal: w}
	for _, pr := range plan.Promotions {
		t.planned(sheetOf(pr))
	}
	for _, m := range plan.Merges {
		t.styled(strong, 0, door.Lines("%s: would merge #%s %s", outside(m.Environment), number(m.PullRequest.Number), outside(m.PullRequest.Title)))
	}
	for _, d := range plan.Decisions {
		t.styled(strong, 0, door.Lines("%s: %s: would record: %s", outside(d.Environment), outside(d.App), outside(d.What)))
	}
	if len(plan.Promotions) == 0 && len(plan.Decisions) == 0 && len(plan.Failures) == 0 {
		t.line(outside("nothing to do"))
	}
	t.waiting(plan)
	return t.err
}

func proposedAlready(pr promote.Promotion) door.Text {
	return door.Lines("%s: already proposed as #%s %s", outside(pr.Environment), number(pr.PullRequest.Number), outside(pr.PullRequest.Title))
}

func (t *lines) done(d promote.Done) {
	t.styled(strong, 0, doneLine(d))
	if d.Action == promote.ActionRecord || d.Action == promote.ActionMerge || d.Action == promote.ActionClose || d.Action == promote.ActionQueue {
		return
	}
	if d.Action == promote.ActionUpdate {
		for _, old := range d.Supersedes {
			t.styled(normal, 2, door.Lines("supersedes %s %s", outside(old.App), outside(old.Version)))
		}
	}
	t.notes(sheetOf(d.Promotion))
}

func doneLine(d promote.Done) door.Text {
	env := outside(d.Environment)
	switch d.Action {
	case promote.ActionRecord:
		return door.Lines("%s: %s: recorded: %s", env, outside(d.Unit), outside(strings.Join(d.Notes, "; ")))
	case promote.ActionWrite:
		return door.Lines("%s: wrote %s to %s (%s)", env, what(d.Promotion), outside(d.Base), outside(short(d.Commit)))
	case promote.ActionOpen:
		return door.Lines("%s: opened #%s %s", env, number(d.PullRequest.Number), what(d.Promotion))
	case promote.ActionUpdate:
		return door.Lines("%s: updated #%s %s", env, number(d.PullRequest.Number), what(d.Promotion))
	case promote.ActionQueue:
		return door.Lines("%s: changed the place of #%s in the forge's queue", env, number(d.PullRequest.Number))
	case promote.ActionMerge:
		return door.Lines("%s: merged #%s %s", env, number(d.PullRequest.Number), outside(d.PullRequest.Title))
	}
	return door.Lines("%s: closed #%s, %s", env, number(d.PullRequest.Number), whyClosed(d.Promotion))
}

func whyClosed(pr promote.Promotion) door.Text {
	if len(pr.Notes) == 0 {
		return outside("everything in it is there already")
	}
	return outside(strings.Join(pr.Notes, "; "))
}

// Why writes what everything waits for, and what would help.
func (w Terminal) Why(plan *promote.Plan) error {
	t := &lines{Terminal: w}
	t.line(outside(""))
	for _, pr := range plan.Promotions {
		if pr.PullRequest != nil && len(pr.Conditions) > 0 {
			t.line(door.Lines("%s: #%s %s", outside(pr.Environment), number(pr.PullRequest.Number), outside(pr.PullRequest.Title)))
			t.conditions(2, "waits for ", pr.Conditions)
		}
	}
	t.waiting(plan)
	return t.err
}

// still writes what an open pull request waits for, below the last that a run did to it.
func (t *lines) still(r *promote.Report, d promote.Done, later []promote.Done) {
	for _, pr := range r.Plan.Promotions {
		if pr.Action == promote.ActionKeep && !mergedBy(r, pr) && toldOf([]promote.Done{d}, pr) && !toldOf(later, pr) {
			t.conditions(2, "waits for ", pr.Conditions)
		}
	}
}

// toldOf tells whether a pull request was opened or changed, so that it has been spoken of.
func toldOf(done []promote.Done, pr promote.Promotion) bool {
	return slices.ContainsFunc(done, func(d promote.Done) bool {
		return (d.Action == promote.ActionOpen || d.Action == promote.ActionUpdate) && d.Err == nil && d.PullRequest != nil && d.PullRequest.Number == pr.PullRequest.Number
	})
}

// mergedBy tells whether a run merged the pull request that its last plan still saw open.
func mergedBy(r *promote.Report, pr promote.Promotion) bool {
	return slices.ContainsFunc(r.Done, func(d promote.Done) bool {
		return d.Action == promote.ActionMerge && d.Err == nil && d.PullRequest.Number == pr.PullRequest.Number
	})
}

// what names the apps of a promotion with their versions and the size of the change.
func what(pr promote.Promotion) door.Text {
	var parts []string
	for _, c := range pr.Changes {
		parts = append(parts, door.Lines("%s %s (%s)", outside(c.App), versions(c), counts(c.Diff.Totals.Counts)).Line())
	}
	return words(parts)
}

// notes are what a reader of a change should know besides the diff.
func (t *lines) notes(s sheet) {
	for _, r := range s.risks {
		t.styled(styleOfLevel(r.Level), 2, door.Lines("risk: %s", riskLine(r.Risk)))
	}
	for _, c := range s.Changes {
		for _, note := range notes(c) {
			t.styled(normal, 2, note)
		}
	}
	for _, left := range s.LeftOut {
		t.styled(normal, 2, door.Lines("left out: %s", outside(left)))
	}
	for _, o := range s.Overrides {
		t.styled(strong, 2, door.Lines("override: %s", outside(o)))
	}
	for _, lost := range s.Discards {
		t.styled(strong, 2, door.Lines("discards: %s", outside(lost)))
	}
}

func (t *lines) planned(s sheet) {
	t.styled(strong, 0, plannedLine(s.Promotion))
	for _, c := range s.Changes {
		t.styled(normal, 2, door.Lines("%s %s: %s", outside(c.App), versions(c), sentence(c.Diff.Totals.Counts)))
		for _, img := range c.Diff.Images {
			t.styled(normal, 4, door.Lines("image %s", imageChange(img)))
		}
		t.changes(c.Diff)
	}
	t.notes(s)
	if s.Action == promote.ActionKeep {
		for _, note := range s.Promotion.Notes {
			t.styled(normal, 2, door.Lines("note: %s", outside(note)))
		}
	}
	t.conditions(2, "merging waits for ", s.Conditions)
}

func plannedLine(pr promote.Promotion) door.Text {
	env := outside(pr.Environment)
	switch pr.Action {
	case promote.ActionWrite:
		return door.Lines("%s: would write to %s", env, outside(pr.Base))
	case promote.ActionOpen:
		return door.Lines("%s: would open a pull request from %s", env, outside(pr.Branch))
	case promote.ActionUpdate:
		return door.Lines("%s: would update #%s", env, number(pr.PullRequest.Number))
	case promote.ActionEffect:
		return door.Lines("%s: would change", env)
	case promote.ActionClose:
		return door.Lines("%s: would close #%s, %s", env, number(pr.PullRequest.Number), whyClosed(pr))
	}
	return proposedAlready(pr)
}

func (t *lines) changes(d diff.Diff) {
	for _, r := range d.Resources {
		s := styleOf(r.Kind)
		if r.NoiseOnly {
			t.styled(quiet, 4, door.Lines("%s %s (only labels, annotations, checksums or spelling)", sign(r.Kind), resource(r)))
			continue
		}
		t.styled(s, 4, door.Lines("%s %s", sign(r.Kind), resource(r)))
		if r.Keys != nil {
			t.styled(normal, 8, keyChange(r.Keys))
		}
		for _, f := range r.Fields {
			if !f.Noise && (!f.Masked || r.Keys == nil) {
				t.styled(normal, 8, fieldChange(f))
			}
		}
	}
}

// waiting lists what may not move yet, and what would help.
func (t *lines) waiting(plan *promote.Plan) {
	for _, w := range plan.Waiting {
		name := outside(w.App)
		if w.Version != "" {
			name = door.Lines("%s %s", name, outside(w.Version))
		}
		t.line(door.Lines("%s: %s waits", outside(w.Environment), name))
		if w.Reason != "" {
			t.styled(normal, 2, outside(w.Reason))
		}
		t.conditions(2, "", w.Conditions)
		t.hint(w.Hint)
	}
	if plan.Backlog > 0 {
		t.line(outside(fmt.Sprintf("the audit is still to come for %d apps: later runs go on with it", plan.Backlog)))
	}
	if !plan.NextWakeup.IsZero() {
		t.line(outside("run ferry advance again at " + plan.NextWakeup.UTC().Format(time.RFC3339)))
	}
}

func (t *lines) conditions(indent int, before string, cs []gates.Condition) {
	for _, c := range cs {
		t.styled(normal, indent, door.Lines("%s%s: %s", outside(before), outside(c.Gate), reason(c)))
		t.hint(c.Hint)
	}
}

func (t *lines) hint(hint string) {
	if hint != "" {
		t.styled(quiet, 2, door.Lines("hint: %s", outside(hint)))
	}
}
