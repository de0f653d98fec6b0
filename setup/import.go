package setup

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
)

// Layouts are what can be imported.
var Layouts = []string{"flux", "argocd", "kustomize", "gitops-promotion"}

// Import reads an existing layout and proposes apps and environments that match its folders.
func Import(files environments.Source, layout string, into Start) (Start, error) {
	found, err := Look(files)
	if err != nil {
		return into, err
	}
	switch layout {
	case "flux", "argocd":
		return into.fromUnits(files, found, layout)
	case "kustomize":
		return into.fromOverlays(found)
	case "gitops-promotion":
		return into.fromStages(files, found)
	}
	return into, fmt.Errorf("there is no layout %q: %s can be imported", layout, strings.Join(Layouts, ", "))
}

// fromUnits takes the folders that an engine applies.
func (s Start) fromUnits(files environments.Source, f Found, engine string) (Start, error) {
	all, err := files.List()
	if err != nil {
		return s, err
	}
	var folders []string
	for _, u := range f.Units {
		if u.Engine == engine {
			folders = append(folders, matching(u.Path, all)...)
		}
	}
	s.Engine = engine
	return s.from(folders, "no "+map[string]string{"flux": "Kustomization of Flux", "argocd": "Application or ApplicationSet of Argo CD"}[engine]+" here applies a folder that names an environment (dev, qa, prod ...)")
}

// matching gives the folders that a pattern of an ApplicationSet takes.
func matching(pattern string, files []string) []string {
	if !strings.ContainsAny(pattern, "*?[") {
		return []string{pattern}
	}
	depth := strings.Count(pattern, "/") + 1
	var out []string
	for _, name := range files {
		parts := strings.Split(name, "/")
		if len(parts) <= depth {
			continue
		}
		folder := strings.Join(parts[:depth], "/")
		if ok, err := path.Match(pattern, folder); err == nil && ok && !slices.Contains(out, folder) {
			out = append(out, folder)
		}
	}
	return out
}

// from finds the pattern that most folders follow, and what they name.
func (s Start) from(folders []string, none string) (Start, error) {
	count := map[string]int{}
	for _, f := range folders {
		if p, ok := placeOf(f); ok {
			count[p.pattern]++
		}
	}
	for pattern, n := range count {
		if n > count[s.Folders] || n == count[s.Folders] && pattern < s.Folders {
			s.Folders = pattern
		}
	}
	if len(count) == 0 {
		return s, &nothingError{none}
	}
	var apps, stages []string
	goes := map[string][]string{}
	for _, f := range folders {
		p, ok := placeOf(f)
		if !ok || p.pattern != s.Folders {
			s.Notes = append(s.Notes, f+" does not look like "+s.Folders+" and was left out")
			continue
		}
		apps, stages = append(apps, p.app), append(stages, p.environment)
		goes[p.app] = append(goes[p.app], p.environment)
	}
	s.Environments = stagesOf(stages)
	slices.Sort(apps)
	for _, name := range slices.Compact(apps) {
		app := NewApp{Name: name}
		if len(unique(goes[name])) < len(s.Environments) {
			for _, e := range s.Environments {
				if slices.Contains(goes[name], e.Name) {
					app.Only = append(app.Only, e.Name)
				}
			}
		}
		s.Apps = append(s.Apps, app)
	}
	slices.Sort(s.Notes)
	s.Notes = slices.Compact(s.Notes)
	return s, nil
}

func unique(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}

// stagesOf puts environments in order; those on one rung come side by side after the rung before.
func stagesOf(names []string) []StartEnvironment {
	names = unique(names)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(rung(a), rung(b)) })
	var out []StartEnvironment
	var before, same []string
	for i, name := range names {
		if i > 0 && rung(name) != rung(names[i-1]) {
			before, same = same, nil
		}
		same = append(same, name)
		out = append(out, StartEnvironment{Name: name, After: before})
	}
	return out
}

// fromOverlays takes kustomizations with a folder for each environment: the folder above all is what a release carries.
func (s Start) fromOverlays(f Found) (Start, error) {
	before := s.Folders
	s, err := s.from(f.Kustomizations, "no kustomization here lies in a folder that names an environment (overlays/dev, overlays/prod ...)")
	if err != nil {
		return s, err
	}
	pattern := s.Folders
	s.Folders = before
	for i, app := range s.Apps {
		overlay := strings.ReplaceAll(pattern, "{app}", app.Name)
		root, _, _ := strings.Cut(overlay, "/{environment}")
		if above, is := strings.CutSuffix(root, "/overlays"); is {
			root = above
		}
		if root == overlay || strings.HasPrefix(overlay, "{environment}") {
			return s, &nothingError{"the overlays lie in " + pattern + ": ferry needs one folder that holds all overlays of an app and their base"}
		}
		s.Apps[i].Path, s.Apps[i].Root = overlay, root
	}
	s.Notes = append(s.Notes, "overlays are rendered into "+s.Folders+": point the engine there once the first plan shows what you expect")
	return s, nil
}

// fromStages takes gitops-promotion.yaml: its groups are folders with one folder for each environment.
func (s Start) fromStages(files environments.Source, f Found) (Start, error) {
	if len(f.Promotion) == 0 {
		return s, &nothingError{"there is no gitops-promotion.yaml with environments here"}
	}
	all, err := files.List()
	if err != nil {
		return s, err
	}
	groups := map[string][]string{}
	for _, name := range all {
		parts := strings.Split(name, "/")
		if len(parts) > 2 && slices.ContainsFunc(f.Promotion, func(e Stage) bool { return e.Name == parts[1] }) && !slices.Contains(groups[parts[0]], parts[1]) {
			groups[parts[0]] = append(groups[parts[0]], parts[1])
		}
	}
	var before []string
	for _, e := range f.Promotion {
		merge := ""
		if !e.Auto {
			merge = "review"
		}
		s.Environments = append(s.Environments, StartEnvironment{Name: e.Name, After: before, Merge: merge})
		before = []string{e.Name}
	}
	s.Folders, s.Engine = "{app}/{environment}", "flux"
	var names []string
	for name := range groups {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		app := NewApp{Name: name}
		if len(groups[name]) < len(s.Environments) {
			app.Only = slices.Sorted(slices.Values(groups[name]))
		}
		s.Apps = append(s.Apps, app)
	}
	if len(s.Apps) == 0 {
		return s, &nothingError{"no folder here is laid out as <group>/<environment>"}
	}
	return s, nil
}

// nothingError says that a layout was not found.
type nothingError struct{ why string }

func (e *nothingError) Error() string { return e.why }
func (e *nothingError) Hint() string {
	return "ferry init without --from begins anew; ferry.yaml may name any layout of folders"
}
func (e *nothingError) ExitCode() int { return 2 }
