package promote

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
)

// labels that a promotion's pull request carries.
func labels(u unit) []string {
	own := u.all(func(pl environments.Placement) []string { return pl.Labels })
	all := append([]string{"ferry", "env/" + u.Environment}, own...)
	slices.Sort(all)
	return slices.Compact(all)
}

// all joins what the apps of a unit say, sorted and each once.
func (u unit) all(of func(environments.Placement) []string) []string {
	var all []string
	for _, pl := range u.placements {
		all = append(all, of(pl)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Title is the one line of a promotion: what, which version, where to.
func (pr Promotion) Title() string {
	if len(pr.Changes) == 1 && pr.Changes[0].Retires {
		return fmt.Sprintf("retire %s %s from %s", pr.Changes[0].App, pr.Changes[0].From.Release.Version, pr.Environment)
	}
	return pr.subject() + " -> " + pr.Environment
}

// subject names a few apps with their versions, and many by their group. Apps of one version name it once.
func (pr Promotion) subject() string {
	const few = 3
	var apps, both []string
	var versions []string
	for _, c := range pr.Changes {
		version := c.To.Release.Version
		if c.From != nil && c.From.Release.Sequence == c.To.Release.Sequence {
			version += " (" + c.Refreshes() + ")"
		}
		apps, both = append(apps, c.App), append(both, c.App+" "+version)
		if !slices.Contains(versions, version) {
			versions = append(versions, version)
		}
	}
	switch {
	case len(apps) <= few && len(versions) == 1:
		return strings.Join(apps, ", ") + " " + versions[0]
	case len(apps) <= few:
		return strings.Join(both, ", ")
	case len(versions) == 1:
		return strings.TrimSpace(fmt.Sprintf("%s (%d apps) %s", pr.Unit, len(apps), versions[0]))
	}
	return strings.TrimSpace(fmt.Sprintf("%s (%d apps)", pr.Unit, len(apps)))
}
