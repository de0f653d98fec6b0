package report

import (
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/promote"
)

// SourceMarker tells the one comment on a source's pull request from every other.
const SourceMarker = "<!-- ferry:source -->"

// SourceComment says to a developer, on the merged pull request of a source, how far the change has come: a line for each
// environment, in the order in which releases go through them. cells are those of one app, places where the release is or
// was. The words change only when something happened, so that a comment is not edited at every run.
func SourceComment(app string, cells []promote.Cell, places []promote.Place, zone *time.Location) string {
	at := map[string]promote.Place{}
	for _, p := range places {
		if p.App == app {
			at[p.Environment] = p
		}
	}
	rows := []door.Inert{door.Say("**%s** on its way:\n\n", outside(app).Prose())}
	for _, c := range cells {
		place, here := at[c.Environment]
		rows = append(rows, door.Say("- %s: %s\n", outside(c.Environment).Code(), standing(c, place, here, zone)))
	}
	return door.Say("%s\n", door.Join("", rows...)).String() + SourceMarker + "\n"
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
	}
	return door.Say("not yet%s", waits(c))
}

func waits(c promote.Cell) door.Inert {
	if len(c.Waiting) == 0 {
		return door.Inert{}
	}
	return door.Say("; waits for %s", words(c.Waiting).Prose())
}
