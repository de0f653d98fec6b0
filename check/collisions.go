package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/render"
)

// App is what one app brings to an environment.
type App struct {
	Namespace string // where its resources go that name none
	Manifests render.Manifests
}

// Collisions finds the resources that several apps of an environment bring, by app name: their engines would overwrite each
// other's work without end, and the one that goes first would delete what the other needs.
func Collisions(apps map[string]App) []Finding {
	owners := map[render.Identity][]string{}
	var order []render.Identity
	for _, name := range slices.Sorted(maps.Keys(apps)) {
		app := apps[name]
		for i := range app.Manifests {
			m := &app.Manifests[i]
			id := m.In(app.Namespace)
			if owners[id] == nil {
				order = append(order, id)
			}
			owners[id] = append(owners[id], name+" ("+m.Path+")")
		}
	}
	var findings []Finding
	for _, id := range order {
		if who := owners[id]; len(who) > 1 {
			findings = append(findings, Finding{
				Rule: Duplicate, Level: Error, Message: fmt.Sprintf("%s is in %s", id, strings.Join(who, " and in ")),
				Hint: "leave it to one of the apps, or rename one of the two",
			})
		}
	}
	return findings
}
