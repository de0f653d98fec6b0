package connector

import (
	"path"
	"strings"
)

// Place is the folder that holds the manifests of one app in one environment.
type Place struct {
	Environment, App string
	Repositories     []string   // addresses of the GitOps repository, each as somebody may write it
	Branch           string     // the environment's
	Default          bool       // Branch is the repository's default, which HEAD stands for
	Path             string     // of the folder
	Files            []string   // of the manifests, by their names in the folder; may be left out
	Resources        []Resource // that the manifests are; of use where no unit tracks the folder by its path
}

// Rule says which unit applies an app, where repository, branch and path do not tell.
type Rule struct {
	Environment, App string // no App means all
	Unit             Ref
}

// How says why a unit is taken as the one that applies a place.
type How string

// The ways to find the units of a place, strongest first.
const (
	ByRule      How = "rule"      // the configuration says so
	ByPath      How = "path"      // repository, branch and folder
	ByPin       How = "pin"       // repository and folder, at a tag or commit instead of the branch
	ByInventory How = "inventory" // it tracks the resources of the folder's manifests
	Declared    How = "declared"  // it is one of the folder's manifests itself, and applied by one of the others
)

// Tracker is a unit that applies a place.
type Tracker struct {
	Unit   Unit
	How    How
	Origin int // index of the Unit's origin that the place lies in; -1 where none of them tells: then commits say nothing, and only generation, readiness and health do
}

// Assignment is what is known of who applies a place.
type Assignment struct {
	Trackers []Tracker // ordered as the units are; empty where nobody does
	Shared   []string  // the other apps, as environment/app, that one of these units applies too, and so share its verdict
	Problem  string    // why there is none, where there is more to say than that
}

// covers tells whether an origin's folder is or holds a place's folder, and how deep it lies.
func covers(o Origin, p Place) (depth int, ok bool) {
	above, below := clean(o.Path), clean(p.Path)
	if above != below && above != "" && !strings.HasPrefix(below, above+"/") {
		return 0, false
	}
	if !reads(o.Directory, strings.TrimPrefix(strings.TrimPrefix(below, above), "/"), p.Files) {
		return 0, false
	}
	return len(above), true
}

// clean is a folder without the ways to write it: ./prod/, /prod and prod are one, and nothing is above the root.
func clean(folder string) string {
	return strings.TrimPrefix(path.Clean("/"+strings.TrimSpace(folder)), "/")
}

// reads tells whether Argo CD reads a folder below a plain directory, by its patterns for at least one of the files. Whatever
// is no plain directory reads what it wants.
func reads(d Directory, below string, files []string) bool {
	if !d.Plain {
		return true
	}
	if below != "" && !d.Recurse {
		return false
	}
	if d.Include == "" && d.Exclude == "" || len(files) == 0 {
		return true
	}
	for _, f := range files {
		f = strings.TrimPrefix(below+"/"+f, "/")
		if (d.Include == "" || matches(d.Include, f)) && (d.Exclude == "" || !matches(d.Exclude, f)) {
			return true
		}
	}
	return false
}

// follows tells whether an origin is at a place's branch, and whether it is pinned to something else that is no branch.
func follows(o Origin, p Place) (branch, pinned bool) {
	name := strings.TrimPrefix(o.Branch, "refs/heads/")
	if name == p.Branch || name == "HEAD" && p.Default {
		return true, false
	}
	return false, isPin(name)
}

// isPin tells names of tags and commits from those of branches, as far as that can be seen.
func isPin(name string) bool {
	if strings.HasPrefix(name, "refs/tags/") {
		return true
	}
	if len(name) >= 7 && len(name) <= 64 && hexadecimal().MatchString(name) {
		return true
	}
	return version().MatchString(name)
}
