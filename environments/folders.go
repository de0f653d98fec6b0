package environments

import (
	"path"
	"strings"
)

// A promotion replaces and prunes what lies in its folder. So folders must not meet each other, nor configuration.

// branchPath is a place on a branch; letters in lower case, since some file systems take both cases for one.
type branchPath struct{ branch, path string }

// checkFolders reports folders that meet, once for each pair of settings that make them.
func (l *loader) checkFolders() {
	owners := map[branchPath]placed{}
	for _, p := range l.placed {
		key := branchPath{p.Branch, strings.ToLower(p.Folder)}
		if other, ok := owners[key]; ok {
			l.folderProblem(p, other)
			continue
		}
		owners[key] = p
	}
	for _, p := range l.placed {
		for up := path.Dir(strings.ToLower(p.Folder)); up != "."; up = path.Dir(up) {
			if other, ok := owners[branchPath{p.Branch, up}]; ok {
				l.folderProblem(p, other)
			}
		}
	}
	l.checkConfiguration(owners)
}

func (l *loader) folderProblem(p, other placed) {
	at := p.place("path")
	if p.node.at("path").File == "" && other.node.at("path").File != "" {
		p, other = other, p
		at = p.place("path")
	}
	l.addOnce(at, "the folder %q of %q in %q meets the folder %q of %q in %q", p.Folder, p.App, p.Environment, other.Folder, other.App, other.Environment)
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

// checkConfiguration reports values and included files in a folder that promotions replace. Configuration is read from
// the default branch; folders on a branch of their own cannot meet it.
func (l *loader) checkConfiguration(owners map[branchPath]placed) {
	for _, p := range l.placed {
		for i, v := range p.Values {
			if owner, ok := holder(owners, v.Path); ok {
				l.addOnce(p.node.get("values").item(i).Position, "%q lies in the folder %q, which promotions of %q replace", v.Path, owner.Folder, owner.App)
			}
		}
	}
	for _, a := range l.apps {
		if owner, ok := holder(owners, a.node.File); ok {
			l.addOnce(owner.place("path"), "the folder %q of %q holds %s", owner.Folder, owner.App, a.node.File)
		}
	}
}

func holder(owners map[branchPath]placed, file string) (placed, bool) {
	for up := path.Dir(strings.ToLower(file)); up != "."; up = path.Dir(up) {
		if owner, ok := owners[branchPath{"", up}]; ok {
			return owner, true
		}
	}
	return placed{}, false
}
