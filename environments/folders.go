package environments

import (
	"iter"
	"strings"
)

// A promotion replaces and prunes what lies in its folder. So folders must not meet each other, nor configuration.

// branchPath is a place on a branch; letters in lower case, since some file systems take both cases for one.
type branchPath struct{ branch, path string }

// checkFolders reports folders that meet, once for each pair of settings that make them.
func (l *loader) checkFolders() {
	owners := map[branchPath]*placed{}
	for i := range l.placed {
		p := &l.placed[i]
		if p.node.get("path").spoilt() || p.node.get("branch").spoilt() {
			continue
		}
		key := branchPath{p.Branch, strings.ToLower(p.Folder)}
		if other, ok := owners[key]; ok {
			l.folderProblem(p, other)
			continue
		}
		owners[key] = p
	}
	for i := range l.placed {
		p := &l.placed[i]
		for up := range above(strings.ToLower(p.Folder)) {
			if other, ok := owners[branchPath{p.Branch, up}]; ok {
				l.folderProblem(p, other)
			}
		}
	}
	l.checkConfiguration(owners)
	l.checkExtras(owners)
}

// folderProblem blames the more special of two paths: an app's override before the environment's, that before what is
// built in.
func (l *loader) folderProblem(p, other *placed) {
	if other.special() > p.special() {
		p, other = other, p
	}
	l.addOnce(p.place("path"), "the folder %q of %q in %q meets the folder %q of %q in %q", p.Folder, p.App, p.Environment, other.Folder, other.App, other.Environment)
}

func (p placed) special() int {
	switch {
	case p.app.node.get("environments", p.Environment, "path") != nil:
		return 2
	case p.node.at("path").File != "":
		return 1
	}
	return 0
}

// addOnce keeps one setting from being reported for each of the apps it holds for.
func (l *loader) addOnce(at Position, format string, args ...any) {
	if l.told == nil {
		l.told = map[toldAt]bool{}
	}
	key := toldAt{at, format}
	if !l.told[key] {
		l.told[key] = true
		l.add(at, "", format, args...)
	}
}

// toldAt is a kind of problem at a place.
type toldAt struct {
	Position
	format string
}

// checkConfiguration reports folders that hold values or included files. Configuration is read from the default branch;
// folders on a branch of their own cannot meet it.
func (l *loader) checkConfiguration(owners map[branchPath]*placed) {
	const format = "the folder %q of %q in %q, which promotions replace, holds %s"
	for _, p := range l.placed {
		for _, v := range p.Configuration() {
			if owner, ok := holder(owners, v.Path); ok {
				l.addOnce(owner.place("path"), format, owner.Folder, owner.App, owner.Environment, v.Path)
			}
		}
	}
	for _, a := range l.apps {
		if owner, ok := holder(owners, a.node.File); ok {
			l.addOnce(owner.place("path"), format, owner.Folder, owner.App, owner.Environment, a.node.File)
		}
	}
}

func holder(owners map[branchPath]*placed, file string) (*placed, bool) {
	for up := range above(strings.ToLower(file)) {
		if owner, ok := owners[branchPath{"", up}]; ok {
			return owner, true
		}
	}
	return nil, false
}

// above gives the folders that hold a path, the nearest first, the root left out. It ends on any text.
func above(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := strings.LastIndex(path, "/"); i > 0; i = strings.LastIndex(path, "/") {
			if path = path[:i]; !yield(path) {
				return
			}
		}
	}
}
