package release

import (
	"regexp"
	"slices"
	"unicode/utf8"
)

const (
	maxTickets = 100
	maxTicket  = 64 // characters
)

// FindTickets gives what a pattern finds in texts, sorted and each once: the first group of each match where the pattern
// has one, else the match. More than a release can carry are cut off.
func FindTickets(pattern *regexp.Regexp, texts ...string) []string {
	var all []string
	for _, text := range texts {
		for _, found := range pattern.FindAllStringSubmatch(text, maxTickets) {
			ticket := found[min(1, len(found)-1)]
			if checkTicket(ticket) == nil {
				all = append(all, ticket)
			}
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(len(all), maxTickets)]
}

func checkTickets(tickets []string) []*Problem {
	if len(tickets) > maxTickets {
		return []*Problem{problem("", "there are more than %d tickets", maxTickets)}
	}
	var ps []*Problem
	for _, t := range tickets {
		ps = append(ps, checkTicket(t))
	}
	return ps
}

func checkTicket(t string) *Problem {
	if t == "" || utf8.RuneCountInString(t) > maxTicket || !printable(t) {
		return problem("1 to 64 visible characters", "%q is no ticket", clip(t))
	}
	return nil
}

func (r *reader) tickets(n *node, into *[]string) {
	r.elements(n, "tickets", func(n *node) {
		var t string
		read := r.text(&t, "the ticket", checkTicket)
		if n.kind == mapping { // as records have it, whose lists are of objects
			r.object(n, "the ticket", field{"name", true, read})
		} else {
			read(n)
		}
		*into = append(*into, t)
	})
}

func (w *yamlWriter) tickets(tickets []string) {
	if len(tickets) == 0 {
		return
	}
	w.key(2, "tickets")
	for _, t := range tickets {
		w.item(4, "name", t)
	}
}
