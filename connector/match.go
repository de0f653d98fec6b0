package connector

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Assign finds the units that apply each place. It is pure; the result is index-aligned with the places.
//
// A rule decides alone. Else it is repository, branch and path: of several units whose folders hold the place's, those with the
// deepest do, since a unit for a whole repository stands beside others for parts of it. A unit that is pinned to a tag or
// commit counts where none follows the branch. Where there is none, a unit that has no known repository, as one that applies
// an artifact, is found by its inventory. Units that are manifests of the place themselves come along.
func Assign(units []Unit, places []Place, rules []Rule) []Assignment {
	w := world{units: units, rules: rules, byFolder: map[string][]address{}, elsewhere: map[string][]address{}}
	for _, p := range places {
		w.keys = append(w.keys, keys(p))
	}
	w.index()
	out := make([]Assignment, len(places))
	for i, p := range places {
		out[i].Trackers = w.direct(p, w.keys[i])
	}
	w.byInventory(places, out)
	for i, p := range places {
		out[i].Trackers = w.withDeclared(p, out[i].Trackers)
		if len(out[i].Trackers) == 0 && out[i].Problem == "" {
			out[i].Problem = w.nearMiss(p)
		}
	}
	share(places, out)
	return out
}

// world is what places are looked up in.
type world struct {
	units     []Unit
	rules     []Rule
	keys      [][]string           // of the repositories of each place
	byFolder  map[string][]address // repository key, space, folder
	elsewhere map[string][]address // folders of repositories that no place names
}

// address is one origin of a unit.
type address struct{ unit, origin int }

func keys(p Place) []string {
	var out []string
	for _, r := range p.Repositories {
		if k := repositoryKey(r); k != "" && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

func (w *world) index() {
	ours := map[string]bool{}
	for _, ks := range w.keys {
		for _, k := range ks {
			ours[k] = true
		}
	}
	for i, u := range w.units {
		for j, o := range u.Origins {
			k := repositoryKey(o.Repository)
			if ours[k] {
				at := k + " " + clean(o.Path)
				w.byFolder[at] = append(w.byFolder[at], address{i, j})
			} else if k != "" && clean(o.Path) != "" {
				w.elsewhere[clean(o.Path)] = append(w.elsewhere[clean(o.Path)], address{i, j})
			}
		}
	}
}

// direct finds units by rule, or by path, or by path and pin.
func (w *world) direct(p Place, keys []string) []Tracker {
	if named, ruled := w.ruled(p); ruled {
		return named
	}
	var following, pinned []Tracker
	for folder := clean(p.Path); ; folder = parent(folder) {
		for _, k := range keys {
			for _, a := range w.byFolder[k+" "+folder] {
				following, pinned = w.consider(a, p, following, pinned)
			}
		}
		if len(following) > 0 || folder == "" {
			break
		}
	}
	if len(following) == 0 {
		following = deepest(pinned)
	}
	return sorted(following)
}

// parent is the folder above, "" above all.
func parent(folder string) string {
	if up := path.Dir(folder); up != "." {
		return up
	}
	return ""
}

func (w *world) consider(a address, p Place, following, pinned []Tracker) (f, q []Tracker) {
	u := w.units[a.unit]
	o := u.Origins[a.origin]
	if _, ok := covers(o, p); !ok {
		return following, pinned
	}
	switch branch, pin := follows(o, p); {
	case branch:
		following = append(following, Tracker{Unit: u, How: ByPath, Origin: a.origin})
	case pin:
		pinned = append(pinned, Tracker{Unit: u, How: ByPin, Origin: a.origin})
	}
	return following, pinned
}

// deepest keeps the trackers with the longest folder.
func deepest(in []Tracker) []Tracker {
	depth := func(t Tracker) int { return len(clean(t.Unit.Origins[t.Origin].Path)) }
	longest := 0
	for _, t := range in {
		longest = max(longest, depth(t))
	}
	return slices.DeleteFunc(in, func(t Tracker) bool { return depth(t) < longest })
}

// ruled gives the units that rules name for a place. A rule for the app stands before one for its environment.
func (w *world) ruled(p Place) (out []Tracker, ruled bool) {
	var names []Ref
	for _, app := range []string{p.App, ""} {
		for _, r := range w.rules {
			if r.Environment == p.Environment && r.App == app {
				names = append(names, r.Unit)
			}
		}
		if len(names) > 0 {
			break
		}
	}
	if len(names) == 0 {
		return nil, false
	}
	for _, u := range w.units {
		if slices.Contains(names, u.Ref()) {
			out = append(out, Tracker{Unit: u, How: ByRule, Origin: originOf(u, p)})
		}
	}
	return out, true
}

// originOf is the origin of a unit that a place lies in, -1 where none is known to be.
func originOf(u Unit, p Place) int {
	best, deepest := -1, -1
	for i, o := range u.Origins {
		ours := slices.ContainsFunc(p.Repositories, func(r string) bool { return SameRepository(r, o.Repository) })
		if depth, ok := covers(o, p); ours && ok && depth > deepest {
			best, deepest = i, depth
		}
	}
	return best
}

// sorted orders trackers as the units are, and keeps one for each: a unit with two origins over one folder is one unit.
func sorted(in []Tracker) []Tracker {
	slices.SortStableFunc(in, func(a, b Tracker) int {
		return cmp.Or(cmp.Compare(a.Unit.Engine, b.Unit.Engine), a.Unit.Ref().Compare(b.Unit.Ref()))
	})
	return slices.CompactFunc(in, func(a, b Tracker) bool { return a.Unit.Engine == b.Unit.Engine && a.Unit.Ref() == b.Unit.Ref() })
}

// share names, for each place, the apps that are applied by one of its units too.
func share(places []Place, out []Assignment) {
	type key struct {
		engine string
		ref    Ref
	}
	names := map[key][]string{}
	for i, p := range places {
		for _, t := range out[i].Trackers {
			k := key{t.Unit.Engine, t.Unit.Ref()}
			names[k] = append(names[k], p.Environment+"/"+p.App)
		}
	}
	for i, p := range places {
		self := p.Environment + "/" + p.App
		for _, t := range out[i].Trackers {
			for _, n := range names[key{t.Unit.Engine, t.Unit.Ref()}] {
				if n != self && !slices.Contains(out[i].Shared, n) {
					out[i].Shared = append(out[i].Shared, n)
				}
			}
		}
		slices.Sort(out[i].Shared)
	}
}

// ambiguous says why an inventory was not believed.
func ambiguous(u Unit, places []Place, found []int) string {
	var names []string
	for _, i := range found {
		names = append(names, places[i].Environment+"/"+places[i].App)
	}
	return fmt.Sprintf("%s tracks the resources of %s: name the one that it applies under units in connector.yaml", u.Ref(), strings.Join(names, " and of "))
}

// nearMiss says why nobody applies a place where something nearly does: a rule names what is not there, or a unit has the
// same folder of a repository by another name.
func (w *world) nearMiss(p Place) string {
	if _, ruled := w.ruled(p); ruled {
		return "the unit that connector.yaml names for it is not there"
	}
	for folder := clean(p.Path); folder != ""; folder = parent(folder) {
		for _, a := range w.elsewhere[folder] {
			u := w.units[a.unit]
			o := u.Origins[a.origin]
			if branch, _ := follows(o, p); branch {
				return fmt.Sprintf("%s applies %s of %s: if that is this repository, name the address in connector.yaml", u.Ref(), folder, repositoryKey(o.Repository))
			}
		}
	}
	return ""
}
