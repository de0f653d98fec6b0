package gates

import (
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/environments"
)

func TestTickets(t *testing.T) {
	in := Input{Placement: environments.Placement{App: "shop", Environment: "prod"}}
	if got := tickets(in); len(got) != 0 {
		t.Errorf("nobody asked for tickets: %v", got)
	}
	in.Placement.Gates.Tickets = true
	without := Evaluate(in)
	if without.MayPropose() || without.MayMerge() || !strings.Contains(without.Waiting()[0].Reason, "names none") || without.Waiting()[0].Hint == "" {
		t.Errorf("a release without a ticket passes: %+v", without)
	}
	in.Tickets = []string{"SHOP-1", "SHOP-2"}
	with := Evaluate(in)
	if !with.MayPropose() || !with.MayMerge() || with.Propose[0].Reason != "tickets: SHOP-1, SHOP-2" {
		t.Errorf("a release with tickets waits: %+v", with)
	}
}
