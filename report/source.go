package report

import (
	"slices"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/promote"
)

// SourceMarker tells the one comment on a source's pull request from every other.
const SourceMarker = "<!-- ferry:source -->"

// SourceComment says to a developer, on the merged pull request of a source, how far the change has come: a line for each
// environment, in the order in which releases go through them. courses are of one source commit, usually one: several apps
// may be built from it. The words change only when something happened, so that a comment is not edited at every run.
func SourceComment(courses []promote.Course, zone *time.Location) string {
	var rows []door.Inert
	for _, c := range courses {
		rows = append(rows, door.Say("**%s %s** on its way:\n\n", outside(c.Release.App).Prose(), outside(c.Release.Version).Prose()))
		for _, cell := range c.Cells {
			place, here := placeOf(c.Places, cell.Environment)
			rows = append(rows, door.Say("- %s: %s\n", outside(cell.Environment).Code(), standing(cell, place, here, zone)))
		}
		rows = append(rows, door.Say("\n"))
	}
	return door.Join("", rows...).String() + SourceMarker + "\n"
}

// placeOf finds where a release is in one environment; one that was there before and is proposed again is proposed.
func placeOf(places []promote.Place, environment string) (promote.Place, bool) {
	i := slices.IndexFunc(places, func(p promote.Place) bool { return p.Environment == environment })
	if i < 0 {
		return promote.Place{}, false
	}
	return places[i], true
}

// standing says how a release does in one environment.
func standing(c promote.Cell, p promote.Place, here bool, zone *time.Location) door.Inert {
	switch {
	case here && p.State == "running":
		return door.Say("%s since %s", outside(c.State).Prose(), outside(c.Since.In(zone).Format("Mon 15:04 MST")).Prose())
	case here && p.State == "open" && c.Open != nil:
		return door.Say("proposed by %s%s", door.Link(door.Say("pull request %s", door.Number(c.Open.Number)), c.Open.URL), waits(c))
	case here && p.State == "passed":
		return door.Say("was there, now %s", outside(p.Now).Prose())
	case here && p.State == promote.Overtaken:
		return door.Say("passed over: %s, which is newer, is there", outside(p.Now).Prose())
	}
	return door.Say("not yet%s", waits(c))
}

func waits(c promote.Cell) door.Inert {
	if len(c.Waiting) == 0 {
		return door.Inert{}
	}
	return door.Say("; waits for %s", words(c.Waiting).Prose())
}
