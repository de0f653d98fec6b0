package report

import (
	"testing"
	"time"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
)

// The developer's side of the way: one comment, a line for each environment.
func TestSourceComment(t *testing.T) {
	key := func(environment string) promote.Key { return promote.Key{App: "shop", Environment: environment} }
	dev := promote.Cell{Key: key("dev"), State: "healthy", Since: time.Date(2026, 3, 4, 10, 2, 0, 0, time.UTC)}
	qa := promote.Cell{Key: key("qa"), State: "healthy", Open: &promote.Proposed{Number: 7, URL: "https://github.com/acme/gitops/pull/7"}, Waiting: []string{"approvals: 0 of 2 from @acme/release"}}
	prod := promote.Cell{Key: key("prod"), State: "healthy", Waiting: []string{"healthy: missing in qa"}}
	old := promote.Cell{Key: key("old")}
	late := promote.Cell{Key: key("late"), State: "healthy"}
	places := []promote.Place{{Key: key("dev"), State: "running", Cell: &dev}, {Key: key("qa"), State: "open", Cell: &qa}, {Key: key("old"), State: "passed", Now: "1.5.0"},
		{Key: key("late"), State: promote.Overtaken, Now: "1.6.0"}}
	golden(t, "source.md", SourceComment([]promote.Course{
		{Release: release.Release{App: "shop", Version: "1.4.0"}, Cells: []promote.Cell{dev, qa, prod, old, late}, Places: places},
		{Release: release.Release{App: "shop-worker", Version: "1.4.0"}, Cells: []promote.Cell{prod}},
	}, time.UTC))
}
