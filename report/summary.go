package report

import (
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/promote"
)

// PlanMarkdown gives what would be done as Markdown, as long as a job's summary may be.
func PlanMarkdown(plan *promote.Plan) string {
	var bodies []promote.Promotion
	for _, pr := range plan.Promotions {
		if len(pr.Changes) > 0 {
			bodies = append(bodies, pr)
		}
	}
	return summary(bodies, endOf(plan))
}

// RunMarkdown gives what a run did as Markdown, as long as a job's summary may be.
func RunMarkdown(r *promote.Report) string {
	var bodies []promote.Promotion
	head := door.Inert{}
	for _, d := range r.Done {
		switch {
		case d.Err != nil:
			head = door.Say("%s- %s: %s\n", head, outside(d.Environment).Code(), outside(d.Err.Error()).Prose())
		case d.Action == promote.ActionKeep || !d.Wrote:
		default:
			head = door.Say("%s- %s\n", head, doneMarkdown(d))
			if len(d.Changes) > 0 {
				bodies = append(bodies, d.Promotion)
			}
		}
	}
	return head.String() + summary(bodies, endOf(r.Plan))
}

func doneMarkdown(d promote.Done) door.Inert {
	if d.PullRequest == nil {
		return doneLine(d).Prose()
	}
	return door.Link(doneLine(d).Prose(), d.PullRequest.URL)
}

// summary gives each promotion an equal share of the room.
func summary(all []promote.Promotion, end door.Inert) string {
	text := ""
	for i, pr := range all {
		if i > 0 {
			text += "\n---\n\n"
		}
		w := Writer{Budget: Budget{Description: Summary.Description / len(all)}}
		text += w.Markdown(pr)
	}
	if !end.IsEmpty() {
		text += "\n" + end.String()
	}
	if text == "" {
		return "Nothing to do.\n"
	}
	return text
}

// endOf lists what waits and what failed.
func endOf(plan *promote.Plan) door.Inert {
	end := door.Inert{}
	for _, w := range plan.Waiting {
		end = door.Say("%s- %s %s waits in front of %s%s\n", end, outside(w.App).Code(), outside(w.Version).Prose(), outside(w.Environment).Code(), waitsFor(w))
	}
	for _, err := range plan.Failures {
		end = door.Say("%s- failed: %s\n", end, outside(err.Error()).Prose())
	}
	return end
}

func waitsFor(w promote.Waiting) door.Inert {
	text := door.Inert{}
	if w.Reason != "" {
		text = door.Say(": %s", outside(w.Reason).Prose())
	}
	for _, c := range w.Conditions {
		text = door.Say("%s<br>%s", text, outside(c.Reason).Prose())
	}
	return text
}
