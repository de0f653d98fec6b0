package report

import (
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/promote"
)

// tickets gives what a promotion is about, sorted and each once.
func tickets(pr promote.Promotion) []string {
	var all []string
	for _, c := range pr.Changes {
		all = append(append(all, c.To.Release.Tickets...), c.Tickets...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// ticketBlock lists them, linked where ferry.yaml says where they are.
func (p pager) ticketBlock() door.Inert {
	const most = 50
	all := tickets(p.Promotion)
	if len(all) == 0 {
		return door.Inert{}
	}
	var items []door.Inert
	for _, t := range all[:min(len(all), most)] {
		link := strings.ReplaceAll(p.TicketLink, "{ticket}", t)
		items = append(items, door.Link(outside(t).Prose(), link))
	}
	if len(all) > most {
		items = append(items, door.Say("%s more", door.Number(len(all)-most)))
	}
	return door.Say("**Tickets:** %s\n", door.Join(", ", items...))
}
