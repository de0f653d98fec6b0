package gates

import "strings"

// tickets asks that the release says what it is about. Time does not help, so a person has to.
func tickets(in Input) []Condition {
	if !in.Placement.Gates.Tickets {
		return nil
	}
	c := Condition{Gate: gateTickets, Holds: Proposing, Pass: len(in.Tickets) > 0, Reason: "tickets: " + strings.Join(in.Tickets, ", ")}
	if !c.Pass {
		c.Reason = "tickets: the release names none, and " + in.Placement.Environment + " asks for one"
		c.Hint = "name one in a commit or branch, or in the document for ferry submit --release, and submit a new release"
	}
	return []Condition{c}
}
