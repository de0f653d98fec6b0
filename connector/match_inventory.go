package connector

import (
	"maps"
	"slices"
)

// byInventory finds units for places that have none, by the resources that they track.
func (w *world) byInventory(places []Place, out []Assignment) {
	tracked := w.tracked()
	if len(tracked) == 0 {
		return
	}
	claims := map[int][]int{} // unit -> places
	for i, p := range places {
		if _, ruled := w.ruled(p); ruled || len(out[i].Trackers) > 0 {
			continue
		}
		for _, u := range most(p, tracked) {
			claims[u] = append(claims[u], i)
		}
	}
	for u, unit := range w.units {
		doubtful := sameApp(places, claims[u])
		for _, i := range claims[u] {
			if slices.Contains(doubtful, i) {
				out[i].Problem = ambiguous(unit, places, doubtful)
				continue
			}
			out[i].Trackers = append(out[i].Trackers, Tracker{Unit: unit, How: ByInventory, Origin: onlyOrigin(unit)})
		}
	}
}

// tracked gives the units that track each resource, by its identity with and without its namespace: a manifest may leave that
// to the unit that applies it.
func (w *world) tracked() map[string][]int {
	out := map[string][]int{}
	add := func(r Resource, unit int) {
		if k := identity(r); !slices.Contains(out[k], unit) {
			out[k] = append(out[k], unit)
		}
	}
	for i, u := range w.units {
		if !mayBeAnywhere(u) {
			continue
		}
		for _, r := range u.Resources {
			add(r, i)
			r.Namespace = ""
			add(r, i)
		}
	}
	return out
}

// sameApp gives those of the places that are of an app which is there twice: one unit does not apply two environments of it.
func sameApp(places []Place, found []int) []int {
	var out []int
	for _, i := range found {
		if slices.ContainsFunc(found, func(j int) bool { return i != j && places[i].App == places[j].App }) {
			out = append(out, i)
		}
	}
	return out
}

// mayBeAnywhere tells whether nothing known of a unit's origins says where its manifests lie in Git. What comes from a
// repository is found by its path, or applies something else: the same names in another environment's folder.
func mayBeAnywhere(u Unit) bool {
	return !slices.ContainsFunc(u.Origins, func(o Origin) bool { return o.Repository != "" })
}

// onlyOrigin is the one origin that can hold the manifests of a unit: where there are several, nobody can tell.
func onlyOrigin(u Unit) int {
	if len(u.Origins) == 1 && u.Origins[0].Commit != "" {
		return 0
	}
	return -1
}

// most gives the units that track at least half of the resources of a place, and no fewer than any other unit does.
func most(p Place, tracked map[string][]int) []int {
	counts := map[int]int{}
	all := 0
	for _, r := range p.Resources {
		if r.Kind == "Namespace" && len(p.Resources) > 1 {
			continue // everybody brings it along
		}
		all++
		for _, u := range tracked[identity(r)] {
			counts[u]++
		}
	}
	best := max(1, (all+1)/2)
	for _, n := range counts {
		best = max(best, n)
	}
	var out []int
	for _, u := range slices.Sorted(maps.Keys(counts)) {
		if counts[u] == best {
			out = append(out, u)
		}
	}
	return out
}

// identity is what makes a resource the same in every version of its API.
func identity(r Resource) string {
	return r.Group + "\x00" + r.Kind + "\x00" + r.Namespace + "\x00" + r.Name
}

// groups of the kinds that are units.
var groups = map[string]string{"Kustomization": "kustomize.toolkit.fluxcd.io", "HelmRelease": "helm.toolkit.fluxcd.io", "Application": "argoproj.io"}

// isUnit tells whether a manifest is of a kind that applies others.
func (r Resource) isUnit() bool { return r.Group != "" && groups[r.Kind] == r.Group }

// withDeclared adds the units that are manifests of the place themselves, as a HelmRelease in the folder is. One that says who
// applied it must have been applied by a unit of the place: the same name may lie in another environment's folder.
func (w *world) withDeclared(p Place, trackers []Tracker) []Tracker {
	wanted := map[string]bool{}
	for _, r := range p.Resources {
		if r.isUnit() {
			wanted[identity(r)] = true
		}
	}
	if len(wanted) == 0 || len(trackers) == 0 {
		return trackers
	}
	for _, u := range w.units {
		self := Resource{Group: groups[u.Kind], Kind: u.Kind, Namespace: u.Namespace, Name: u.Name}
		anywhere := self
		anywhere.Namespace = ""
		byUs := slices.ContainsFunc(trackers, func(t Tracker) bool { return t.Unit.Ref() == u.Parent })
		if byUs && (wanted[identity(self)] || wanted[identity(anywhere)]) || u.Parent == (Ref{}) && wanted[identity(self)] {
			trackers = append(trackers, Tracker{Unit: u, How: Declared, Origin: -1})
		}
	}
	return sorted(trackers)
}
